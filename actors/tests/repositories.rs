//! Manifests, tags and blobs of a repository as its actor answers them.

use bytes::Bytes;
use slipway_actors::Origin;
use slipway_actors::repository::{
    DeleteBlob, DeleteManifest, DeleteTag, EnsureRepository, FindBlob, ListReferrers, ListTags,
    MountBlob, MountFrom, RepositoryError,
};
use slipway_oci::TagName;

use crate::support::{Node, Site, digest_of, image, name, noise, wait_for};

const PATH: &str = "acme/web";

async fn list_tags(node: &Node) -> Vec<String> {
    let msg = ListTags {
        after: None,
        limit: 100,
    };
    node.actors.ask_repository(&name(PATH), msg).await.unwrap()
}

async fn delete_tag(node: &Node, tag: &str) -> Result<(), RepositoryError> {
    let msg = DeleteTag {
        tag: TagName::parse(tag).unwrap(),
        username: None,
        origin: Origin::default(),
    };
    node.actors.ask_repository(&name(PATH), msg).await
}

#[test]
fn a_pushed_image_pulls_by_tag_and_digest_also_after_a_restart() {
    let site = Site::new();
    let layer = noise(1, 1000);
    let bytes = image(&Bytes::from_static(b"{}"), std::slice::from_ref(&layer));
    let check = async |node: &Node| {
        for reference in ["v1", "latest", &digest_of(&bytes).to_string()] {
            let pulled = node.pull(PATH, reference).await.unwrap();
            assert_eq!(pulled.digest, digest_of(&bytes));
            assert_eq!(pulled.manifest.bytes, bytes);
        }
        assert_eq!(list_tags(node).await, ["latest", "v1"]);
    };
    site.run(async |node| {
        node.push_image(PATH, &["v1", "latest"], &[layer]).await;
        check(&node).await;
    });
    site.run(async |node| check(&node).await);
}

#[test]
fn a_moved_tag_is_seen_at_once_and_the_old_manifest_is_no_longer_served() {
    let site = Site::new();
    site.run(async |node| {
        let one = node.push_image(PATH, &["v1"], &[noise(1, 10)]).await;
        node.pull(PATH, &one.to_string()).await.unwrap();
        let two = node.push_image(PATH, &["v1"], &[noise(2, 10)]).await;
        assert_eq!(node.pull(PATH, "v1").await.unwrap().digest, two);
        let old = node.pull(PATH, &one.to_string()).await;
        assert!(
            matches!(old, Err(RepositoryError::ManifestUnknown(_))),
            "{old:?}"
        );
    });
}

#[test]
fn ended_tags_and_manifests_are_told_from_unknown_ones() {
    let site = Site::new();
    site.run(async |node| {
        let digest = node.push_image(PATH, &["v1", "v2"], &[noise(1, 10)]).await;
        let never = node.pull(PATH, "never").await;
        assert!(
            matches!(never, Err(RepositoryError::TagUnknown(_))),
            "{never:?}"
        );
        delete_tag(&node, "v1").await.unwrap();
        let ended = node.pull(PATH, "v1").await;
        assert!(
            matches!(ended, Err(RepositoryError::TagExpired(_))),
            "{ended:?}"
        );
        let again = delete_tag(&node, "v1").await;
        assert!(
            matches!(again, Err(RepositoryError::TagUnknown(_))),
            "{again:?}"
        );
        assert_eq!(node.pull(PATH, "v2").await.unwrap().digest, digest);

        let delete = async || {
            let msg = DeleteManifest {
                digest,
                origin: Origin::default(),
            };
            node.actors.ask_repository(&name(PATH), msg).await
        };
        delete().await.unwrap();
        for reference in ["v2", &digest.to_string()] {
            assert!(node.pull(PATH, reference).await.is_err());
        }
        let again = delete().await;
        assert!(
            matches!(again, Err(RepositoryError::ManifestUnknown(_))),
            "{again:?}"
        );
        assert_eq!(list_tags(&node).await, Vec::<String>::new());
    });
}

