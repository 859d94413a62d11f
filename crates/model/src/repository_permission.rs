//! Roles on repositories, for users, robots and teams.

use crate::ids::{AccountId, NamespaceId, RepositoryId, TeamId};
use crate::query::{queries, record};

record! {
    /// The role of a user or robot on a repository.
    pub struct AccountRole {
        /// The account's name.
        pub name: String,
        /// `user` or `robot`.
        pub kind: String,
        /// Its address.
        pub email: Option<String>,
        /// `read`, `write` or `admin`.
        pub role: String,
        /// Whether it is in a team of the repository's organization, or is a robot of it.
        pub is_member: bool,
    }
}

record! {
    /// The role of a team on a repository.
    pub struct TeamRole {
        /// The team.
        pub id: TeamId,
        /// Its name.
        pub name: String,
        /// `read`, `write` or `admin`.
        pub role: String,
    }
}

queries! {
    /// Lists the roles of users and robots, or of one.
    fn list_accounts(
        repository: RepositoryId,
        namespace: NamespaceId,
        account: Option<AccountId>,
    ) -> many AccountRole = LIST_ACCOUNT_ROLES;
    /// Lists the roles of teams, or of one.
    fn list_teams(repository: RepositoryId, team: Option<TeamId>) -> many TeamRole = LIST_TEAM_ROLES;
    /// Gives an account a role in place of the one it has.
    fn set_account(repository: RepositoryId, account: AccountId, role: &str) -> changed = SET_ACCOUNT_ROLE;
    /// Gives a team a role in place of the one it has.
    fn set_team(repository: RepositoryId, team: TeamId, role: &str) -> changed = SET_TEAM_ROLE;
    /// Takes an account's role; 0 when it has none.
    fn delete_account(repository: RepositoryId, account: AccountId) -> changed = DELETE_ACCOUNT_ROLE;
    /// Takes a team's role; 0 when it has none.
    fn delete_team(repository: RepositoryId, team: TeamId) -> changed = DELETE_TEAM_ROLE;
    /// Lists the roles an account holds, directly and by its teams.
    fn list_roles(repository: RepositoryId, account: AccountId) -> many String = LIST_ROLES;
}
