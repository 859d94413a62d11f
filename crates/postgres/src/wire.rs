//! Just enough of the frontend protocol to know that the server is ready and to make a database.
//!
//! Version 3.0 over the unix socket, trust authentication, simple queries (PostgreSQL manual,
//! "Message Formats"). Slipway's real client is another crate's; this one exists so that `psql`
//! and `pg_isready` need not be installed.

use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

const PROTOCOL_VERSION: u32 = 196_608;
const LONGEST_MESSAGE_BYTES: usize = 1 << 20;
/// SQLSTATE `cannot_connect_now`: starting up, recovering or shutting down.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    stream: UnixStream,
}

/// Why a session or a statement failed.
#[derive(Debug)]
pub(crate) enum WireError {
    /// The socket is missing, refuses or broke off.
    Unreachable(String),
    /// The server answered that it is not ready to serve.
    NotYet,
    /// The server refused.
    Server { code: String, message: String },
    /// Something else than the protocol foresees.
    Protocol(&'static str),
}

impl std::fmt::Display for WireError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(reason) => write!(out, "cannot reach the server: {reason}"),
            Self::NotYet => write!(out, "the server is starting up or shutting down"),
            Self::Server { code, message } => write!(out, "{code}: {message}"),
            Self::Protocol(reason) => write!(out, "unexpected answer: {reason}"),
        }
    }
}

impl From<std::io::Error> for WireError {
    fn from(error: std::io::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl Session {
    /// Connects to `socket` as `user` and waits until the server takes statements.
    pub(crate) async fn connect(
        socket: &Path,
        user: &str,
        database: &str,
    ) -> Result<Self, WireError> {
        let mut session = Self {
            stream: UnixStream::connect(socket).await?,
        };
        let mut body = PROTOCOL_VERSION.to_be_bytes().to_vec();
        for text in [
            "user",
            user,
            "database",
            database,
            "application_name",
            "slipway",
            "",
        ] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        session.send(None, &body).await?;
        session.read_until_ready().await?;
        Ok(session)
    }

    /// Runs one statement; answers the first column of each row, `NULL` as an empty text.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<Vec<String>, WireError> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.send(Some(b'Q'), &body).await?;
        self.read_until_ready().await
    }

    /// Says goodbye, so that the server does not log a lost connection.
    pub(crate) async fn close(mut self) {
        if self.send(Some(b'X'), &[]).await.is_err() {
            tracing::debug!("the server closed the session first");
        }
    }

    async fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), WireError> {
        let size = u32::try_from(body.len() + 4).map_err(|_| WireError::Protocol("too long"))?;
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend_from_slice(&size.to_be_bytes());
        message.extend_from_slice(body);
        self.stream.write_all(&message).await?;
        Ok(())
    }

    /// Reads up to `ReadyForQuery`; an error message on the way is the result.
    async fn read_until_ready(&mut self) -> Result<Vec<String>, WireError> {
        let mut values = Vec::new();
        let mut refusal = None;
        loop {
            let next = self.read_message().await;
            let (kind, body) = match (next, refusal.take()) {
                (Ok(message), earlier) => {
                    refusal = earlier;
                    message
                }
                // After a refused startup the server hangs up: the refusal is what matters.
                (Err(_), Some(earlier)) => return Err(earlier),
                (Err(error), None) => return Err(error),
            };
            match kind {
                b'R' if body != [0; 4] => {
                    return Err(WireError::Protocol("the server asks for a password"));
                }
                b'E' => refusal = Some(parse_error(&body)),
                b'D' => values.push(parse_first_column(&body)),
                b'Z' => return refusal.map_or(Ok(values), Err),
                _ => {}
            }
        }
    }

    async fn read_message(&mut self) -> Result<(u8, Vec<u8>), WireError> {
        let kind = self.stream.read_u8().await?;
        let size = usize::try_from(self.stream.read_u32().await?)
            .ok()
            .and_then(|size| size.checked_sub(4))
            .filter(|size| *size <= LONGEST_MESSAGE_BYTES)
            .ok_or(WireError::Protocol("bad message size"))?;
        let mut body = vec![0; size];
        self.stream.read_exact(&mut body).await?;
        Ok((kind, body))
    }
}

/// Fields of an `ErrorResponse`: a letter and a zero-ended text each.
fn parse_error(body: &[u8]) -> WireError {
    let mut code = String::new();
    let mut message = String::new();
    for field in body.split(|byte| *byte == 0) {
        match field.split_first() {
            Some((b'C', text)) => code = String::from_utf8_lossy(text).into_owned(),
            Some((b'M', text)) => message = String::from_utf8_lossy(text).into_owned(),
            _ => {}
        }
    }
    if code == CANNOT_CONNECT_NOW {
        return WireError::NotYet;
    }
    WireError::Server { code, message }
}

/// First value of a `DataRow`: a count of two bytes, a length of four, the text.
fn parse_first_column(body: &[u8]) -> String {
    let length = body
        .get(2..6)
        .and_then(|bytes| bytes.try_into().ok())
        .map(i32::from_be_bytes);
    let length = length
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    let text = body
        .get(6..)
        .and_then(|rest| rest.get(..length))
        .unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_carry_code_and_message() {
        let refused = parse_error(b"SFATAL\0C3D000\0Mdatabase \"x\" does not exist\0\0");
        assert_eq!(refused.to_string(), "3D000: database \"x\" does not exist");
        let early = parse_error(b"SFATAL\0C57P03\0Mthe database system is starting up\0\0");
        assert!(matches!(early, WireError::NotYet));
    }

    #[test]
    fn rows_are_read_and_short_ones_do_no_harm() {
        assert_eq!(parse_first_column(b"\0\x01\0\0\0\x02hi"), "hi");
        assert_eq!(parse_first_column(b"\0\x01\xff\xff\xff\xff"), "");
        assert_eq!(parse_first_column(b"\0\x01\0\0\0\x09hi"), "");
        assert_eq!(parse_first_column(b""), "");
    }
}
