//! What an operation of the API is: declared once, used by the router, the guard, the body check
//! and the discovery document.
//!
//! A module of the API has a list `OPERATIONS`. Each entry names the handler and says who may call
//! it; nothing else decides that. Identifiers, paths and tags are Quay's.

use std::future::Future;
use std::pin::Pin;

use actix_web::HttpResponse;
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::{Role, TeamRole};

use super::call::Call;
use super::error::ApiError;
use super::schema::{Param, Schema};

/// What a handler answers.
pub type ApiResult = Result<HttpResponse, ApiError>;
/// A handler's future.
pub type ApiFuture = Pin<Box<dyn Future<Output = ApiResult>>>;

/// Makes the handler of an operation out of an `async fn(Call) -> ApiResult`.
macro_rules! run {
    ($handler:path) => {
        |call| Box::pin($handler(call))
    };
}
pub(crate) use run;

/// A method of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`, and `HEAD` with it.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
}

impl Method {
    /// Its name in lower case, as the discovery document has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }

    /// Reads a request's method.
    #[must_use]
    pub fn of(method: &actix_web::http::Method) -> Option<Self> {
        match method.as_str() {
            "GET" | "HEAD" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }
}

/// Which superusers count beside those that a guard names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Superusers {
    /// None.
    None,
    /// All.
    Any,
    /// Those with full access.
    Full,
}

/// Who counts beside those with the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Also {
    /// Superusers.
    pub superusers: Superusers,
    /// Read-only superusers.
    pub readers: bool,
}

/// Nobody else.
pub const NOBODY: Also = also(Superusers::None, false);
/// Superusers with full access; for writes.
pub const FULL: Also = also(Superusers::Full, false);
/// Superusers with full access and read-only superusers; for reads.
pub const FULL_AND_READERS: Also = also(Superusers::Full, true);
/// All superusers and read-only superusers; for reads.
pub const ANY_AND_READERS: Also = also(Superusers::Any, true);

/// Makes an [`Also`].
#[must_use]
pub const fn also(superusers: Superusers, readers: bool) -> Also {
    Also {
        superusers,
        readers,
    }
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Everybody, or the handler looks itself.
    Open,
    /// Somebody whose credential may read its user.
    UserRead,
    /// Somebody whose credential may change its user.
    UserAdmin {
        /// Restricted users are refused.
        refuse_restricted: bool,
    },
    /// Somebody who may make organizations.
    OrganizationMaker,
    /// Somebody with this team role in the organization of the path.
    Organization {
        /// The least role.
        role: TeamRole,
        /// Who else.
        also: Also,
    },
    /// Somebody in the team of the path, or who administers its organization.
    Team {
        /// Who else.
        also: Also,
    },
    /// Somebody with this role on the repository of the path; superusers with full access always.
    Repository {
        /// The least role.
        role: Role,
        /// Read-only superusers as well, for reads that need [`Role::Admin`].
        readers: bool,
        /// Only while the repository is in its normal state.
        only_normal: bool,
    },
    /// Nobody but these.
    Only(Also),
    /// A superuser.
    Superuser {
        /// Read-only superusers as well.
        readers: bool,
    },
}

/// One operation.
pub struct Operation {
    /// Quay's name of it.
    pub id: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path below `/api/v1`, with `{names}`; `{repository}` spans slashes.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The scope an OAuth token needs.
    pub scope: Option<ApiScope>,
    /// Who may call it.
    pub guard: Guard,
    /// Whether a session must have given its password lately.
    pub needs_fresh_login: bool,
    /// Left out of the public discovery document.
    pub is_internal: bool,
    /// Left out of every discovery document.
    pub is_hidden: bool,
    /// Works without login although anonymous access is off.
    pub allows_anonymous: bool,
    /// Works although the registry is read-only.
    pub works_read_only: bool,
    /// Needs no CSRF token.
    pub skips_csrf: bool,
    /// Its query parameters.
    pub query: &'static [Param],
    /// Its body.
    pub body: Option<&'static Schema>,
    /// Whether the body may be missing.
    pub body_is_optional: bool,
    /// The switch that turns it off; then its path does not exist.
    pub feature: Option<fn(&slipway_config::Config) -> bool>,
    /// Status of success.
    pub success: u16,
    /// The handler.
    pub run: fn(Call) -> ApiFuture,
}

