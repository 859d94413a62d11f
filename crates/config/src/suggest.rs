//! Finds the known key that a misspelt one was probably meant to be.
//!
//! The measure is the number of letters to add, drop or change; a key that is right but in the
//! wrong section is found as well. Far-off names get no suggestion: a wrong hint is worse than
//! none.

use crate::key::{SECTIONS, list_keys};

/// Finds the key path nearest to `path`, if one is near enough to be meant.
pub(crate) fn find_nearest_key(path: &str) -> Option<String> {
    let name = path.rsplit('.').next().unwrap_or(path);
    let same_name = list_keys()
        .find(|key| key.name == name)
        .map(|key| key.path.to_owned());
    let by_path = nearest(path, list_keys().map(|key| key.path.to_owned()));
    by_path.or(same_name).or_else(|| {
        let near_name = nearest(name, list_keys().map(|key| key.name.to_owned()))?;
        list_keys()
            .find(|key| key.name == near_name)
            .map(|key| key.path.to_owned())
    })
}

/// Finds the section nearest to `name`, if one is near enough to be meant.
pub(crate) fn find_nearest_section(name: &str) -> Option<String> {
    nearest(name, SECTIONS.iter().map(|section| section.name.to_owned()))
}

fn nearest(wanted: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let tolerated = (wanted.chars().count() / 4).clamp(1, 4);
    known
        .map(|candidate| (distance(wanted, &candidate), candidate))
        .filter(|(changes, _)| *changes <= tolerated)
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, candidate)| candidate)
}

/// Letters to add, drop or change to turn one text into the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let target: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=target.len()).collect();
    for (position, letter) in from.chars().enumerate() {
        let mut left = position + 1;
        let mut diagonal = position;
        let mut next_row = vec![left];
        for (above, other) in row.iter().skip(1).zip(&target) {
            let changed = diagonal + usize::from(letter != *other);
            left = changed.min(above + 1).min(left + 1);
            diagonal = *above;
            next_row.push(left);
        }
        row = next_row;
    }
    row.last().copied().unwrap_or(0)
}
