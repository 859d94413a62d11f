//! Whether the database's clock can be believed, by which leases, tags and uploads expire.
//!
//! It is compared with the monotonic clock at each heartbeat, and with the last heartbeat of any
//! node at the start. After a jump nothing may be deleted until the two have agreed for an hour.
//! Times come in as arguments, so a test can jump.

use std::time::Duration;

/// A larger difference is a jump.
const JUMP: Duration = Duration::from_secs(600);
/// A start so long after the last heartbeat may be a clock that runs ahead.
const LONG_AFTER: Duration = Duration::from_secs(86_400);
/// How long the clocks must agree to be believed again.
const AGREES_FOR: Duration = Duration::from_secs(3600);

/// What was seen of the clock.
#[derive(Debug, Clone)]
pub(crate) struct ClockWatch {
    last: Option<(i64, Duration)>,
    doubt: Option<Doubt>,
}

#[derive(Debug, Clone)]
struct Doubt {
    reason: String,
    since: Duration,
}

impl ClockWatch {
    /// A watch that begins at the database's `now_ms`; any node was last seen at `last_ms`.
    pub(crate) fn new(now_ms: i64, last_ms: Option<i64>) -> Self {
        let mut watch = Self {
            last: None,
            doubt: None,
        };
        let Some(last_ms) = last_ms else {
            return watch;
        };
        let ago_ms = now_ms.saturating_sub(last_ms);
        let seconds = ago_ms.saturating_abs() / 1000;
        if ago_ms < to_ms(JUMP).saturating_neg() {
            watch.distrust(
                format!("it stands {seconds} s before the last heartbeat"),
                Duration::ZERO,
            );
        } else if ago_ms > to_ms(LONG_AFTER) {
            watch.distrust(
                format!("it stands {seconds} s after the last heartbeat"),
                Duration::ZERO,
            );
        }
        watch
    }

    /// Takes note of the database's clock at `elapsed` by the monotonic one.
    pub(super) fn observe(&mut self, now_ms: i64, elapsed: Duration) {
        if let Some((last_ms, last_elapsed)) = self.last.replace((now_ms, elapsed)) {
            let passed_ms = now_ms.saturating_sub(last_ms);
            let jump_ms = passed_ms.saturating_sub(to_ms(elapsed.saturating_sub(last_elapsed)));
            if jump_ms.saturating_abs() > to_ms(JUMP) {
                self.distrust(format!("it jumped by {} s", jump_ms / 1000), elapsed);
            }
        }
        let is_over = |doubt: &Doubt| elapsed.saturating_sub(doubt.since) >= AGREES_FOR;
        if self.doubt.as_ref().is_some_and(is_over) {
            self.accept();
        }
    }

    /// An administrator says that the clock is right.
    pub(super) fn accept(&mut self) {
        self.doubt = None;
    }

    /// Why the clock is not believed.
    pub(super) fn doubt(&self) -> Option<&str> {
        self.doubt.as_ref().map(|doubt| doubt.reason.as_str())
    }

    fn distrust(&mut self, reason: String, since: Duration) {
        self.doubt = Some(Doubt { reason, since });
    }
}

fn to_ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_700_000_000_000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_jump_either_way_is_doubted_for_an_hour() {
        for jump_ms in [601_000, -601_000, 400 * 86_400_000] {
            let mut watch = ClockWatch::new(NOW_MS, Some(NOW_MS - 5000));
            watch.observe(NOW_MS, at(0));
            watch.observe(NOW_MS + 1000, at(1));
            assert_eq!(watch.doubt(), None);
            watch.observe(NOW_MS + 2000 + jump_ms, at(2));
            assert!(watch.doubt().is_some(), "{jump_ms}");
            watch.observe(NOW_MS + 3_601_000 + jump_ms, at(3601));
            assert!(watch.doubt().is_some(), "one second is missing");
            watch.observe(NOW_MS + 3_602_000 + jump_ms, at(3602));
            assert_eq!(watch.doubt(), None);
        }
    }

    #[test]
    fn a_second_jump_begins_the_hour_anew_even_when_it_goes_back() {
        let mut watch = ClockWatch::new(NOW_MS, None);
        watch.observe(NOW_MS, at(0));
        watch.observe(NOW_MS + 7_200_000, at(1));
        watch.observe(NOW_MS + 1_800_000, at(1800));
        assert!(watch.doubt().is_some());
        watch.observe(NOW_MS + 3_700_000, at(3700));
        assert!(
            watch.doubt().is_some(),
            "an hour since the first is not enough"
        );
        watch.observe(NOW_MS + 5_400_000, at(5400));
        assert_eq!(watch.doubt(), None);
    }

    #[test]
    fn slow_answers_and_small_corrections_are_no_jump() {
        let mut watch = ClockWatch::new(NOW_MS, Some(NOW_MS));
        watch.observe(NOW_MS, at(0));
        // No heartbeat for two hours: the database was away, its clock went on.
        watch.observe(NOW_MS + 7_200_000, at(7200));
        watch.observe(NOW_MS + 7_201_000 + 599_000, at(7201));
        assert_eq!(watch.doubt(), None);
    }

    #[test]
    fn a_start_far_from_the_last_heartbeat_is_doubted_until_accepted() {
        for (last_ms, is_doubted) in [
            (NOW_MS - 86_400_000, false),
            (NOW_MS - 86_401_000, true),
            (NOW_MS + 600_000, false),
            (NOW_MS + 601_000, true),
        ] {
            let mut watch = ClockWatch::new(NOW_MS, Some(last_ms));
            assert_eq!(watch.doubt().is_some(), is_doubted, "{last_ms}");
            watch.accept();
            assert_eq!(watch.doubt(), None);
        }
    }
}
