//! One kind of message for all that the account office does.
//!
//! A piece of work is a structure that implements [`Work`]; it is sent by
//! [`crate::Actors::perform`] and runs as a future beside the mailbox. Work changes the database in
//! one [`Transaction`](slipway_model::Transaction) that also writes its row of the usage log.

use std::future::Future;
use std::sync::Arc;

use actix::prelude::*;

use super::{AccountActor, AccountError, Office};

/// One piece of work.
pub trait Work: Send + 'static {
    /// What it answers.
    type Answer: Send + 'static;

    /// Does it.
    ///
    /// # Errors
    /// A refusal, or a fault.
    fn run(
        self,
        office: Arc<Office>,
    ) -> impl Future<Output = Result<Self::Answer, AccountError>> + 'static;
}

/// The message that carries a piece of work.
pub struct Perform<W: Work>(pub W);

impl<W: Work> Message for Perform<W> {
    type Result = Result<W::Answer, AccountError>;
}

impl<W: Work> Handler<Perform<W>> for AccountActor {
    type Result = ResponseFuture<Result<W::Answer, AccountError>>;

    fn handle(&mut self, msg: Perform<W>, _: &mut Context<Self>) -> Self::Result {
        Box::pin(msg.0.run(Arc::clone(&self.office)))
    }
}
