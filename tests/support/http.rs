//! An HTTP/1.1 client over a bare socket: malformed requests leave exactly as written.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long any answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    /// Read but not yet part of an answer.
    unread: Vec<u8>,
}

impl Wire {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server takes connections");
        Self::over(stream)
    }

    /// Like [`Wire::open`], for a server that may be gone.
    pub(crate) fn try_open(address: SocketAddr) -> Option<Self> {
        TcpStream::connect(address).ok().map(Self::over)
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends bytes; a server that has closed already is found out when reading.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    /// Reads one final answer; `None` when the connection ends before its end.
    pub(crate) fn read(&mut self, is_head: bool) -> Option<Answer> {
        loop {
            let answer = self.read_any(is_head)?;
            if answer.status >= 200 {
                return Some(answer);
            }
        }
    }

    fn read_any(&mut self, is_head: bool) -> Option<Answer> {
        let end = loop {
            if let Some(at) = find(&self.unread, b"\r\n\r\n") {
                break at;
            }
            self.fill()?;
        };
        let head = String::from_utf8_lossy(&self.unread[..end]).into_owned();
        self.unread.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        if is_head || status < 200 || status == 204 || status == 304 {
            return Some(answer);
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = self.read_chunks()?;
        } else if let Some(length) = answer.header("content-length") {
            answer.body = self.take(length.parse().ok()?)?;
        }
        Some(answer)
    }

    fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = find(&self.unread, b"\r\n") {
                    break at;
                }
                self.fill()?;
            };
            let text = String::from_utf8_lossy(&self.unread[..end]).into_owned();
            self.unread.drain(..end + 2);
            let len = usize::from_str_radix(text.trim(), 16).ok()?;
            let chunk = self.take(len + 2)?;
            if len == 0 {
                return Some(body);
            }
            body.extend_from_slice(&chunk[..len]);
        }
    }

    fn take(&mut self, len: usize) -> Option<Vec<u8>> {
        while self.unread.len() < len {
            self.fill()?;
        }
        Some(self.unread.drain(..len).collect())
    }

    /// Reads more; `None` at the end of the connection.
    fn fill(&mut self) -> Option<()> {
        let mut buffer = vec![0; 1 << 16];
        let len = self.stream.read(&mut buffer).ok()?;
        self.unread.extend_from_slice(&buffer[..len]);
        (len > 0).then_some(())
    }

    /// Says whether the server closes the connection within `limit`, sending nothing more.
    pub(crate) fn is_closed_within(&mut self, limit: Duration) -> bool {
        if !self.unread.is_empty() {
            return false;
        }
        self.stream.set_read_timeout(Some(limit)).unwrap();
        let closed = match self.stream.read(&mut [0; 1]) {
            Ok(len) => len == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        };
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        closed
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of the first error; `-` when there is none.
    pub(crate) fn code(&self) -> String {
        let code = self.json()["errors"][0]["code"].as_str().map(str::to_owned);
        code.unwrap_or_else(|| "-".to_owned())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Fails unless the status is `status`.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let shown: String = self.text().chars().take(300).collect();
        assert_eq!(self.status, status, "{shown}");
        self
    }
}

/// A well-formed request on a connection of its own.
pub(crate) struct Request {
    address: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(address: SocketAddr, method: &str, target: &str) -> Self {
        Self {
            address,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    fn has(&self, name: &str) -> bool {
        let mut names = self.headers.iter().map(|(known, _)| known);
        names.any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The head as it is sent; what was not set by hand is added.
    pub(crate) fn head(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.has("host") {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        let has_body =
            !self.body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        if has_body && !self.has("content-length") && !self.has("transfer-encoding") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        if !self.has("connection") {
            head.push_str("Connection: close\r\n");
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }

    pub(crate) fn send(self) -> Answer {
        let shown = format!("{} {}", self.method, self.target);
        self.try_send()
            .unwrap_or_else(|| panic!("no answer to {shown}"))
    }

    /// `None` when there is no answer, for a server that may be gone.
    pub(crate) fn try_send(self) -> Option<Answer> {
        let mut wire = Wire::try_open(self.address)?;
        wire.send(self.head().as_bytes());
        wire.send(&self.body);
        wire.read(self.method == "HEAD")
    }
}

/// The first line of a refusal's text; the lines below say where in the body the fault is.
pub(crate) fn first_line(text: &Value) -> &str {
    text.as_str()
        .and_then(|text| text.lines().next())
        .unwrap_or_default()
}
