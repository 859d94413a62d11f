//! Search over everything, over repositories, and names that complete what is typed.
//!
//! Quay: `endpoints/api/search.py`.

use serde_json::{Map, Value, json};
use slipway_actors::account::admission::{Admission, AdmitTo, Target};
use slipway_actors::catalog::{
    CompleteName, Completions, FoundNamespace, FoundRepository, FoundRobot, FoundTeam,
    SearchEverything, SearchRepositories,
};
use slipway_auth::api_scope::ApiScope;

use super::avatar::{Avatar, avatar};
use super::call::Call;
use super::error::ApiError;
use super::guard;
use super::operation::{ApiResult, Operation, run};
use super::schema::{Param, bool_param, integer_param, text_param};
use super::search_score::score;

/// Longer words are in no name.
const MAX_WORDS: usize = 255;
const QUERY: Param = text_param("query", "What to search for");

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("conductSearch", "/find/all", run!(find_all))
        .summary("Find repositories, users, organizations, teams and robots.")
        .scope(ApiScope::RepoRead)
        .query(&[QUERY]),
    Operation::get(
        "conductRepoSearch",
        "/find/repositories",
        run!(find_repositories),
    )
    .summary("Find repositories.")
    .query(&[
        bool_param("includeUsage", "Whether to say how much is done with each"),
        integer_param("page", "The page"),
        QUERY,
    ]),
    Operation::get("getMatchingEntities", "/entities/{prefix}", run!(complete))
        .summary("List names that begin with what was typed.")
        .query(&[
            bool_param("includeOrgs", "Whether to list the organization itself"),
            bool_param("includeTeams", "Whether to list teams"),
            text_param("namespace", "Whose robots and teams are listed"),
        ]),
];

fn words(call: &Call) -> Option<String> {
    let words = call.query("query").unwrap_or_default().trim();
    (words.chars().count() <= MAX_WORDS).then(|| words.to_owned())
}

/// `GET /find/repositories`: a page of repositories, the best first.
async fn find_repositories(call: Call) -> ApiResult {
    let config = &call.state.config.api;
    let page_size = i64::from(config.search_page_size);
    let last_page = i64::from(config.search_max_pages);
    let page = call.number("page").unwrap_or(1).clamp(1, last_page);
    let start = page.saturating_sub(1).saturating_mul(page_size);
    let mut found = match words(&call) {
        None => Vec::new(),
        Some(words) => {
            let msg = SearchRepositories {
                viewer: guard::repository_viewer(&call),
                sees_everything: guard::sees_every_repository(&call),
                words,
                limit: page_size.saturating_add(1),
                offset: start,
            };
            call.state.actors.ask_catalog(msg).await?
        }
    };
    let fitting = usize::try_from(page_size).unwrap_or(usize::MAX);
    let has_additional = found.len() > fitting;
    found.truncate(fitting);
    let with_usage = call.flag("includeUsage");
    let results = found.iter().map(|row| {
        let mut view = repository_view(row, &json!(4));
        if let (true, Some(members)) = (with_usage, view.as_object_mut()) {
            members.insert("last_modified".to_owned(), json!(row.last_modified_s));
            members.insert("stars".to_owned(), json!(row.stars));
            members.insert("popularity".to_owned(), json!(row.popularity));
        }
        view
    });
    call.answer(&json!({
        "results": results.collect::<Vec<Value>>(),
        "has_additional": has_additional,
        "page": page,
        "page_size": page_size,
        "start_index": start,
    }))
}

/// `GET /find/all`: everything that fits, the best first.
async fn find_all(call: Call) -> ApiResult {
    let Some(words) = words(&call).filter(|words| !words.is_empty()) else {
        return call.answer(&json!({ "results": [] }));
    };
    let msg = SearchEverything {
        viewer: guard::repository_viewer(&call),
        sees_everything: guard::sees_every_repository(&call),
        words: words.clone(),
    };
    let found = call.state.actors.ask_catalog(msg).await?;
    // A name that holds the words elsewhere than in their order is still a finding.
    let fit = |name: &str| Some(score(name, &words)).filter(|fit| *fit > 0.0);
    let value = |name: &str, worth: f64| worth * fit(name).unwrap_or(0.5);
    let teams = found.teams.iter().map(|row| {
        let worth = value(&row.name, 2.0);
        (worth, team_view(row, worth))
    });
    let robots = found.robots.iter().map(|row| {
        let worth = value(&row.short_name, 1.0);
        (worth, robot_view(&call, row, worth))
    });
    let repositories = found.repositories.iter().map(|row| {
        let worth = value(&row.name, 4.0);
        (worth, repository_view(row, &json!(worth)))
    });
    let namespaces = found.namespaces.iter().map(|row| {
        let worth = value(&row.name, 1.0);
        (worth, namespace_view(row, &json!(worth)))
    });
    let all = teams.chain(robots).chain(repositories).chain(namespaces);
    let mut results: Vec<(f64, Value)> = all.collect();
    results.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    let results: Vec<Value> = results.into_iter().map(|(_, view)| view).collect();
    call.answer(&json!({ "results": results }))
}

