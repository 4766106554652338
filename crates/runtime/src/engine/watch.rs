//! Who waits for which stream. Only those are woken whom a change concerns: under load a hundred callers wait, each for an
//! order of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ids::StreamId;
use tokio::sync::watch;

/// A sender per stream that somebody watches, with the number of its changes.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<BTreeMap<StreamId, watch::Sender<u64>>>);

impl Watchers {
    /// Wakes those who watch `stream`.
    pub(super) fn tell(&self, stream: StreamId) {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(changes) = watched.get(&stream) {
            changes.send_modify(|count| *count += 1);
        }
    }
}

/// Waits for changes of one stream.
pub struct Watch {
    stream: StreamId,
    changes: watch::Receiver<u64>,
    home: Arc<Watchers>,
}

impl Watch {
    pub(super) fn new(home: &Arc<Watchers>, stream: StreamId) -> Self {
        let mut watched = home.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = watched.entry(stream).or_insert_with(|| watch::channel(0).0).subscribe();
        Self { stream, changes, home: home.clone() }
    }

    /// Returns when something was committed on the stream since the last call (or since it was made), or `limit` passed.
    /// May return early; the caller looks anyway. False when the limit passed.
    pub async fn changed(&mut self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.changes.changed()).await.is_ok()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Ours is the last one.
        if watched.get(&self.stream).is_some_and(|changes| changes.receiver_count() <= 1) {
            watched.remove(&self.stream);
        }
    }
}
