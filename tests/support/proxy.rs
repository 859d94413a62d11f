//! Reverse proxies with the habits of real ones, good and bad, on loopback.
//!
//! One request a connection. A plain proxy passes both directions on at once; one that buffers, or
//! that ends TLS, sends the request first and then the answer.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a proxy does beside passing on.
#[derive(Clone, Default)]
pub(crate) struct Habits {
    /// Ends TLS with this.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Takes this off the front of paths.
    pub(crate) strips: Option<&'static str>,
    /// Says by `X-Forwarded-*` who asked for what.
    pub(crate) forwards: bool,
    /// Asks with this `Host` instead of the client's.
    pub(crate) host: Option<String>,
    /// Collects a whole body before it passes it on.
    pub(crate) buffers: bool,
    /// Refuses larger bodies.
    pub(crate) cap_bytes: Option<u64>,
    /// Answers with this `Date`.
    pub(crate) date: Option<&'static str>,
}

/// A proxy that listens, and does nothing yet.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    listener: TcpListener,
}

impl Proxy {
    pub(crate) fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, listener }
    }

    /// Passes on to `upstream` as long as the test process lives; answers where it listens.
    pub(crate) fn pass_to(self, upstream: SocketAddr, habits: Habits) -> SocketAddr {
        std::thread::spawn(move || {
            for client in self.listener.incoming().flatten() {
                let habits = habits.clone();
                // A connection that breaks off is the client's to notice.
                std::thread::spawn(move || drop(serve(client, upstream, &habits)));
            }
        });
        self.address
    }
}

fn serve(client: TcpStream, upstream: SocketAddr, habits: &Habits) -> io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(60)))?;
    match &habits.tls {
        None => {
            let twin = client.try_clone()?;
            pass(client, Some(twin), upstream, habits)
        }
        Some(config) => {
            let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            pass(StreamOwned::new(session, client), None, upstream, habits)
        }
    }
}

fn pass<S: Read + Write>(
    mut client: S,
    twin: Option<TcpStream>,
    upstream: SocketAddr,
    habits: &Habits,
) -> io::Result<()> {
    let (head, mut begun) = read_head(&mut client)?;
    let length = length_of(&head);
    if habits.cap_bytes.is_some_and(|cap| length > cap) {
        return refuse(client);
    }
    let mut server = TcpStream::connect(upstream)?;
    let head = rewrite(&head, habits);
    let length = usize::try_from(length).unwrap();
    if let (Some(mut twin), false) = (twin, habits.buffers) {
        server.write_all(head.as_bytes())?;
        server.write_all(&begun)?;
        let mut up = server.try_clone()?;
        std::thread::spawn(move || io::copy(&mut twin, &mut up));
    } else {
        let mut piece = vec![0; 1 << 16];
        while begun.len() < length {
            match client.read(&mut piece)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => begun.extend_from_slice(&piece[..len]),
            }
        }
        server.write_all(head.as_bytes())?;
        server.write_all(&begun)?;
    }
    answer(&mut client, &mut server, habits)?;
    drop(server.shutdown(Shutdown::Both));
    Ok(())
}

fn answer<S: Write>(client: &mut S, server: &mut TcpStream, habits: &Habits) -> io::Result<()> {
    if let Some(date) = habits.date {
        let (head, begun) = read_head(server)?;
        let lines = head.lines().map(|line| {
            let is_date = line.to_ascii_lowercase().starts_with("date:");
            let line = if is_date {
                format!("date: {date}")
            } else {
                line.to_owned()
            };
            line + "\r\n"
        });
        client.write_all((lines.collect::<String>() + "\r\n").as_bytes())?;
        client.write_all(&begun)?;
    }
    io::copy(server, client)?;
    client.flush()
}

/// Says 413 as proxies do, and lets the client read it.
fn refuse<S: Read + Write>(mut client: S) -> io::Result<()> {
    let text = "<html>413 Request Entity Too Large</html>";
    let length = text.len();
    let head = "HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\n";
    client.write_all(format!("{head}Content-Length: {length}\r\n\r\n{text}").as_bytes())?;
    client.flush()?;
    let mut piece = vec![0; 1 << 16];
    while client.read(&mut piece)? > 0 {}
    Ok(())
}

/// A head without its empty line, and what was read beyond it.
fn read_head(stream: &mut impl Read) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 1 << 14];
    loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            bytes.truncate(end);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            len => bytes.extend_from_slice(&piece[..len]),
        }
    }
}

fn find<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

fn length_of(head: &str) -> u64 {
    find(head, "content-length").map_or(0, |text| text.parse().unwrap())
}

/// The head as the server is to see it.
fn rewrite(head: &str, habits: &Habits) -> String {
    let (first, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut pieces = first.splitn(3, ' ');
    let (method, target) = (pieces.next().unwrap(), pieces.next().unwrap());
    let target = habits.strips.map_or(target, |prefix| {
        target
            .strip_prefix(prefix)
            .expect("a path below the prefix")
    });
    let mut dropped = vec!["connection"];
    if habits.host.is_some() {
        dropped.push("host");
    }
    if habits.forwards {
        dropped.push("x-forwarded-for");
    }
    let mut new = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for line in fields.lines() {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        if !dropped.contains(&&*name) {
            new.push_str(&format!("{line}\r\n"));
        }
    }
    if let Some(host) = &habits.host {
        new.push_str(&format!("Host: {host}\r\n"));
    }
    if habits.forwards {
        let before =
            find(head, "x-forwarded-for").map_or(String::new(), |list| format!("{list}, "));
        new.push_str(&format!("X-Forwarded-For: {before}127.0.0.1\r\n"));
        if find(head, "x-forwarded-host").is_none() {
            let host = find(head, "host").unwrap_or_default();
            new.push_str(&format!(
                "X-Forwarded-Host: {host}\r\nX-Forwarded-Proto: http\r\n"
            ));
        }
    }
    new + "\r\n"
}
