//! Lanes to outside systems: so many calls at a time, so many in hand.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{service::Lane, settings::Settings};

/// Calls of one lane that this process holds in memory, and as many again that it found in the ledger; beyond it they stay
/// there for whoever has room.
const IN_HAND_MAX: usize = 256;
/// Inquiries in hand for each call that the lane allows at a time.
const ASKING_PER_CALL: usize = 4;

/// One lane at work.
#[derive(Clone)]
pub(crate) struct OpenLane {
    pub(crate) spec: Lane,
    permits: Arc<Semaphore>,
    in_hand: Arc<Semaphore>,
    /// Room for rows found in the ledger, apart from the room of those just decided: neither starves the other.
    pub(crate) found: Arc<Semaphore>,
    /// Room for inquiries: few, so that each has its turn within its lease.
    pub(crate) asking: Arc<Semaphore>,
}

/// The right to make one call now.
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// The right to hold one call in memory.
pub(crate) struct Room {
    _room: OwnedSemaphorePermit,
}

impl OpenLane {
    fn new(spec: Lane) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(spec.width.max(1))),
            in_hand: Arc::new(Semaphore::new(IN_HAND_MAX)),
            found: Arc::new(Semaphore::new(IN_HAND_MAX)),
            asking: Arc::new(Semaphore::new((spec.width.max(1) * ASKING_PER_CALL).min(IN_HAND_MAX))),
            spec,
        }
    }

    pub(crate) fn room(&self) -> Option<Room> {
        self.in_hand.clone().try_acquire_owned().ok().map(|_room| Room { _room })
    }

    pub(crate) fn try_permit(&self) -> Option<Permit> {
        self.permits.clone().try_acquire_owned().ok().map(|_permit| Permit { _permit })
    }

    pub(crate) async fn permit(&self) -> Option<Permit> {
        self.permits.clone().acquire_owned().await.ok().map(|_permit| Permit { _permit })
    }

    fn is_busy(&self) -> bool {
        self.permits.available_permits() < self.spec.width.max(1) || self.in_hand.available_permits() < IN_HAND_MAX
    }

    /// After the announcement, how long a request could still take effect: it may be written a little later.
    pub(crate) fn quiet(&self, settings: &Settings) -> Duration {
        self.spec.quiet + settings.write_within
    }

    pub(crate) fn lease(&self, settings: &Settings) -> Duration {
        self.spec.call_limit + settings.lease_margin
    }
}

/// All lanes of a service.
#[derive(Clone)]
pub(crate) struct Lanes {
    lanes: BTreeMap<&'static str, OpenLane>,
    /// For a kind whose lane is not declared: one call at a time, so that a mistake is slow, not dangerous.
    narrow: OpenLane,
}

impl Lanes {
    pub(crate) fn new(specs: Vec<Lane>) -> Self {
        let narrow = Lane {
            name: "undeclared",
            width: 1,
            call_limit: Duration::from_secs(30),
            quiet: Duration::from_secs(150),
            search_lag: Duration::from_secs(20 * 60),
            inquiries: vec![Duration::from_secs(20 * 60)],
            ask_for: Duration::from_secs(30 * 60),
        };
        Self {
            lanes: specs.into_iter().map(|spec| (spec.name, OpenLane::new(spec))).collect(),
            narrow: OpenLane::new(narrow),
        }
    }

    pub(crate) fn get(&self, name: &str) -> &OpenLane {
        self.lanes.get(name).unwrap_or(&self.narrow)
    }

    /// Whether any call is under way or in hand.
    pub(crate) fn are_busy(&self) -> bool {
        self.narrow.is_busy() || self.lanes.values().any(OpenLane::is_busy)
    }

    /// Enough for what calls nobody.
    pub(crate) fn shortest_lease(&self, settings: &Settings) -> Duration {
        self.lanes.values().map(|lane| lane.lease(settings)).min().unwrap_or(settings.lease_margin)
    }

    /// The longest lease that any claimed row may need.
    pub(crate) fn longest_lease(&self, settings: &Settings) -> Duration {
        self.lanes.values().map(|lane| lane.lease(settings)).max().unwrap_or(settings.lease_margin)
    }
}
