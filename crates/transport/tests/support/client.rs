//! HTTP/1 over a blocking stream, byte by byte as it is on the wire.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// A response head.
pub(crate) struct Head {
    pub(crate) status: u16,
    lines: Vec<String>,
}

impl Head {
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn content_len(&self) -> usize {
        self.find("content-length")
            .expect("a content length")
            .parse()
            .unwrap()
    }
}

pub(crate) struct Client<S> {
    pub(crate) stream: S,
    /// Read from the stream and not yet used.
    unread: Vec<u8>,
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, method: &str, path: &str) {
        self.send_raw(format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes());
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    pub(crate) fn get(&mut self, path: &str) -> (Head, Vec<u8>) {
        self.send("GET", path);
        self.read_response()
    }

    pub(crate) fn get_text(&mut self, path: &str) -> String {
        let (head, body) = self.get(path);
        assert_eq!(head.status, 200);
        String::from_utf8(body).unwrap()
    }

    pub(crate) fn read_response(&mut self) -> (Head, Vec<u8>) {
        let head = self.read_head();
        let body = self.read_exact(head.content_len());
        (head, body)
    }

    pub(crate) fn read_head(&mut self) -> Head {
        let end = loop {
            if let Some(end) = self
                .unread
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break end;
            }
            assert!(
                self.fill().unwrap() > 0,
                "the connection ended before the head did"
            );
        };
        let text = String::from_utf8(self.unread.drain(..end + 4).collect()).unwrap();
        let mut lines = text.lines().map(str::to_owned);
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        Head {
            status,
            lines: lines.collect(),
        }
    }

    pub(crate) fn read_exact(&mut self, len: usize) -> Vec<u8> {
        while self.unread.len() < len {
            assert!(
                self.fill().unwrap() > 0,
                "the connection ended before the body did"
            );
        }
        self.unread.drain(..len).collect()
    }

    /// Reads until the server closes, in whatever way.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        loop {
            match self.fill() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    assert_ne!(
                        error.kind(),
                        io::ErrorKind::WouldBlock,
                        "the server did not close"
                    );
                    break;
                }
            }
        }
        std::mem::take(&mut self.unread)
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 64 * 1024];
        let read = self.stream.read(&mut buffer)?;
        self.unread.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

impl Client<TcpStream> {
    /// Whether the server has closed, without waiting for it.
    pub(crate) fn is_closed(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        match peeked {
            Ok(read) => read == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}