#[test]
fn a_manifest_needs_its_blobs_in_this_repository() {
    let site = Site::new();
    site.run(async |node| {
        let (config, layer) = (Bytes::from_static(b"{}"), noise(1, 200_000));
        node.push_image("acme/base", &["v1"], std::slice::from_ref(&layer))
            .await;
        node.push_blob(PATH, &config).await;
        let bytes = image(&config, std::slice::from_ref(&layer));
        let refused = node.push_manifest(PATH, &["v1"], &bytes).await;
        let Err(RepositoryError::BlobsMissing(missing)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(missing, [digest_of(&layer)]);

        let digest = digest_of(&layer);
        let mount = async |from: &str, reads_everything: bool| {
            let msg = MountBlob {
                digest,
                from: MountFrom {
                    repository: Some(name(from)),
                    account: None,
                    reads_everything,
                },
            };
            node.actors.ask_repository(&name(PATH), msg).await.unwrap()
        };
        assert!(!mount("acme/absent", true).await);
        assert!(
            !mount("acme/base", false).await,
            "a private source looks absent"
        );
        assert!(mount("acme/base", true).await);
        node.push_manifest(PATH, &["v1"], &bytes).await.unwrap();
        assert_eq!(node.read_blob(PATH, digest, None).await.unwrap(), layer);
        assert_eq!(site.objects().len(), 1, "a mount copies nothing");
    });
}

#[test]
fn a_blob_goes_once_no_manifest_needs_it() {
    let site = Site::new();
    site.run(async |node| {
        let layer = noise(1, 10);
        let digest = digest_of(&layer);
        node.push_image(PATH, &["v1"], &[layer]).await;
        let delete = async || {
            node.actors
                .ask_repository(&name(PATH), DeleteBlob { digest })
                .await
        };
        let needed = delete().await;
        assert!(
            matches!(needed, Err(RepositoryError::BlobNeeded(_))),
            "{needed:?}"
        );
        delete_tag(&node, "v1").await.unwrap();
        delete().await.unwrap();
        let find = node
            .actors
            .ask_repository(&name(PATH), FindBlob { digest })
            .await;
        assert!(
            matches!(find, Err(RepositoryError::BlobUnknown(_))),
            "{find:?}"
        );
        let again = delete().await;
        assert!(
            matches!(again, Err(RepositoryError::BlobUnknown(_))),
            "{again:?}"
        );
    });
}

#[test]
fn referrers_of_an_absent_repository_are_an_empty_list() {
    let site = Site::new();
    site.run(async |node| {
        let msg = ListReferrers {
            subject: digest_of(b"x"),
            artifact_type: None,
            after: 0,
        };
        let listed = node.actors.ask_repository(&name("acme/absent"), msg).await;
        let listed = listed.unwrap();
        assert!(listed.entries.is_empty() && listed.next.is_none());
    });
}

#[test]
fn a_namespace_is_made_only_when_that_is_allowed() {
    let site = Site::new();
    site.run(async |node| {
        let ensure = async |creates_namespace| {
            let msg = EnsureRepository {
                origin: Origin::default(),
                creates_namespace,
                namespaces: None,
            };
            node.actors.ask_repository(&name(PATH), msg).await
        };
        let refused = ensure(false).await;
        assert!(
            matches!(refused, Err(RepositoryError::NamespaceUnknown(_))),
            "{refused:?}"
        );
        let id = ensure(true).await.unwrap();
        assert_eq!(ensure(false).await.unwrap(), id);
    });
}

#[test]
fn a_disabled_namespace_serves_nothing_within_seconds() {
    let site = Site::new();
    site.run(async |node| {
        node.push_image(PATH, &["v1"], &[noise(1, 10)]).await;
        node.pull(PATH, "v1").await.unwrap();
        slipway_model::account::set_enabled(&node.db, "acme", false)
            .await
            .unwrap();
        wait_for("the namespace to be refused", async || {
            matches!(
                node.pull(PATH, "v1").await,
                Err(RepositoryError::NamespaceDisabled(_))
            )
        })
        .await;
        slipway_model::account::set_enabled(&node.db, "acme", true)
            .await
            .unwrap();
        wait_for("the namespace to be served again", async || {
            node.pull(PATH, "v1").await.is_ok()
        })
        .await;
    });
}
