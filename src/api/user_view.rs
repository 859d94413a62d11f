//! How users are shown: to themselves, to others, and to superusers.
//!
//! Quay: `endpoints/api/user.py`, `endpoints/api/superuser.py`.

use serde_json::{Value, json};
use slipway_actors::account::managed_user::ManagedUser;
use slipway_actors::account::user::{UserDetails, UserOrganization};
use slipway_auth::api_scope::ScopeSet;

use super::avatar::avatar;

/// A user as everybody sees it.
#[must_use]
pub fn public(name: &str, email: Option<&str>) -> Value {
    json!({
        "anonymous": false,
        "username": name,
        "avatar": avatar(name, email, "user"),
    })
}

/// A user as its credential with these scopes sees it.
#[must_use]
pub fn own(details: &UserDetails, scopes: ScopeSet) -> Value {
    let profile = &details.profile;
    let mut view = public(&profile.name, profile.email.as_deref());
    let is_full = scopes.administers_user();
    let organizations = details.organizations.iter();
    let organizations: Vec<Value> = organizations
        .map(|organization| organization_view(organization, is_full))
        .collect();
    add(&mut view, json!({ "organizations": organizations }));
    if !is_full {
        return view;
    }
    let prompts: &[&str] = if details.lacks_metadata {
        &["enter_name", "enter_company"]
    } else {
        &[]
    };
    add(
        &mut view,
        json!({
            "can_create_repo": true,
            "is_me": true,
            "verified": profile.verified,
            "email": profile.email,
            "logins": [],
            "invoice_email": profile.invoice_email,
            "invoice_email_address": profile.invoice_email_address,
            "preferred_namespace": false,
            "tag_expiration_s": profile.tag_expiration_s,
            "prompts": prompts,
            "company": profile.company,
            "family_name": profile.family_name,
            "given_name": profile.given_name,
            "location": profile.location,
            "is_free_account": true,
            "has_password_set": profile.has_password,
        }),
    );
    if details.is_superuser {
        add(&mut view, json!({ "super_user": true }));
    }
    if details.is_readonly_superuser {
        add(&mut view, json!({ "global_readonly_super_user": true }));
    }
    view
}

fn organization_view(organization: &UserOrganization, is_full: bool) -> Value {
    let mut view = json!({
        "name": organization.name,
        "avatar": avatar(&organization.name, organization.email.as_deref(), "org"),
        "can_create_repo": organization.creates,
        "public": false,
    });
    if is_full {
        add(
            &mut view,
            json!({
                "is_org_admin": organization.administers,
                "preferred_namespace": false,
            }),
        );
    }
    view
}

/// A user as superusers see it.
#[must_use]
pub fn managed(user: &ManagedUser) -> Value {
    let profile = &user.profile;
    json!({
        "kind": "user",
        "name": profile.name,
        "username": profile.name,
        "email": profile.email,
        "verified": profile.verified,
        "avatar": avatar(&profile.name, profile.email.as_deref(), "user"),
        "super_user": user.is_superuser,
        "global_readonly_super_user": user.is_readonly_superuser,
        "enabled": profile.enabled,
    })
}

fn add(view: &mut Value, members: Value) {
    if let (Some(view), Value::Object(members)) = (view.as_object_mut(), members) {
        view.extend(members);
    }
}
