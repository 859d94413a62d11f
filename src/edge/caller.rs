//! Who asks on `/v2`, and whether the token allows it.
//!
//! A token's signature and claims are checked once and remembered; every use compares the
//! principal's epoch, so a credential that was taken back ends within seconds.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::http::header;
use slipway_actors::{AccountId, NamespaceId, Origin};
use slipway_auth::challenge::{Challenge, ChallengeError, Credentials, parse_authorization};
use slipway_auth::claims::Claims;
use slipway_auth::scope::{ActionSet, Scope};
use slipway_oci::{OciCode, RepositoryName};

use super::state::AppState;
use crate::v2::Exchange;
use crate::v2::error::OciError;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account; `None` for nobody logged in.
    pub account: Option<AccountId>,
    claims: Option<std::sync::Arc<Claims>>,
    is_open: bool,
}

impl Caller {
    /// Finds out who asks; somebody without any token is nobody, who may do nothing.
    ///
    /// # Errors
    /// 401 for a token that does not hold.
    pub fn of(exchange: &Exchange) -> Result<Option<Self>, OciError> {
        let (request, state) = (&exchange.request, &*exchange.state);
        let text = match request.headers().get(header::AUTHORIZATION) {
            Some(value) => Some(
                value
                    .to_str()
                    .map_err(|_| bad_token(exchange, "Invalid bearer token format"))?,
            ),
            None => None,
        };
        let credentials = parse_authorization(text)
            .map_err(|_| bad_token(exchange, "Invalid bearer token format"))?;
        let token = match credentials {
            Credentials::Anonymous if state.config.registry.open_test_registry => {
                return Ok(Some(Self {
                    account: None,
                    claims: None,
                    is_open: true,
                }));
            }
            Credentials::Anonymous => return Ok(None),
            Credentials::Basic { .. } => {
                return Err(bad_token(exchange, "Invalid bearer token format"));
            }
            Credentials::Bearer(token) => token,
        };
        let now_s = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let now_s = i64::try_from(now_s).unwrap_or(i64::MAX);
        let verifier = state.actors.verifier();
        let claims = state
            .tokens
            .verify(&verifier, token.expose(), now_s)
            .map_err(|error| bad_token(exchange, &error.to_string()))?;
        let epochs = state.actors.epochs();
        let slipway = &claims.slipway;
        let principal = slipway.principal_id.map(|id| (id, slipway.principal_epoch));
        let named = principal.iter().chain(&slipway.namespaces);
        if named
            .copied()
            .any(|(id, epoch)| !epochs.holds(NamespaceId(id), epoch))
        {
            return Err(bad_token(exchange, "the token was revoked"));
        }
        let account = claims.slipway.principal_id.map(AccountId);
        let unborn = &claims.slipway.unborn;
        if unborn
            .iter()
            .any(|name| !epochs.holds_for_new(name, account))
        {
            return Err(bad_token(exchange, "the token is older than the namespace"));
        }
        let is_open = state.config.registry.open_test_registry;
        Ok(Some(Self {
            account,
            claims: Some(claims),
            is_open,
        }))
    }

    /// Finds out who asks and that they may do `needed` with `name`.
    ///
    /// # Errors
    /// 401 with the challenge that leads to the right token.
    pub fn require(
        exchange: &Exchange,
        name: &RepositoryName,
        needed: ActionSet,
    ) -> Result<Self, OciError> {
        let caller = Self::of(exchange)?;
        let scope = Scope::repository(name.as_str(), needed.union(ActionSet::PULL));
        match caller {
            Some(caller) if caller.may(&exchange.state, name, needed) => Ok(caller),
            caller => {
                let error = caller.map(|_| ChallengeError::InsufficientScope);
                Err(unauthorized(exchange, vec![scope], error))
            }
        }
    }

    /// Says whether the token allows `needed` on `name`.
    #[must_use]
    pub fn may(&self, state: &AppState, name: &RepositoryName, needed: ActionSet) -> bool {
        if self.is_open {
            return true;
        }
        let granted = self.claims.as_ref().map_or(ActionSet::EMPTY, |claims| {
            claims.granted_on(name.as_str(), state.naming())
        });
        let granted = granted.implied();
        granted.contains(needed)
    }

    /// Says whether the token has the catalog's scope, or no login is needed at all.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.is_open
    }

    /// The namespaces that the token was issued for; `None` without a token.
    #[must_use]
    pub fn namespaces(&self) -> Option<Vec<i64>> {
        let named = &self.claims.as_ref()?.slipway.namespaces;
        Some(named.iter().map(|(id, _)| *id).collect())
    }

    /// Where a change of this caller comes from.
    #[must_use]
    pub fn origin(&self, exchange: &Exchange) -> Origin {
        let address = exchange.facts.client.address;
        Origin {
            performer: self.account,
            ip: address.map(|address| address.to_string()),
            request_id: Some(exchange.facts.id.clone()),
            credential: None,
        }
    }
}

/// 401 with a challenge for `scopes`.
#[must_use]
pub fn unauthorized(
    exchange: &Exchange,
    scopes: Vec<Scope>,
    error: Option<ChallengeError>,
) -> OciError {
    let text = "access to the requested resource is not authorized";
    let challenge = challenge(exchange, scopes, error);
    OciError::new(OciCode::Unauthorized)
        .message(text)
        .header("www-authenticate", challenge)
}

fn bad_token(exchange: &Exchange, reason: &str) -> OciError {
    let challenge = challenge(exchange, Vec::new(), Some(ChallengeError::InvalidToken));
    OciError::new(OciCode::Unauthorized)
        .message(reason)
        .header("www-authenticate", challenge)
}

/// The text of a challenge.
#[must_use]
pub fn challenge(exchange: &Exchange, scopes: Vec<Scope>, error: Option<ChallengeError>) -> String {
    let state = &exchange.state;
    let base = exchange.facts.client.base_url(state);
    let realm = format!("{base}/v2/auth");
    Challenge {
        realm,
        service: state.server_name.clone(),
        scopes,
        error,
    }
    .to_string()
}
