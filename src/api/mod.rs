//! Quay's REST API, `/api/v1`: one file per resource, named as Quay names it.
//!
//! [`dispatch`] takes every request through the same gates, in Quay's order: path, CSRF, anonymous
//! access, registry state, body, permission, fresh login. Then the operation's handler sends one
//! piece of work to the account office or one message to an actor. Operations are declared in the
//! lists that [`list_operations`] puts together.

pub mod avatar;
pub mod call;
pub mod cookie;
pub mod csrf;
pub mod date;
mod dispatch;
pub mod error;
pub mod guard;
pub mod manifest;
pub mod operation;
pub mod organization;
pub mod router;
pub mod schema;
pub mod signin;
pub mod tag;
pub mod user;

pub use self::dispatch::dispatch;
use self::operation::Operation;

/// The operations of all modules.
pub fn list_operations() -> impl Iterator<Item = &'static Operation> {
    [
        manifest::OPERATIONS,
        organization::OPERATIONS,
        signin::OPERATIONS,
        tag::OPERATIONS,
        user::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
