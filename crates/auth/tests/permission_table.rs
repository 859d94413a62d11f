//! The decision, case by case: who, on what, may do which of pull, push, delete, admin, create.
//!
//! A row's verdicts are written as five letters in that order, a dash for refused.

use slipway_auth::permission::{
    AccountId, Decision, Grants, NamespaceOwner, Principal, Reason, Registry, RepositoryFacts,
    RepositoryState, Role, TeamRole, Visibility, decide,
};
use slipway_auth::scope::ActionSet;

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const ACME: AccountId = AccountId(3);
const ROBOT: AccountId = AccountId(4);

fn letters(decision: &Decision) -> String {
    let verdicts = [
        (decision.pull, 'p'),
        (decision.push, 'w'),
        (decision.delete, 'd'),
        (decision.admin, 'a'),
        (decision.create, 'c'),
    ];
    verdicts
        .iter()
        .map(|(verdict, letter)| if verdict.allowed { *letter } else { '-' })
        .collect()
}

fn alice() -> Principal {
    Principal::user(ALICE, "alice")
}

fn robot() -> Principal {
    Principal::robot(ROBOT, "acme+ci", ACME)
}

fn superuser(full_access: bool, global_readonly: bool) -> Principal {
    Principal {
        superuser: true,
        full_access,
        global_readonly,
        ..Principal::user(BOB, "bob")
    }
}

fn own(visibility: Visibility) -> RepositoryFacts {
    RepositoryFacts::existing("alice", NamespaceOwner::User(ALICE), visibility)
}

fn acme(visibility: Visibility) -> RepositoryFacts {
    RepositoryFacts::existing("acme", NamespaceOwner::Organization(ACME), visibility)
}

fn missing(owner: NamespaceOwner) -> RepositoryFacts {
    RepositoryFacts::missing("somewhere", owner)
}

fn role(role: Role) -> Grants {
    Grants {
        repository_role: Some(role),
        team_role: None,
    }
}

fn team(role: TeamRole) -> Grants {
    Grants {
        repository_role: None,
        team_role: Some(role),
    }
}

fn ask(principal: &Principal, facts: &RepositoryFacts, grants: Grants) -> String {
    letters(&decide(principal, facts, &grants, &Registry::default()))
}

#[test]
fn existing_repositories_in_the_normal_state() {
    let none = Grants::default();
    let (public, private) = (Visibility::Public, Visibility::Private);
    let nobody = Principal::anonymous();
    let token = Principal::access_token("deploy");
    let rows = [
        (nobody.clone(), acme(public), none, "p----"),
        (nobody, acme(private), none, "-----"),
        (alice(), acme(public), none, "p----"),
        (alice(), acme(private), none, "-----"),
        (alice(), acme(private), role(Role::Read), "p----"),
        (alice(), acme(private), role(Role::Write), "pwd--"),
        (alice(), acme(private), role(Role::Admin), "pwda-"),
        (alice(), acme(private), team(TeamRole::Member), "-----"),
        (alice(), acme(private), team(TeamRole::Creator), "-----"),
        (alice(), acme(private), team(TeamRole::Admin), "pwda-"),
        (alice(), own(private), none, "pwda-"),
        (Principal::user(BOB, "bob"), own(private), none, "-----"),
        (robot(), acme(private), none, "-----"),
        (robot(), acme(private), role(Role::Write), "pwd--"),
        (robot(), acme(private), team(TeamRole::Admin), "pwda-"),
        (
            Principal::robot(ROBOT, "alice+ci", ALICE),
            own(private),
            none,
            "-----",
        ),
        (token.clone(), acme(private), role(Role::Read), "p----"),
        (token, acme(private), role(Role::Write), "pwd--"),
        (superuser(false, false), acme(private), none, "-----"),
        (superuser(true, false), acme(private), none, "pwda-"),
        (superuser(true, true), acme(private), none, "p----"),
        (
            superuser(true, true),
            acme(private),
            role(Role::Admin),
            "p----",
        ),
    ];
    for (principal, facts, grants, expected) in rows {
        assert_eq!(
            ask(&principal, &facts, grants),
            expected,
            "{principal:?} {facts:?} {grants:?}"
        );
    }
}

