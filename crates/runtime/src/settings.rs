//! Numbers of the engine, every one with a name and a default.

use std::time::Duration;

/// The engine's numbers. The defaults suit production; drills shorten the waits.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Messages handled at a time, each order on one worker only.
    pub workers: usize,
    /// How often due effects and forgotten outbox rows are looked for. Recovery and timers only: the hot path is handed over in memory.
    pub poll_every: Duration,
    /// An outbox row older than this belongs to whoever finds it.
    pub outbox_stale_after: Duration,
    /// Added to a lane's call limit to make a lease.
    pub lease_margin: Duration,
    /// A request is written only within this time after it was announced.
    pub write_within: Duration,
    /// How often what the broker has is compared with what it acknowledged.
    pub compare_bus_every: Duration,
    /// Public events younger than this are published again when the broker lost them.
    pub republish_younger_than: Duration,
    /// Time to finish what is under way when asked to stop.
    pub drain_limit: Duration,
    /// When a question is asked again on silence; the last entry repeats.
    pub ask_again_after: Vec<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            workers: 32,
            poll_every: Duration::from_secs(1),
            outbox_stale_after: Duration::from_secs(1),
            lease_margin: Duration::from_secs(15),
            write_within: Duration::from_secs(2),
            compare_bus_every: Duration::from_secs(60),
            republish_younger_than: Duration::from_secs(14 * 24 * 3600),
            drain_limit: Duration::from_secs(25),
            ask_again_after: vec![
                Duration::from_secs(30),
                minutes(1),
                minutes(2),
                minutes(5),
                minutes(10),
                minutes(30),
            ],
        }
    }
}

impl Settings {
    /// When the question that was asked `tries` times is asked again.
    pub fn ask_again(&self, tries: i32) -> Duration {
        let index = usize::try_from(tries).unwrap_or(0);
        self.ask_again_after.get(index).or(self.ask_again_after.last()).copied().unwrap_or(Duration::from_secs(1800))
    }
}
