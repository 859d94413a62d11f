//! The usage log: of an organization, a repository, the caller, and the whole registry.
//!
//! Times are given as days in UTC, month first. Without them a list runs from a day ago to a day
//! ahead; the day of `endtime` is included. What is no such day counts as not given.
//!
//! Quay: `endpoints/api/logs.py`, `endpoints/api/superuser.py`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use slipway_actors::account::usage_log::{CountLog, ListLog, LogFilter, LogRow};
use slipway_actors::{NamespaceId, RepositoryId};
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::{Role, TeamRole};
use time::Date;
use time::macros::format_description;

use super::avatar::avatar;
use super::call::Call;
use super::date::rfc2822;
use super::error::ApiError;

use super::operation::{ApiResult, FULL_AND_READERS, Guard, Operation, run};
use super::page_token;
use super::schema::{Param, text_param};

const DAY_S: i64 = 86_400;
const START: Param = text_param("starttime", "Earliest day, as MM/DD/YYYY in UTC");
const END: Param = text_param("endtime", "Latest day, as MM/DD/YYYY in UTC");
const PERFORMER: Param = text_param("performer", "Only what the user of this name did");
const NEXT: Param = text_param(page_token::PARAMETER, "The token of the page");

const ORGANIZATION_ADMIN: Guard = Guard::Organization {
    role: TeamRole::Admin,
    also: FULL_AND_READERS,
};
const REPOSITORY_ADMIN: Guard = Guard::Repository {
    role: Role::Admin,
    readers: true,
    only_normal: false,
};
const USER_ADMIN: Guard = Guard::UserAdmin {
    refuse_restricted: false,
};

/// The operations of organizations, repositories and users.
pub const OPERATIONS: &[Operation] = &[
    Operation::get(
        "listOrgLogs",
        "/organization/{orgname}/logs",
        run!(list_of_organization),
    )
    .summary("List the usage log of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(ORGANIZATION_ADMIN)
    .query(&[START, END, PERFORMER, NEXT]),
    Operation::get(
        "getAggregateOrgLogs",
        "/organization/{orgname}/aggregatelogs",
        run!(count_of_organization),
    )
    .summary("Count the usage log of an organization by day and kind.")
    .scope(ApiScope::OrgAdmin)
    .guard(ORGANIZATION_ADMIN)
    .query(&[START, END, PERFORMER]),
    Operation::get(
        "listRepoLogs",
        "/repository/{repository}/logs",
        run!(list_of_repository),
    )
    .summary("List the usage log of a repository.")
    .scope(ApiScope::RepoAdmin)
    .guard(REPOSITORY_ADMIN)
    .query(&[START, END, NEXT]),
    Operation::get(
        "getAggregateRepoLogs",
        "/repository/{repository}/aggregatelogs",
        run!(count_of_repository),
    )
    .summary("Count the usage log of a repository by day and kind.")
    .scope(ApiScope::RepoAdmin)
    .guard(REPOSITORY_ADMIN)
    .query(&[START, END]),
    Operation::get("listUserLogs", "/user/logs", run!(list_of_user))
        .summary("List the usage log of the caller.")
        .scope(ApiScope::UserAdmin)
        .guard(USER_ADMIN)
        .query(&[START, END, PERFORMER, NEXT]),
    Operation::get(
        "getAggregateUserLogs",
        "/user/aggregatelogs",
        run!(count_of_user),
    )
    .summary("Count the usage log of the caller by day and kind.")
    .scope(ApiScope::UserAdmin)
    .guard(USER_ADMIN)
    .query(&[START, END, PERFORMER]),
];

/// The operations of superusers.
pub const SUPERUSER_OPERATIONS: &[Operation] = &[
    Operation::get("listAllLogs", "/superuser/logs", run!(list_all))
        .summary("List the usage log of the registry.")
        .scope(ApiScope::SuperUser)
        .guard(Guard::Superuser { readers: true })
        .fresh()
        .query(&[START, END, NEXT]),
    Operation::get(
        "listAllAggregateLogs",
        "/superuser/aggregatelogs",
        run!(count_all),
    )
    .summary("Count the usage log of the registry by day and kind.")
    .guard(Guard::Superuser { readers: true })
    .fresh()
    .query(&[START, END]),
];

/// `GET /organization/{orgname}/logs`: 200 with a page.
async fn list_of_organization(call: Call) -> ApiResult {
    let namespace = call.organization()?;
    list(&call, Scope::Namespace(namespace)).await
}

/// `GET /organization/{orgname}/aggregatelogs`: 200 `{"aggregated": [...]}`.
async fn count_of_organization(call: Call) -> ApiResult {
    let namespace = call.organization()?;
    count(&call, Scope::Namespace(namespace)).await
}

/// `GET /repository/{repository}/logs`: 200 with a page.
async fn list_of_repository(call: Call) -> ApiResult {
    list(&call, Scope::Repository(repository(&call)?)).await
}

/// `GET /repository/{repository}/aggregatelogs`: 200 `{"aggregated": [...]}`.
async fn count_of_repository(call: Call) -> ApiResult {
    count(&call, Scope::Repository(repository(&call)?)).await
}

fn repository(call: &Call) -> Result<RepositoryId, ApiError> {
    call.admission.repository.ok_or_else(ApiError::not_found)
}

/// `GET /user/logs`: 200 with a page.
async fn list_of_user(call: Call) -> ApiResult {
    let account = call.account()?;
    list(&call, Scope::Namespace(NamespaceId(account.0))).await
}

/// `GET /user/aggregatelogs`: 200 `{"aggregated": [...]}`.
async fn count_of_user(call: Call) -> ApiResult {
    let account = call.account()?;
    count(&call, Scope::Namespace(NamespaceId(account.0))).await
}

/// `GET /superuser/logs`: 200 with a page whose rows name their namespace.
async fn list_all(call: Call) -> ApiResult {
    list(&call, Scope::Registry).await
}

/// `GET /superuser/aggregatelogs`: 200 `{"aggregated": [...]}`.
async fn count_all(call: Call) -> ApiResult {
    count(&call, Scope::Registry).await
}

/// What a log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Registry,
    Namespace(NamespaceId),
    Repository(RepositoryId),
}

