//! The pool of connections and the two ways a statement is run.
//!
//! [`Database`] is a cheap handle. `rows` takes a connection, runs one statement in one round trip
//! and gives the connection back; nothing holds one across anything else, so a pool of a few dozen
//! serves any number of requests.

use std::path::PathBuf;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use postgres_types::ToSql;
use tokio_postgres::Row;

use crate::connect::{self, Connector};
use crate::error::ModelError;
use crate::migrate;
use crate::query::Connection;
use crate::statement::{self, Statement};

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `postgresql://…` or `key=value` pairs; a host that is a folder means a Unix socket.
    pub url: String,
    /// PEM file of authorities; makes TLS with their check mandatory.
    pub ca_certificate: Option<PathBuf>,
    /// Connections at most.
    pub pool_size: usize,
    /// How long making one may take.
    pub connect_timeout: Duration,
    /// How long a request waits for one.
    pub request_wait: Duration,
    /// Whether statements stay prepared on a connection; not behind a transaction pooler.
    pub is_prepared: bool,
}

/// A handle on the database; clones share one pool.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    is_prepared: bool,
}

/// A statement's parameters.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Database {
    /// Makes the pool; connects when first used.
    ///
    /// # Errors
    /// [`ModelError::Internal`] for a URL or certificate file that cannot be read.
    pub fn new(settings: &DatabaseSettings) -> Result<Self, ModelError> {
        let config = connect::parse(settings)?;
        let connector = Connector::new(settings.ca_certificate.as_deref())?;
        let manager = Manager::from_config(
            config,
            connector,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(settings.request_wait),
                create: Some(settings.connect_timeout),
                recycle: Some(settings.connect_timeout),
            })
            .build()
            .map_err(|error| ModelError::Internal(error.to_string()))?;
        Ok(Self {
            pool,
            is_prepared: settings.is_prepared,
        })
    }

    /// Brings the schema up to date; safe to call from many processes at once.
    ///
    /// # Errors
    /// Those of the statements, and [`ModelError::Internal`] when the database holds a migration
    /// this program does not know or knows with another text.
    pub async fn migrate(&self) -> Result<usize, ModelError> {
        let mut client = self.pool.get().await?;
        migrate::run(&mut client).await
    }

    /// Answers the server's version number, such as 150018; the cheapest proof that it is there.
    ///
    /// # Errors
    /// [`ModelError::Unavailable`] when it is not.
    pub async fn identify(&self) -> Result<i32, ModelError> {
        let rows = self.rows(&statement::IDENTIFY, &[]).await?;
        rows.first()
            .ok_or_else(|| ModelError::Internal("no answer".to_owned()))?
            .try_get(0)
            .map_err(ModelError::from)
    }

    /// Prepares `statement` and answers nothing; for the test that prepares them all.
    ///
    /// # Errors
    /// The server's.
    pub async fn check(&self, statement: &Statement) -> Result<(), ModelError> {
        let client = self.pool.get().await?;
        client
            .prepare_typed(statement.text, statement.types)
            .await?;
        Ok(())
    }

    /// Gives all connections back, before the server they lead to is stopped; nothing works after.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Connections in use and idle, for gauges.
    #[must_use]
    pub fn pool_status(&self) -> (usize, usize) {
        let status = self.pool.status();
        (
            status.size.saturating_sub(status.available),
            status.available,
        )
    }

    /// Takes a connection to begin a transaction on.
    ///
    /// # Errors
    /// [`ModelError::Unavailable`] when there is none.
    pub async fn connection(&self) -> Result<Connection, ModelError> {
        Ok(Connection::new(self.pool.get().await?, self.is_prepared))
    }

    pub(crate) async fn rows(
        &self,
        statement: &Statement,
        params: Params<'_>,
    ) -> Result<Vec<Row>, ModelError> {
        let client = self.pool.get().await?;
        let answer = if self.is_prepared {
            let prepared = client
                .prepare_typed_cached(statement.text, statement.types)
                .await?;
            client.query(&prepared, params).await
        } else {
            let typed: Vec<_> = params
                .iter()
                .copied()
                .zip(statement.types.iter().cloned())
                .collect();
            client.query_typed(statement.text, &typed).await
        };
        Ok(answer?)
    }

    pub(crate) async fn row(
        &self,
        statement: &Statement,
        params: Params<'_>,
    ) -> Result<Option<Row>, ModelError> {
        Ok(self.rows(statement, params).await?.into_iter().next())
    }

    pub(crate) async fn one(
        &self,
        statement: &Statement,
        params: Params<'_>,
    ) -> Result<Row, ModelError> {
        self.row(statement, params)
            .await?
            .ok_or_else(|| ModelError::Internal(format!("`{}` answered no row", statement.name)))
    }
}
