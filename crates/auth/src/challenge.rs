//! The `WWW-Authenticate` challenge and the `Authorization` header.
//!
//! [`Challenge`] renders the Bearer challenge a client answers with a token request; whatever the
//! parts hold, the result is a legal header value. [`parse_authorization`] reads the header of
//! the next request into [`Credentials`], and [`BasicKind`] tells which of Quay's five sorts of
//! user name a Basic login carries. Nothing here checks a credential.
//!
//! RFC 7235 (challenges), RFC 7617 (Basic), RFC 6750 (Bearer).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::AuthError;
use crate::scope::Scope;
use crate::secret::Secret;

/// The longest `Authorization` header that is looked at; a token of 16 KiB fits.
pub const MAX_AUTHORIZATION_BYTES: usize = 24 * 1024;

/// What went wrong with the token that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeError {
    /// The token is expired, revoked or malformed.
    InvalidToken,
    /// The token is good but does not grant enough.
    InsufficientScope,
}

impl ChallengeError {
    /// The value of the `error` attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }
}

/// A Bearer challenge; `Display` renders the header value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Address of the token service, such as `https://registry.example/v2/auth`.
    pub realm: String,
    /// Name of this registry, which becomes the token's audience.
    pub service: String,
    /// What the client should ask for; left out when empty.
    pub scopes: Vec<Scope>,
    /// Left out when no token was sent.
    pub error: Option<ChallengeError>,
}

impl fmt::Display for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (realm, service) = (Quoted(&self.realm), Quoted(&self.service));
        write!(formatter, "Bearer realm={realm},service={service}")?;
        if !self.scopes.is_empty() {
            let texts: Vec<String> = self.scopes.iter().map(Scope::to_string).collect();
            write!(formatter, ",scope={}", Quoted(&texts.join(" ")))?;
        }
        if let Some(error) = self.error {
            write!(formatter, ",error={}", Quoted(error.as_str()))?;
        }
        Ok(())
    }
}

/// A quoted string of RFC 7230: quotes and backslashes escaped, all else that is not printable
/// ASCII replaced by `?`.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        formatter.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(formatter, "\\{character}")?,
                ' '..='~' => formatter.write_char(character)?,
                _ => formatter.write_char('?')?,
            }
        }
        formatter.write_char('"')
    }
}

/// What a caller presented.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// No `Authorization` header.
    Anonymous,
    /// A Basic login, unchecked.
    Basic {
        /// Text before the first colon; see [`BasicKind`].
        username: String,
        /// Text after the first colon.
        password: Secret,
    },
    /// A bearer token, unchecked.
    Bearer(Secret),
}

/// The sorts of Basic user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BasicKind {
    /// A user with a password.
    User(String),
    /// A robot `namespace+short_name` with its token.
    Robot {
        /// The user or organization that owns the robot.
        namespace: String,
        /// The robot's name within the namespace.
        short_name: String,
    },
    /// `$token`: a repository access token.
    AccessToken,
    /// `$oauthtoken`: an OAuth token.
    OauthToken,
    /// `$app`: an app-specific token.
    AppToken,
}

impl BasicKind {
    /// Sorts a Basic user name.
    ///
    /// A name with a plus sign but nothing on one side of it is a user's, whom nobody will find.
    #[must_use]
    pub fn of(username: &str) -> Self {
        match username {
            "$token" => return Self::AccessToken,
            "$oauthtoken" => return Self::OauthToken,
            "$app" => return Self::AppToken,
            _ => {}
        }
        match username.split_once('+') {
            Some((namespace, short_name)) if !namespace.is_empty() && !short_name.is_empty() => {
                Self::Robot {
                    namespace: namespace.to_owned(),
                    short_name: short_name.to_owned(),
                }
            }
            _ => Self::User(username.to_owned()),
        }
    }
}

/// Reads an `Authorization` header.
///
/// Scheme names are matched without regard to case.
///
/// # Errors
/// [`AuthError::UnsupportedScheme`] for other schemes, [`AuthError::MalformedHeader`] when the
/// value does not fit the scheme. An empty header is malformed: it is not the same as none.
pub fn parse_authorization(header: Option<&str>) -> Result<Credentials, AuthError> {
    let Some(header) = header else {
        return Ok(Credentials::Anonymous);
    };
    if header.len() > MAX_AUTHORIZATION_BYTES {
        return Err(AuthError::MalformedHeader("too long"));
    }
    let trimmed = header.trim_matches([' ', '\t']);
    let Some((scheme, value)) = trimmed.split_once(' ') else {
        return Err(AuthError::MalformedHeader(
            "no credentials after the scheme",
        ));
    };
    let value = value.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("basic") {
        parse_basic(value)
    } else if scheme.eq_ignore_ascii_case("bearer") {
        parse_bearer(value)
    } else {
        // The scheme ends up in logs, so only a plausible one is repeated.
        let is_plausible =
            scheme.len() <= 32 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        Err(AuthError::UnsupportedScheme(
            if is_plausible { scheme } else { "?" }.to_owned(),
        ))
    }
}

fn parse_basic(value: &str) -> Result<Credentials, AuthError> {
    let decoded = STANDARD
        .decode(value)
        .map_err(|_| AuthError::MalformedHeader("not base64"))?;
    let decoded = Zeroizing::new(decoded);
    let text =
        std::str::from_utf8(&decoded).map_err(|_| AuthError::MalformedHeader("not UTF-8"))?;
    if text.contains('\0') {
        return Err(AuthError::MalformedHeader("holds a zero character"));
    }
    let (username, password) = text
        .split_once(':')
        .ok_or(AuthError::MalformedHeader("no colon"))?;
    Ok(Credentials::Basic {
        username: username.to_owned(),
        password: Secret::from(password),
    })
}

fn parse_bearer(value: &str) -> Result<Credentials, AuthError> {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if value.is_empty() || !value.bytes().all(is_token_byte) {
        return Err(AuthError::MalformedHeader("not a bearer token"));
    }
    Ok(Credentials::Bearer(Secret::from(value)))
}
