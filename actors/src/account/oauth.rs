//! Granting tokens to applications: the consent, the code, and the exchange of a code.
//!
//! Who grants must administer the application's organization or have been offered the token. A
//! browser is sent nowhere before the address was found to lie below the registered one; scopes are
//! never more than what was asked for and consented to; a code works once.
//!
//! Quay: `endpoints/web.py`, `oauth/provider.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_auth::api_scope::ScopeSet;
use slipway_auth::random::{ALPHANUMERIC, random_token};
use slipway_auth::redirect;
use slipway_model::audit::{Origin, log};
use slipway_model::oauth_application::{self, Application};
use slipway_model::oauth_grant::{self, NewCode};
use slipway_model::oauth_token::TokenSeed;
use slipway_model::{AccountId, ApplicationId, Database, Run, account, namespace};
use uuid::Uuid;

use super::admission::TOKEN_HALF;
use super::application::{self, MAX_TOKEN_LIFE_S, make_token};
use super::{AccountError, Office, Work};

/// Life of a code, seconds.
const CODE_LIFE_S: f64 = 600.0;

/// What an application asks for.
#[derive(Debug, Clone)]
pub struct GrantRequest {
    /// `token` or `code`.
    pub response_type: String,
    /// The application.
    pub client_id: String,
    /// Where the browser is to be sent.
    pub redirect_uri: String,
    /// Scopes, separated by spaces or commas.
    pub scope: String,
    /// The offer this answers.
    pub assignment: Option<Uuid>,
    /// An address of the registry itself that any application may use.
    pub local_redirect: String,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The user has not been asked.
    Ask,
    /// The user agreed.
    Grant,
    /// The user refused.
    Deny,
}

/// What the user is asked.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The application.
    pub application: Application,
    /// What it asks for.
    pub scopes: ScopeSet,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Outcome {
    /// There is no such application.
    Unknown,
    /// The browser must not be sent there.
    WrongRedirect,
    /// The caller may not grant for this application.
    NotAllowed,
    /// The browser is sent back with this error.
    Refused(&'static str),
    /// The user must be asked.
    Ask(Box<Consent>),
    /// A token for the browser, with its scopes.
    Token(Secret, String),
    /// A code for the browser, with its scopes.
    Code(Secret, String),
}

/// Brings a request one step further.
#[derive(Debug)]
pub struct Authorize {
    /// Who grants.
    pub account: AccountId,
    /// What is asked for.
    pub request: GrantRequest,
    /// How far it has come.
    pub step: Step,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for Authorize {
    type Answer = Outcome;

    async fn run(self, office: Arc<Office>) -> Result<Outcome, AccountError> {
        let db = &office.deps.db;
        let consent = match examine(db, self.account, &self.request).await? {
            Ok(consent) => consent,
            Err(outcome) => return Ok(outcome),
        };
        match self.step {
            Step::Deny => Ok(Outcome::Refused("access_denied")),
            Step::Grant => self.grant(&office, consent).await,
            Step::Ask if self.was_granted(db, &consent).await? => {
                self.grant(&office, consent).await
            }
            Step::Ask => Ok(Outcome::Ask(Box::new(consent))),
        }
    }
}

impl Authorize {
    /// Says whether the user has granted as much to this application already.
    async fn was_granted(&self, db: &Database, consent: &Consent) -> Result<bool, AccountError> {
        let granted = oauth_grant::list_scopes(db, consent.application.id, self.account).await?;
        Ok(granted
            .iter()
            .any(|scope| ScopeSet::parse(scope).includes(consent.scopes)))
    }

    async fn grant(self, office: &Office, consent: Consent) -> Result<Outcome, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        if let Some(id) = self.request.assignment {
            oauth_grant::delete_assignment(&transaction, self.account, id).await?;
        }
        let scope = consent.scopes.names();
        let id = consent.application.id;
        let outcome = if self.request.response_type == "code" {
            let code = random_token(ALPHANUMERIC, 2 * TOKEN_HALF)?;
            let (prefix, rest) = split(&code)?;
            let new = NewCode {
                prefix,
                secret_hash: &Secret::from(rest).sha256(),
                application: id,
                account: self.account,
                scope: &scope,
                redirect_uri: &self.request.redirect_uri,
                life_s: CODE_LIFE_S,
            };
            oauth_grant::insert_code(&transaction, &new).await?;
            Outcome::Code(code, scope)
        } else {
            let grant = Granted {
                application: &consent.application,
                account: self.account,
                scope: &scope,
            };
            let token = grant.make(&transaction, &self.origin, "implicit").await?;
            Outcome::Token(token, scope)
        };
        transaction.commit().await?;
        Ok(outcome)
    }
}

fn split(text: &Secret) -> Result<(&str, &str), AccountError> {
    let halves = text.expose().split_at_checked(TOKEN_HALF);
    halves.ok_or_else(|| AccountError::Internal("a random text is too short".to_owned()))
}

/// A grant that becomes a token.
struct Granted<'a> {
    application: &'a Application,
    account: AccountId,
    scope: &'a str,
}