impl Operation {
    const fn new(
        method: Method,
        id: &'static str,
        path: &'static str,
        run: fn(Call) -> ApiFuture,
    ) -> Self {
        Self {
            id,
            method,
            path,
            summary: "",
            scope: None,
            guard: Guard::Open,
            needs_fresh_login: false,
            is_internal: false,
            is_hidden: false,
            allows_anonymous: false,
            works_read_only: false,
            skips_csrf: false,
            query: &[],
            body: None,
            body_is_optional: false,
            feature: None,
            success: 200,
            run,
        }
    }

    /// A read.
    #[must_use]
    pub const fn get(id: &'static str, path: &'static str, run: fn(Call) -> ApiFuture) -> Self {
        Self::new(Method::Get, id, path, run)
    }

    /// A `POST`.
    #[must_use]
    pub const fn post(id: &'static str, path: &'static str, run: fn(Call) -> ApiFuture) -> Self {
        Self::new(Method::Post, id, path, run)
    }

    /// A `PUT`.
    #[must_use]
    pub const fn put(id: &'static str, path: &'static str, run: fn(Call) -> ApiFuture) -> Self {
        Self::new(Method::Put, id, path, run)
    }

    /// A `DELETE`, which answers 204 unless it says else.
    #[must_use]
    pub const fn delete(id: &'static str, path: &'static str, run: fn(Call) -> ApiFuture) -> Self {
        Self {
            success: 204,
            ..Self::new(Method::Delete, id, path, run)
        }
    }

    /// Says what it does.
    #[must_use]
    pub const fn summary(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    /// Says who may call it.
    #[must_use]
    pub const fn guard(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// Names the scope an OAuth token needs.
    #[must_use]
    pub const fn scope(self, scope: ApiScope) -> Self {
        Self {
            scope: Some(scope),
            ..self
        }
    }

    /// Needs a fresh login.
    #[must_use]
    pub const fn fresh(self) -> Self {
        Self {
            needs_fresh_login: true,
            ..self
        }
    }

    /// Stays out of the public discovery document.
    #[must_use]
    pub const fn internal(self) -> Self {
        Self {
            is_internal: true,
            ..self
        }
    }

    /// Stays out of every discovery document.
    #[must_use]
    pub const fn hidden(self) -> Self {
        Self {
            is_hidden: true,
            ..self
        }
    }

    /// Works without login although anonymous access is off.
    #[must_use]
    pub const fn anonymous(self) -> Self {
        Self {
            allows_anonymous: true,
            ..self
        }
    }

    /// Works although the registry is read-only.
    #[must_use]
    pub const fn read_only_too(self) -> Self {
        Self {
            works_read_only: true,
            ..self
        }
    }

    /// Needs no CSRF token.
    #[must_use]
    pub const fn no_csrf(self) -> Self {
        Self {
            skips_csrf: true,
            ..self
        }
    }

    /// Names its query parameters.
    #[must_use]
    pub const fn query(self, query: &'static [Param]) -> Self {
        Self { query, ..self }
    }

    /// Names its body.
    #[must_use]
    pub const fn body(self, body: &'static Schema) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    /// Names its body, which may be missing.
    #[must_use]
    pub const fn optional_body(self, body: &'static Schema) -> Self {
        Self {
            body_is_optional: true,
            ..self.body(body)
        }
    }

    /// Exists only while a switch is on.
    #[must_use]
    pub const fn feature(self, is_on: fn(&slipway_config::Config) -> bool) -> Self {
        Self {
            feature: Some(is_on),
            ..self
        }
    }

    /// Sets the status of success.
    #[must_use]
    pub const fn success(self, success: u16) -> Self {
        Self { success, ..self }
    }
}