#[test]
fn missing_repositories_may_be_created_by_those_who_may() {
    let none = Grants::default();
    let organization = NamespaceOwner::Organization(ACME);
    let rows = [
        (Principal::anonymous(), missing(organization), none, "-----"),
        (alice(), missing(organization), none, "-----"),
        (
            alice(),
            missing(organization),
            team(TeamRole::Member),
            "-----",
        ),
        (
            alice(),
            missing(organization),
            team(TeamRole::Creator),
            "pw--c",
        ),
        (
            alice(),
            missing(organization),
            team(TeamRole::Admin),
            "pw-ac",
        ),
        (alice(), missing(NamespaceOwner::User(ALICE)), none, "pw-ac"),
        (alice(), missing(NamespaceOwner::User(BOB)), none, "-----"),
        (alice(), missing(NamespaceOwner::Missing), none, "-----"),
        (
            robot(),
            missing(organization),
            team(TeamRole::Creator),
            "pw--c",
        ),
        (robot(), missing(organization), none, "-----"),
        (
            Principal::access_token("t"),
            missing(organization),
            role(Role::Admin),
            "-----",
        ),
        (superuser(true, false), missing(organization), none, "pw-ac"),
        (
            superuser(true, false),
            missing(NamespaceOwner::Missing),
            none,
            "-----",
        ),
        (superuser(true, true), missing(organization), none, "p----"),
    ];
    for (principal, facts, grants, expected) in rows {
        assert_eq!(
            ask(&principal, &facts, grants),
            expected,
            "{principal:?} {facts:?} {grants:?}"
        );
    }
}

#[test]
fn a_push_into_a_missing_namespace_needs_the_setting_and_a_user() {
    let registry = Registry {
        create_namespace_on_push: true,
        ..Registry::default()
    };
    let facts = missing(NamespaceOwner::Missing);
    let ask = |principal: &Principal| decide(principal, &facts, &Grants::default(), &registry);

    let by_user = ask(&alice());
    assert_eq!(letters(&by_user), "pw--c");
    assert_eq!(by_user.create.reason, Reason::PushCreatesNamespace);
    assert_eq!(letters(&ask(&robot())), "-----");
    assert_eq!(letters(&ask(&Principal::anonymous())), "-----");
    assert_eq!(
        letters(&ask(&Principal {
            restricted: true,
            ..alice()
        })),
        "-----"
    );
}

#[test]
fn the_state_of_a_repository_limits_writers() {
    let rows = [
        (RepositoryState::Normal, "pwda-", "pwda-"),
        (RepositoryState::ReadOnly, "p--a-", "p--a-"),
        (RepositoryState::Mirror, "p--a-", "pwda-"),
        (RepositoryState::OrgMirror, "p--a-", "pwda-"),
        (RepositoryState::MarkedForDeletion, "-----", "-----"),
    ];
    for (state, by_alice, by_mirror_robot) in rows {
        let facts = RepositoryFacts {
            state,
            mirror_robot: Some(ROBOT),
            ..acme(Visibility::Public)
        };

        assert_eq!(
            ask(&alice(), &facts, role(Role::Admin)),
            by_alice,
            "{state:?}"
        );
        assert_eq!(
            ask(&robot(), &facts, role(Role::Admin)),
            by_mirror_robot,
            "{state:?}"
        );
    }
}

#[test]
fn a_mirror_without_robot_has_no_writer_and_a_robot_needs_its_role() {
    let mirror = |mirror_robot| RepositoryFacts {
        state: RepositoryState::Mirror,
        mirror_robot,
        ..acme(Visibility::Private)
    };

    assert_eq!(ask(&robot(), &mirror(None), role(Role::Write)), "p----");
    assert_eq!(
        ask(&robot(), &mirror(Some(ROBOT)), Grants::default()),
        "-----"
    );
    assert_eq!(
        ask(
            &superuser(true, false),
            &mirror(Some(BOB)),
            Grants::default()
        ),
        "p--a-"
    );
}

