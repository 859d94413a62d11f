//! A server with a small application, and clients written by hand.
//!
//! [`TestServer`] runs the server in a thread of its own and stops it when dropped. [`Client`]
//! speaks HTTP/1 over any blocking stream, so that the tests see every byte. [`Content`] is a file
//! whose every stretch differs from every other.

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod tls;

use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use slipway_transport::{ServerHandle, TransportSettings, bind, serve};
use tempfile::TempDir;

/// More than the socket buffers of both ends hold together.
pub(crate) const CONTENT_LEN: usize = 24 * 1024 * 1024;

/// How long a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Content {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

impl Content {
    pub(crate) fn create() -> Self {
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bytes = Vec::with_capacity(CONTENT_LEN);
        while bytes.len() < CONTENT_LEN {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("content");
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        Self {
            folder,
            path,
            bytes,
        }
    }

    /// Counts how often this process has the file open.
    pub(crate) fn count_open(&self) -> usize {
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter(|target| *target == self.path)
            .count()
    }
}

pub(crate) fn default_settings() -> TransportSettings {
    TransportSettings {
        workers: 1,
        max_connections: 100,
        backlog: 128,
        keep_alive: PATIENCE,
        header_timeout: PATIENCE,
        shutdown_timeout: PATIENCE,
        tls: None,
        http2: true,
    }
}

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    pub(crate) fn start(content: &Content) -> Self {
        Self::start_with(content, default_settings())
    }

    pub(crate) fn start_with(content: &Content, settings: TransportSettings) -> Self {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let path = content.path.clone();
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let factory = move || app::build(path.clone());
                let (server, handle) = serve(vec![listener], settings, factory).unwrap();
                sender.send(handle).unwrap();
                server.await.unwrap();
            });
        });
        let handle = receiver.recv_timeout(PATIENCE).unwrap();
        Self {
            address,
            handle,
            thread: Some(thread),
        }
    }

    pub(crate) fn connect(&self) -> client::Client<TcpStream> {
        client::Client::new(self.connect_raw())
    }

    pub(crate) fn connect_raw(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Stops the server and waits for the end of its thread.
    pub(crate) fn stop(&mut self, is_graceful: bool) {
        drop(self.handle.stop(is_graceful));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop(false);
    }
}

/// Waits until `condition` holds.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
