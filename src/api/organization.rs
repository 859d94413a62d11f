//! Organizations.
//!
//! Quay: `endpoints/api/organization.py`.

use slipway_actors::account::organization::CreateOrganization;
use slipway_auth::api_scope::ApiScope;

use super::call::Call;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Kind, Schema, TEXT, optional, required};

const NEW_ORGANIZATION: Schema = Schema::object(
    "NewOrg",
    "A new organization.",
    &[
        required("name", TEXT, "Its name"),
        optional("email", TEXT, "Its e-mail"),
        optional(
            "contact_email",
            Kind::Nullable(&TEXT),
            "Where people can reach it",
        ),
        optional("recaptcha_response", TEXT, "Ignored"),
    ],
);

/// The operations of this file.
pub const OPERATIONS: &[Operation] =
    &[
        Operation::post("createOrganization", "/organization/", run!(create))
            .summary("Create an organization.")
            .scope(ApiScope::UserAdmin)
            .guard(Guard::UserAdmin {
                refuse_restricted: true,
            })
            .body(&NEW_ORGANIZATION)
            .success(201),
    ];

/// `POST /organization/`: 201 `"Created"`.
async fn create(call: Call) -> ApiResult {
    let work = CreateOrganization {
        name: call.required_text("name").to_owned(),
        email: call.text("email").map(str::to_owned),
        contact_email: call.text("contact_email").map(str::to_owned),
        owner: call.account()?,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.answer(&"Created")
}
