//! A client of the API as browsers are: it keeps the session cookie and the CSRF token.

use serde_json::{Value, json};

use super::http::Answer;
use super::server::Server;

/// One browser.
pub(crate) struct Browser<'a> {
    server: &'a Server,
    pub(crate) cookie: Option<String>,
    pub(crate) csrf: String,
}

impl<'a> Browser<'a> {
    /// A browser without a login that has its CSRF token.
    pub(crate) fn open(server: &'a Server) -> Self {
        let mut browser = Self {
            server,
            cookie: None,
            csrf: String::new(),
        };
        let answer = browser.ask("GET", "/csrf_token", None).expect(200);
        answer.json()["csrf_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut browser.csrf);
        browser
    }

    /// A browser in which `username` has signed in.
    pub(crate) fn sign_in(server: &'a Server, username: &str, password: &str) -> Self {
        let mut browser = Self::open(server);
        let body = json!({ "username": username, "password": password });
        browser.post("/signin", &body).expect(200);
        browser
    }

    fn ask(&mut self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let mut request = self.server.request(method, target);
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", &format!("_csrf_token={cookie}"));
        }
        if method != "GET" && !self.csrf.is_empty() {
            request = request.header("X-CSRF-Token", &self.csrf);
        }
        if let Some(body) = body {
            let text = body.to_string();
            request = request
                .header("Content-Type", "application/json")
                .body(text.as_bytes());
        }
        let answer = request.send();
        if let Some(set) = answer.header("set-cookie") {
            let value = set.split(';').next().and_then(|pair| pair.split_once('='));
            self.cookie = value.map(|(_, value)| value.to_owned());
        }
        if let Some(next) = answer.header("x-next-csrf-token") {
            next.clone_into(&mut self.csrf);
        }
        answer
    }

    /// Any method below `/api/v1`.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.ask(method, &format!("/api/v1{path}"), body)
    }

    /// `GET` below `/api/v1`.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", &format!("/api/v1{path}"), None)
    }

    /// `POST` below `/api/v1`.
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.ask("POST", &format!("/api/v1{path}"), Some(body))
    }

    /// `PUT` below `/api/v1`.
    pub(crate) fn put(&mut self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", &format!("/api/v1{path}"), Some(body))
    }

    /// `DELETE` below `/api/v1`.
    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        self.ask("DELETE", &format!("/api/v1{path}"), None)
    }
}
