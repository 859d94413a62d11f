//! Tags and labels.
//!
//! How long tags may live, what cannot be changed, and which labels are kept for the registry.

use std::time::Duration;

use crate::key::section;

section! {
    /// Tags, their lives, and labels.
    Tags in "tags" {
        /// Whether tags can be made immutable.
        immutable: bool = true, quay ["FEATURE_IMMUTABLE_TAGS"], flags [public];
        /// Whether immutable tags may have a time at which they end.
        immutable_can_expire: bool = false, quay ["FEATURE_IMMUTABLE_TAGS_CAN_EXPIRE"], flags [public];
        /// Whether tags can be taken out of the time machine before their time.
        permanently_delete: bool = true, quay ["PERMANENTLY_DELETE_TAGS"], flags [public];
        /// The shortest life, from its start, that a tag is given by an expiry or a label.
        min_life: Duration = Duration::from_secs(3600), quay ["LABELED_EXPIRATION_MINIMUM"];
        /// The longest life, from its start, that a tag is given by an expiry or a label.
        max_life: Duration = Duration::from_secs(104 * 7 * 86_400),
            range [Duration::from_secs(1), Duration::from_secs(100 * 366 * 86_400)],
            quay ["LABELED_EXPIRATION_MAXIMUM"];
        /// Beginnings of label keys that are reserved beside those that always are.
        reserved_label_prefixes: Vec<String> = Vec::new(), quay ["LABEL_KEY_RESERVED_PREFIXES"];
    }
}
