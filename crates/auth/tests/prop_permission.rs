//! Properties of the decision over every combination of callers, places, roles and settings.

use proptest::prelude::*;
use slipway_auth::api_scope::{ApiScope, ScopeSet};
use slipway_auth::permission::{
    AccountId, Decision, Grants, NamespaceOwner, Principal, PrincipalKind, Registry,
    RepositoryFacts, RepositoryState, Role, TeamRole, Verdict, Visibility, decide,
};
use slipway_auth::scope::ActionSet;

/// Few accounts, so that callers often meet their own namespace or mirror.
fn account() -> impl Strategy<Value = AccountId> {
    (1_i64..4).prop_map(AccountId)
}

fn kind() -> impl Strategy<Value = PrincipalKind> {
    prop_oneof![
        Just(PrincipalKind::Anonymous),
        account().prop_map(|id| PrincipalKind::User {
            id,
            name: "user".to_owned()
        }),
        (account(), account()).prop_map(|(id, owner)| PrincipalKind::Robot {
            id,
            name: "a+b".to_owned(),
            owner
        }),
        Just(PrincipalKind::AccessToken {
            name: "token".to_owned()
        }),
    ]
}

prop_compose! {
    fn principal()(kind in kind(), flags in any::<[bool; 4]>(), enabled in prop::bool::weighted(0.9))
        -> Principal {
        let [superuser, global_readonly, full_access, restricted] = flags;
        let scopes = ScopeSet::DIRECT;
        Principal { kind, enabled, superuser, global_readonly, full_access, restricted, scopes }
    }
}

fn scopes() -> impl Strategy<Value = ScopeSet> {
    prop::collection::vec(prop::sample::select(ApiScope::ALL.to_vec()), 0..8).prop_map(|scopes| {
        let names: Vec<&str> = scopes.into_iter().map(ApiScope::as_str).collect();
        ScopeSet::parse(&names.join(" "))
    })
}

fn namespace_owner() -> impl Strategy<Value = NamespaceOwner> {
    prop_oneof![
        Just(NamespaceOwner::Missing),
        account().prop_map(NamespaceOwner::User),
        account().prop_map(NamespaceOwner::Organization),
    ]
}

fn state() -> impl Strategy<Value = RepositoryState> {
    prop_oneof![
        4 => Just(RepositoryState::Normal),
        1 => Just(RepositoryState::ReadOnly),
        1 => Just(RepositoryState::Mirror),
        1 => Just(RepositoryState::OrgMirror),
        1 => Just(RepositoryState::MarkedForDeletion),
    ]
}

prop_compose! {
    fn facts()(
        namespace_owner in namespace_owner(),
        namespace_enabled in prop::bool::weighted(0.9),
        exists in any::<bool>(),
        is_public in any::<bool>(),
        state in state(),
        mirror_robot in prop::option::of(account()),
        proxy_cache in any::<bool>(),
    ) -> RepositoryFacts {
        let visibility = if is_public { Visibility::Public } else { Visibility::Private };
        RepositoryFacts {
            namespace_name: "name".to_owned(),
            namespace_owner,
            namespace_enabled,
            exists,
            visibility,
            state,
            mirror_robot,
            proxy_cache,
        }
    }
}

const ROLES: [Option<Role>; 4] = [None, Some(Role::Read), Some(Role::Write), Some(Role::Admin)];
const TEAM_ROLES: [Option<TeamRole>; 4] = [
    None,
    Some(TeamRole::Member),
    Some(TeamRole::Creator),
    Some(TeamRole::Admin),
];

fn grants() -> impl Strategy<Value = Grants> {
    (
        prop::sample::select(&ROLES[..]),
        prop::sample::select(&TEAM_ROLES[..]),
    )
        .prop_map(|(repository_role, team_role)| Grants {
            repository_role,
            team_role,
        })
}

