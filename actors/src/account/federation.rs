//! Keyless login: an outside identity becomes a robot for an hour.
//!
//! An issuer that the robot's owner registered signs a token about a subject that was registered
//! with it. That token is exchanged for one of this registry, which stands in for the robot's own
//! until it ends, which is not after the outside one. It is signed as registry tokens are, but by
//! another issuer name, so neither passes for the other; and it carries the same epochs, so it ends
//! when the robot's tokens are taken back or its outside identities change.
//!
//! Nothing is asked of an issuer before the robot is known to be usable and to expect the token.
//!
//! Quay: `auth/credentials.py`, `util/security/federated_robot_auth.py`.

use std::sync::Arc;

use actix::prelude::*;
use serde_json::json;
use slipway_auth::Secret;
use slipway_auth::challenge::BasicKind;
use slipway_auth::claims::{Claims, Context as ClaimContext, Epoch};
use slipway_auth::jwk::SigningKey;
use slipway_auth::jwt::{self, TokenRules};
use slipway_auth::outside_jwt::OutsideJwt;
use slipway_model::audit::{Origin, log};
use slipway_model::robot::{self, RobotLogin};

use super::credential::{check_usable, find_robot, refuse};
use super::token::now_s;
use super::{AccountActor, AccountError, Office};

/// The issuer of the tokens that stand in for a robot's; not that of registry tokens.
const ROBOT_ISSUER: &str = "slipway-robot-federation";
/// The longest life of such a token, seconds.
const MAX_LIFE_S: i64 = 3600;

/// Exchanges a token of an outside issuer for one that logs in as a robot.
#[derive(Debug, Message)]
#[rtype(result = "Result<Secret, AccountError>")]
pub struct ExchangeRobotToken {
    /// The robot's full name.
    pub robot: String,
    /// The outside token.
    pub token: Secret,
    /// Where the request comes from; whoever it names, the robot performs it.
    pub origin: Origin,
}

impl Handler<ExchangeRobotToken> for AccountActor {
    type Result = ResponseFuture<Result<Secret, AccountError>>;

    fn handle(&mut self, msg: ExchangeRobotToken, _: &mut Context<Self>) -> Self::Result {
        let (office, key) = (Arc::clone(&self.office), Arc::clone(&self.key));
        Box::pin(async move { exchange(&office, &key, msg).await })
    }
}

async fn exchange(
    office: &Office,
    key: &SigningKey,
    msg: ExchangeRobotToken,
) -> Result<Secret, AccountError> {
    let BasicKind::Robot {
        namespace,
        short_name,
    } = BasicKind::of(&msg.robot)
    else {
        return Err(refuse("Only robots log in with a token of another issuer"));
    };
    let found = find_robot(office, &namespace, &short_name).await?;
    check_usable(&found)?;
    let outside =
        OutsideJwt::parse(msg.token.expose()).map_err(|error| refuse(error.to_string()))?;
    check_registered(office, &found, &outside).await?;
    let outside_end_s = verify(office, &outside).await?;
    let issued_at_s = now_s();
    let end_s = issued_at_s.saturating_add(MAX_LIFE_S).min(outside_end_s);
    let end_s = found.expires_at_s.map_or(end_s, |last_s| end_s.min(last_s));
    // The clocks' leeway lets in a token that has ended; nothing can be given for it.
    if end_s <= issued_at_s {
        return Err(refuse("Signature has expired"));
    }
    let origin = Origin {
        performer: Some(found.id),
        ..msg.origin
    };
    let metadata = json!({
        "robot": found.name,
        "issuer": outside.issuer(),
        "subject": outside.subject(),
    });
    let kind = "federated_robot_token_exchange";
    log(
        &office.deps.db,
        kind,
        found.owner_id.into(),
        &origin,
        metadata,
    )
    .await?;
    office.uses.note_robot(found.id);
    let claims = robot_claims(office, &found, issued_at_s, end_s);
    Ok(Secret::new(jwt::sign(&claims, key)?))
}

/// Refuses a token that the robot's owner expects from nobody or about somebody else.
async fn check_registered(
    office: &Office,
    found: &RobotLogin,
    outside: &OutsideJwt<'_>,
) -> Result<(), AccountError> {
    let expected = robot::list_federation(&office.deps.db, found.id).await?;
    let is_expected = expected.iter().any(|identity| {
        identity.issuer == outside.issuer() && identity.subject == outside.subject()
    });
    if is_expected {
        return Ok(());
    }
    let text = format!("Token does not match robot {}", found.name);
    Err(refuse(text))
}

/// Verifies signature and times by the issuer's keys; answers when the token ends.
async fn verify(office: &Office, outside: &OutsideJwt<'_>) -> Result<i64, AccountError> {
    let leeway_s = i64::try_from(office.settings.leeway.as_secs()).unwrap_or(i64::MAX);
    let end_s = outside
        .check_times(now_s(), leeway_s)
        .map_err(|error| refuse(error.to_string()))?;
    let kid = outside.kid();
    let kid = kid.ok_or_else(|| refuse("The token does not name its key"))?;
    let key = office.issuers.find_key(outside.issuer(), kid).await;
    let key = key.map_err(|fault| refuse(fault.to_string()))?;
    outside
        .verify(&key)
        .map_err(|error| refuse(error.to_string()))?;
    Ok(end_s)
}

fn robot_claims(office: &Office, found: &RobotLogin, issued_at_s: i64, end_s: i64) -> Claims {
    Claims {
        iss: ROBOT_ISSUER.to_owned(),
        aud: office.settings.server_name.clone(),
        nbf: issued_at_s,
        iat: issued_at_s,
        exp: end_s,
        sub: found.name.clone(),
        jti: None,
        access: Vec::new(),
        context: ClaimContext::robot(&found.name),
        slipway: Epoch {
            principal_id: Some(found.id.0),
            principal_epoch: found.epoch,
            namespaces: vec![(found.owner_id.0, found.owner_epoch)],
            unborn: Vec::new(),
        },
    }
}

/// Says whether a robot's password is a token of this kind; a robot's own has no dots.
pub(super) fn is_robot_jwt(password: &Secret) -> bool {
    password.expose().contains('.')
}

/// Checks such a token as the password of the robot; answers when it ends, Unix seconds.
pub(super) fn check_password(
    office: &Office,
    found: &RobotLogin,
    password: &Secret,
) -> Result<i64, AccountError> {
    let rules = TokenRules {
        issuer: ROBOT_ISSUER.to_owned(),
        audiences: vec![office.settings.server_name.clone()],
        leeway_s: i64::try_from(office.settings.leeway.as_secs()).unwrap_or(i64::MAX),
        max_fresh_s: MAX_LIFE_S,
    };
    let verifier = office.verifier.borrow().with_rules(Arc::new(rules));
    let now_s = now_s();
    let claims = verifier.verify(password.expose(), now_s);
    let claims = claims.map_err(|error| refuse(error.to_string()))?;
    let of_owner = (found.owner_id.0, found.owner_epoch);
    let is_current = claims.slipway.principal_id == Some(found.id.0)
        && claims.slipway.principal_epoch == found.epoch
        && claims.slipway.namespaces == [of_owner];
    if !is_current {
        let text = format!("Token does not match robot {}", found.name);
        return Err(refuse(text));
    }
    if claims.exp <= now_s {
        return Err(refuse("Signature has expired"));
    }
    Ok(claims.exp)
}
