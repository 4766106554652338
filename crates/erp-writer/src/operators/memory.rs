//! Leases in memory, for simulation: time is tokio's, which a test can pause. Shared by the incarnations of a service.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ids::Pair;
use tokio::time::Instant;

use super::leases::{Hold, LeaseFuture, Leased, OperatorLeases};

/// Leases in memory. Cloning shares them.
#[derive(Clone, Default)]
pub struct MemoryLeases(Arc<Mutex<BTreeMap<(Pair, String), Row>>>);

#[derive(Default)]
struct Row {
    held: Option<(String, Instant)>,
    epoch: i64,
}

impl Row {
    fn is_ours(&self, hold: Hold<'_>, lease: &Leased) -> bool {
        self.epoch == lease.epoch && self.held.as_ref().is_some_and(|(holder, _)| holder == hold.holder)
    }
}

impl MemoryLeases {
    fn with<R>(&self, work: impl FnOnce(&mut BTreeMap<(Pair, String), Row>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl OperatorLeases for MemoryLeases {
    fn acquire<'a>(&'a self, hold: Hold<'a>, candidates: &'a [String]) -> LeaseFuture<'a, Option<Leased>> {
        Box::pin(async move {
            let now = Instant::now();
            Ok(self.with(|rows| {
                candidates.iter().find_map(|name| {
                    let row = rows.entry((hold.pair.clone(), name.clone())).or_default();
                    if row.held.as_ref().is_some_and(|(holder, until)| holder != hold.holder && *until > now) {
                        return None;
                    }
                    row.held = Some((hold.holder.to_owned(), now + hold.lasts));
                    row.epoch += 1;
                    Some(Leased { name: name.clone(), epoch: row.epoch })
                })
            }))
        })
    }

    fn renew<'a>(&'a self, hold: Hold<'a>, lease: &'a Leased) -> LeaseFuture<'a, bool> {
        Box::pin(async move {
            let until = Instant::now() + hold.lasts;
            Ok(self.with(|rows| {
                let row = rows.get_mut(&(hold.pair.clone(), lease.name.clone())).filter(|row| row.is_ours(hold, lease));
                row.map(|row| row.held = Some((hold.holder.to_owned(), until))).is_some()
            }))
        })
    }

    fn release<'a>(&'a self, hold: Hold<'a>, lease: &'a Leased) -> LeaseFuture<'a, ()> {
        Box::pin(async move {
            self.with(|rows| {
                if let Some(row) =
                    rows.get_mut(&(hold.pair.clone(), lease.name.clone())).filter(|row| row.is_ours(hold, lease))
                {
                    row.held = None;
                }
            });
            Ok(())
        })
    }
}
