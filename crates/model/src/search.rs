//! Finding repositories, namespaces, teams and robots by parts of their names.
//!
//! What the asking account may not see is left out in SQL. Patterns are those of `LIKE`, made by
//! [`pattern_anywhere`] and [`pattern_prefix`] from what people type.

use crate::database::Params;
use crate::error::ModelError;
use crate::ids::{AccountId, NamespaceId};
use crate::query::{FromRow, Run, queries, record};
use crate::statement;

record! {
    /// A repository that was found.
    pub struct FoundRepository {
        /// The name of its namespace.
        pub namespace: String,
        /// Whether that is an organization.
        pub in_organization: bool,
        /// Its e-mail.
        pub email: Option<String>,
        /// The repository's name below that.
        pub name: String,
        /// What people read about it.
        pub description: String,
        /// Whether everybody may read it.
        pub is_public: bool,
        /// How much is done with it.
        pub popularity: f64,
        /// When its newest tag was made, Unix seconds.
        pub last_modified_s: Option<i64>,
        /// How many starred it.
        pub stars: i64,
    }
}

record! {
    /// A user or an organization that was found.
    pub struct FoundNamespace {
        /// Its name.
        pub name: String,
        /// `user` or `organization`.
        pub kind: String,
        /// Its e-mail.
        pub email: Option<String>,
    }
}

record! {
    /// A team that was found.
    pub struct FoundTeam {
        /// Its name.
        pub name: String,
        /// Its organization's name.
        pub organization: String,
        /// Its organization's e-mail.
        pub email: Option<String>,
    }
}

record! {
    /// A robot that was found.
    pub struct FoundRobot {
        /// Its full name.
        pub name: String,
        /// The part behind the `+`.
        pub short_name: String,
        /// Whose it is.
        pub owner: String,
        /// Whether that is an organization.
        pub of_organization: bool,
    }
}

record! {
    /// A user or a robot that completes what was typed.
    pub struct FoundEntity {
        /// Its full name.
        pub name: String,
        /// `user` or `robot`.
        pub kind: String,
        /// Its e-mail.
        pub email: Option<String>,
        /// Whether it is in a team of the organization, or a robot.
        pub is_member: bool,
    }
}

queries! {
    /// Finds namespaces that hold something the account may see.
    fn find_namespaces(account: Option<AccountId>, sees_everything: bool, prefix: &str, limit: i64) -> many FoundNamespace = FIND_NAMESPACES;
    /// Finds teams of the account.
    fn find_teams(account: AccountId, prefix: &str, limit: i64) -> many FoundTeam = FIND_TEAMS;
    /// Finds robots of the account.
    fn find_robots(account: AccountId, prefix: &str, limit: i64) -> many FoundRobot = FIND_ROBOTS;
    /// Finds users, and robots of `robots_of`.
    fn find_entities(
        pattern: &str,
        organization: Option<NamespaceId>,
        robots_of: Option<NamespaceId>,
        limit: i64,
    ) -> many FoundEntity = FIND_ENTITIES;
    /// Finds teams of an organization.
    fn find_team_entities(pattern: &str, organization: NamespaceId, limit: i64) -> many String = FIND_TEAM_ENTITIES;
}

/// What is looked for among repositories.
#[derive(Debug, Clone, Copy)]
pub struct RepositoryQuery<'a> {
    /// The words as they are.
    pub words: &'a str,
    /// The pattern that finds them in names and descriptions.
    pub anywhere: &'a str,
    /// The namespace they name, when they do.
    pub namespace: Option<&'a str>,
    /// The pattern for names in that namespace.
    pub name_prefix: Option<&'a str>,
    /// How many.
    pub limit: i64,
    /// After how many others.
    pub offset: i64,
}

/// Finds repositories, the best first.
///
/// # Errors
/// The database's.
pub async fn find_repositories(
    run: &impl Run,
    account: Option<AccountId>,
    sees_everything: bool,
    query: &RepositoryQuery<'_>,
) -> Result<Vec<FoundRepository>, ModelError> {
    let params: Params<'_> = &[
        &account,
        &sees_everything,
        &query.words,
        &query.anywhere,
        &query.namespace,
        &query.name_prefix,
        &query.limit,
        &query.offset,
    ];
    let rows = run.run(&statement::FIND_REPOSITORIES, params).await?;
    rows.iter().map(FromRow::from_row).collect()
}

/// The pattern that a text matches when it is `words`.
#[must_use]
pub fn pattern_exact(words: &str) -> String {
    let mut pattern = String::with_capacity(words.len());
    for letter in words.chars() {
        if matches!(letter, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// The pattern that a text matches when it begins with `words`.
#[must_use]
pub fn pattern_prefix(words: &str) -> String {
    format!("{}%", pattern_exact(words))
}

/// The pattern that a text matches when it holds `words`.
#[must_use]
pub fn pattern_anywhere(words: &str) -> String {
    format!("%{}%", pattern_exact(words))
}

#[cfg(test)]
mod tests {
    #[test]
    fn signs_of_patterns_are_taken_as_they_are() {
        assert_eq!(super::pattern_anywhere(r"a_b%c\"), r"%a\_b\%c\\%");
        assert_eq!(super::pattern_prefix("app"), "app%");
    }
}
