//! The doctor's HTTP client: no redirects, no proxy from the environment, the system's authorities.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::AUTHORIZATION;
use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder, Method, RequestBuilder, Response, Url};
use serde_json::Value;
use slipway_auth::Secret;

/// How long an answer without a large body may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Who pushes, and where.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) repository: String,
}

/// A client of one registry.
pub(super) struct Client {
    base: Url,
    http: reqwest::Client,
    http2: reqwest::Client,
}

impl Client {
    /// A client for the registry at `url`, which trusts the authorities in `pem` too.
    pub(super) fn new(url: &str, pem: Option<&[u8]>) -> anyhow::Result<Self> {
        let base = Url::parse(url.trim_end_matches('/'))
            .with_context(|| format!("`{url}` is not a URL"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            anyhow::bail!("`{url}` is not a URL with http or https and a host");
        }
        // A second call finds the provider of the first, which is the same.
        let _known = rustls::crypto::ring::default_provider().install_default();
        let certificates = match pem {
            Some(pem) => Certificate::from_pem_bundle(pem).context("the authorities to trust")?,
            None => Vec::new(),
        };
        let builder = || -> ClientBuilder {
            let builder = reqwest::Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .connect_timeout(PATIENCE);
            if base.scheme() == "http" {
                // Without TLS nobody asks whether the system has authorities.
                builder.tls_certs_only([])
            } else {
                builder.tls_certs_merge(certificates.clone())
            }
        };
        Ok(Self {
            http: builder().build().context("the client")?,
            http2: builder()
                .http2_prior_knowledge()
                .build()
                .context("the client")?,
            base,
        })
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// A request for a path below the base URL, such as `/v2/`.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        self.http.request(method, url)
    }

    /// A request for where a `Location` leads.
    pub(super) fn follow(&self, method: Method, location: &str) -> anyhow::Result<RequestBuilder> {
        let url = self.base.join(location);
        let url = url.with_context(|| format!("the Location `{location}`"))?;
        Ok(self.http.request(method, url))
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Response> {
        let request = self.request(Method::GET, path).timeout(PATIENCE);
        Ok(request.send().await?)
    }

    /// Says whether HTTP/2 is spoken by who takes it for granted.
    pub(super) async fn speaks_http2(&self) -> bool {
        let url = format!("{}/v2/", self.base.as_str().trim_end_matches('/'));
        let asked = self.http2.get(url).timeout(PATIENCE).send().await;
        asked.is_ok()
    }

    /// A token to push to the login's repository.
    pub(super) async fn token(&self, login: &Login) -> anyhow::Result<Secret> {
        let scope = format!("repository:{}:pull,push", login.repository);
        let path = format!("/v2/auth?scope={scope}");
        let answer = self
            .request(Method::GET, &path)
            .basic_auth(&login.user, Some(login.password.expose()))
            .timeout(PATIENCE)
            .send()
            .await?;
        if !answer.status().is_success() {
            anyhow::bail!("/v2/auth answers {}", answer.status());
        }
        let body: Value = serde_json::from_str(&answer.text().await?)?;
        let token = body.get("token").and_then(Value::as_str);
        Ok(Secret::new(
            token.context("there is no token in the answer")?.to_owned(),
        ))
    }
}

/// Adds a token to a request.
pub(super) fn with_token(request: RequestBuilder, token: &Secret) -> RequestBuilder {
    request.header(AUTHORIZATION, format!("Bearer {}", token.expose()))
}

/// A header of an answer, as text.
pub(super) fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}
