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
    FIND_LOGIN = "account/find_login" [TEXT, TEXT];
    INSERT_USER = "account/insert_user" [TEXT, TEXT, TEXT, BOOL, INT8, BOOL];
    RECORD_FAILURE = "account/record_failure" [INT8, TEXT];
    CLEAR_FAILURES = "account/clear_failures" [INT8, TEXT];
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
    FIND_ROBOT_LOGIN = "robot/find_login" [TEXT, TEXT];
    INSERT_ROBOT_PRINCIPAL = "robot/insert_principal" [TEXT, INT8];
    INSERT_ROBOT = "robot/insert_robot" [INT8, INT8, TEXT, TEXT, JSONB, BYTEA, INT8];
    FIND_ROBOT = "robot/find_robot" [INT8, TEXT];
    LIST_ROBOTS = "robot/list_robots" [INT8, BOOL, INT8];
    LIST_ROBOT_PERMISSIONS = "robot/list_permissions" [INT8];
    SET_ROBOT_TOKEN = "robot/set_token" [INT8, BYTEA, BOOL, INT8];
    DELETE_ROBOT = "robot/delete_robot" [INT8];
    LIST_FEDERATION = "robot/list_federation" [INT8];
    DELETE_FEDERATION = "robot/delete_federation" [INT8];
    INSERT_FEDERATION = "robot/insert_federation" [INT8, TEXT_ARRAY, TEXT_ARRAY];
    TOUCH_ROBOTS = "robot/touch_robots" [INT8_ARRAY, FLOAT8_ARRAY];
    TOUCH_APP_TOKENS = "app_token/touch_tokens" [UUID_ARRAY, FLOAT8_ARRAY];
    TOUCH_OAUTH_TOKENS = "oauth_token/touch_tokens" [UUID_ARRAY, FLOAT8_ARRAY];
    FIND_APP_SECRET = "app_token/find_secret" [TEXT];
    INSERT_APP_TOKEN = "app_token/insert_token" [UUID, INT8, TEXT, TEXT, BYTEA, FLOAT8];
    FIND_APP_TOKEN = "app_token/find_token" [INT8, UUID];
    LIST_APP_TOKENS = "app_token/list_tokens" [INT8, FLOAT8];
    DELETE_APP_TOKEN = "app_token/delete_token" [INT8, UUID];
    DELETE_EXPIRED_APP_TOKENS = "app_token/delete_expired" [FLOAT8];
    INSERT_APPLICATION = "oauth_application/insert_application" [
        TEXT, INT8, TEXT, TEXT, TEXT, TEXT, TEXT, BYTEA
    ];
    FIND_APPLICATION = "oauth_application/find_application" [TEXT];
    LIST_APPLICATIONS = "oauth_application/list_applications" [INT8];
    UPDATE_APPLICATION = "oauth_application/update_application" [
        INT8, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT
    ];
    SET_APPLICATION_SECRET = "oauth_application/set_secret" [INT8, BYTEA];
    DELETE_APPLICATION = "oauth_application/delete_application" [INT8];
    INSERT_OAUTH_TOKEN = "oauth_token/insert_token" [INT8, INT8, TEXT, BYTEA, TEXT, TEXT, INT8, FLOAT8];
    LIST_NAMED_TOKENS = "oauth_token/list_named" [INT8, INT8, UUID, INT8];
    DELETE_NAMED_TOKEN = "oauth_token/delete_named" [INT8, UUID];
    COUNT_NAMED_TOKENS = "oauth_token/count_named" [INT8];
    LIST_GRANTS = "oauth_token/list_grants" [INT8, UUID];
    DELETE_GRANT = "oauth_token/delete_grant" [INT8, UUID];
    LIST_GRANTED_SCOPES = "oauth_token/list_scopes" [INT8, INT8];
    DELETE_EXPIRED_OAUTH_TOKENS = "oauth_token/delete_expired" [];
    INSERT_OAUTH_CODE = "oauth_code/insert_code" [TEXT, BYTEA, INT8, INT8, TEXT, TEXT, FLOAT8];
    TAKE_OAUTH_CODE = "oauth_code/take_code" [TEXT, INT8];
    INSERT_ASSIGNMENT = "oauth_assignment/insert_assignment" [INT8, TEXT, TEXT, TEXT, TEXT];
    LIST_ASSIGNMENTS = "oauth_assignment/list_assignments" [INT8, UUID];
    DELETE_ASSIGNMENT = "oauth_assignment/delete_assignment" [INT8, UUID];
    INSERT_SEALING_KEY = "sealing_key/insert_key" [BYTEA];
    LIST_SEALING_KEYS = "sealing_key/list_keys" [];
    FIND_CURRENT_KEY = "sealing_key/find_current" [];
    KEEP_ONLY_KEY = "sealing_key/keep_only" [BYTEA];
    MARK_CURRENT_KEY = "sealing_key/mark_current" [BYTEA];
    LIST_STALE_ROBOTS = "robot/list_stale" [BYTEA, INT8];
    REPLACE_SEALED_ROBOTS = "robot/replace_sealed" [TEXT_ARRAY, BYTEA_ARRAY, BYTEA_ARRAY];
    LIST_STALE_APP_TOKENS = "app_token/list_stale" [BYTEA, INT8];
    REPLACE_SEALED_APP_TOKENS = "app_token/replace_sealed" [TEXT_ARRAY, BYTEA_ARRAY, BYTEA_ARRAY];
    LIST_STALE_APPLICATIONS = "oauth_application/list_stale" [BYTEA, INT8];
    REPLACE_SEALED_APPLICATIONS = "oauth_application/replace_sealed" [
        TEXT_ARRAY, BYTEA_ARRAY, BYTEA_ARRAY
    ];
    LIST_LOG = "audit/list_log" [INT8, INT8, INT8, INT8, INT8, INT8, INT8, INT8];
    COUNT_LOG = "audit/count_log" [INT8, INT8, INT8, INT8, INT8];
    FIND_PRINCIPAL = "namespace/find_principal" [TEXT];
    INSERT_MESSAGE = "global_message/insert_message" [TEXT, TEXT, TEXT];
    LIST_MESSAGES = "global_message/list_messages" [];
    DELETE_MESSAGE = "global_message/delete_message" [UUID];
    NOTIFY_SUPERUSERS = "user_notification/notify_superusers" [TEXT, JSONB, TEXT, TEXT_ARRAY];
    DELETE_NOTIFICATIONS_BY_PATH = "user_notification/delete_by_path" [TEXT];
    LIST_ALL_SERVICE_KEYS = "service_key/list_all_keys" [];
    FIND_SERVICE_KEY = "service_key/find_key" [TEXT, TEXT];
    SUBMIT_SERVICE_KEY = "service_key/submit_key" [TEXT, TEXT, TEXT, JSONB, JSONB, INT8, INT8];
    APPROVE_SERVICE_KEY = "service_key/approve_key" [TEXT, TEXT, INT8, TEXT];
    CHANGE_SERVICE_KEY = "service_key/change_key" [TEXT, TEXT, JSONB, INT8, BOOL];
    DELETE_SERVICE_KEY = "service_key/delete_key" [TEXT];
    DELETE_STALE_SERVICE_KEYS = "service_key/delete_stale_keys" [FLOAT8, FLOAT8];
    INSERT_LOG = "audit/insert_log" [TEXT, INT8, INT8, INT8, TEXT, TEXT, JSONB];
    CREATE_ORGANIZATION = "organization/create_organization" [TEXT, TEXT, TEXT, INT8, INT8];
    HAS_EMAIL = "account/has_email" [TEXT];
    FIND_ENTITY = "namespace/find_entity" [TEXT];
    LOCK_ORGANIZATION = "organization/lock_organization" [INT8];
    FIND_ORGANIZATION = "organization/find_organization" [INT8];
    CHANGE_ORGANIZATION = "organization/change_settings" [INT8, BOOL, TEXT, INT8];
    CHANGE_ORGANIZATION_ADDRESSES = "organization/change_addresses" [INT8, TEXT, TEXT];
    LIST_ORGANIZATIONS = "organization/list_organizations" [INT8, INT8];
    DELETE_ORGANIZATION = "organization/delete_organization" [INT8];
    RENAME_ORGANIZATION = "organization/rename_organization" [INT8, TEXT];
    CONVERT_TO_ORGANIZATION = "organization/convert_user" [INT8];
    LIST_ORGANIZATION_MEMBERS = "organization/list_members" [INT8, INT8];
    LIST_ORGANIZATION_GRANTS = "organization/list_grants" [INT8, INT8];
    LEAVE_TEAMS = "organization/leave_teams" [INT8, INT8];
    LEAVE_REPOSITORIES = "organization/leave_repositories" [INT8, INT8];
    COUNT_ADMINS = "organization/count_admins" [INT8];
    FIND_TEAM = "team/find_team" [INT8, TEXT];
    LIST_TEAMS = "team/list_teams" [INT8, INT8];
    INSERT_TEAM = "team/insert_team" [INT8, TEXT, TEXT, TEXT];
    CHANGE_TEAM = "team/change_team" [INT8, TEXT, TEXT];
    DELETE_TEAM = "team/delete_team" [INT8];
    LIST_TEAM_MEMBERS = "team/list_members" [INT8];
    IS_TEAM_MEMBER = "team/is_member" [INT8, TEXT, INT8];
    ADD_TEAM_MEMBER = "team/add_member" [INT8, INT8];
    REMOVE_TEAM_MEMBER = "team/remove_member" [INT8, INT8];
    COUNT_OTHER_ADMIN_TEAMS = "team/count_other_admin_teams" [INT8, INT8, INT8];
    IS_IN_ORGANIZATION = "team/is_in_organization" [INT8, INT8];
    LIST_TEAM_PERMISSIONS = "team/list_permissions" [INT8];
    LIST_TEAM_INVITES = "team_invite/list_invites" [INT8];
    INVITE_ACCOUNT = "team_invite/invite_account" [INT8, INT8, INT8];
    INVITE_EMAIL = "team_invite/invite_email" [INT8, TEXT, INT8];
    DELETE_ACCOUNT_INVITE = "team_invite/delete_of_account" [INT8, INT8];
    DELETE_EMAIL_INVITE = "team_invite/delete_of_email" [INT8, TEXT];
    TAKE_INVITE = "team_invite/take_invite" [UUID, INT8];
    FIND_INVITEE = "team_invite/find_invitee" [UUID];
    INSERT_NOTICE = "user_notification/insert_notice" [TEXT, INT8, JSONB, TEXT];
    DELETE_NOTICES = "user_notification/delete_notices" [TEXT];
    LIST_ACCOUNT_ROLES = "repository_permission/list_accounts" [INT8, INT8, INT8];
    LIST_TEAM_ROLES = "repository_permission/list_teams" [INT8, INT8];
    SET_ACCOUNT_ROLE = "repository_permission/set_account" [INT8, INT8, TEXT];
    SET_TEAM_ROLE = "repository_permission/set_team" [INT8, INT8, TEXT];
    DELETE_ACCOUNT_ROLE = "repository_permission/delete_account" [INT8, INT8];
    DELETE_TEAM_ROLE = "repository_permission/delete_team" [INT8, INT8];
    LIST_ROLES = "repository_permission/list_roles" [INT8, INT8];
    LIST_DEFAULT_PERMISSIONS = "default_permission/list_permissions" [INT8, UUID];
    INSERT_DEFAULT_PERMISSION = "default_permission/insert_permission" [INT8, INT8, INT8, INT8, TEXT];
    SET_DEFAULT_PERMISSION = "default_permission/set_role" [INT8, UUID, TEXT];
    DELETE_DEFAULT_PERMISSION = "default_permission/delete_permission" [INT8, UUID];
    INSERT_ORGANIZATION = "namespace/insert_organization" [TEXT, INT8, INT8];
    FIND_FACTS = "repository/find_facts" [TEXT, TEXT, INT8];
    LOCK_REPOSITORY = "repository/lock_repository" [INT8];
    INSERT_REPOSITORY = "repository/insert_repository" [
        TEXT, TEXT, TEXT, INT8, TEXT, TEXT, INT8, INT8_ARRAY
    ];
    CREATE_REPOSITORY = "repository/create_repository" [
        TEXT, TEXT, TEXT, TEXT, INT8, TEXT, TEXT, INT8, JSONB
    ];
    FIND_REPOSITORY_PLACE = "repository/find_place" [TEXT, TEXT];
    SET_DESCRIPTION = "repository/set_description" [INT8, TEXT];
    SET_VISIBILITY = "repository/set_visibility" [INT8, TEXT];
    SET_REPOSITORY_STATE = "repository/set_state" [INT8, TEXT];
    MARK_REPOSITORY_DELETED = "repository/mark_deleted" [INT8];
    DESCRIBE_REPOSITORY = "repository/describe" [INT8, INT8];
    LIST_REPOSITORY_ACTIONS = "repository/list_actions" [INT8, INT4];
    LIST_IN_NAMESPACE = "repository/list_in_namespace" [INT8, TEXT, BOOL, BOOL, INT8, INT8];
    LIST_VISIBLE = "repository/list_visible" [INT8, INT8, INT8];
    LIST_STARRED_REPOSITORIES = "repository/list_starred" [INT8, BOOL, INT8, INT8];
    DESCRIBE_LIST = "repository/describe_list" [INT8_ARRAY, INT8, BOOL, BOOL];
    FIND_REPOSITORIES = "search/find_repositories" [
        INT8, BOOL, TEXT, TEXT, TEXT, TEXT, INT8, INT8
    ];
    FIND_NAMESPACES = "search/find_namespaces" [INT8, BOOL, TEXT, INT8];
    FIND_TEAMS = "search/find_teams" [INT8, TEXT, INT8];
    FIND_ROBOTS = "search/find_robots" [INT8, TEXT, INT8];
    FIND_ENTITIES = "search/find_entities" [TEXT, INT8, INT8, INT8];
    FIND_TEAM_ENTITIES = "search/find_team_entities" [TEXT, INT8, INT8];
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
    LIST_NEWEST_TAGS = "tag/list_newest" [INT8, INT8];
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
    FIND_PROFILE = "user/find_profile" [INT8];
    FIND_USER = "user/find_user" [TEXT];
    FIND_BY_EMAIL = "user/find_by_email" [TEXT];
    LIST_USERS = "user/list_users" [INT8, BOOL, INT8];
    LIST_USER_ORGANIZATIONS = "user/list_organizations" [INT8];
    LOCK_ADMIN_TEAMS = "user/lock_admin_teams" [INT8];
    LIST_SOLE_ADMINISTERED = "user/list_sole_administered" [INT8];
    CREATE_USER = "user/create_user" [TEXT, TEXT, TEXT, BOOL, INT8];
    SET_PASSWORD = "user/set_password" [INT8, TEXT];
    SET_EMAIL = "user/set_email" [INT8, TEXT];
    SET_VERIFIED = "user/set_verified" [INT8];
    SET_USER_ENABLED = "user/set_enabled" [INT8, BOOL];
    CHANGE_DETAILS = "user/change_details" [INT8, JSONB];
    CHANGE_METADATA = "user/change_metadata" [INT8, JSONB];
    RENAME_USER = "user/rename" [INT8, TEXT];
    DELETE_USER = "user/delete_user" [INT8];
    CONVERT_USER = "user/convert_user" [INT8, INT8];
    TOUCH_USER = "user/touch_user" [INT8];
    DELETE_OTHER_SESSIONS = "session/delete_others" [INT8, BYTEA];
    INSERT_CODE = "confirmation/insert_code" [BYTEA, INT8, TEXT, TEXT, FLOAT8];
    TAKE_CODE = "confirmation/take_code" [BYTEA, BOOL];
    HAS_RECENT_CODE = "confirmation/has_recent" [INT8, TEXT];
    DELETE_CODES = "confirmation/delete_codes" [INT8];
    INSERT_MAIL = "mail/insert_mail" [UUID, TEXT, BYTEA, INT8];
    COUNT_MAILS = "mail/count_waiting" [];
    CLAIM_MAIL = "mail/claim_mail" [FLOAT8];
    DELETE_MAIL = "mail/delete_mail" [UUID];
    LIST_NOTIFICATIONS = "user_notification/list_notifications" [INT8, INT8, INT8];
    FIND_NOTIFICATION = "user_notification/find_notification" [INT8, UUID];
    SET_DISMISSED = "user_notification/set_dismissed" [UUID, BOOL];
    INSERT_STAR = "star/insert_star" [INT8, INT8];
    DELETE_STAR = "star/delete_star" [INT8, INT8];
    LIST_STARRED = "star/list_starred" [INT8, INT8, INT8];
    ACCEPT_INVITE = "team_invite/accept_invite" [UUID, INT8];
    IS_INVITE_OPEN = "team_invite/is_open" [UUID];
    IDENTIFY = "database/identify" [];
}
