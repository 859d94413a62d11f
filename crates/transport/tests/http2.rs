//! HTTP/2, over TLS by ALPN and on plain TCP by prior knowledge.

use std::fs::File;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Method, Request};
use rustls::version;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::app::checksum;
use crate::support::{
    CONTENT_LEN, Content, PATIENCE, TestServer, default_settings, tls, wait_until,
};

struct Session {
    requests: SendRequest<Bytes>,
    scheme: &'static str,
    driver: JoinHandle<()>,
}

impl Session {
    async fn open(
        scheme: &'static str,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Self {
        let (requests, connection) = h2::client::Builder::new()
            .initial_window_size(1024 * 1024)
            .initial_connection_window_size(2 * 1024 * 1024)
            .handshake(stream)
            .await
            .unwrap();
        let driver = tokio::spawn(async move { drop(connection.await) });
        Self {
            requests: requests.ready().await.unwrap(),
            scheme,
            driver,
        }
    }

    async fn open_plain(server: &TestServer) -> Self {
        Self::open("http", TcpStream::connect(server.address).await.unwrap()).await
    }

    async fn open_encrypted(server: &TestServer, pair: &tls::Pair) -> Self {
        let config = tls::client_config(pair, &[&version::TLS13], &["h2"]);
        let tcp = TcpStream::connect(server.address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let stream = tokio_rustls::TlsConnector::from(config)
            .connect(name, tcp)
            .await
            .unwrap();
        Self::open("https", stream).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<(Option<String>, Vec<u8>), h2::Error> {
        let mut requests = self.requests.clone().ready().await?;
        let uri = format!("{}://localhost{path}", self.scheme);
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let (response, mut upload) = requests.send_request(request, body.is_none())?;
        if let Some(bytes) = body {
            upload.send_data(Bytes::copy_from_slice(bytes), true)?;
        }
        let response = response.await?;
        let content_len = response.headers().get("content-length");
        let content_len = content_len.map(|value| value.to_str().unwrap().to_owned());
        let mut download = response.into_body();
        let mut received = Vec::new();
        while let Some(chunk) = download.data().await {
            let chunk = chunk?;
            download.flow_control().release_capacity(chunk.len())?;
            received.extend_from_slice(&chunk);
        }
        Ok((content_len, received))
    }

    async fn get(&self, path: &str) -> Result<(Option<String>, Vec<u8>), h2::Error> {
        self.exchange(Method::GET, path, None).await
    }
}

fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE * 2, test).await.unwrap() })
}

async fn check_session(session: &Session, content: &Content, peer: &str) {
    let path = format!("/parts/0-{CONTENT_LEN}");
    let (whole, parts) = tokio::join!(
        session.get(&path),
        session.get("/parts/9-300000,0-0,1-40000")
    );
    let (content_len, body) = whole.unwrap();
    assert_eq!(content_len, Some(CONTENT_LEN.to_string()));
    assert!(body == content.bytes, "the body differs");
    let expected = [&content.bytes[9..300_009], &content.bytes[1..40_001]].concat();
    assert!(parts.unwrap().1 == expected, "the parts differ");

    let (content_len, body) = session.exchange(Method::HEAD, &path, None).await.unwrap();
    assert_eq!(
        (content_len, body.len()),
        (Some(CONTENT_LEN.to_string()), 0)
    );
    let (content_len, body) = session.get("/parts/0-0").await.unwrap();
    assert_eq!((content_len.as_deref(), body.len()), (Some("0"), 0));

    let upload = &content.bytes[..3_000_000];
    let (_, answer) = session
        .exchange(Method::PUT, "/upload", Some(upload))
        .await
        .unwrap();
    assert_eq!(
        answer,
        format!("3000000 {}", checksum(0, upload)).into_bytes()
    );
    assert_eq!(session.get("/peer").await.unwrap().1, peer.as_bytes());
}

#[test]
fn files_and_uploads_pass_over_tls() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    run(async {
        let session = Session::open_encrypted(&server, &pair).await;
        check_session(&session, &content, "https true Http2").await;
    });
    wait_until("the files are closed", || content.count_open() == 0);
}

#[test]
fn files_and_uploads_pass_on_plain_tcp() {
    let content = Content::create();
    let server = TestServer::start(&content);
    run(async {
        let session = Session::open_plain(&server).await;
        check_session(&session, &content, "http false Http2").await;
    });
    wait_until("the files are closed", || content.count_open() == 0);
}

