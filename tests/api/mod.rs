//! Quay's REST API over the wire.

mod attacks;
mod credentials;
mod floods;
mod initialize;
mod mail;
mod oauth;
mod organization_access;
mod organizations;
mod permissions;
mod personal;
mod registry_wide;
mod repositories;
mod repository_lists;
mod revocation;
mod robots;
mod search;
mod service_keys;
mod sessions;
mod sign_up;
mod superuser_users;
mod teams;
mod usage_log;
mod user_end;
mod users;
