//! Outcomes that meet a row which has moved on, and announcements of which nobody knows whether they were stored.

use std::time::Duration;

use ledger::{ClaimedEffect, Commit, EffectState, Finish, Finished};
use tokio::time::Instant;

use super::LEDGER_AGAIN;
use crate::{engine::Engine, service::Service};

/// How often it is looked what somebody else makes of a row whose outcome is here.
const LOOKS_MAX: u32 = 10;

/// Under which epoch an outcome can still be told when somebody else took the row up: that of whoever found it announced,
/// saw no evidence yet, and noted that nobody knows. We do know. `None` when the row needs nothing more.
pub(super) async fn overtaken<S: Service>(engine: &Engine<S>, finish: &Finish) -> Option<i64> {
    if finish.to != Finished::Done || finish.outcome.is_none() {
        return None;
    }
    for look in 1..=LOOKS_MAX {
        let rows = match engine.0.context.ledger.effects_of(finish.id.stream).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, stream = %finish.id.stream, "it could not be seen who took up a call");
                Vec::new()
            }
        };
        match rows.iter().find(|row| row.id == finish.id).map(|row| (row.state, row.epoch)) {
            Some((EffectState::Unknown, epoch)) => return Some(epoch),
            // Somebody is at it, or the ledger is away: look again.
            Some((EffectState::Sent, _)) | None => tokio::time::sleep(LEDGER_AGAIN.delay(look)).await,
            Some((EffectState::Ready | EffectState::Done | EffectState::Parked, _)) => return None,
        }
    }
    None
}

/// The ledger does not know whether it stored an announcement, and nothing was sent on the strength of it. That we know
/// is proof: if it was stored, it is taken back, or else the next one to look could only call the outcome unknown.
pub(crate) fn not_sent<S: Service>(engine: &Engine<S>, effect: &ClaimedEffect) {
    let again = Finish { id: effect.id, epoch: effect.epoch, to: Finished::Again(Duration::ZERO), outcome: None };
    let lease = engine.0.lanes.longest_lease(&engine.0.settings);
    let engine = engine.clone();
    let node = engine.0.context.node.clone();
    node.spawn(async move {
        let begun = Instant::now();
        let mut failures = 0;
        // After the lease it is somebody else's, and the fence keeps us out.
        while begun.elapsed() < lease {
            let commit = Commit { finish: Some(again.clone()), ..Commit::default() };
            let Err(error) = engine.0.context.ledger.commit(commit).await else { return };
            failures += 1;
            tracing::warn!(%error, stream = %again.id.stream, "an announcement could not be taken back yet");
            tokio::time::sleep(LEDGER_AGAIN.delay(failures)).await;
        }
    });
}
