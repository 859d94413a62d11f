//! Ids of requests, and traces that reach a collector: what is in them, and what never is.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message as _;

use crate::support::{Answer, OCI_MANIFEST, PASSWORD, Server, shared, wait_for};

/// A collector that keeps the bodies it was sent.
struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || take_all(stream, &kept));
            }
        });
        Self { address, bodies }
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }

    fn spans(&self) -> Vec<Span> {
        let mut found = Vec::new();
        for body in self.bodies() {
            let request = ExportTraceServiceRequest::decode(&*body).expect("protobuf");
            for resource in request.resource_spans {
                let of = resource.resource.unwrap().attributes;
                for span in resource.scope_spans.into_iter().flat_map(|all| all.spans) {
                    found.push(Span {
                        service: text(&of, "service.name"),
                        name: span.name,
                        kind: span.kind,
                        attributes: span.attributes,
                    });
                }
            }
        }
        found
    }
}

/// Answers 200 to each request of a connection, keeping its body.
fn take_all(mut stream: TcpStream, kept: &Mutex<Vec<Vec<u8>>>) {
    let mut unread = Vec::new();
    let mut buffer = [0; 1 << 16];
    while let Ok(len @ 1..) = stream.read(&mut buffer) {
        unread.extend_from_slice(&buffer[..len]);
        let Some(end) = unread.windows(4).position(|part| part == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&unread[..end]).to_ascii_lowercase();
        assert!(head.starts_with("post /v1/traces "), "{head}");
        assert!(
            head.contains("content-type: application/x-protobuf"),
            "{head}"
        );
        let (_, rest) = head.split_once("content-length: ").expect("a length");
        let length: usize = rest.lines().next().unwrap().trim().parse().unwrap();
        let body = end + 4..end + 4 + length;
        if unread.len() < body.end {
            continue;
        }
        kept.lock().unwrap().push(unread[body.clone()].to_vec());
        unread.drain(..body.end);
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    }
}

struct Span {
    service: String,
    name: String,
    kind: i32,
    attributes: Vec<KeyValue>,
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|known| known.key == key);
    match found.and_then(|known| known.value.clone()) {
        Some(AnyValue {
            value: Some(Attribute::StringValue(text)),
        }) => text,
        Some(AnyValue {
            value: Some(Attribute::IntValue(number)),
        }) => number.to_string(),
        _ => String::new(),
    }
}

fn id_of(answer: &Answer) -> &str {
    answer.header("x-request-id").expect("an id")
}

#[test]
fn every_answer_has_an_id_and_only_trusted_proxies_choose_it() {
    let server = shared();
    let paths = [
        "/v2/",
        "/health",
        "/metrics",
        "/api/v1/nothing",
        "/v1/_ping",
        "/v2/a",
    ];
    let mut ids: Vec<String> = Vec::new();
    for path in paths {
        let answer = server
            .get(path)
            .header("X-Request-Id", "from-outside")
            .send();
        let id = id_of(&answer);
        assert_eq!(id.len(), 32, "{path}: {id}");
        assert!(
            id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{path}: {id}"
        );
        ids.push(id.to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), paths.len());
}

#[test]
fn a_push_leaves_a_trace_with_route_status_and_id_and_no_secret() {
    let collector = Collector::start();
    let server = Server::start(&[
        ("telemetry.otlp_endpoint", &collector.endpoint()),
        ("telemetry.service_name", "traced-registry"),
        ("server.trusted_proxies", "127.0.0.1/32"),
        ("log.access", "true"),
    ]);
    let repo = server.repo("traced");
    let manifest = repo.image_of(b"a layer").to_string();
    let request = repo.request("PUT", "manifests/v1");
    let pushed = request
        .header("Content-Type", OCI_MANIFEST)
        .header("X-Request-Id", "of-the-proxy-1")
        .body(manifest.as_bytes())
        .send()
        .expect(201);
    assert_eq!(id_of(&pushed), "of-the-proxy-1");
    let forged = repo.request("HEAD", "manifests/v1");
    let forged = forged.header("X-Request-Id", "x http.status=200").send();
    assert_eq!(id_of(&forged).len(), 32);
    let line = wait_for("a line in the log", Duration::from_secs(5), || {
        let log = server.log();
        let mut lines = log.lines().map(str::to_owned);
        lines.find(|line| line.contains("of-the-proxy-1") && line.contains("PUT /v2/"))
    });
    assert!(line.contains("request.id=\"of-the-proxy-1\""), "{line}");
    assert!(line.contains("http.status=201"), "{line}");

    let token = repo.token.clone();
    // What still waits is sent while the server stops.
    server.signal("TERM");
    assert!(server.ends_well());
    let spans = collector.spans();
    let span = spans
        .iter()
        .find(|span| text(&span.attributes, "request.id") == "of-the-proxy-1")
        .expect("a span of the push");
    assert_eq!(span.service, "traced-registry");
    assert_eq!(span.name, "PUT /v2/{name}/manifests/{reference}");
    assert_eq!(span.kind, 2, "a server's span");
    let of = |key| text(&span.attributes, key);
    assert_eq!(of("http.route"), "/v2/{name}/manifests/{reference}");
    assert_eq!(of("http.request.method"), "PUT");
    assert_eq!(of("http.response.status_code"), "201");
    assert_eq!(of("url.path"), "/v2/admin/traced/manifests/v1");
    assert_eq!(of("client.address"), "127.0.0.1");
    assert!(spans.iter().any(|span| span.name == "GET /v2/auth"));
    let sent: Vec<String> = collector
        .bodies()
        .iter()
        .map(|body| String::from_utf8_lossy(body).to_ascii_lowercase())
        .collect();
    for secret in [&*token, PASSWORD, "authorization", "basic ", "bearer "] {
        let secret = secret.to_ascii_lowercase();
        assert!(sent.iter().all(|body| !body.contains(&secret)), "{secret}");
    }
}

#[test]
fn a_collector_that_hangs_costs_traces_and_nothing_else() {
    // Connections are taken by the system; nobody ever reads from them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::start_empty(&[
        ("telemetry.otlp_endpoint", &endpoint),
        ("telemetry.queue", "8"),
    ]);
    for _ in 0..100 {
        let begin = Instant::now();
        server.get("/v1/_ping").send().expect(200);
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
    let metrics = server.get("/metrics").send().expect(200).text();
    let value = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(name));
        let (_, value) = line.expect(name).rsplit_once(' ').unwrap();
        value.parse().unwrap()
    };
    assert!(value("slipway_traces_waiting ") <= 8, "{metrics}");
    assert!(value("slipway_traces_lost_total ") >= 90, "{metrics}");
    assert_eq!(value("slipway_traces_exported_total "), 0, "{metrics}");
    let said = server.log().matches("traces are dropped").count();
    assert_eq!(said, 1, "{}", server.log());
    let begin = Instant::now();
    server.signal("TERM");
    assert!(server.ends_well());
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn no_request_is_traced_at_a_ratio_of_zero() {
    let collector = Collector::start();
    let server = Server::start_empty(&[
        ("telemetry.otlp_endpoint", &collector.endpoint()),
        ("telemetry.sample_ratio", "0"),
    ]);
    server.get("/v1/_ping").send().expect(200);
    server.signal("TERM");
    assert!(server.ends_well());
    assert_eq!(collector.spans().len(), 0);
}