#[test]
fn switches_of_the_registry() {
    let plain = Registry::default();
    let rows = [
        (
            Registry {
                read_only: true,
                ..plain
            },
            "p--a-",
            "p----",
        ),
        (
            Registry {
                pushes_disabled: true,
                ..plain
            },
            "p--a-",
            "p----",
        ),
        (
            Registry {
                anonymous_access: false,
                ..plain
            },
            "pwda-",
            "-----",
        ),
        (
            Registry {
                open_test_registry: true,
                ..plain
            },
            "pwda-",
            "pwd--",
        ),
    ];
    for (registry, by_admin, by_nobody) in rows {
        let facts = acme(Visibility::Public);
        let admin = decide(&alice(), &facts, &role(Role::Admin), &registry);
        let nobody = decide(
            &Principal::anonymous(),
            &facts,
            &Grants::default(),
            &registry,
        );

        assert_eq!(letters(&admin), by_admin, "{registry:?}");
        assert_eq!(letters(&nobody), by_nobody, "{registry:?}");
    }
}

#[test]
fn disabled_pushes_leave_creation_by_other_ways() {
    let registry = Registry {
        pushes_disabled: true,
        ..Registry::default()
    };
    let facts = missing(NamespaceOwner::User(ALICE));

    let decision = decide(&alice(), &facts, &Grants::default(), &registry);

    assert_eq!(letters(&decision), "p--ac");
    assert_eq!(decision.push.reason, Reason::PushesDisabled);
}

#[test]
fn an_open_test_registry_lets_everybody_create_anywhere() {
    let registry = Registry {
        open_test_registry: true,
        ..Registry::default()
    };
    let nobody = Principal::anonymous();
    for owner in [NamespaceOwner::Missing, NamespaceOwner::Organization(ACME)] {
        let decision = decide(&nobody, &missing(owner), &Grants::default(), &registry);

        assert_eq!(letters(&decision), "pw--c", "{owner:?}");
    }
}

#[test]
fn a_restricted_user_writes_nothing_at_home_but_may_elsewhere() {
    let restricted = Principal {
        restricted: true,
        ..alice()
    };
    let robot_at_home = Principal {
        restricted: true,
        ..Principal::robot(ROBOT, "alice+ci", ALICE)
    };

    assert_eq!(
        ask(&restricted, &own(Visibility::Private), Grants::default()),
        "p--a-"
    );
    let absent = missing(NamespaceOwner::User(ALICE));
    assert_eq!(ask(&restricted, &absent, Grants::default()), "p--a-");
    assert_eq!(
        ask(&restricted, &acme(Visibility::Private), role(Role::Write)),
        "pwd--"
    );
    assert_eq!(
        ask(&robot_at_home, &own(Visibility::Private), role(Role::Write)),
        "p----"
    );
}

#[test]
fn members_pull_through_a_proxy_cache_whether_or_not_it_is_cached() {
    let cached = RepositoryFacts {
        proxy_cache: true,
        ..acme(Visibility::Private)
    };
    let uncached = RepositoryFacts {
        exists: false,
        ..cached.clone()
    };
    for facts in [cached, uncached] {
        assert_eq!(ask(&alice(), &facts, team(TeamRole::Member)), "p----");
        assert_eq!(ask(&alice(), &facts, Grants::default()), "-----");
        let token = Principal::access_token("deploy");
        assert_eq!(
            ask(&token, &facts, team(TeamRole::Member)),
            "-----",
            "tokens join no team"
        );
    }
}

#[test]
fn a_disabled_namespace_serves_nobody() {
    let facts = RepositoryFacts {
        namespace_enabled: false,
        ..acme(Visibility::Public)
    };

    let decision = decide(&alice(), &facts, &role(Role::Admin), &Registry::default());

    assert_eq!(letters(&decision), "---a-");
    assert_eq!(decision.pull.reason, Reason::NamespaceDisabled);
}

