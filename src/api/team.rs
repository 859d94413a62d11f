//! Teams of organizations, their members, and invitations into them.
//!
//! Quay: `endpoints/api/team.py`.

use serde_json::{Value, json};
use slipway_actors::account::AccountError;
use slipway_actors::account::team::{
    AddTeamMember, DeleteTeam, ListTeamMembers, ListTeamPermissions, PutTeam, RemoveTeamMember,
    TeamPlace,
};
use slipway_actors::account::team_invite::{
    AnswerInvite, DeleteEmailInvite, InviteAnswer, InviteEmail,
};
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::TeamRole;
use slipway_config::Config;

use super::avatar::{account_avatar, avatar};
use super::call::Call;
use super::error::ApiError;
use super::guard::counts_also;
use super::operation::{
    ANY_AND_READERS, Also, ApiResult, FULL, FULL_AND_READERS, Guard, Operation, run,
};
use super::schema::{Kind, Param, Schema, TEXT, bool_param, optional, required};

const TEAM: Schema = Schema::object(
    "TeamDescription",
    "A team.",
    &[
        required(
            "role",
            Kind::OneOf(&["member", "creator", "admin"]),
            "What the team may do in the organization",
        ),
        optional("description", TEXT, "What the team is for"),
    ],
);

const INCLUDE_PENDING: &[Param] = &[bool_param(
    "includePending",
    "Whether to list those who are invited too",
)];

const fn admin(also: Also) -> Guard {
    Guard::Organization {
        role: TeamRole::Admin,
        also,
    }
}

const ANSWERER: Guard = Guard::UserAdmin {
    refuse_restricted: false,
};

const MEMBER: &str = "/organization/{orgname}/team/{teamname}/members/{membername}";
const INVITE: &str = "/organization/{orgname}/team/{teamname}/invite/{email}";

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::put(
        "updateOrganizationTeam",
        "/organization/{orgname}/team/{teamname}",
        run!(put),
    )
    .summary("Make a team, or change its role and description.")
    .scope(ApiScope::OrgAdmin)
    .guard(admin(FULL))
    .body(&TEAM),
    Operation::delete(
        "deleteOrganizationTeam",
        "/organization/{orgname}/team/{teamname}",
        run!(delete),
    )
    .summary("Delete a team.")
    .scope(ApiScope::OrgAdmin)
    .guard(admin(FULL)),
    Operation::get(
        "getOrganizationTeamMembers",
        "/organization/{orgname}/team/{teamname}/members",
        run!(list_members),
    )
    .summary("List the members of a team.")
    .scope(ApiScope::OrgAdmin)
    .guard(Guard::Team {
        also: ANY_AND_READERS,
    })
    .query(INCLUDE_PENDING),
    Operation::put("updateOrganizationTeamMember", MEMBER, run!(add_member))
        .summary("Put a user or robot into a team, or invite a user.")
        .scope(ApiScope::OrgAdmin)
        .guard(admin(FULL)),
    Operation::delete("deleteOrganizationTeamMember", MEMBER, run!(remove_member))
        .summary("Take somebody out of a team, or their invitation back.")
        .scope(ApiScope::OrgAdmin)
        .guard(admin(FULL)),
    Operation::put("inviteTeamMemberEmail", INVITE, run!(invite_email))
        .summary("Invite an address into a team.")
        .scope(ApiScope::OrgAdmin)
        .guard(admin(FULL))
        .feature(Config::has_mail),
    Operation::delete("deleteTeamMemberEmailInvite", INVITE, run!(delete_invite))
        .summary("Take an address's invitation back.")
        .scope(ApiScope::OrgAdmin)
        .guard(admin(FULL))
        .feature(Config::has_mail),
    Operation::get(
        "getOrganizationTeamPermissions",
        "/organization/{orgname}/team/{teamname}/permissions",
        run!(list_permissions),
    )
    .summary("List the repositories a team has a role on.")
    .guard(admin(FULL_AND_READERS)),
    Operation::put(
        "acceptOrganizationTeamInvite",
        "/teaminvite/{code}",
        run!(accept),
    )
    .summary("Accept an invitation into a team.")
    .scope(ApiScope::UserAdmin)
    .guard(ANSWERER)
    .feature(Config::has_mail),
    Operation::delete(
        "declineOrganizationTeamInvite",
        "/teaminvite/{code}",
        run!(decline),
    )
    .summary("Decline an invitation into a team.")
    .scope(ApiScope::UserAdmin)
    .guard(ANSWERER)
    .feature(Config::has_mail),
];

/// The team of the path, and who changes it.
fn place(call: &Call) -> Result<TeamPlace, ApiError> {
    Ok(TeamPlace {
        organization: call.organization()?,
        organization_name: call.path("orgname").to_owned(),
        team: call.path("teamname").to_owned(),
        caller: call.account()?,
        caller_name: call.caller().name().to_owned(),
        origin: call.origin(),
    })
}