impl Granted<'_> {
    async fn make(
        &self,
        run: &impl Run,
        origin: &Origin,
        method: &str,
    ) -> Result<Secret, AccountError> {
        let seed = TokenSeed {
            application: self.application.id,
            account: self.account,
            prefix: "",
            secret_hash: &[],
            scope: self.scope,
            name: None,
            created_by: None,
            life_s: f64::from(MAX_TOKEN_LIFE_S),
        };
        let (text, made) = make_token(run, seed).await?;
        let metadata = json!({
            "application_name": self.application.name,
            "auth_method": method,
            "client_id": self.application.client_id,
            "oauth_token_uuid": made.id,
            "scope": self.scope,
            "token_display_name": null,
        });
        let place = self.account.into();
        log(run, "create_oauth_api_token", place, origin, metadata).await?;
        Ok(text)
    }
}

/// Finds what the user would consent to, or what becomes of the request without asking.
async fn examine(
    db: &Database,
    account: AccountId,
    request: &GrantRequest,
) -> Result<Result<Consent, Outcome>, AccountError> {
    let found = oauth_application::find_application(db, &request.client_id).await?;
    let Some(application) = found else {
        return Ok(Err(Outcome::Unknown));
    };
    let is_local = request.redirect_uri == request.local_redirect;
    if !is_local && !redirect::is_below(&application.redirect_uri, &request.redirect_uri) {
        return Ok(Err(Outcome::WrongRedirect));
    }
    let scopes = ScopeSet::parse(&request.scope);
    let may = administers(db, account, &application).await?
        || was_offered(db, account, application.id, request, scopes).await?;
    if !may {
        return Ok(Err(Outcome::NotAllowed));
    }
    if !matches!(request.response_type.as_str(), "token" | "code") {
        return Ok(Err(Outcome::Refused("unsupported_response_type")));
    }
    if scopes.is_empty() {
        return Ok(Err(Outcome::Refused("invalid_scope")));
    }
    Ok(Ok(Consent {
        application,
        scopes,
    }))
}

async fn administers(
    db: &Database,
    account: AccountId,
    application: &Application,
) -> Result<bool, AccountError> {
    if application.organization_id.0 == account.0 {
        return Ok(true);
    }
    let name = &application.organization_name;
    let access = namespace::find_access(db, name, Some(account)).await?;
    let role = access.and_then(|access| access.team_role);
    Ok(role.as_deref() == Some("admin"))
}

async fn was_offered(
    db: &Database,
    account: AccountId,
    application: ApplicationId,
    request: &GrantRequest,
    scopes: ScopeSet,
) -> Result<bool, AccountError> {
    let Some(id) = request.assignment else {
        return Ok(false);
    };
    let offers = oauth_grant::list_assignments(db, account, Some(id)).await?;
    Ok(offers.iter().any(|offer| {
        offer.application_id == application
            && offer.redirect_uri == request.redirect_uri
            && offer.response_type == request.response_type
            && ScopeSet::parse(&offer.scope).includes(scopes)
    }))
}

