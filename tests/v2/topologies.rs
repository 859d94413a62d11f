//! Pushes and pulls by curl, in the places where registries stand.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Certificate, Habits, OCI_MANIFEST, Proxy, Server, noise, sha256, shared};

/// How a client comes to the registry.
struct Way {
    /// The base URL.
    base: String,
    /// curl's options.
    options: Vec<String>,
}

struct Reply {
    version: String,
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).expect(name)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

impl Way {
    fn plain(base: String) -> Self {
        Self {
            base,
            options: Vec::new(),
        }
    }

    /// The URL of what an answer pointed to, which says neither scheme nor host.
    fn follow(&self, location: &str) -> String {
        assert!(location.starts_with('/'), "{location}");
        let host_at = self.base.find("://").unwrap() + 3;
        let end = self.base[host_at..]
            .find('/')
            .map_or(self.base.len(), |at| host_at + at);
        format!("{}{location}", &self.base[..end])
    }

    fn ask(&self, method: &str, url: &str, headers: &[String], body: &[u8]) -> Reply {
        let mut command = Command::new("curl");
        command.args(["-s", "-i", "--noproxy", "*", "-X", method]);
        command.args(&self.options);
        for header in headers.iter().map(String::as_str).chain(["Expect:"]) {
            command.args(["-H", header]);
        }
        if matches!(method, "POST" | "PUT" | "PATCH") {
            command.args(["--data-binary", "@-"]);
        }
        let child = command
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.expect("curl runs");
        let mut input = child.stdin.take().unwrap();
        let sent = body.to_vec();
        let writer = std::thread::spawn(move || drop(input.write_all(&sent)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(
            output.status.success(),
            "curl {method} {url}: {}",
            output.status
        );
        let end = output
            .stdout
            .windows(4)
            .position(|part| part == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
        let mut first = head.split(' ');
        Reply {
            version: first.next().unwrap().to_owned(),
            status: first.next().unwrap().trim().parse().unwrap(),
            body: output.stdout[end + 4..].to_vec(),
            head,
        }
    }
}

/// A way with a token for one repository.
struct Pusher<'a> {
    way: &'a Way,
    below: String,
    token: String,
}

impl Pusher<'_> {
    fn ask(&self, method: &str, url: &str, kind: &str, body: &[u8]) -> Reply {
        let headers = [self.token.clone(), format!("Content-Type: {kind}")];
        self.way.ask(method, url, &headers, body)
    }

    fn get(&self, url: &str) -> Reply {
        self.ask("GET", url, "text/plain", b"").expect(200)
    }

    /// Pushes a blob in chunks; answers where it is.
    fn push_layer(&self, layer: &[u8]) -> String {
        let bytes = "application/octet-stream";
        let url = format!("{}/blobs/uploads/", self.below);
        let started = self.ask("POST", &url, bytes, b"").expect(202);
        let mut upload = self.way.follow(started.header("location"));
        for part in layer.chunks(400_000) {
            let reply = self.ask("PATCH", &upload, bytes, part).expect(202);
            upload = self.way.follow(reply.header("location"));
        }
        let url = format!("{upload}?digest={}", sha256(layer));
        let stored = self.ask("PUT", &url, bytes, b"").expect(201);
        self.way.follow(stored.header("location"))
    }
}

/// Logs in where the challenge says.
fn log_in<'a>(way: &'a Way, server: &Server, name: &str) -> Pusher<'a> {
    let base = &way.base;
    let refused = way.ask("GET", &format!("{base}/v2/"), &[], b"").expect(401);
    let challenge = refused.header("www-authenticate");
    let realm = challenge.split("realm=\"").nth(1).unwrap();
    let realm = realm.split('"').next().unwrap();
    assert_eq!(realm, format!("{base}/v2/auth"));
    let url = format!("{realm}?scope=repository:admin/{name}:pull,push");
    let login = [format!("Authorization: {}", server.login())];
    let token = way.ask("GET", &url, &login, b"").expect(200).json();
    Pusher {
        way,
        below: format!("{base}/v2/admin/{name}"),
        token: format!("Authorization: Bearer {}", token["token"].as_str().unwrap()),
    }
}

