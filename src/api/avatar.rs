//! The picture that stands for a name: a hash and a colour from a fixed palette.
//!
//! Quay: `avatars/avatars.py`.

use serde::Serialize;
use slipway_oci::{Algorithm, Digest};

/// The palette.
pub(crate) const COLORS: [&str; 32] = [
    "#969696", "#aec7e8", "#ff7f0e", "#ffbb78", "#2ca02c", "#98df8a", "#d62728", "#ff9896",
    "#9467bd", "#c5b0d5", "#8c564b", "#c49c94", "#e377c2", "#f7b6d2", "#7f7f7f", "#c7c7c7",
    "#bcbd22", "#1f77b4", "#17becf", "#9edae5", "#393b79", "#5254a3", "#6b6ecf", "#9c9ede",
    "#9ecae1", "#31a354", "#b5cf6b", "#a1d99b", "#8c6d31", "#ad494a", "#e7ba52", "#a55194",
];

/// The picture of a name.
#[derive(Debug, Clone, Serialize)]
pub struct Avatar {
    name: String,
    hash: String,
    color: &'static str,
    kind: &'static str,
}

/// Makes the picture of `name`; `kind` is `user`, `org`, `team`, `robot` or `app`. The hash is of
/// the e-mail where there is one.
#[must_use]
pub fn avatar(name: &str, email: Option<&str>, kind: &'static str) -> Avatar {
    let source = email.filter(|email| !email.is_empty()).unwrap_or(name);
    let source = source.trim().to_lowercase();
    let hash = Digest::of(Algorithm::Sha256, source.as_bytes()).hex();
    let first = hash
        .get(..2)
        .and_then(|text| usize::from_str_radix(text, 16).ok());
    Avatar {
        name: name.to_owned(),
        color: COLORS
            .get(first.unwrap_or_default() % COLORS.len())
            .copied()
            .unwrap_or("#969696"),
        hash,
        kind,
    }
}

/// Makes the picture of an account of the kind `user`, `organization` or `robot`. A robot has no
/// e-mail.
#[must_use]
pub fn account_avatar(name: &str, kind: &str, email: Option<&str>) -> Avatar {
    match kind {
        "robot" => avatar(name, None, "robot"),
        "organization" => avatar(name, email, "org"),
        _ => avatar(name, email, "user"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn hash_and_colour_follow_the_address() {
        let avatar = super::avatar("admin", Some("Admin@Example.com "), "user");

        assert_eq!(
            avatar.hash,
            "258d8dc916db8cea2cafb6c3cd0cb0246efe061421dbd83ec3a350428cabda4f"
        );
        assert_eq!(avatar.color, "#98df8a");
    }
}
