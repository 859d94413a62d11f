//! The only code that touches actix internals: asking, telling, queueing writes, finding actors.
//!
//! - [`Mailbox`] is an address with a count of what waits there. [`Mailbox::ask`] has a deadline,
//!   [`Mailbox::tell`] does not wait; both refuse at once when the mailbox is full.
//! - [`Fifo`] holds an actor's writes: they run one after the other as futures beside the actor,
//!   which goes on answering reads.
//! - [`Directory`] finds the one live actor of a key, builds it on demand, and forgets it when it
//!   died on a message or was idle longest.
//!
//! A panic inside a write stops its actor: the state is suspect, the next ask meets a fresh one.

mod directory;
mod fifo;
mod mailbox;

pub use self::directory::Directory;
pub use self::fifo::{Fifo, HasFifo, enqueue};
pub use self::mailbox::{DispatchError, Mailbox, MaybeDispatch};
