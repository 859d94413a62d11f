//! `slipway doctor`: looks at a running registry from outside, through all its proxies.
//!
//! Each thing that is wrong is one line that says what to change; the exit status is 1 when there
//! is one. Nothing is left behind but an empty repository, and that only with a login.

mod body;
mod challenge;
mod client;

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Args;
use reqwest::header::DATE;
use reqwest::{Response, StatusCode, Version};
use slipway_auth::Secret;

use self::client::{Client, Login};
use super::logging::say;

/// Clocks may differ by this much.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Base URL as clients use it, such as `https://registry.example.com`.
    #[arg(long)]
    url: String,
    /// Account that may push, to try large bodies.
    #[arg(long, requires = "password_stdin")]
    user: Option<String>,
    /// Read the password from standard input.
    #[arg(long, requires = "user")]
    password_stdin: bool,
    /// Repository for uploads that are cancelled; `USER/doctor` when not given.
    #[arg(long)]
    repository: Option<String>,
    /// PEM file of authorities to trust besides the system's.
    #[arg(long, value_name = "FILE")]
    ca_certificate: Option<PathBuf>,
    /// Largest body to try, MiB.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=10_240))]
    max_body_mib: u64,
}

/// What was found.
#[derive(Default)]
struct Report {
    faults: Vec<String>,
    notes: Vec<String>,
}

impl Report {
    fn fault(&mut self, text: impl Into<String>) {
        self.faults.push(text.into());
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

pub(super) fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let DoctorArgs {
        url,
        user,
        repository,
        ca_certificate,
        max_body_mib,
        ..
    } = args;
    let login = user.map(|user| read_login(user, repository)).transpose()?;
    let pem = match &ca_certificate {
        Some(file) => {
            Some(std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?)
        }
        None => None,
    };
    let client = Client::new(&url, pem.as_deref())?;
    let mut report = Report::default();
    let looking = look(&client, login, max_body_mib, &mut report);
    actix_rt::System::new().block_on(looking);
    for note in &report.notes {
        say(&format!("note: {note}"))?;
    }
    for fault in &report.faults {
        say(&format!("found: {fault}"))?;
    }
    if report.faults.is_empty() {
        say("nothing is wrong")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn read_login(user: String, repository: Option<String>) -> anyhow::Result<Login> {
    let mut password = String::new();
    std::io::stdin()
        .read_to_string(&mut password)
        .context("cannot read the password")?;
    Ok(Login {
        password: Secret::new(password.trim_end_matches(['\r', '\n']).to_owned()),
        repository: repository.unwrap_or_else(|| format!("{user}/doctor")),
        user,
    })
}

async fn look(client: &Client, login: Option<Login>, max_mib: u64, report: &mut Report) {
    let first = match client.get("/v2/").await {
        Ok(first) => first,
        Err(error) => {
            report.fault(format!("nothing answers at {}: {error:#}", client.base()));
            return;
        }
    };
    if !is_registry(&first, report) {
        return;
    }
    look_at_version(client, &first, report).await;
    look_at_clock(&first, report);
    challenge::look(client.base(), &first, report);
    body::look_for_buffering(client, report).await;
    let Some(login) = login else {
        report.note("large bodies were not tried; give --user and --password-stdin");
        return;
    };
    match client.token(&login).await {
        Ok(token) => body::look_for_limit(client, &login, &token, max_mib, report).await,
        Err(error) => report.fault(format!("no token for `{}`: {error:#}", login.user)),
    }
}

fn is_registry(first: &Response, report: &mut Report) -> bool {
    let status = first.status();
    if status.is_redirection() {
        let place = client::header(first, "location").unwrap_or("nowhere");
        report.fault(format!(
            "/v2/ is redirected to {place}: use that URL, or have the proxy pass /v2/ on"
        ));
        return false;
    }
    if status == StatusCode::OK || client::header(first, "www-authenticate").is_some() {
        return true;
    }
    report.fault(format!(
        "/v2/ answers {status} without a challenge: have the proxy pass /v2/ on to the registry"
    ));
    false
}

/// HTTP/2 is an offer: clients do without it.
async fn look_at_version(client: &Client, first: &Response, report: &mut Report) {
    let is_reached = first.version() == Version::HTTP_2 || client.speaks_http2().await;
    report.note(if is_reached {
        "HTTP/2 is reached"
    } else {
        "HTTP/2 is not reached; clients use HTTP/1.1"
    });
}

fn look_at_clock(first: &Response, report: &mut Report) {
    let date = first
        .headers()
        .get(DATE)
        .and_then(|value| value.to_str().ok());
    let Some(there) = date.and_then(|text| httpdate::parse_http_date(text).ok()) else {
        report.note("answers have no readable Date header, so clocks were not compared");
        return;
    };
    let here = SystemTime::now();
    let (skew, side) = match there.duration_since(here) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if skew > CLOCK_TOLERANCE {
        report.fault(format!(
            "the clock there is {} s {side} the one here: set both by NTP, or tokens are refused",
            skew.as_secs()
        ));
    }
}