#[test]
fn prior_knowledge_is_refused_unless_told_to() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.http2 = false;
    let server = TestServer::start_with(&content, settings);
    let mut client = server.connect();
    client.send_raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    let answer = client.read_to_end();

    assert!(
        answer.starts_with(b"HTTP/1.1 400 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[test]
fn a_file_cut_short_resets_its_stream_only() {
    let content = Content::create();
    let server = TestServer::start(&content);
    run(async {
        let session = Session::open_plain(&server).await;
        let past_end = format!("/parts/0-{}", CONTENT_LEN + 1_000_000);

        assert!(session.get(&past_end).await.is_err());

        assert_eq!(
            session.get("/parts/0-5").await.unwrap().1,
            content.bytes[..5]
        );
    });
}

#[test]
fn a_file_truncated_meanwhile_resets_its_stream() {
    let content = Content::create();
    let server = TestServer::start(&content);
    run(async {
        let session = Session::open_plain(&server).await;
        let mut requests = session.requests.clone().ready().await.unwrap();
        let uri = format!("http://localhost/parts/0-{CONTENT_LEN}");
        let request = Request::builder().uri(uri).body(()).unwrap();
        let response = requests
            .send_request(request, true)
            .unwrap()
            .0
            .await
            .unwrap();
        File::options()
            .write(true)
            .open(&content.path)
            .unwrap()
            .set_len(1_000)
            .unwrap();

        let mut download = response.into_body();
        let mut received = Vec::new();
        let mut is_reset = false;
        while let Some(chunk) = download.data().await {
            let Ok(chunk) = chunk else {
                is_reset = true;
                break;
            };
            download
                .flow_control()
                .release_capacity(chunk.len())
                .unwrap();
            received.extend_from_slice(&chunk);
        }

        assert!(is_reset, "the stream must not end as if it were complete");
        assert!(
            received == content.bytes[..received.len()],
            "the beginning differs"
        );
    });
}

#[test]
fn an_idle_connection_is_closed_after_its_keep_alive() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.keep_alive = Duration::from_secs(1);
    let server = TestServer::start_with(&content, settings);
    run(async {
        let session = Session::open_plain(&server).await;
        session.get("/parts/0-50000").await.unwrap();
        let started = Instant::now();

        session.driver.await.unwrap();

        assert!(
            started.elapsed() < PATIENCE / 2,
            "took {:?}",
            started.elapsed()
        );
        assert!(
            started.elapsed() >= Duration::from_secs(1),
            "took only {:?}",
            started.elapsed()
        );
    });
}

#[test]
fn a_keep_alive_of_zero_still_answers_the_first_request() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.keep_alive = Duration::ZERO;
    let server = TestServer::start_with(&content, settings);
    run(async {
        let session = Session::open_plain(&server).await;
        let (_, body) = session.get("/parts/0-3000000").await.unwrap();
        assert!(body == content.bytes[..3_000_000], "the body differs");
        session.driver.await.unwrap();
    });
}

#[test]
fn an_idle_client_is_told_to_ask_elsewhere() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.keep_alive = Duration::from_secs(1);
    let server = TestServer::start_with(&content, settings);
    let mut client = server.connect();
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    client.send_raw(
        &[
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            empty_settings.as_slice(),
        ]
        .concat(),
    );

    let answer = client.read_to_end();

    let mut kinds = Vec::new();
    let mut rest = answer.as_slice();
    while let [l2, l1, l0, kind, _flags, _s3, _s2, _s1, _s0, after @ ..] = rest {
        let len = u32::from_be_bytes([0, *l2, *l1, *l0]);
        kinds.push(*kind);
        rest = &after[usize::try_from(len).unwrap()..];
    }
    assert_eq!(rest, b"", "only whole frames arrive");
    assert_eq!(
        kinds.last(),
        Some(&7),
        "the last frame says GOAWAY: {kinds:?}"
    );
}

#[test]
fn a_graceful_stop_ends_idle_connections_and_lets_streams_finish() {
    let content = Content::create();
    let server = TestServer::start(&content);
    run(async {
        let idle = Session::open_plain(&server).await;
        idle.get("/parts/0-5").await.unwrap();
        let busy = Session::open_plain(&server).await;
        let mut requests = busy.requests.clone().ready().await.unwrap();
        let uri = format!("http://localhost/parts/0-{CONTENT_LEN}");
        let request = Request::builder().uri(uri).body(()).unwrap();
        let response = requests
            .send_request(request, true)
            .unwrap()
            .0
            .await
            .unwrap();

        drop(server.handle.stop(true));

        idle.driver.await.unwrap();
        let mut download = response.into_body();
        let mut received = Vec::new();
        while let Some(chunk) = download.data().await {
            let chunk = chunk.unwrap();
            download
                .flow_control()
                .release_capacity(chunk.len())
                .unwrap();
            received.extend_from_slice(&chunk);
        }
        assert!(received == content.bytes, "the body differs");
        busy.driver.await.unwrap();
    });
}
