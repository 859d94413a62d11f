//! OAuth applications of an organization and the tokens its administrators make for them.
//!
//! Client ids are 20 characters, secrets and tokens 40. An application's secret is sealed, its
//! tokens are stored as hashes.
//!
//! Quay: `endpoints/api/organization.py`, `endpoints/api/organization_application_tokens.py`.

use std::sync::Arc;

use serde_json::{Value, json};
use slipway_auth::Secret;
use slipway_auth::api_scope::ScopeSet;
use slipway_auth::random::{ALPHANUMERIC, UPPER_ALPHANUMERIC, random_token};
use slipway_model::audit::{Origin, log};
use slipway_model::oauth_application::{self, Application, ApplicationFields};
use slipway_model::oauth_token::{self, NamedToken, NewToken, TokenSeed};
use slipway_model::{AccountId, ApplicationId, NamespaceId, Run, namespace};
use uuid::Uuid;

use super::admission::TOKEN_HALF;
use super::{AccountError, Office, Work};

const CLIENT_ID_LENGTH: usize = 20;
const SECRET_LENGTH: usize = 40;
/// The longest and the usual life of a token: ten years.
pub const MAX_TOKEN_LIFE_S: u32 = 315_576_000;
const RESERVED_NAME: &str = "__quay_bootstrap_app";
/// Named tokens of one page.
const PAGE: i64 = 100;

/// What an application's secret is sealed for.
pub(crate) fn context(client_id: &str) -> String {
    format!("application:{client_id}")
}

/// An application with its secret.
#[derive(Debug, Clone)]
pub struct ApplicationView {
    /// Its row.
    pub row: Application,
    /// Its secret; `None` for who may not read it.
    pub secret: Option<Secret>,
}

/// What an administrator says of an application.
#[derive(Debug, Clone)]
pub struct ApplicationForm {
    /// Its name.
    pub name: String,
    /// Where browsers may be sent: everything below.
    pub redirect_uri: String,
    /// Its own address.
    pub application_uri: String,
    /// What it does.
    pub description: String,
    /// The address its picture is made of.
    pub avatar_email: Option<String>,
}

impl ApplicationForm {
    fn check(&self) -> Result<(), AccountError> {
        if self.name == RESERVED_NAME {
            let text = "Application name is reserved for bootstrap token provisioning";
            return Err(AccountError::Invalid(text.to_owned()));
        }
        Ok(())
    }

    fn fields<'a>(
        &'a self,
        client_id: &'a str,
        organization: NamespaceId,
    ) -> ApplicationFields<'a> {
        ApplicationFields {
            client_id,
            organization,
            name: &self.name,
            redirect_uri: &self.redirect_uri,
            application_uri: &self.application_uri,
            description: &self.description,
            avatar_email: self.avatar_email.as_deref(),
        }
    }
}

fn describe(name: &str, client_id: &str) -> Value {
    json!({ "application_name": name, "client_id": client_id })
}

impl Office {
    fn show_application(
        &self,
        row: Application,
        with_secret: bool,
    ) -> Result<ApplicationView, AccountError> {
        let secret = if with_secret {
            Some(
                self.keys
                    .open(&context(&row.client_id), &row.sealed_secret)?,
            )
        } else {
            None
        };
        Ok(ApplicationView { row, secret })
    }

    fn new_secret(&self, client_id: &str) -> Result<Vec<u8>, AccountError> {
        let secret = random_token(UPPER_ALPHANUMERIC, SECRET_LENGTH)?;
        Ok(self
            .keys
            .seal(&context(client_id), secret.expose().as_bytes())?)
    }
}

/// Finds an application of an organization.
pub(crate) async fn find(
    run: &impl Run,
    organization: NamespaceId,
    client_id: &str,
) -> Result<Application, AccountError> {
    let found = oauth_application::find_application(run, client_id).await?;
    found
        .filter(|row| row.organization_id == organization)
        .ok_or(AccountError::NotFound)
}

