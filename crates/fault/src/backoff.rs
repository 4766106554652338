//! How long to wait before the next attempt: pure, the randomness is handed in.

use std::time::Duration;

/// A growing delay: `first`, then doubled per attempt, never above `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The delay after the first failure.
    pub first: Duration,
    /// The delay never grows beyond this.
    pub most: Duration,
}

impl Backoff {
    /// The delay after failure number `failures` (1 is the first), before jitter.
    pub fn delay(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1_u32 << doublings).min(self.most)
    }
}

/// Spreads `delay` by ±20 %, so that replicas do not march in step; `random` is any 64 random bits.
pub fn jittered(delay: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
    let width = nanos / 5 * 2;
    let offset = if width == 0 { 0 } else { random % (width + 1) };
    Duration::from_nanos((nanos - nanos / 5).saturating_add(offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_until_the_limit() {
        let backoff = Backoff { first: Duration::from_millis(500), most: Duration::from_secs(60) };
        let seconds: Vec<_> = (1..=9).map(|n| backoff.delay(n).as_millis()).collect();
        assert_eq!(seconds, [500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(millis in 0_u64..10_000_000, random: u64) {
            let delay = Duration::from_millis(millis);
            let spread = jittered(delay, random);
            prop_assert!(spread >= delay.mul_f64(0.799) && spread <= delay.mul_f64(1.201));
        }
    }
}
