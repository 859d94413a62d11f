//! OAuth applications: programs that ask users for tokens. Their secrets are stored sealed.

use crate::error::ModelError;
use crate::ids::{AccountId, ApplicationId, NamespaceId};
use crate::query::{Run, queries, record};
use crate::statement;

record! {
    /// An application.
    pub struct Application {
        /// Its row.
        pub id: ApplicationId,
        /// Its public id.
        pub client_id: String,
        /// Whose it is.
        pub organization_id: NamespaceId,
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
        /// Its secret, sealed.
        pub sealed_secret: Vec<u8>,
        /// Name of whose it is.
        pub organization_name: String,
        /// E-mail of whose it is.
        pub organization_email: Option<String>,
    }
}

queries! {
    /// Finds an application.
    fn find_application(client_id: &str) -> maybe Application = FIND_APPLICATION;
    /// Lists the applications of an organization, the oldest first.
    fn list_applications(organization: NamespaceId) -> many Application = LIST_APPLICATIONS;
    /// Replaces the secret of an application.
    fn set_secret(id: ApplicationId, sealed_secret: &[u8]) -> changed = SET_APPLICATION_SECRET;
    /// Takes an application away; answers the accounts its tokens spoke for.
    fn delete_application(id: ApplicationId) -> many AccountId = DELETE_APPLICATION;
}

/// What an administrator says of an application.
#[derive(Debug)]
pub struct ApplicationFields<'a> {
    /// Its public id.
    pub client_id: &'a str,
    /// Whose it is.
    pub organization: NamespaceId,
    /// Its name.
    pub name: &'a str,
    /// Where browsers may be sent: everything below.
    pub redirect_uri: &'a str,
    /// Its own address.
    pub application_uri: &'a str,
    /// What it does.
    pub description: &'a str,
    /// The address its picture is made of.
    pub avatar_email: Option<&'a str>,
}

/// Makes an application; `None` when the client id is taken.
///
/// # Errors
/// The database's.
pub async fn insert_application(
    run: &impl Run,
    fields: &ApplicationFields<'_>,
    sealed_secret: &[u8],
) -> Result<Option<ApplicationId>, ModelError> {
    let params: crate::database::Params<'_> = &[
        &fields.client_id,
        &fields.organization,
        &fields.name,
        &fields.redirect_uri,
        &fields.application_uri,
        &fields.description,
        &fields.avatar_email,
        &sealed_secret,
    ];
    let rows = run.run(&statement::INSERT_APPLICATION, params).await?;
    crate::query::take!(maybe INSERT_APPLICATION rows)
}

/// Changes an application of an organization; `None` when there is none.
///
/// # Errors
/// The database's.
pub async fn update_application(
    run: &impl Run,
    fields: &ApplicationFields<'_>,
) -> Result<Option<ApplicationId>, ModelError> {
    let params: crate::database::Params<'_> = &[
        &fields.organization,
        &fields.client_id,
        &fields.name,
        &fields.redirect_uri,
        &fields.application_uri,
        &fields.description,
        &fields.avatar_email,
    ];
    let rows = run.run(&statement::UPDATE_APPLICATION, params).await?;
    crate::query::take!(maybe UPDATE_APPLICATION rows)
}