async fn list(call: &Call, scope: Scope) -> ApiResult {
    let (from_s, until_s) = window(call);
    let work = ListLog {
        filter: filter(scope, from_s, until_s),
        performer: call.query("performer").map(str::to_owned),
        after: page_token::position(call),
    };
    let page = call.perform(work).await?;
    let rows = page.rows.iter();
    let logs: Vec<Value> = rows
        .map(|row| render(row, scope == Scope::Registry))
        .collect();
    let mut body = json!({
        "start_time": rfc2822(from_s),
        "end_time": rfc2822(until_s),
        "logs": logs,
    });
    if let (Some(next), Some(members)) = (page.next, body.as_object_mut()) {
        let token = page_token::next(call, &next)?;
        members.insert(page_token::PARAMETER.to_owned(), Value::String(token));
    }
    call.answer(&body)
}

async fn count(call: &Call, scope: Scope) -> ApiResult {
    let (from_s, until_s) = window(call);
    let work = CountLog {
        filter: filter(scope, from_s, until_s),
        performer: call.query("performer").map(str::to_owned),
    };
    let counts = call.perform(work).await?;
    let aggregated: Vec<Value> = counts
        .iter()
        .map(|count| {
            json!({
                "kind": count.kind,
                "count": count.rows,
                "datetime": rfc2822(count.day_s),
            })
        })
        .collect();
    call.answer(&json!({ "aggregated": aggregated }))
}

fn filter(scope: Scope, from_s: i64, until_s: i64) -> LogFilter {
    let all = LogFilter {
        from_s,
        until_s,
        ..LogFilter::default()
    };
    match scope {
        Scope::Registry => all,
        Scope::Namespace(id) => LogFilter {
            namespace: Some(id),
            ..all
        },
        Scope::Repository(id) => LogFilter {
            repository: Some(id),
            ..all
        },
    }
}

fn render(row: &LogRow, with_namespace: bool) -> Value {
    let mut entry = json!({
        "kind": row.kind,
        "metadata": row.metadata,
        "ip": row.ip,
        "datetime": rfc2822(row.at_us.div_euclid(1_000_000)),
    });
    let Some(members) = entry.as_object_mut() else {
        return entry;
    };
    if let Some(name) = &row.performer_name {
        let is_robot = row.performer_kind.as_deref() == Some("robot");
        let kind = if is_robot { "robot" } else { "user" };
        let performer = json!({
            "kind": "user",
            "name": name,
            "is_robot": is_robot,
            "avatar": avatar(name, row.performer_email.as_deref(), kind),
        });
        members.insert("performer".to_owned(), performer);
    }
    if let (true, Some(name)) = (with_namespace, &row.namespace_name) {
        let is_organization = row.namespace_kind.as_deref() == Some("organization");
        let kind = if is_organization { "org" } else { "user" };
        let namespace = json!({
            "kind": kind,
            "name": name,
            "avatar": avatar(name, row.namespace_email.as_deref(), kind),
        });
        members.insert("namespace".to_owned(), namespace);
    }
    entry
}

/// The window of a request: from, and up to before, in Unix seconds.
fn window(call: &Call) -> (i64, i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_s = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
    let from = call.query("starttime").and_then(read_day);
    let until = call.query("endtime").and_then(read_day);
    let until_s = until.map_or(now_s.saturating_add(DAY_S), |day_s| day_s + DAY_S);
    (from.unwrap_or(now_s.saturating_sub(DAY_S)), until_s)
}

/// Reads `11/30/2026`; the day's beginning in Unix seconds.
fn read_day(text: &str) -> Option<i64> {
    let items = format_description!("[month padding:none]/[day padding:none]/[year]");
    let text = text.trim().trim_end_matches(" UTC");
    let day = Date::parse(text, items).ok()?;
    Some(day.midnight().assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::read_day;

    #[test]
    fn days_are_read_month_first_in_utc() {
        assert_eq!(read_day("11/30/2026"), Some(1_795_996_800));
        assert_eq!(read_day("1/2/2026"), read_day("01/02/2026"));
        for text in ["zz", "", "30/11/2026", "2026-11-30", "11/31/2026"] {
            assert_eq!(read_day(text), None, "{text}");
        }
    }
}
