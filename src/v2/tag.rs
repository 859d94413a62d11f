//! `GET /v2/<name>/tags/list`.

use actix_web::HttpResponse;
use serde_json::json;
use slipway_actors::repository::ListTags;
use slipway_auth::scope::ActionSet;
use slipway_oci::PageRequest;

use super::{Exchange, V2Result};
use crate::edge::Caller;

/// Lists live tags in byte order.
///
/// # Errors
/// 401, 404 for a repository that does not exist, 400 for a page size that is no number.
pub async fn list(exchange: &Exchange, name: &str) -> V2Result {
    let state = &*exchange.state;
    let name = state.repository_name(name)?;
    Caller::require(exchange, &name, ActionSet::PULL)?;
    let cap = usize::try_from(state.config.registry.page_size)
        .unwrap_or(usize::MAX)
        .max(100);
    let asked = exchange.query("n");
    let page = PageRequest::parse(
        asked.as_deref(),
        exchange.plain_query("last")?.as_deref(),
        cap,
    )?;
    let limit = page.limit.saturating_add(1);
    let msg = ListTags {
        after: page.last,
        limit,
    };
    let mut tags = state.actors.ask_repository(&name, msg).await?;
    let has_more = tags.len() > page.limit;
    tags.truncate(page.limit);
    let mut response = HttpResponse::Ok();
    if let (true, Some(last)) = (has_more, tags.last()) {
        let link = state.link(format_args!(
            "/v2/{name}/tags/list?n={}&last={last}",
            page.limit
        ));
        response.insert_header(("link", format!("<{link}>; rel=\"next\"")));
    }
    Ok(response.json(json!({ "name": name.as_str(), "tags": tags })))
}
