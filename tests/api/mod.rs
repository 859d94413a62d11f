//! Quay's REST API over the wire.

mod floods;
mod initialize;
mod mail;
mod personal;
mod sessions;
mod sign_up;
mod superuser_users;
mod user_end;
mod users;
