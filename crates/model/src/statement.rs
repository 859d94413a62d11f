//! The statements of `sql/queries`: text, parameter types, and the list that a test prepares.
//!
//! A statement is named by its file. Types are declared so that it can be sent without asking the
//! server first.

use postgres_types::Type;

/// One statement.
#[derive(Debug)]
pub struct Statement {
    /// Its file below `sql/queries`, without `.sql`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The types of its parameters, in order.
    pub types: &'static [Type],
}

macro_rules! statements {
    ($($constant:ident = $name:literal [$($type:ident),*];)*) => {
        $(
            pub(crate) const $constant: Statement = Statement {
                name: $name,
                text: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/../../sql/queries/", $name, ".sql"
                )),
                types: &[$(Type::$type),*],
            };
        )*
        /// Every statement this crate sends.
        pub const ALL_STATEMENTS: &[Statement] = &[$($constant),*];
    };
}

statements! {
    FIND_LOGIN = "account/find_login" [TEXT];
    INSERT_USER = "account/insert_user" [TEXT, TEXT, TEXT, BOOL, INT8, BOOL];
    RECORD_FAILURE = "account/record_failure" [INT8];
    CLEAR_FAILURES = "account/clear_failures" [INT8];
    SET_ENABLED = "account/set_enabled" [TEXT, BOOL];
    LIST_CHANGED_EPOCHS = "account/list_changed_epochs" [FLOAT8, BOOL];
    FIND_NAMESPACE_ACCESS = "namespace/find_access" [TEXT, INT8];
    RAISE_EPOCHS = "namespace/raise_epochs" [INT8_ARRAY];
    FIND_IDENTITY = "account/find_identity" [INT8];
    INSERT_SESSION = "session/insert_session" [BYTEA, INT8, TEXT, FLOAT8];
    FIND_SESSION = "session/find_session" [BYTEA];
    TOUCH_SESSION = "session/touch_session" [BYTEA, FLOAT8];
    RENEW_LOGIN = "session/renew_login" [BYTEA, TEXT];
    DELETE_SESSIONS = "session/delete_sessions" [INT8];
    DELETE_EXPIRED_SESSIONS = "session/delete_expired" [];
    FIND_OAUTH_TOKEN = "oauth_token/find_token" [TEXT];
    INSERT_SEALING_KEY = "sealing_key/insert_key" [BYTEA];
    LIST_SEALING_KEYS = "sealing_key/list_keys" [];
    INSERT_LOG = "audit/insert_log" [TEXT, INT8, INT8, INT8, TEXT, TEXT, JSONB];
    CREATE_ORGANIZATION = "organization/create_organization" [TEXT, TEXT, TEXT, INT8, INT8];
    HAS_EMAIL = "account/has_email" [TEXT];
    INSERT_ORGANIZATION = "namespace/insert_organization" [TEXT, INT8, INT8];
    FIND_FACTS = "repository/find_facts" [TEXT, TEXT, INT8];
    LOCK_REPOSITORY = "repository/lock_repository" [INT8];
    INSERT_REPOSITORY = "repository/insert_repository" [
        TEXT, TEXT, TEXT, INT8, TEXT, TEXT, INT8, INT8_ARRAY
    ];
    FIND_MANIFEST = "manifest/find_manifest" [INT8, BYTEA];
    PUT_MANIFEST = "manifest/put_manifest" [
        INT8, BYTEA, TEXT, TEXT, TEXT, BYTEA, JSONB, BYTEA, INT8, BYTEA_ARRAY, INT8_ARRAY,
        BYTEA_ARRAY, BOOL, TEXT_ARRAY, INT8, JSONB, INT8, TEXT, TEXT, JSONB
    ];
    FIND_SERVED_ID = "manifest/find_served_id" [INT8, BYTEA];
    FIND_KEPT_ID = "manifest/find_kept_id" [INT8, BYTEA];
    REVIVE_MANIFEST = "manifest/revive_manifest" [INT8, INT8];
    DELETE_MANIFEST = "manifest/delete_manifest" [INT8, BYTEA, BOOL, INT8, TEXT, TEXT, JSONB];
    LIST_REFERRERS = "manifest/list_referrers" [INT8, BYTEA, TEXT, INT8, INT8];
    FIND_TAG = "tag/find_tag" [INT8, TEXT];
    HAS_HISTORY = "tag/has_history" [INT8, TEXT];
    LIST_TAGS = "tag/list_tags" [INT8, TEXT, INT8];
    DELETE_TAG = "tag/delete_tag" [INT8, TEXT, INT8, TEXT, TEXT, JSONB];
    LIST_HISTORY = "tag/list_history" [INT8, BOOL, TEXT, TEXT, INT8, INT8];
    FIND_SPAN = "tag/find_span" [INT8, TEXT];
    CLOSE_SPAN = "tag/close_span" [INT8, TEXT, INT8];
    OPEN_SPAN = "tag/open_span" [INT8, INT8, TEXT, INT8, BOOL];
    HAS_ACTING_LABEL = "tag/has_acting_label" [INT8];
    SET_END = "tag/set_end" [INT8, INT8];
    SET_IMMUTABLE = "tag/set_immutable" [INT8, BOOL, BOOL];
    PURGE_LIVE = "tag/purge_live" [INT8];
    PURGE_ENDED = "tag/purge_ended" [INT8, TEXT, INT8, INT8];
    PURGE_CHILDREN = "tag/purge_children" [INT8, INT8];
    LIST_LABELS = "label/list_labels" [INT8, TEXT];
    FIND_LABEL = "label/find_label" [INT8, UUID];
    INSERT_LABEL = "label/insert_label" [INT8, TEXT, TEXT, TEXT, INT8];
    DELETE_LABEL = "label/delete_label" [UUID];
    APPLY_LIFE = "label/apply_life" [INT8, INT8];
    FIND_BLOB = "blob/find_blob" [INT8, BYTEA, FLOAT8];
    LIST_SEGMENTS = "blob/list_segments" [INT8];
    COMMIT_BLOBS = "blob/commit_blobs" [
        BYTEA_ARRAY, INT8_ARRAY, BYTEA_ARRAY, INT4_ARRAY, INT8_ARRAY, BYTEA_ARRAY, INT4_ARRAY,
        INT8_ARRAY, UUID_ARRAY, INT4_ARRAY, INT8_ARRAY, FLOAT8
    ];
    LINK_BLOB = "blob/link_blob" [INT8, INT8, BYTEA, FLOAT8];
    FIND_SOURCE = "blob/find_source" [BYTEA, INT8, BOOL, TEXT, TEXT];
    UNLINK_BLOB = "blob/unlink_blob" [INT8, BYTEA];
    LIST_SUSPECTS = "blob/list_suspects" [INT8, INT8];
    LIST_SUSPECTS_HERE = "blob/list_suspects_here" [INT8, BYTEA_ARRAY];
    FIND_SUSPECT = "blob/find_suspect" [INT8];
    CLEAR_SUSPECT = "blob/clear_suspect" [INT8];
    MARK_LOST = "blob/mark_lost" [INT8];
    COUNT_DOUBTFUL = "blob/count_doubtful" [];
    LIST_NAMED_SEGMENTS = "blob/list_named_segments" [INT8_ARRAY, BYTEA_ARRAY];
    OPEN_BATCH = "batch/open_batch" [UUID];
    CLOSE_BATCH = "batch/close_batch" [INT8];
    CLOSE_OWN = "batch/close_own" [UUID];
    CLOSE_DEAD_BATCHES = "batch/close_dead_batches" [UUID, BOOL, FLOAT8];
    MARK_SWEPT = "batch/mark_swept" [INT8];
    SAVE_UPLOAD = "upload/save_upload" [
        UUID, INT8, INT8, INT8, BYTEA, BYTEA, INT8_ARRAY, BYTEA_ARRAY, INT4_ARRAY, INT8_ARRAY
    ];
    TAKE_UPLOAD = "upload/take_upload" [UUID, INT8];
    LIST_UPLOAD_SEGMENTS = "upload/list_segments" [UUID];
    DELETE_UPLOAD = "upload/delete_upload" [UUID];
    LIST_EXPIRED = "upload/list_expired" [FLOAT8, INT8];
    START_NODE = "node/start_node" [UUID, TEXT, BOOL];
    COUNT_UNDURABLE = "node/count_undurable" [FLOAT8];
    SUSPECT_UNDURABLE = "node/suspect_undurable" [UUID, TEXT];
    NEWEST_GENERATION = "node/newest_generation" [];
    ADVANCE_MARK = "node/advance_mark" [UUID, INT8, BOOL];
    DISTRUST_BOOT = "node/distrust_boot" [UUID];
    BEAT = "node/beat" [UUID, FLOAT8];
    LAST_HEARTBEAT = "node/last_heartbeat" [];
    SET_HELD = "node/set_held" [UUID, TEXT];
    LIST_HELD = "node/list_held" [FLOAT8];
    READ_IDENTITY = "identity/read" [];
    RAISE_COUNTER = "identity/raise_counter" [INT8];
    ACCEPT = "identity/accept" [];
    ACCEPT_DONE = "identity/accept_done" [INT8];
    STOP_NODE = "node/stop_node" [UUID];
    FENCE_OTHERS = "node/fence_others" [UUID];
    INSERT_KEY = "service_key/insert_key" [TEXT, TEXT, TEXT, JSONB, FLOAT8];
    LIST_KEYS = "service_key/list_keys" [TEXT];
    LIST_REPOSITORIES = "catalog/list_repositories" [INT8, BOOL, BOOL, TEXT, INT8];
    INSERT_ENTRIES = "audit/insert_entries" [
        TEXT_ARRAY, INT8_ARRAY, INT8_ARRAY, TEXT_ARRAY, TEXT_ARRAY, JSONB_ARRAY, INT8_ARRAY
    ];
    IDENTIFY = "database/identify" [];
}
