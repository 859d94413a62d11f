//! Reading the usage log, for those who administer what it is about.
//!
//! Quay: `data/logs_model`, `endpoints/api/logs.py`.

use std::sync::Arc;

use slipway_model::usage_log;
pub use slipway_model::usage_log::{LogCount, LogFilter, LogPosition, LogRow};
use slipway_model::{AccountId, NamespaceId, namespace};

use super::{AccountError, Office, Work};

/// Rows of one page.
pub const LOG_PAGE_ROWS: i64 = 20;

/// One page, and where the next begins.
#[derive(Debug)]
pub struct LogPage {
    /// The rows, newest first.
    pub rows: Vec<LogRow>,
    /// Where to go on; `None` on the last page.
    pub next: Option<LogPosition>,
}

/// Lists a page of the usage log.
#[derive(Debug)]
pub struct ListLog {
    /// Which rows.
    pub filter: LogFilter,
    /// Only what the user or robot of this name did.
    pub performer: Option<String>,
    /// Where the page begins.
    pub after: Option<LogPosition>,
}

impl Work for ListLog {
    type Answer = LogPage;

    async fn run(self, office: Arc<Office>) -> Result<LogPage, AccountError> {
        let Some(filter) = with_performer(&office, self.filter, self.performer).await? else {
            return Ok(LogPage {
                rows: Vec::new(),
                next: None,
            });
        };
        let wanted = LOG_PAGE_ROWS + 1;
        let mut rows = usage_log::list_log(&office.deps.db, &filter, self.after, wanted).await?;
        let page = usize::try_from(LOG_PAGE_ROWS).unwrap_or(usize::MAX);
        let has_more = rows.len() > page;
        rows.truncate(page);
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|row| LogPosition {
            at_us: row.at_us,
            id: row.id,
        });
        Ok(LogPage { rows, next })
    }
}

/// Counts rows of the usage log by day and kind.
#[derive(Debug)]
pub struct CountLog {
    /// Which rows.
    pub filter: LogFilter,
    /// Only what the user or robot of this name did.
    pub performer: Option<String>,
}

impl Work for CountLog {
    type Answer = Vec<LogCount>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<LogCount>, AccountError> {
        match with_performer(&office, self.filter, self.performer).await? {
            Some(filter) => Ok(usage_log::count_log(&office.deps.db, &filter).await?),
            None => Ok(Vec::new()),
        }
    }
}

/// Turns a name into the filter's account; `None` when nobody has that name.
async fn with_performer(
    office: &Office,
    filter: LogFilter,
    name: Option<String>,
) -> Result<Option<LogFilter>, AccountError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(Some(filter));
    };
    let found: Option<NamespaceId> = namespace::find_principal(&office.deps.db, &name).await?;
    Ok(found.map(|id| LogFilter {
        performer: Some(AccountId(id.0)),
        ..filter
    }))
}
