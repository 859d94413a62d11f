//! `slipway health`: a probe for containers, which have no curl.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use slipway_config::Config;

use super::logging::say;

const PATIENCE: Duration = Duration::from_secs(5);

/// Whom to ask.
#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// Address to ask instead of the first of server.listen.
    #[arg(long)]
    address: Option<SocketAddr>,
}

pub(super) fn run(args: &HealthArgs, explicit: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(explicit)?;
    let listen = args
        .address
        .or_else(|| config.server.listen.first().copied());
    let mut address = listen.context("server.listen is empty")?;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)
        .with_context(|| format!("nothing answers at {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    if config.tls.certificate.is_some() {
        // That it accepts is what can be told without checking a certificate for this address.
        say("listening")?;
        return Ok(ExitCode::SUCCESS);
    }
    write!(
        stream,
        "GET /health/instance HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    say(answer.rsplit("\r\n\r\n").next().unwrap_or_default())?;
    Ok(if status == "200" {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
