//! The worlds' clock: somebody else's time plus an offset that a test or the control moves forward.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use node::Node;

/// Where the worlds get their time. Cloning shares the offset.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Any source of time, such as a constant in a unit test.
    pub fn from_fn(source: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self { source: Arc::new(source), offset_ms: Arc::default() }
    }

    /// The clock of a node, real or simulated.
    pub fn of_node(node: Node) -> Self {
        Self::from_fn(move || node.now())
    }

    /// The worlds' time: the source's time plus everything that [`Clock::advance`] added.
    pub fn now(&self) -> DateTime<Utc> {
        (self.source)() + self.offset()
    }

    /// How far the worlds are ahead of their source. Freshness of signatures is judged without it, because a caller's
    /// own clock does not jump with ours.
    pub fn offset(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Moves the worlds forward: tokens expire, indexes catch up.
    pub fn advance(&self, by: Duration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        self.offset_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Takes back everything that was added.
    pub fn reset(&self) {
        self.offset_ms.store(0, Ordering::Relaxed);
    }
}

impl From<Node> for Clock {
    fn from(node: Node) -> Self {
        Self::of_node(node)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("offset_ms", &self.offset_ms).finish_non_exhaustive()
    }
}
