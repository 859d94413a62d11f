//! Running statements, alone or in a transaction, and turning rows into values.
//!
//! A query function takes `&impl Run`: the [`Database`] itself for one statement, a [`Transaction`]
//! where several belong together. `queries!` declares such functions, `record!` the rows they
//! answer; columns are found by the names of the members.

use std::future::Future;

use deadpool_postgres::Object;
use tokio_postgres::Row;

use crate::database::{Database, Params};
use crate::error::ModelError;
use crate::statement::Statement;

/// Where a statement is run.
pub trait Run {
    /// Runs one statement.
    ///
    /// # Errors
    /// The database's.
    fn run(
        &self,
        statement: &'static Statement,
        params: Params<'_>,
    ) -> impl Future<Output = Result<Vec<Row>, ModelError>>;
}

impl Run for Database {
    async fn run(
        &self,
        statement: &'static Statement,
        params: Params<'_>,
    ) -> Result<Vec<Row>, ModelError> {
        self.rows(statement, params).await
    }
}

/// A connection on which transactions can begin.
pub struct Connection {
    client: Object,
    is_prepared: bool,
}

impl Connection {
    pub(crate) fn new(client: Object, is_prepared: bool) -> Self {
        Self {
            client,
            is_prepared,
        }
    }

    /// Begins a transaction; dropping it undoes it.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, ModelError> {
        Ok(Transaction {
            is_prepared: self.is_prepared,
            inner: self.client.transaction().await?,
        })
    }
}

/// Statements that take effect together.
pub struct Transaction<'a> {
    inner: deadpool_postgres::Transaction<'a>,
    is_prepared: bool,
}

impl Transaction<'_> {
    /// Makes everything since its beginning last.
    ///
    /// # Errors
    /// The database's; whether it lasts is then unknown.
    pub async fn commit(self) -> Result<(), ModelError> {
        Ok(self.inner.commit().await?)
    }
}

impl Run for Transaction<'_> {
    async fn run(
        &self,
        statement: &'static Statement,
        params: Params<'_>,
    ) -> Result<Vec<Row>, ModelError> {
        let answer = if self.is_prepared {
            let prepared = self
                .inner
                .prepare_typed_cached(statement.text, statement.types)
                .await?;
            self.inner.query(&prepared, params).await
        } else {
            let typed: Vec<_> = params
                .iter()
                .copied()
                .zip(statement.types.iter().cloned())
                .collect();
            self.inner.query_typed(statement.text, &typed).await
        };
        Ok(answer?)
    }
}

/// What one row becomes.
pub(crate) trait FromRow: Sized {
    /// Reads the row.
    fn from_row(row: &Row) -> Result<Self, ModelError>;
}

macro_rules! from_first_column {
    ($($kind:ty),* $(,)?) => {
        $(impl FromRow for $kind {
            fn from_row(row: &Row) -> Result<Self, ModelError> {
                Ok(row.try_get(0)?)
            }
        })*
    };
}

from_first_column!(
    i64,
    bool,
    String,
    Vec<u8>,
    Option<String>,
    uuid::Uuid,
    serde_json::Value,
    crate::ids::AccountId,
    crate::ids::ApplicationId,
    crate::ids::NamespaceId,
    crate::ids::RepositoryId,
    crate::ids::TeamId,
    crate::ids::ManifestId,
    Option<i64>,
);

/// Declares a row: a structure whose members are read from the columns of the same names.
macro_rules! record {
    ($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$member_doc:meta])* pub $member:ident: $kind:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[$member_doc])* pub $member: $kind,)*
        }

        impl $crate::query::FromRow for $name {
            fn from_row(row: &tokio_postgres::Row) -> Result<Self, $crate::error::ModelError> {
                Ok(Self { $($member: row.try_get(stringify!($member))?,)* })
            }
        }
    };
}
pub(crate) use record;

/// Declares query functions: `one` row, `maybe` a row, `many` rows, or `changed` (how many rows
/// the statement answered).
macro_rules! queries {
    ($($(#[$doc:meta])* fn $name:ident($($param:ident: $kind:ty),* $(,)?) -> $how:ident $($answer:ty)? = $statement:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// The database's.
            pub async fn $name(
                run: &impl $crate::query::Run
                $(, $param: $kind)*
            ) -> Result<$crate::query::answer!($how $($answer)?), $crate::error::ModelError> {
                let rows = run.run(&$crate::statement::$statement, &[$(&$param),*]).await?;
                $crate::query::take!($how $statement rows)
            }
        )*
    };
}
pub(crate) use queries;

macro_rules! answer {
    (one $answer:ty) => { $answer };
    (maybe $answer:ty) => { Option<$answer> };
    (many $answer:ty) => { Vec<$answer> };
    (changed) => { usize };
}
pub(crate) use answer;

macro_rules! take {
    (one $statement:ident $rows:ident) => {
        match $rows.first() {
            Some(row) => $crate::query::FromRow::from_row(row),
            None => Err($crate::error::ModelError::Internal(format!(
                "`{}` answered no row",
                $crate::statement::$statement.name
            ))),
        }
    };
    (maybe $statement:ident $rows:ident) => {
        $rows
            .first()
            .map($crate::query::FromRow::from_row)
            .transpose()
    };
    (many $statement:ident $rows:ident) => {
        $rows.iter().map($crate::query::FromRow::from_row).collect()
    };
    (changed $statement:ident $rows:ident) => {
        Ok($rows.len())
    };
}
pub(crate) use take;
