//! How the registry behaves towards its clients.
//!
//! Limits on what is pushed, who may pull, and what lives how long.

use std::time::Duration;

use crate::choice::choice;
use crate::key::section;
use crate::size::ByteSize;

choice! {
    /// Whether the registry accepts writes.
    RegistryState {
        /// Reads and writes.
        Normal = "normal",
        /// Reads only; whatever would write is refused.
        ReadOnly = "readonly",
    }
}

choice! {
    /// What deleting a manifest by its digest does to tags that point at it.
    DeleteByDigest {
        /// All tags of that digest go with it.
        AllTags = "all_tags",
        /// Refused while more than one tag points at that digest.
        RefuseSiblings = "refuse_siblings",
    }
}

section! {
    /// How the registry behaves towards its clients.
    Registry in "registry" {
        /// Whether writes are accepted (`normal`) or only reads (`readonly`).
        state: RegistryState = RegistryState::Normal, quay ["REGISTRY_STATE"], flags [public, reload];
        /// Refuses pushes while everything else stays writable.
        disable_pushes: bool = false, quay ["DISABLE_PUSHES"], flags [reload];
        /// Whether public repositories can be read without logging in.
        anonymous_access: bool = true, quay ["FEATURE_ANONYMOUS_ACCESS"], flags [public, reload];
        /// Lets anyone push and delete without logging in. Only for throw-away test registries:
        /// there is no access control left.
        open_test_registry: bool = false;
        /// Largest blob that can be pushed.
        max_layer_bytes: ByteSize = ByteSize::from_gib(20),
            range [ByteSize::from_bytes(1), ByteSize::from_gib(1_048_576)],
            quay ["MAXIMUM_LAYER_SIZE"], flags [reload];
        /// Largest manifest that can be pushed.
        max_manifest_bytes: ByteSize = ByteSize::from_mib(4),
            range [ByteSize::from_kib(1), ByteSize::from_mib(64)];
        /// Namespace that repositories without one belong to.
        library_namespace: String = "library".to_owned(), quay ["LIBRARY_NAMESPACE"];
        /// Whether repositories may be named without a namespace.
        library_support: bool = true, quay ["FEATURE_LIBRARY_SUPPORT"], flags [public];
        /// Whether a push to a namespace nobody has yet makes it an organization of the pusher.
        create_namespace_on_push: bool = false, quay ["CREATE_NAMESPACE_ON_PUSH"], flags [reload];
        /// Whether a repository that a push makes is private.
        create_private_on_push: bool = true, quay ["CREATE_PRIVATE_REPO_ON_PUSH"], flags [reload];
        /// Repositories of one namespace; 0 sets no limit.
        max_repositories_per_namespace: u32 = 0, range [0, 1_000_000_000];
        /// Whether an image index may name manifests that are not here.
        sparse_manifests: bool = false, quay ["FEATURE_SPARSE_INDEX"], flags [reload];
        /// What deleting a manifest by digest does to tags that point at it.
        delete_by_digest: DeleteByDigest = DeleteByDigest::AllTags;
        /// Whether the catalog lists public repositories to everyone.
        public_catalog: bool = false, quay ["FEATURE_PUBLIC_CATALOG"], flags [public, reload];
        /// How long a hidden tag keeps alive what was pushed by digest alone.
        temp_tag_life: Duration = Duration::from_secs(3600), quay ["PUSH_TEMP_TAG_EXPIRATION_SEC"];
        /// How long deleted and overwritten tags can be brought back, unless a namespace says else.
        tag_expiration: Duration = Duration::from_secs(14 * 86_400), quay ["DEFAULT_TAG_EXPIRATION"];
        /// The values of that time that a namespace may choose from.
        tag_expiration_options: Vec<Duration> = [0, 1, 7, 14, 28].map(|days| Duration::from_secs(days * 86_400)).to_vec(),
            quay ["TAG_EXPIRATION_OPTIONS"];
        /// Whether a namespace may choose at all.
        change_tag_expiration: bool = true, quay ["FEATURE_CHANGE_TAG_EXPIRATION"], flags [public];
        /// How long an unfinished upload is kept after its last byte.
        upload_expiry: Duration = Duration::from_secs(86_400),
            range [Duration::from_secs(1), Duration::from_secs(365 * 86_400)];
        /// How long a pushed blob stays without a manifest that names it.
        lease_life: Duration = Duration::from_secs(3600),
            range [Duration::from_secs(1), Duration::from_secs(365 * 86_400)];
        /// Tags in one answer when the client names no number, and at most.
        page_size: u32 = 100, range [1, 10_000], quay ["V2_PAGINATION_SIZE"];
        /// Repositories in one answer of the catalog when the client names no number, and at most.
        catalog_page_size: u32 = 100, range [1, 10_000], quay ["V2_PAGINATION_SIZE"];
        /// Largest answer of the referrers list; more comes in further pages.
        referrers_page_bytes: ByteSize = ByteSize::from_mib(4),
            range [ByteSize::from_kib(16), ByteSize::from_mib(64)];
    }
}
