//! Teams of organizations: their role, their members, and what they may do on repositories.

use crate::ids::{AccountId, NamespaceId, TeamId};
use crate::query::{queries, record};

record! {
    /// A team.
    pub struct Team {
        /// Its row.
        pub id: TeamId,
        /// Its name.
        pub name: String,
        /// `member`, `creator` or `admin`.
        pub role: String,
        /// What it is for.
        pub description: String,
    }
}

record! {
    /// A team in the list of its organization.
    pub struct TeamSummary {
        /// Its name.
        pub name: String,
        /// `member`, `creator` or `admin`.
        pub role: String,
        /// What it is for.
        pub description: String,
        /// Repositories it has a role on.
        pub repo_count: i64,
        /// Its members.
        pub member_count: i64,
        /// Whether the asking account is one of them.
        pub has_caller: bool,
    }
}

record! {
    /// A member of a team.
    pub struct Member {
        /// The account.
        pub id: AccountId,
        /// Its name.
        pub name: String,
        /// `user` or `robot`.
        pub kind: String,
        /// Its address.
        pub email: Option<String>,
    }
}

record! {
    /// A repository a team has a role on.
    pub struct TeamPermission {
        /// The repository's name, without its namespace.
        pub name: String,
        /// `public` or `private`.
        pub visibility: String,
        /// `read`, `write` or `admin`.
        pub role: String,
    }
}

queries! {
    /// Finds a team by name.
    fn find_team(organization: NamespaceId, name: &str) -> maybe Team = FIND_TEAM;
    /// Lists the teams of an organization, oldest first.
    fn list_teams(organization: NamespaceId, caller: Option<AccountId>) -> many TeamSummary = LIST_TEAMS;
    /// Makes a team; answers its row.
    fn insert_team(organization: NamespaceId, name: &str, role: &str, description: &str) -> one TeamId = INSERT_TEAM;
    /// Changes a team.
    fn change_team(team: TeamId, role: &str, description: &str) -> changed = CHANGE_TEAM;
    /// Ends a team.
    fn delete_team(team: TeamId) -> changed = DELETE_TEAM;
    /// Lists the members of a team by name.
    fn list_members(team: TeamId) -> many Member = LIST_TEAM_MEMBERS;
    /// Says whether an account is in a team.
    fn is_member(organization: NamespaceId, team: &str, account: AccountId) -> one bool = IS_TEAM_MEMBER;
    /// Puts an account into a team; 0 when it was there.
    fn add_member(team: TeamId, account: AccountId) -> changed = ADD_TEAM_MEMBER;
    /// Takes an account out of a team; 0 when it was not there.
    fn remove_member(team: TeamId, account: AccountId) -> changed = REMOVE_TEAM_MEMBER;
    /// Counts the admin teams an account is in beside one.
    fn count_other_admin_teams(organization: NamespaceId, account: AccountId, team: TeamId) -> one i64 = COUNT_OTHER_ADMIN_TEAMS;
    /// Says whether an account is in a team of an organization or one of its robots.
    fn is_in_organization(organization: NamespaceId, account: AccountId) -> one bool = IS_IN_ORGANIZATION;
    /// Lists the repositories a team has a role on.
    fn list_permissions(team: TeamId) -> many TeamPermission = LIST_TEAM_PERMISSIONS;
}
