//! When credentials were last used, gathered in memory and written in batches.
//!
//! A token request notes the use here and writes nothing. The book is bounded: uses beyond that wait
//! for the next time. It is written every few seconds and when the process ends.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use actix::prelude::*;
use slipway_model::{AccountId, Database, app_token, oauth_token, robot};
use uuid::Uuid;

use super::{AccountActor, AccountError};

/// Credentials of one kind that wait to be written.
const MAX_WAITING: usize = 10_000;

/// Uses that wait to be written.
#[derive(Default)]
pub(crate) struct Uses(Mutex<Book>);

#[derive(Default)]
struct Book {
    robots: HashMap<i64, f64>,
    app_tokens: HashMap<Uuid, f64>,
    oauth_tokens: HashMap<Uuid, f64>,
}

impl Uses {
    /// Notes that a robot logged in.
    pub(crate) fn note_robot(&self, id: AccountId) {
        note(&mut self.lock().robots, id.0);
    }

    /// Notes that an app-specific token was used.
    pub(crate) fn note_app_token(&self, id: Uuid) {
        note(&mut self.lock().app_tokens, id);
    }

    /// Notes that an OAuth token was used.
    pub(crate) fn note_oauth_token(&self, id: Uuid) {
        note(&mut self.lock().oauth_tokens, id);
    }

    /// Writes what waits; what cannot be written is dropped, the next use is noted again.
    pub(crate) async fn flush(&self, db: &Database) -> Result<(), AccountError> {
        let book = std::mem::take(&mut *self.lock());
        if !book.robots.is_empty() {
            let (ids, times): (Vec<i64>, Vec<f64>) = book.robots.into_iter().unzip();
            robot::touch_robots(db, &ids, &times).await?;
        }
        if !book.app_tokens.is_empty() {
            let (ids, times): (Vec<Uuid>, Vec<f64>) = book.app_tokens.into_iter().unzip();
            app_token::touch_tokens(db, &ids, &times).await?;
        }
        if !book.oauth_tokens.is_empty() {
            let (ids, times): (Vec<Uuid>, Vec<f64>) = book.oauth_tokens.into_iter().unzip();
            oauth_token::touch_tokens(db, &ids, &times).await?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note<K: Eq + Hash>(uses: &mut HashMap<K, f64>, key: K) {
    if uses.len() < MAX_WAITING || uses.contains_key(&key) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        uses.insert(key, now.unwrap_or_default().as_secs_f64());
    }
}

/// Writes uses of credentials now.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct FlushUses;

impl Handler<FlushUses> for AccountActor {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, _: FlushUses, _: &mut Context<Self>) -> Self::Result {
        let office = Arc::clone(&self.office);
        Box::pin(async move { office.uses.flush(&office.deps.db).await })
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_WAITING, Uses};
    use slipway_model::AccountId;

    #[test]
    fn the_book_is_bounded() {
        let uses = Uses::default();
        for id in 0..MAX_WAITING + 5 {
            uses.note_robot(AccountId(i64::try_from(id).unwrap()));
        }
        uses.note_robot(AccountId(1));

        assert_eq!(uses.lock().robots.len(), MAX_WAITING);
    }
}
