//! An issuer of outside identities on loopback: its configuration, its keys, and what it was asked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use slipway_auth::jwk::SigningKey;
use slipway_auth::jwt::sign;

struct State {
    /// What stands at `/.well-known/openid-configuration`; status and body.
    configuration: (String, Value),
    keys: Vec<Value>,
    asked: Vec<String>,
}

/// The issuer; it listens until the process ends.
pub(crate) struct Issuer {
    pub(crate) address: SocketAddr,
    /// Its name, which tokens carry as `iss`.
    pub(crate) url: String,
    pub(crate) key: SigningKey,
    state: Arc<Mutex<State>>,
}

impl Issuer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let (key, _) = SigningKey::generate().unwrap();
        let configuration = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
        let state = Arc::new(Mutex::new(State {
            configuration: ("200 OK".to_owned(), configuration),
            keys: vec![key.jwk()],
            asked: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                drop(answer(&stream, &shared));
            }
        });
        Self {
            address,
            url,
            key,
            state,
        }
    }

    /// Changes what the issuer says of itself; `status` may carry headers in further lines.
    pub(crate) fn configure(&self, status: &str, configuration: Value) {
        self.state.lock().unwrap().configuration = (status.to_owned(), configuration);
    }

    /// What it was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// A token about `subject` that ends in five minutes, with some claims changed.
    pub(crate) fn token(&self, subject: &str, changes: &Value) -> String {
        sign(&self.claims(subject, changes), &self.key).unwrap()
    }

    /// The claims of such a token.
    pub(crate) fn claims(&self, subject: &str, changes: &Value) -> Value {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let now_s = now.as_secs();
        let mut claims = json!({
            "iss": self.url, "sub": subject, "aud": "anything",
            "iat": now_s, "nbf": now_s, "exp": now_s + 300,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }
}

fn answer(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, body) = {
        let mut state = state.lock().unwrap();
        state.asked.push(path.clone());
        match path.as_str() {
            "/.well-known/openid-configuration" => state.configuration.clone(),
            "/keys" => ("200 OK".to_owned(), json!({ "keys": state.keys })),
            _ => ("404 Not Found".to_owned(), Value::Null),
        }
    };
    let body = body.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
