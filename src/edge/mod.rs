//! What all handlers share: the application's state, who asks, bodies, and client addresses.

pub mod body;
pub mod caller;
pub mod client;
pub mod head;
pub mod state;

pub use self::caller::Caller;
pub use self::client::ClientInfo;
pub use self::state::AppState;