fn namespace_view(row: &FoundNamespace, score: &Value) -> Value {
    let is_organization = row.kind == "organization";
    let (title, kind, path) = if is_organization {
        ("org", "organization", "organization")
    } else {
        ("user", "user", "user")
    };
    json!({
        "title": title,
        "kind": kind,
        "avatar": picture(&row.name, row.email.as_deref(), is_organization),
        "name": row.name,
        "score": score,
        "href": format!("/{path}/{}", row.name),
    })
}

fn picture(name: &str, email: Option<&str>, is_organization: bool) -> Avatar {
    avatar(name, email, if is_organization { "org" } else { "user" })
}

fn repository_view(row: &FoundRepository, score: &Value) -> Value {
    let kind = if row.in_organization {
        "organization"
    } else {
        "user"
    };
    let namespace = FoundNamespace {
        name: row.namespace.clone(),
        kind: kind.to_owned(),
        email: row.email.clone(),
    };
    json!({
        "kind": "repository",
        "title": "repo",
        "namespace": namespace_view(&namespace, &json!(1)),
        "name": row.name,
        "description": row.description,
        "is_public": row.is_public,
        "score": score,
        "href": format!("/repository/{}/{}", row.namespace, row.name),
    })
}

fn team_view(row: &FoundTeam, score: f64) -> Value {
    let organization = FoundNamespace {
        name: row.organization.clone(),
        kind: "organization".to_owned(),
        email: row.email.clone(),
    };
    json!({
        "kind": "team",
        "name": row.name,
        "organization": namespace_view(&organization, &json!(1)),
        "avatar": avatar(&row.name, None, "team"),
        "score": score,
        "href": format!("/organization/{}/teams/{}", row.organization, row.name),
    })
}

fn robot_view(call: &Call, row: &FoundRobot, score: f64) -> Value {
    let is_own = call.caller().name() == row.owner;
    let path = if is_own { "user" } else { "organization" };
    json!({
        "title": "robot",
        "kind": "robot",
        "avatar": null,
        "name": row.name,
        "short_name": row.short_name,
        "score": score,
        "href": format!("/{path}/{}?tab=robots&showRobot={}", row.owner, row.name),
    })
}

/// `GET /entities/{prefix}`: teams, users and robots, ten of each at most.
async fn complete(call: Call) -> ApiResult {
    let prefix = call.path("prefix").to_owned();
    if prefix.is_empty() || prefix.contains('\0') || prefix.chars().count() > MAX_WORDS {
        return call.answer(&json!({ "results": [] }));
    }
    let place = place(&call).await?;
    let has_organization = place.organization.is_some();
    let msg = CompleteName {
        prefix: prefix.clone(),
        exact: !call.state.config.api.partial_user_autocomplete,
        organization: place.organization,
        robots_of: place.robots_of,
        with_teams: call.flag("includeTeams"),
    };
    let found = call.state.actors.ask_catalog(msg).await?;
    let mut results = render_completions(&found, has_organization);
    let name = call.query("namespace").unwrap_or_default();
    if place.is_admin && call.flag("includeOrgs") && name.starts_with(&prefix) {
        results.push(json!({
            "name": name,
            "kind": "org",
            "is_org_member": true,
            "avatar": avatar(name, None, "org"),
        }));
    }
    call.answer(&json!({ "results": results }))
}

/// What the namespace of the query adds to users.
#[derive(Default)]
struct CompletionPlace {
    /// An organization that the caller is in.
    organization: Option<slipway_actors::NamespaceId>,
    robots_of: Option<slipway_actors::NamespaceId>,
    is_admin: bool,
}

async fn place(call: &Call) -> Result<CompletionPlace, ApiError> {
    let Some(name) = call.query("namespace").filter(|name| !name.is_empty()) else {
        return Ok(CompletionPlace::default());
    };
    let work = AdmitTo {
        caller: call.caller().clone(),
        target: Target::Namespace(name.to_owned()),
    };
    let admission: Admission = call.perform(work).await?;
    let is_member = admission.organization.member.is_ok();
    let found = admission.namespace.filter(|_| is_member);
    Ok(CompletionPlace {
        organization: found
            .as_ref()
            .filter(|place| place.is_organization)
            .map(|place| place.id),
        is_admin: found.as_ref().is_some_and(|place| place.is_organization)
            && admission.organization.admin.is_ok(),
        robots_of: found.map(|place| place.id),
    })
}

fn render_completions(found: &Completions, has_organization: bool) -> Vec<Value> {
    let teams = found.teams.iter().map(|name| {
        json!({
            "name": name,
            "kind": "team",
            "is_org_member": true,
            "avatar": avatar(name, None, "team"),
        })
    });
    let entities = found.entities.iter().map(|row| {
        let is_robot = row.kind == "robot";
        let kind = if is_robot { "robot" } else { "user" };
        let mut members = Map::new();
        members.insert("name".to_owned(), json!(row.name));
        members.insert("kind".to_owned(), json!("user"));
        members.insert("is_robot".to_owned(), json!(is_robot));
        let avatar = avatar(&row.name, row.email.as_deref(), kind);
        members.insert("avatar".to_owned(), json!(avatar));
        if has_organization {
            members.insert("is_org_member".to_owned(), json!(row.is_member));
        }
        Value::Object(members)
    });
    teams.chain(entities).collect()
}
