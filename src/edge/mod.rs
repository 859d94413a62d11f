//! What all handlers share: the application's state, who asks, bodies, client addresses, and the
//! id and span of each request.

pub mod body;
pub mod caller;
pub mod client;
pub mod facts;
pub mod head;
pub mod state;

pub use self::caller::Caller;
pub use self::client::ClientInfo;
pub use self::facts::RequestFacts;
pub use self::state::AppState;