#[test]
fn a_read_only_superuser_sees_what_administrators_see() {
    let facts = acme(Visibility::Private);
    let inspect = |principal: &Principal, grants: Grants| {
        decide(principal, &facts, &grants, &Registry::default())
            .inspect
            .allowed
    };

    assert!(inspect(&superuser(false, true), Grants::default()));
    assert!(inspect(&superuser(true, false), Grants::default()));
    assert!(inspect(&alice(), role(Role::Admin)));
    assert!(!inspect(&superuser(false, false), Grants::default()));
    assert!(!inspect(&alice(), role(Role::Write)));
}

#[test]
fn reasons_name_what_settled_it() {
    let registry = Registry::default();
    let none = Grants::default();
    let private = acme(Visibility::Private);
    let nobody = decide(&Principal::anonymous(), &private, &none, &registry);
    let stranger = decide(&alice(), &private, &none, &registry);
    let absent = decide(
        &alice(),
        &missing(NamespaceOwner::User(BOB)),
        &none,
        &registry,
    );
    let reader = decide(
        &superuser(true, true),
        &private,
        &role(Role::Admin),
        &registry,
    );
    let member = decide(&alice(), &private, &role(Role::Admin), &registry);
    let both_lists = decide(&superuser(true, true), &private, &none, &registry);

    assert_eq!(nobody.pull.reason, Reason::LoginNeeded);
    assert_eq!(nobody.push.reason, Reason::LoginNeeded);
    assert_eq!(stranger.pull.reason, Reason::NoReadRole);
    assert_eq!(stranger.push.reason, Reason::NoWriteRole);
    assert_eq!(stranger.admin.reason, Reason::NoAdminRole);
    assert_eq!(absent.pull.reason, Reason::RepositoryMissing);
    assert_eq!(absent.create.reason, Reason::NoCreateRole);
    assert_eq!(reader.push.reason, Reason::ReadOnlySuperuserWrites);
    assert_eq!(both_lists.pull.reason, Reason::ReadOnlySuperuserReads);
    assert_eq!(member.push.reason, Reason::RepositoryRole);
    assert_eq!(member.create.reason, Reason::RepositoryExists);
    assert_eq!(
        stranger.pull.reason.to_string(),
        "no role lets the caller read the repository"
    );
}

#[test]
fn a_token_is_granted_what_was_asked_for_and_is_allowed() {
    let registry = Registry::default();
    let all = ActionSet::ALL;
    let normal = acme(Visibility::Private);
    let frozen = RepositoryFacts {
        state: RepositoryState::ReadOnly,
        ..normal.clone()
    };
    let push = ActionSet::PULL.union(ActionSet::PUSH);
    let writer = decide(&alice(), &normal, &role(Role::Write), &registry);
    let admin = decide(&alice(), &normal, &role(Role::Admin), &registry);
    let frozen_admin = decide(&alice(), &frozen, &role(Role::Admin), &registry);
    let creator = decide(
        &alice(),
        &missing(NamespaceOwner::User(ALICE)),
        &Grants::default(),
        &registry,
    );

    assert_eq!(writer.granted(all), push.union(ActionSet::DELETE));
    assert_eq!(writer.granted(ActionSet::PULL), ActionSet::PULL);
    assert_eq!(writer.granted(ActionSet::ADMIN), ActionSet::EMPTY);
    assert_eq!(admin.granted(all), all);
    assert_eq!(admin.granted(ActionSet::ADMIN), ActionSet::ADMIN);
    assert_eq!(frozen_admin.granted(all), ActionSet::PULL);
    assert_eq!(creator.granted(all), push);
}

#[test]
fn a_pull_token_does_not_push() {
    let facts = acme(Visibility::Private);
    let decision = decide(&alice(), &facts, &role(Role::Admin), &Registry::default());

    let by_pull = decision.within(ActionSet::PULL);
    let by_push = decision.within(ActionSet::PUSH);

    assert_eq!(letters(&by_pull), "p----");
    assert_eq!(by_pull.push.reason, Reason::OutsideTokenScope);
    assert_eq!(letters(&by_push), "pwd--");
    assert_eq!(letters(&decision.within(ActionSet::ADMIN)), "pwda-");
    assert_eq!(letters(&decision.within(ActionSet::EMPTY)), "-----");
}
