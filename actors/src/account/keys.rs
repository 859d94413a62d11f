//! The keys that sign tokens: our own, published to all nodes, and everybody's, for checking.

use std::sync::Arc;

use actix::prelude::*;
use serde_json::Value;
use slipway_auth::jwk::VerifyingKey;
use slipway_auth::jwt::KeySet;
use slipway_model::service_key::{self, ServiceKey};

use super::{AccountActor, AccountError, Office, TOKEN_SERVICE};

impl AccountActor {
    /// Publishes our key if that is not done, and reads everybody's.
    pub(super) fn refresh(&mut self, ctx: &mut Context<Self>) {
        let work = self.exchange();
        ctx.spawn(work.map(|outcome, _: &mut Self, _| {
            if let Err(error) = outcome {
                tracing::warn!(%error, "signing keys could not be exchanged");
            }
        }));
    }

    fn exchange(&self) -> impl ActorFuture<Self, Output = Result<(), AccountError>> + use<> {
        let (office, key) = (Arc::clone(&self.office), Arc::clone(&self.key));
        let publishes = !self.is_key_published;
        let work = async move {
            if publishes {
                let ours = ServiceKey {
                    kid: key.kid().to_owned(),
                    jwk: key.jwk(),
                    expires_at_s: None,
                };
                let life_s = office.settings.key_life.as_secs_f64();
                let name = office.deps.node.to_string();
                service_key::insert_key(&office.deps.db, TOKEN_SERVICE, &name, &ours, life_s)
                    .await?;
                delete_stale(&office).await?;
            }
            let stored = service_key::list_keys(&office.deps.db, TOKEN_SERVICE).await?;
            let mut keys = KeySet::default();
            for stored_key in stored {
                match VerifyingKey::from_jwk(&stored_key.jwk) {
                    Ok(key) => keys.insert_as(stored_key.kid, key, stored_key.expires_at_s),
                    Err(error) => {
                        tracing::warn!(key.kid = stored_key.kid, %error, "a key cannot be read");
                    }
                }
            }
            Ok::<_, AccountError>((Arc::new(keys), key.kid().to_owned()))
        };
        fut::wrap_future(work).map(|outcome, actor: &mut Self, _| {
            let (keys, kid) = outcome?;
            actor.is_key_published |= actor.key.kid() == kid;
            let verifier = actor.published.borrow().with_keys(keys);
            actor.published.send_replace(Arc::new(verifier));
            Ok(())
        })
    }
}

/// Deletes keys that expired, or wait for approval, for longer than they are kept.
async fn delete_stale(office: &Office) -> Result<(), AccountError> {
    let settings = &office.settings;
    let expired_s = settings.expired_key_retention.as_secs_f64();
    let unapproved_s = settings.unapproved_key_retention.as_secs_f64();
    service_key::delete_stale_keys(&office.deps.db, expired_s, unapproved_s).await?;
    Ok(())
}

/// Exchanges keys now.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct RefreshKeys;

impl Handler<RefreshKeys> for AccountActor {
    type Result = ResponseActFuture<Self, Result<(), AccountError>>;

    fn handle(&mut self, _: RefreshKeys, _: &mut Context<Self>) -> Self::Result {
        Box::pin(self.exchange())
    }
}

/// Asks for the valid keys of a service, as JWKs with their `kid`.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<Value>, AccountError>")]
pub struct ListServiceKeys {
    /// The service.
    pub service: String,
}

impl Handler<ListServiceKeys> for AccountActor {
    type Result = ResponseFuture<Result<Vec<Value>, AccountError>>;

    fn handle(&mut self, msg: ListServiceKeys, _: &mut Context<Self>) -> Self::Result {
        let office = Arc::clone(&self.office);
        Box::pin(async move {
            let keys = service_key::list_keys(&office.deps.db, &msg.service).await?;
            Ok(keys
                .into_iter()
                .map(|key| {
                    let mut jwk = key.jwk;
                    if let Some(object) = jwk.as_object_mut() {
                        object.insert("kid".to_owned(), Value::String(key.kid));
                    }
                    jwk
                })
                .collect())
        })
    }
}