prop_compose! {
    fn registry()(
        anonymous_access in any::<bool>(),
        read_only in prop::bool::weighted(0.2),
        pushes_disabled in prop::bool::weighted(0.2),
        open_test_registry in prop::bool::weighted(0.2),
        create_namespace_on_push in any::<bool>(),
    ) -> Registry {
        Registry {
            anonymous_access,
            read_only,
            pushes_disabled,
            open_test_registry,
            create_namespace_on_push,
        }
    }
}

fn action_set() -> impl Strategy<Value = ActionSet> {
    any::<[bool; 4]>().prop_map(|held| {
        [
            ActionSet::PULL,
            ActionSet::PUSH,
            ActionSet::DELETE,
            ActionSet::ADMIN,
        ]
        .into_iter()
        .zip(held)
        .filter(|(_, is_held)| *is_held)
        .fold(ActionSet::EMPTY, |set, (action, _)| set.union(action))
    })
}

fn verdicts(decision: &Decision) -> [Verdict; 7] {
    let Decision {
        pull,
        push,
        delete,
        write,
        admin,
        create,
        inspect,
    } = *decision;
    [pull, push, delete, write, admin, create, inspect]
}

fn is_within(narrow: &Decision, wide: &Decision) -> bool {
    verdicts(narrow)
        .iter()
        .zip(verdicts(wide))
        .all(|(less, more)| !less.allowed || more.allowed)
}

