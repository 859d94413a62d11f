//! `GET /v2/_catalog`: the repositories a caller may see.

use actix_web::HttpResponse;
use serde_json::json;
use slipway_actors::catalog::{ListRepositories, Viewer};
use slipway_auth::scope::Scope;
use slipway_oci::PageRequest;

use super::{Exchange, V2Result};
use crate::edge::{Caller, caller};

/// Lists repositories by full name in byte order.
///
/// # Errors
/// 401 without a token, 400 for a page size that is no number.
pub async fn list(exchange: &Exchange) -> V2Result {
    let state = &*exchange.state;
    let Some(caller) = Caller::of(exchange)? else {
        let scopes = vec![Scope::catalog()];
        return Err(caller::unauthorized(exchange, scopes, None));
    };
    let cap = usize::try_from(state.config.registry.catalog_page_size).unwrap_or(usize::MAX);
    let page = PageRequest::parse(
        exchange.query("n").as_deref(),
        exchange.plain_query("last")?.as_deref(),
        cap,
    )?;
    let viewer = Viewer {
        account: caller.account,
        reads_everything: caller.is_everyone(),
        lists_public: caller.account.is_some() || state.config.registry.public_catalog,
    };
    let limit = page.limit.saturating_add(1);
    let msg = ListRepositories {
        viewer,
        after: page.last,
        limit,
    };
    let mut names = state.actors.ask_catalog(msg).await?;
    let has_more = names.len() > page.limit;
    names.truncate(page.limit);
    let mut response = HttpResponse::Ok();
    if let (true, Some(last)) = (has_more, names.last()) {
        let link = state.link(format_args!("/v2/_catalog?n={}&last={last}", page.limit));
        response.insert_header(("link", format!("<{link}>; rel=\"next\"")));
    }
    Ok(response.json(json!({ "repositories": names })))
}