/// A whole push and pull, as clients do them: by the realm, by Locations and by Links.
fn push_and_pull(way: &Way, server: &Server, name: &str) {
    let pusher = log_in(way, server, name);
    let below = &pusher.below;
    let layer = noise(39, 700_000);
    let blob = pusher.push_layer(&layer);
    let url = format!("{below}/blobs/uploads/?digest={}", sha256(b"{}"));
    let config = pusher.ask("POST", &url, "application/octet-stream", b"{}");
    config.expect(201);

    let manifest = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": sha256(b"{}"), "size": 2,
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": sha256(&layer), "size": layer.len(),
        }],
    })
    .to_string();
    for tag in ["v1", "v2"] {
        let url = format!("{below}/manifests/{tag}");
        let put = pusher.ask("PUT", &url, OCI_MANIFEST, manifest.as_bytes());
        let place = way.follow(put.expect(201).header("location"));
        assert_eq!(pusher.get(&place).body, manifest.as_bytes());
    }
    let pulled = pusher.get(&format!("{below}/manifests/v1"));
    assert_eq!(pulled.body, manifest.as_bytes());
    assert!(pusher.get(&blob).body == layer);
    let page = pusher.get(&format!("{below}/tags/list?n=1"));
    let link = page.header("link").strip_prefix('<').unwrap();
    let next = way.follow(link.split('>').next().unwrap());
    assert_eq!(pusher.get(&next).json()["tags"], json!(["v2"]));
}

#[test]
fn t39_tls_that_ends_outside_without_any_header() {
    let folder = tempfile::tempdir().unwrap();
    let made = Certificate::make(folder.path());
    let proxy = Proxy::bind();
    let base = format!("https://{}", proxy.address);
    let server = Server::start(&[("server.url", &base)]);
    let tls = Some(made.server_config());
    proxy.pass_to(
        server.address,
        Habits {
            tls,
            ..Habits::default()
        },
    );
    let trust = made.certificate.to_str().unwrap().to_owned();
    let options = vec!["--cacert".to_owned(), trust];
    push_and_pull(&Way { base, options }, &server, "outside");
}

#[test]
fn t39_an_odd_port() {
    let server = shared();
    let address = Proxy::bind().pass_to(server.address, Habits::default());
    push_and_pull(&Way::plain(format!("http://{address}")), server, "odd");
}

#[test]
fn t39_a_path_before_the_registry() {
    let proxy = Proxy::bind();
    let base = format!("http://{}/some/registry", proxy.address);
    let server = Server::start(&[("server.url", &base)]);
    let strips = Some("/some/registry");
    proxy.pass_to(
        server.address,
        Habits {
            strips,
            ..Habits::default()
        },
    );
    push_and_pull(&Way::plain(base), &server, "prefix");
}

#[test]
fn t39_two_proxies() {
    let server = Server::start(&[("server.trusted_proxies", "127.0.0.0/8")]);
    let backend = Some("backend.internal".to_owned());
    let habits = Habits {
        forwards: true,
        host: backend,
        ..Habits::default()
    };
    let inner = Proxy::bind().pass_to(server.address, habits.clone());
    let outer = Proxy::bind().pass_to(inner, habits);
    push_and_pull(&Way::plain(format!("http://{outer}")), &server, "double");
}

#[test]
fn t39_http2_without_a_proxy() {
    let server = shared();
    let way = Way {
        base: format!("http://{}", server.address),
        options: vec!["--http2-prior-knowledge".to_owned()],
    };
    let reply = way.ask("GET", &format!("{}/v2/", way.base), &[], b"");
    assert_eq!(reply.version, "HTTP/2");
    push_and_pull(&way, server, "http2");
}

#[test]
fn t39_a_proxy_that_collects_whole_bodies() {
    let server = shared();
    let habits = Habits {
        buffers: true,
        ..Habits::default()
    };
    let address = Proxy::bind().pass_to(server.address, habits);
    push_and_pull(&Way::plain(format!("http://{address}")), server, "buffered");
}