/// Makes a token for an application out of a seed whose prefix and hash are filled in here.
pub(crate) async fn make_token(
    run: &impl Run,
    seed: TokenSeed<'_>,
) -> Result<(Secret, NewToken), AccountError> {
    let text = random_token(ALPHANUMERIC, 2 * TOKEN_HALF)?;
    let halves = text.expose().split_at_checked(TOKEN_HALF);
    let (prefix, rest) = halves.unwrap_or_default();
    let seed = TokenSeed {
        prefix,
        secret_hash: &Secret::from(rest).sha256(),
        life_s: seed.life_s.min(f64::from(MAX_TOKEN_LIFE_S)),
        ..seed
    };
    let made = oauth_token::insert_token(run, &seed).await?;
    Ok((text, made))
}

/// Makes an application.
#[derive(Debug)]
pub struct CreateApplication {
    /// Whose.
    pub organization: NamespaceId,
    /// What is said of it.
    pub form: ApplicationForm,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for CreateApplication {
    type Answer = ApplicationView;

    async fn run(self, office: Arc<Office>) -> Result<ApplicationView, AccountError> {
        self.form.check()?;
        let client_id = random_token(UPPER_ALPHANUMERIC, CLIENT_ID_LENGTH)?;
        let client_id = client_id.expose();
        let sealed = office.new_secret(client_id)?;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let fields = self.form.fields(client_id, self.organization);
        let made = oauth_application::insert_application(&transaction, &fields, &sealed).await?;
        if made.is_none() {
            return Err(AccountError::Internal("a client id came twice".to_owned()));
        }
        let metadata = describe(&self.form.name, client_id);
        let place = self.organization.into();
        log(
            &transaction,
            "create_application",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        let row = find(&transaction, self.organization, client_id).await?;
        transaction.commit().await?;
        office.show_application(row, true)
    }
}

/// Lists the applications of an organization.
#[derive(Debug)]
pub struct ListApplications {
    /// Whose.
    pub organization: NamespaceId,
    /// With their secrets.
    pub with_secrets: bool,
}

impl Work for ListApplications {
    type Answer = Vec<ApplicationView>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<ApplicationView>, AccountError> {
        let db = &office.deps.db;
        let rows = oauth_application::list_applications(db, self.organization).await?;
        rows.into_iter()
            .map(|row| office.show_application(row, self.with_secrets))
            .collect()
    }
}

/// Reads an application.
#[derive(Debug)]
pub struct GetApplication {
    /// Whose.
    pub organization: NamespaceId,
    /// Which.
    pub client_id: String,
    /// With its secret.
    pub with_secret: bool,
}

impl Work for GetApplication {
    type Answer = ApplicationView;

    async fn run(self, office: Arc<Office>) -> Result<ApplicationView, AccountError> {
        let row = find(&office.deps.db, self.organization, &self.client_id).await?;
        office.show_application(row, self.with_secret)
    }
}

/// Changes an application.
#[derive(Debug)]
pub struct UpdateApplication {
    /// Whose.
    pub organization: NamespaceId,
    /// Which.
    pub client_id: String,
    /// What is said of it now.
    pub form: ApplicationForm,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for UpdateApplication {
    type Answer = ApplicationView;

    async fn run(self, office: Arc<Office>) -> Result<ApplicationView, AccountError> {
        self.form.check()?;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let fields = self.form.fields(&self.client_id, self.organization);
        oauth_application::update_application(&transaction, &fields)
            .await?
            .ok_or(AccountError::NotFound)?;
        let metadata = describe(&self.form.name, &self.client_id);
        let place = self.organization.into();
        log(
            &transaction,
            "update_application",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        let row = find(&transaction, self.organization, &self.client_id).await?;
        transaction.commit().await?;
        office.show_application(row, true)
    }
}

/// Takes an application away with its tokens.
#[derive(Debug)]
pub struct DeleteApplication {
    /// Whose.
    pub organization: NamespaceId,
    /// Which.
    pub client_id: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteApplication {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let row = find(&transaction, self.organization, &self.client_id).await?;
        let holders = oauth_application::delete_application(&transaction, row.id).await?;
        let holders: Vec<i64> = holders.into_iter().map(|id| id.0).collect();
        namespace::raise_epochs(&transaction, &holders).await?;
        let metadata = describe(&row.name, &self.client_id);
        let place = self.organization.into();
        log(
            &transaction,
            "delete_application",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Gives an application another secret.
#[derive(Debug)]
pub struct ResetClientSecret {
    /// Whose.
    pub organization: NamespaceId,
    /// Which.
    pub client_id: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ResetClientSecret {
    type Answer = ApplicationView;

    async fn run(self, office: Arc<Office>) -> Result<ApplicationView, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let mut row = find(&transaction, self.organization, &self.client_id).await?;
        row.sealed_secret = office.new_secret(&self.client_id)?;
        oauth_application::set_secret(&transaction, row.id, &row.sealed_secret).await?;
        let metadata = describe(&row.name, &self.client_id);
        let place = self.organization.into();
        let kind = "reset_application_client_secret";
        log(&transaction, kind, place, &self.origin, metadata).await?;
        transaction.commit().await?;
        office.show_application(row, true)
    }
}

/// What everybody may know of an application.
#[derive(Debug, Clone)]
pub struct PublicApplication {
    /// Its row.
    pub row: Application,
    /// Whether who asks administers whose it is.
    pub is_admin: bool,
    /// Whether who asks is in a team of whose it is.
    pub is_member: bool,
}

/// Reads what everybody may know of an application.
#[derive(Debug)]
pub struct DescribeApplication {
    /// Which.
    pub client_id: String,
    /// Who asks.
    pub account: Option<AccountId>,
}

impl Work for DescribeApplication {
    type Answer = PublicApplication;

    async fn run(self, office: Arc<Office>) -> Result<PublicApplication, AccountError> {
        let db = &office.deps.db;
        let row = oauth_application::find_application(db, &self.client_id).await?;
        let row = row.ok_or(AccountError::NotFound)?;
        let found = namespace::find_access(db, &row.organization_name, self.account).await?;
        let role = found.and_then(|access| access.team_role);
        Ok(PublicApplication {
            is_admin: role.as_deref() == Some("admin"),
            is_member: role.is_some(),
            row,
        })
    }
}

/// Makes a named token that speaks for the caller.
#[derive(Debug)]
pub struct CreateNamedToken {
    /// Whose application.
    pub organization: NamespaceId,
    /// Which.
    pub client_id: String,
    /// Whom it speaks for.
    pub account: AccountId,
    /// How far the caller's own credential goes; the token goes no further.
    pub own_scopes: ScopeSet,
    /// Its name.
    pub name: String,
    /// Its scopes, as asked for.
    pub scope: String,
    /// Its life, seconds.
    pub life_s: Option<f64>,
    /// How the caller logged in, for the usage log.
    pub auth_method: &'static str,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for CreateNamedToken {
    type Answer = (Secret, NewToken);

    async fn run(self, office: Arc<Office>) -> Result<(Secret, NewToken), AccountError> {
        let name = self.name.trim();
        if name.is_empty() {
            let text = "Token name cannot be empty";
            return Err(AccountError::Invalid(text.to_owned()));
        }
        let scopes = ScopeSet::parse(&self.scope);
        if scopes.is_empty() {
            let text = format!("Invalid scope: {}", self.scope);
            return Err(AccountError::Rejected(text));
        }
        if !self.own_scopes.includes(scopes) {
            return Err(AccountError::Forbidden);
        }
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let application = find(&transaction, self.organization, &self.client_id).await?;
        let limit = office.settings.tokens_per_application;
        if limit > 0 && oauth_token::count_named(&transaction, application.id).await? >= limit {
            let text = format!("Application has reached its limit of {limit} tokens");
            return Err(AccountError::Invalid(text));
        }
        let scope = scopes.names();
        let seed = TokenSeed {
            application: application.id,
            account: self.account,
            prefix: "",
            secret_hash: &[],
            scope: &scope,
            name: Some(name),
            created_by: Some(self.account),
            life_s: self.life_s.unwrap_or(f64::from(MAX_TOKEN_LIFE_S)),
        };
        let (text, made) = make_token(&transaction, seed).await?;
        let metadata = json!({
            "application_name": application.name,
            "auth_method": self.auth_method,
            "client_id": self.client_id,
            "oauth_token_uuid": made.id,
            "scope": scope,
            "token_display_name": name,
        });
        let place = self.organization.into();
        log(
            &transaction,
            "create_oauth_api_token",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        transaction.commit().await?;
        Ok((text, made))
    }
}

/// Lists named tokens, the newest first.
#[derive(Debug)]
pub struct ListNamedTokens {
    /// Whose application.
    pub organization: NamespaceId,
    /// Which.
    pub client_id: String,
    /// Where the page begins: Unix microseconds and id of the last token before.
    pub after: Option<(i64, Uuid)>,
}

/// A page of named tokens, and where the next one begins.
pub type NamedTokenPage = (Vec<NamedToken>, Option<(i64, Uuid)>);

impl Work for ListNamedTokens {
    type Answer = NamedTokenPage;

    async fn run(self, office: Arc<Office>) -> Result<NamedTokenPage, AccountError> {
        let db = &office.deps.db;
        let application = find(db, self.organization, &self.client_id).await?;
        let (before_us, before_id) = self.after.unzip();
        let mut rows =
            oauth_token::list_named(db, application.id, before_us, before_id, PAGE + 1).await?;
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let has_more = rows.len() > page;
        rows.truncate(page);
        let next = rows.last().filter(|_| has_more);
        let next = next.map(|row| (row.created_at_us, row.id));
        Ok((rows, next))
    }
}

/// Revokes a named token.
#[derive(Debug)]
pub struct DeleteNamedToken {
    /// Whose application.
    pub organization: NamespaceId,
    /// Which.
    pub client_id: String,
    /// The token.
    pub id: Uuid,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteNamedToken {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let application = find(&transaction, self.organization, &self.client_id).await?;
        let holder = oauth_token::delete_named(&transaction, application.id, self.id).await?;
        let holder = holder.ok_or(AccountError::NotFound)?;
        namespace::raise_epochs(&transaction, &[holder.0]).await?;
        let metadata = revoked(&application.name, &self.client_id, self.id);
        let place = self.organization.into();
        log(
            &transaction,
            "revoke_oauth_api_token",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// What the usage log says of a token that was revoked.
pub(crate) fn revoked(application_name: &str, client_id: &str, id: Uuid) -> Value {
    json!({
        "application_name": application_name,
        "client_id": client_id,
        "oauth_token_uuid": id,
    })
}

/// The application and the token that the first user is given on request.
pub(crate) async fn make_first_token(
    office: &Office,
    account: AccountId,
    username: &str,
) -> Result<Secret, AccountError> {
    const LIFE_S: f64 = 9000.0;
    let sealed = office.new_secret(username)?;
    let fields = ApplicationFields {
        client_id: username,
        organization: NamespaceId(account.0),
        name: "automation",
        redirect_uri: "",
        application_uri: "",
        description: "Made for the first user by /api/v1/user/initialize",
        avatar_email: None,
    };
    let mut connection = office.deps.db.connection().await?;
    let transaction = connection.begin().await?;
    let made = oauth_application::insert_application(&transaction, &fields, &sealed).await?;
    let application: ApplicationId = made.ok_or(AccountError::NotEmpty)?;
    let scope = ScopeSet::DIRECT.names();
    let seed = TokenSeed {
        application,
        account,
        prefix: "",
        secret_hash: &[],
        scope: &scope,
        name: None,
        created_by: None,
        life_s: LIFE_S,
    };
    let (text, _) = make_token(&transaction, seed).await?;
    transaction.commit().await?;
    Ok(text)
}
