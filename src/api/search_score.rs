//! How well a name fits the letters that were typed, between 0 and 1.
//!
//! Each letter of the name gets a value, and the mean is the score: typed letters count full, those
//! skipped at the beginning of a word nearly so, other skipped ones nothing, and what follows the
//! last typed letter a little less than full. Quay: `util/liquidmetal.py`.

const MATCH: f64 = 1.0;
const TRAILING: f64 = 0.8;
const TRAILING_BUT_STARTED: f64 = 0.9;
const BUFFER: f64 = 0.85;

/// Scores `name` for the letters `typed`; 0 when they are not in it in that order.
#[must_use]
pub(super) fn score(name: &str, typed: &str) -> f64 {
    let letters: Vec<char> = name.to_lowercase().chars().collect();
    if typed.is_empty() {
        return TRAILING;
    }
    let (mut sum, mut count, mut next, mut has_started) = (0.0, 0.0, 0, false);
    for letter in typed.to_lowercase().chars() {
        let rest = letters.get(next..).unwrap_or_default();
        let Some(skipped) = rest.iter().position(|known| *known == letter) else {
            return 0.0;
        };
        let before = skipped.checked_sub(1).and_then(|index| rest.get(index));
        let is_new_word = before.is_some_and(|known| known.is_whitespace());
        let steps = rest.iter().take(skipped);
        for (index, _) in steps.enumerate() {
            let is_last = index.saturating_add(1) == skipped;
            sum += match (is_new_word, is_last) {
                (true, true) => MATCH,
                (true, false) => BUFFER,
                (false, _) => 0.0,
            };
            count += 1.0;
        }
        sum += MATCH;
        count += 1.0;
        has_started |= next == 0 && skipped == 0;
        next = next.saturating_add(skipped).saturating_add(1);
    }
    let trailing = if has_started {
        TRAILING_BUT_STARTED
    } else {
        TRAILING
    };
    for _ in letters.iter().skip(next) {
        sum += trailing;
        count += 1.0;
    }
    sum / count
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn scores_are_those_of_the_api() {
        let cases = [
            ("app", "app", 1.0),
            ("app", "a", 2.8 / 3.0),
            ("alicerepo", "a", 8.2 / 9.0),
            ("acme", "a", 0.925),
            ("app", "p", 1.8 / 3.0),
            ("my app", "a", (2.0 * 0.85 + 1.0 + 1.0 + 2.0 * 0.8) / 6.0),
            ("app", "x", 0.0),
            ("app", "pa", 0.0),
            ("app", "", 0.8),
            ("", "a", 0.0),
        ];
        for (name, typed, expected) in cases {
            let scored = score(name, typed);
            assert!((scored - expected).abs() < 1e-9, "{name} {typed}: {scored}");
        }
    }
}
