//! Quay's REST API, `/api/v1`: one file per resource, named as Quay names it.
//!
//! [`dispatch()`] takes every request through the same gates, in Quay's order: path, CSRF, anonymous
//! access, registry state, body, permission, fresh login. Then the operation's handler sends one
//! piece of work to the account office or one message to an actor. Operations are declared in the
//! lists that [`list_operations`] puts together.

pub mod application;
pub mod application_token;
pub mod appspecifictoken;
pub mod authorization;
pub mod avatar;
pub mod bootstrap;
pub mod call;
pub mod capabilities;
pub mod cookie;
pub mod csrf;
pub mod date;
pub mod discovery;
mod dispatch;
pub mod error;
pub mod error_types;
pub mod globalmessages;
pub mod guard;
pub mod invitation;
pub mod logs;
pub mod manifest;
pub mod operation;
pub mod organization;
pub mod page_token;
pub mod permission;
pub mod prototype;
pub mod recovery;
pub mod repository;
pub mod robot;
pub mod router;
pub mod schema;
pub mod search;
mod search_score;
pub mod service_keys;
pub mod signin;
pub mod star;
pub mod suconfig;
pub mod superuser_organization;
pub mod superuser_user;
pub mod tag;
pub mod team;
pub mod user;
pub mod user_notification;
pub mod user_view;

pub use self::dispatch::dispatch;
use self::operation::Operation;

/// The operations of all files, with Quay's tag of each.
const MODULES: &[(&str, &[Operation])] = &[
    ("appspecifictokens", appspecifictoken::OPERATIONS),
    ("bootstrap", bootstrap::OPERATIONS),
    ("capabilities", capabilities::OPERATIONS),
    ("discovery", discovery::OPERATIONS),
    ("error", error_types::OPERATIONS),
    ("globalmessages", globalmessages::OPERATIONS),
    ("logs", logs::OPERATIONS),
    ("manifest", manifest::OPERATIONS),
    ("organization", application::OPERATIONS),
    ("organization", organization::OPERATIONS),
    (
        "organization_application_tokens",
        application_token::OPERATIONS,
    ),
    ("permission", permission::OPERATIONS),
    ("prototype", prototype::OPERATIONS),
    ("repository", repository::OPERATIONS),
    ("robot", robot::OPERATIONS),
    ("search", search::OPERATIONS),
    ("suconfig", suconfig::OPERATIONS),
    ("superuser", appspecifictoken::SUPERUSER_OPERATIONS),
    ("superuser", logs::SUPERUSER_OPERATIONS),
    ("superuser", service_keys::OPERATIONS),
    ("superuser", suconfig::SUPERUSER_OPERATIONS),
    ("superuser", superuser_organization::OPERATIONS),
    ("superuser", superuser_user::OPERATIONS),
    ("tag", tag::OPERATIONS),
    ("team", team::OPERATIONS),
    ("user", authorization::OPERATIONS),
    ("user", recovery::OPERATIONS),
    ("user", signin::OPERATIONS),
    ("user", star::OPERATIONS),
    ("user", user::OPERATIONS),
    ("user", user_notification::OPERATIONS),
];

/// All operations.
pub fn list_operations() -> impl Iterator<Item = &'static Operation> {
    MODULES.iter().flat_map(|(_, operations)| *operations)
}

/// All operations, each with Quay's tag of it.
pub fn list_tagged_operations() -> impl Iterator<Item = (&'static str, &'static Operation)> {
    MODULES
        .iter()
        .flat_map(|(tag, operations)| operations.iter().map(move |operation| (*tag, operation)))
}