/// `PUT /organization/{orgname}/team/{teamname}`.
async fn put(call: Call) -> ApiResult {
    if call.organization().is_err() {
        // Quirk: 400 for a missing organization, where everything else answers 404.
        let text = format!("Organization does not exist: {}", call.path("orgname"));
        return Err(AccountError::Rejected(text).into());
    }
    let work = PutTeam {
        place: place(&call)?,
        role: call.required_text("role").to_owned(),
        description: call.text("description").map(str::to_owned),
    };
    let put = call.perform(work).await?;
    let name = call.path("teamname");
    call.answer(&json!({
        "name": name,
        "description": put.description,
        "can_view": true,
        "role": put.role,
        "avatar": avatar(name, None, "team"),
        "new_team": put.is_new,
    }))
}

/// `DELETE /organization/{orgname}/team/{teamname}`: 204.
async fn delete(call: Call) -> ApiResult {
    let place = place(&call)?;
    call.perform(DeleteTeam { place }).await?;
    call.no_content()
}

fn member_view(name: &str, kind: &str, email: Option<&str>, is_invited: bool) -> Value {
    json!({
        "name": name,
        // Quirk: robots are users here, and told apart by the next member.
        "kind": "user",
        "is_robot": kind == "robot",
        "avatar": account_avatar(name, kind, email),
        "invited": is_invited,
    })
}

fn invite_view(email: &str) -> Value {
    json!({
        "email": email,
        "kind": "invite",
        "avatar": avatar(email, Some(email), "user"),
        "invited": true,
    })
}

/// `GET /organization/{orgname}/team/{teamname}/members`.
async fn list_members(call: Call) -> ApiResult {
    let can_edit = call.admission.has_team_role(TeamRole::Admin)
        || counts_also(&call.caller().principal, FULL);
    let work = ListTeamMembers {
        organization: call.organization()?,
        team: call.path("teamname").to_owned(),
        with_invited: can_edit && call.flag("includePending"),
    };
    let (members, invited) = call.perform(work).await?;
    let members = members
        .iter()
        .map(|row| member_view(&row.name, &row.kind, row.email.as_deref(), false));
    let invited = invited.iter().filter_map(|row| {
        let user = row.name.as_ref().map(|name| {
            let email = row.account_email.as_deref();
            member_view(name, "user", email, true)
        });
        user.or_else(|| row.email.as_deref().map(invite_view))
    });
    let listed: Vec<Value> = members.chain(invited).collect();
    call.answer(&json!({
        "name": call.path("teamname"),
        "members": listed,
        "can_edit": can_edit,
    }))
}

/// `PUT /organization/{orgname}/team/{teamname}/members/{membername}`.
async fn add_member(call: Call) -> ApiResult {
    let work = AddTeamMember {
        place: place(&call)?,
        member: call.path("membername").to_owned(),
    };
    let added = call.perform(work).await?;
    let email = added.email.as_deref();
    call.answer(&member_view(
        &added.name,
        &added.kind,
        email,
        added.is_invited,
    ))
}

/// `DELETE /organization/{orgname}/team/{teamname}/members/{membername}`: 204.
async fn remove_member(call: Call) -> ApiResult {
    let work = RemoveTeamMember {
        place: place(&call)?,
        member: call.path("membername").to_owned(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `PUT /organization/{orgname}/team/{teamname}/invite/{email}`.
async fn invite_email(call: Call) -> ApiResult {
    let work = InviteEmail {
        place: place(&call)?,
        email: call.path("email").to_owned(),
    };
    call.perform(work).await?;
    call.answer(&invite_view(call.path("email")))
}

/// `DELETE /organization/{orgname}/team/{teamname}/invite/{email}`: 204.
async fn delete_invite(call: Call) -> ApiResult {
    let work = DeleteEmailInvite {
        place: place(&call)?,
        email: call.path("email").to_owned(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `GET /organization/{orgname}/team/{teamname}/permissions`.
async fn list_permissions(call: Call) -> ApiResult {
    let work = ListTeamPermissions {
        organization: call.organization()?,
        team: call.path("teamname").to_owned(),
    };
    let rows = call.perform(work).await?;
    let permissions: Vec<Value> = rows
        .iter()
        .map(|row| {
            let is_public = row.visibility == "public";
            json!({
                "repository": { "name": row.name, "is_public": is_public },
                "role": row.role,
            })
        })
        .collect();
    call.answer(&json!({ "permissions": permissions }))
}

async fn answer_invite(call: &Call, answer: InviteAnswer) -> Result<(String, String), ApiError> {
    let work = AnswerInvite {
        code: call.path("code").to_owned(),
        answer,
        account: call.account()?,
        username: call.caller().name().to_owned(),
        origin: call.origin(),
    };
    let answered = call.perform(work).await?;
    Ok((answered.organization, answered.team))
}

/// `PUT /teaminvite/{code}`.
async fn accept(call: Call) -> ApiResult {
    let (organization, team) = answer_invite(&call, InviteAnswer::Accept).await?;
    call.answer(&json!({ "org": organization, "team": team }))
}

/// `DELETE /teaminvite/{code}`: 204.
async fn decline(call: Call) -> ApiResult {
    answer_invite(&call, InviteAnswer::Decline).await?;
    call.no_content()
}
