//! Users, their epochs, and nodes.

use slipway_model::account::{self, NewUser};
use slipway_model::node::NewNode;
use slipway_model::{Database, ModelError, NodeId, node};
use slipway_testkit::TestDatabase;

async fn make_user(db: &Database, name: &str, only_first: bool) -> Option<i64> {
    let user = NewUser {
        name,
        email: None,
        password_phc: "phc",
        superuser: false,
        tag_expiration_s: 0,
        only_first,
    };
    let made = account::insert_user(db, &user).await.unwrap();
    made.map(|(id, _)| id.0)
}

#[tokio::test]
async fn only_the_first_user_is_made_without_login() {
    let test = TestDatabase::new().await;
    let db = test.database();
    assert!(make_user(&db, "first", true).await.is_some());
    assert_eq!(make_user(&db, "second", true).await, None);
    assert!(make_user(&db, "third", false).await.is_some());
}

#[tokio::test]
async fn a_taken_name_is_a_conflict() {
    let test = TestDatabase::new().await;
    let db = test.database();
    make_user(&db, "alice", false).await;
    let user = NewUser {
        name: "alice",
        email: Some("b@example.com"),
        password_phc: "phc",
        superuser: false,
        tag_expiration_s: 0,
        only_first: false,
    };
    let outcome = account::insert_user(&db, &user).await;
    assert!(
        matches!(outcome, Err(ModelError::Conflict(_))),
        "{outcome:?}"
    );
    let organization = account::insert_organization(&db, "alice", None, 0).await;
    assert_eq!(organization.unwrap(), None);
}

#[tokio::test]
async fn disabling_raises_the_epoch_and_is_listed() {
    let test = TestDatabase::new().await;
    let db = test.database();
    let id = make_user(&db, "alice", false).await.unwrap();
    make_user(&db, "bystander", false).await;
    assert!(
        account::list_changed_epochs(&db, 60.0, false)
            .await
            .unwrap()
            .is_empty()
    );
    let before = account::find_login(&db, "alice", "192.0.2.1")
        .await
        .unwrap()
        .unwrap();

    assert!(account::set_enabled(&db, "alice", false).await.unwrap());
    let changed = account::list_changed_epochs(&db, 60.0, false)
        .await
        .unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].id.0, changed[0].epoch), (id, before.epoch + 1));
    assert!(!changed[0].enabled);

    assert!(account::set_enabled(&db, "alice", true).await.unwrap());
    let after = account::find_login(&db, "alice", "192.0.2.1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        after.epoch,
        before.epoch + 2,
        "tokens from before stay outdated"
    );
    assert!(!account::set_enabled(&db, "nobody", false).await.unwrap());
}

#[tokio::test]
async fn wrong_passwords_are_counted_and_forgotten() {
    let test = TestDatabase::new().await;
    let db = test.database();
    make_user(&db, "alice", false).await;
    let login = account::find_login(&db, "alice", "192.0.2.1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((login.failed_logins, login.since_failure_s), (0, None));
    account::record_failure(&db, login.id, "192.0.2.1")
        .await
        .unwrap();
    account::record_failure(&db, login.id, "192.0.2.1")
        .await
        .unwrap();
    let login = account::find_login(&db, "alice", "192.0.2.1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(login.failed_logins, 2);
    let elsewhere = account::find_login(&db, "alice", "192.0.2.2")
        .await
        .unwrap();
    assert_eq!(elsewhere.unwrap().failed_logins, 0, "another network");
    assert!(login.since_failure_s.unwrap() < 60.0);
    account::clear_failures(&db, login.id, "192.0.2.1")
        .await
        .unwrap();
    let login = account::find_login(&db, "alice", "192.0.2.1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((login.failed_logins, login.since_failure_s), (0, None));
}

#[tokio::test]
async fn nodes_count_each_other_while_they_beat() {
    let test = TestDatabase::new().await;
    let db = test.database();
    let (one, two) = (NodeId::new_v4(), NodeId::new_v4());
    node::start_node(&db, &NewNode::durable(one)).await.unwrap();
    assert_eq!(node::beat(&db, one, 30.0).await.unwrap().others, 0);
    node::start_node(&db, &NewNode::durable(two)).await.unwrap();
    assert_eq!(node::beat(&db, one, 30.0).await.unwrap().others, 1);
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    assert_eq!(
        node::beat(&db, one, 0.05).await.unwrap().others,
        0,
        "the other is silent"
    );
    node::stop_node(&db, two).await.unwrap();
    assert_eq!(node::beat(&db, one, 30.0).await.unwrap().others, 0);
    assert_eq!(node::beat(&db, two, 30.0).await.unwrap().others, 1);
    node::fence_others(&db, two).await.unwrap();
    assert_eq!(node::beat(&db, two, 30.0).await.unwrap().others, 0);
}
