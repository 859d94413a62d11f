//! What proxies do to large bodies: hold them back until they are whole, or refuse them.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method, StatusCode};
use serde_json::Value;
use slipway_auth::Secret;

use super::Report;
use super::client::{Client, Login, PATIENCE, header, with_token};

const PIECE: &[u8] = &[0; 64 << 10];
const MIB: u64 = 1 << 20;
/// How long an answer may take that needs no body.
const EARLY: Duration = Duration::from_secs(4);
/// How long one large body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(600);

/// Sends the beginning of a body to where a login is missing. The registry refuses at once; when no
/// refusal comes back, somebody in between waits for the rest.
pub(super) async fn look_for_buffering(client: &Client, report: &mut Report) {
    let path = "/v2/doctor/doctor/blobs/uploads/00000000-0000-0000-0000-000000000000";
    let beginning = stream::iter([Ok::<_, io::Error>(Bytes::from_static(PIECE))]);
    let body = Body::wrap_stream(beginning.chain(stream::pending()));
    let request = client
        .request(Method::PATCH, path)
        .header(CONTENT_LENGTH, MIB)
        .timeout(EARLY)
        .body(body);
    match request.send().await {
        Ok(_) => {}
        Err(error) if error.is_timeout() => report.fault(
            "a proxy holds bodies back until they are whole: turn request buffering off \
             (nginx: proxy_request_buffering off)",
        ),
        Err(error) => report.note(format!("whether bodies are held back is unknown: {error}")),
    }
}

/// What became of a body.
enum Fate {
    Taken,
    /// Refused by something that is not the registry, or cut off.
    Stopped(String),
    /// Refused by the registry itself, or not tried at all.
    Refused(String),
}

/// Tries a large body, and if it does not pass looks for the size that does.
pub(super) async fn look_for_limit(
    client: &Client,
    login: &Login,
    token: &Secret,
    max_mib: u64,
    report: &mut Report,
) {
    let how = match send(client, login, token, max_mib).await {
        Fate::Taken => {
            report.note(format!("a body of {max_mib} MiB passes"));
            return;
        }
        Fate::Refused(why) => {
            report.fault(format!(
                "the registry refuses a body of {max_mib} MiB: {why}"
            ));
            return;
        }
        Fate::Stopped(how) => how,
    };
    let (mut passes, mut fails) = (0, max_mib);
    while fails - passes > 1 {
        let middle = passes.midpoint(fails);
        match send(client, login, token, middle).await {
            Fate::Taken => passes = middle,
            Fate::Stopped(_) | Fate::Refused(_) => fails = middle,
        }
    }
    report.fault(format!(
        "bodies above {passes} MiB do not pass, {fails} MiB was {how}: lift the proxy's limit on \
         bodies (nginx: client_max_body_size 0)"
    ));
}

/// Sends `size_mib` of zeros as a chunk of an upload, which is cancelled.
async fn send(client: &Client, login: &Login, token: &Secret, size_mib: u64) -> Fate {
    match try_to_send(client, login, token, size_mib).await {
        Ok(fate) => fate,
        Err(error) => Fate::Refused(format!("{error:#}")),
    }
}

async fn try_to_send(
    client: &Client,
    login: &Login,
    token: &Secret,
    size_mib: u64,
) -> anyhow::Result<Fate> {
    let path = format!("/v2/{}/blobs/uploads/", login.repository);
    let start = with_token(client.request(Method::POST, &path), token);
    let started = start
        .header(CONTENT_LENGTH, 0)
        .timeout(PATIENCE)
        .send()
        .await?;
    let Some(location) = header(&started, "location").map(str::to_owned) else {
        anyhow::bail!("an upload cannot be started: {}", started.status());
    };
    let pieces = size_mib.saturating_mul(MIB / (64 << 10));
    let pieces = usize::try_from(pieces)?;
    let zeros = stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(PIECE)));
    let append = with_token(client.follow(Method::PATCH, &location)?, token)
        .header(CONTENT_LENGTH, size_mib.saturating_mul(MIB))
        .timeout(BODY_PATIENCE)
        .body(Body::wrap_stream(zeros.take(pieces)));
    let fate = match append.send().await {
        Ok(answer) if answer.status() == StatusCode::ACCEPTED => Fate::Taken,
        Ok(answer) => {
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            match reason(&text) {
                Some(reason) => Fate::Refused(format!("{status}, {reason}")),
                None => Fate::Stopped(format!("answered with {status}")),
            }
        }
        Err(_) => Fate::Stopped("cut off".to_owned()),
    };
    let cancel = with_token(client.follow(Method::DELETE, &location)?, token);
    // An upload that cannot be cancelled now ends by itself later.
    let _cancelled = cancel.timeout(PATIENCE).send().await;
    Ok(fate)
}

/// The registry's own words in an error body; `None` for a body that others wrote.
fn reason(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let message = body.pointer("/errors/0/message")?;
    message.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrys_refusals_are_told_from_those_of_proxies() {
        let ours = r#"{"errors":[{"code":"SIZE_INVALID","message":"too large","detail":{}}]}"#;
        assert_eq!(reason(ours).as_deref(), Some("too large"));
        assert_eq!(reason("<html>413 Request Entity Too Large</html>"), None);
        assert_eq!(reason("{}"), None);
    }
}