fn writes(decision: &Decision) -> bool {
    let Decision {
        push,
        delete,
        write,
        admin,
        create,
        ..
    } = decision;
    [push, delete, write, admin, create]
        .iter()
        .any(|verdict| verdict.allowed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_more_role_never_takes_access_away(
        principal in principal(), facts in facts(), registry in registry(),
        lesser in grants(), other in grants(),
    ) {
        let greater = Grants {
            repository_role: lesser.repository_role.max(other.repository_role),
            team_role: lesser.team_role.max(other.team_role),
        };
        let before = decide(&principal, &facts, &lesser, &registry);
        let after = decide(&principal, &facts, &greater, &registry);

        prop_assert!(is_within(&before, &after), "{before:?} then {after:?}");
    }

    #[test]
    fn a_scope_never_adds(
        principal in principal(), facts in facts(), grants in grants(), registry in registry(),
        scopes in scopes(), fewer in scopes(),
    ) {
        let with = |scopes| {
            let capped = Principal { scopes, ..principal.clone() };
            decide(&capped, &facts, &grants, &registry)
        };
        let direct = decide(&principal, &facts, &grants, &registry);
        let capped = with(scopes);

        prop_assert!(is_within(&capped, &direct), "{capped:?} then {direct:?}");
        let narrower = with(scopes.intersection(fewer));
        prop_assert!(is_within(&narrower, &capped), "{narrower:?} then {capped:?}");
    }

    #[test]
    fn a_robot_never_exceeds_its_grants(
        id in account(), owner in account(), facts in facts(), role in grants(), registry in registry(),
    ) {
        let robot = Principal::robot(AccountId(100 + id.0), "a+b", owner);
        let grants = Grants { team_role: None, ..role };
        let closed = Registry { open_test_registry: false, ..registry };
        let decision = decide(&robot, &facts, &grants, &closed);
        let role = grants.repository_role.filter(|_| facts.exists);

        prop_assert!(!decision.push.allowed || role >= Some(Role::Write), "{decision:?}");
        prop_assert!(!decision.admin.allowed || role >= Some(Role::Admin), "{decision:?}");
        prop_assert!(!decision.create.allowed, "{decision:?}");
    }

    #[test]
    fn nobody_anonymous_writes_unless_the_registry_is_open(
        facts in facts(), grants in grants(), registry in registry(),
    ) {
        let closed = Registry { open_test_registry: false, ..registry };
        let decision = decide(&Principal::anonymous(), &facts, &grants, &closed);

        prop_assert!(!writes(&decision), "{decision:?}");
    }

    #[test]
    fn a_read_only_superuser_never_writes(
        principal in principal(), facts in facts(), grants in grants(), registry in registry(),
    ) {
        let reader = Principal { global_readonly: true, ..principal };
        let decision = decide(&reader, &facts, &grants, &registry);

        prop_assert!(!writes(&decision), "{decision:?}");
    }

    #[test]
    fn a_disabled_account_gets_nothing(
        principal in principal(), facts in facts(), grants in grants(), registry in registry(),
    ) {
        let disabled = Principal { enabled: false, ..principal };
        let decision = decide(&disabled, &facts, &grants, &registry);

        prop_assert!(verdicts(&decision).iter().all(|verdict| !verdict.allowed));
    }

    #[test]
    fn a_token_only_narrows(
        principal in principal(), facts in facts(), grants in grants(), registry in registry(),
        requested in action_set(), lesser in action_set(),
    ) {
        let decision = decide(&principal, &facts, &grants, &registry);
        let granted = decision.granted(requested);
        let narrowed = decision.within(granted);

        prop_assert!(requested.contains(granted));
        prop_assert!(is_within(&narrowed, &decision));
        let narrower = decision.within(granted.intersection(lesser));
        prop_assert!(is_within(&narrower, &narrowed), "fewer actions allow no more");
    }

    #[test]
    fn what_a_token_carries_it_can_be_used_for(
        principal in principal(), facts in facts(), grants in grants(), registry in registry(),
        requested in action_set(),
    ) {
        let decision = decide(&principal, &facts, &grants, &registry);
        let granted = decision.granted(requested);
        let narrowed = decision.within(granted);

        prop_assert!(!granted.contains(ActionSet::PULL) || narrowed.pull.allowed);
        prop_assert!(!granted.contains(ActionSet::PUSH) || narrowed.push.allowed);
        prop_assert!(!granted.contains(ActionSet::DELETE) || narrowed.delete.allowed);
        prop_assert!(!granted.contains(ActionSet::ADMIN) || narrowed.admin.allowed);
    }

    #[test]
    fn who_may_push_may_pull(
        principal in principal(), facts in facts(), grants in grants(), registry in registry(),
    ) {
        let decision = decide(&principal, &facts, &grants, &registry);

        prop_assert!(!decision.push.allowed || decision.pull.allowed, "{decision:?}");
        prop_assert!(!decision.delete.allowed || decision.push.allowed, "{decision:?}");
        prop_assert!(!decision.admin.allowed || decision.inspect.allowed, "{decision:?}");
    }

    #[test]
    fn a_frozen_registry_or_repository_takes_no_content(
        principal in principal(), facts in facts(), grants in grants(), registry in registry(),
        freeze_registry in any::<bool>(),
    ) {
        let frozen = RepositoryFacts { exists: true, state: RepositoryState::ReadOnly, ..facts.clone() };
        let decision = if freeze_registry {
            let registry = Registry { read_only: true, ..registry };
            decide(&principal, &facts, &grants, &registry)
        } else {
            decide(&principal, &frozen, &grants, &registry)
        };

        prop_assert!(!decision.push.allowed && !decision.delete.allowed && !decision.create.allowed);
    }

    #[test]
    fn creating_and_deleting_exclude_each_other(
        principal in principal(), facts in facts(), grants in grants(), registry in registry(),
    ) {
        let decision = decide(&principal, &facts, &grants, &registry);

        prop_assert!(!decision.create.allowed || !facts.exists);
        prop_assert!(!decision.delete.allowed || facts.exists);
    }

    #[test]
    fn a_private_repository_stays_shut_to_strangers(
        id in account(), facts in facts(), registry in registry(),
    ) {
        let stranger = Principal::user(AccountId(100 + id.0), "stranger");
        let private = RepositoryFacts { exists: true, visibility: Visibility::Private, ..facts };
        let closed = Registry { open_test_registry: false, ..registry };
        let decision = decide(&stranger, &private, &Grants::default(), &closed);

        prop_assert!(verdicts(&decision).iter().all(|verdict| !verdict.allowed));
    }
}