/// Offers a token to another user.
#[derive(Debug)]
pub struct AssignToken {
    /// Who offers.
    pub account: AccountId,
    /// The name of who offers.
    pub name: String,
    /// What is offered.
    pub request: GrantRequest,
    /// To whom.
    pub username: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for AssignToken {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let db = &office.deps.db;
        let found = oauth_application::find_application(db, &self.request.client_id).await?;
        let application = found.ok_or(AccountError::NotFound)?;
        if !administers(db, self.account, &application).await? {
            return Err(AccountError::Forbidden);
        }
        let request = &self.request;
        let is_local = request.redirect_uri == request.local_redirect;
        let scopes = ScopeSet::parse(&request.scope);
        let is_sound = (is_local
            || redirect::is_below(&application.redirect_uri, &request.redirect_uri))
            && matches!(request.response_type.as_str(), "token" | "code")
            && !scopes.is_empty();
        if !is_sound {
            return Err(AccountError::Invalid("invalid_request".to_owned()));
        }
        let mut connection = db.connection().await?;
        let transaction = connection.begin().await?;
        oauth_grant::insert_assignment(
            &transaction,
            application.id,
            &self.username,
            &scopes.names(),
            &request.redirect_uri,
            &request.response_type,
        )
        .await?
        .ok_or(AccountError::NotFound)?;
        let metadata = json!({
            "application": application.name,
            "assigned_user": self.username,
            "assigning_user": self.name,
            "client_id": application.client_id,
        });
        let place = application.organization_id.into();
        log(
            &transaction,
            "oauth_token_assigned",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Exchanges a code for a token.
#[derive(Debug)]
pub struct ExchangeCode {
    /// The application.
    pub client_id: String,
    /// Its secret, when it was sent.
    pub client_secret: Option<Secret>,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// The code.
    pub code: Secret,
    /// Scopes, which the code must hold.
    pub scope: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ExchangeCode {
    /// A token, or the error of RFC 6749 that refuses it.
    type Answer = Result<Secret, &'static str>;

    async fn run(self, office: Arc<Office>) -> Result<Self::Answer, AccountError> {
        let db = &office.deps.db;
        let found = oauth_application::find_application(db, &self.client_id).await?;
        let Some(application) = found else {
            return Ok(Err("invalid_client"));
        };
        if let Some(sent) = &self.client_secret {
            let context = application::context(&application.client_id);
            let secret = office.keys.open(&context, &application.sealed_secret)?;
            if !secret.matches(sent.expose()) {
                return Ok(Err("invalid_client"));
            }
        }
        let Ok((prefix, rest)) = split(&self.code) else {
            return Ok(Err("invalid_grant"));
        };
        // Taken for good, whatever follows: a code that was seen twice is worth nothing.
        let Some(code) = oauth_grant::take_code(db, prefix, application.id).await? else {
            return Ok(Err("invalid_grant"));
        };
        let is_right = Secret::from(rest).has_sha256(&code.secret_hash)
            && code.is_fresh
            && code.redirect_uri == self.redirect_uri;
        let identity = account::find_identity(db, code.account_id).await?;
        if !is_right || !identity.is_some_and(|identity| identity.enabled) {
            return Ok(Err("invalid_grant"));
        }
        let asked = ScopeSet::parse(&self.scope);
        if asked.is_empty() || !ScopeSet::parse(&code.scope).includes(asked) {
            return Ok(Err("invalid_scope"));
        }
        let scope = asked.names();
        let mut connection = db.connection().await?;
        let transaction = connection.begin().await?;
        let grant = Granted {
            application: &application,
            account: code.account_id,
            scope: &scope,
        };
        let origin = Origin {
            performer: Some(code.account_id),
            ..self.origin
        };
        let token = grant.make(&transaction, &origin, "code").await?;
        transaction.commit().await?;
        Ok(Ok(token))
    }
}
