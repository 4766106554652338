//! What was left behind: due rows that nobody holds, and inquiries whose hour has come.

use std::{sync::Arc, time::Duration};

use ledger::ClaimedEffect;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{ASK, TIMER, ask_again, call, fire};
use crate::{engine::Engine, service::Service};

/// Rows taken from the ledger per look.
const CLAIMED_MAX: u16 = 20;
/// Found timers and questions at work at a time; calls have room of their own in their lane.
const AT_WORK_MAX: usize = 256;
/// Inquiries are looked at this often.
const INQUIRIES_EVERY: Duration = Duration::from_secs(5);
/// However long nobody knows, it is asked at least this often.
const INQUIRY_LATEST: Duration = Duration::from_secs(20 * 60);

/// Looks for due rows that nobody holds: timers, questions, retries, and what a dead process left.
pub(crate) async fn recovery<S: Service>(engine: Engine<S>) {
    let at_work = Arc::new(Semaphore::new(AT_WORK_MAX));
    let lease = engine.0.lanes.longest_lease(&engine.0.settings);
    let mut inquiries_at = Instant::now();
    loop {
        let node = &engine.0.context.node;
        tokio::select! {
            biased;
            () = node.stopping() => return,
            () = tokio::time::sleep(engine.0.settings.poll_every) => {}
        }
        take_up(&engine, &at_work, lease).await;
        if inquiries_at <= Instant::now() {
            put_off_inquiries(&engine).await;
            inquiries_at = Instant::now() + INQUIRIES_EVERY;
        }
    }
}

async fn take_up<S: Service>(engine: &Engine<S>, at_work: &Arc<Semaphore>, lease: Duration) {
    loop {
        let kinds = kinds_with_room(engine, at_work);
        if kinds.is_empty() {
            return;
        }
        let claimed =
            engine.0.context.ledger.claim_effects(&kinds, i64::from(CLAIMED_MAX), &engine.0.incarnation, lease).await;
        let taken = match claimed {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "due effects could not be read");
                return;
            }
        };
        let is_full = taken.len() == usize::from(CLAIMED_MAX);
        for effect in taken {
            let room = room(engine, at_work, &effect.kind);
            let engine = engine.clone();
            let node = engine.0.context.node.clone();
            node.spawn(async move {
                found(&engine, effect).await;
                drop(room);
            });
        }
        if !is_full {
            return;
        }
    }
}

/// The semaphore that bounds found rows of a kind.
fn bound<'a, S: Service>(engine: &'a Engine<S>, at_work: &'a Arc<Semaphore>, kind: &str) -> &'a Arc<Semaphore> {
    match engine.0.service.profile(kind) {
        Some(profile) => &engine.0.lanes.get(profile.lane).found,
        None => at_work,
    }
}

/// Kinds of which as many rows as one look can bring are welcome. What is left in the ledger is not forgotten; what waits
/// here for longer than its lease would be taken twice.
fn kinds_with_room<S: Service>(engine: &Engine<S>, at_work: &Arc<Semaphore>) -> Vec<String> {
    let known = engine.0.service.effect_kinds().iter().copied().chain([ASK]);
    known
        .filter(|kind| bound(engine, at_work, kind).available_permits() >= usize::from(CLAIMED_MAX))
        .map(str::to_owned)
        .collect()
}

fn room<S: Service>(engine: &Engine<S>, at_work: &Arc<Semaphore>, kind: &str) -> Option<OwnedSemaphorePermit> {
    // Only this task takes from these, and it has just seen that there is enough.
    bound(engine, at_work, kind).clone().try_acquire_owned().ok()
}

async fn found<S: Service>(engine: &Engine<S>, effect: ClaimedEffect) {
    if effect.kind == ASK {
        ask_again(engine, effect).await;
    } else if effect.kind.starts_with(TIMER) {
        engine.0.context.node.at("timer.after_claim").await;
        fire(engine, effect).await;
    } else {
        engine.0.context.node.at("effect.after_claim").await;
        call(engine, effect, None, None).await;
    }
}

/// Until inquiries exist their hour is only moved on, so that what people see is always the next one. A little early, so
/// that no row is ever found overdue.
async fn put_off_inquiries<S: Service>(engine: &Engine<S>) {
    for (lane, kinds) in writing_kinds(engine) {
        let delays = inquiry_delays(engine.0.lanes.get(lane).spec.inquiries.first().copied().unwrap_or_default());
        match engine.0.context.ledger.put_off_inquiries(&kinds, INQUIRIES_EVERY * 2, &delays).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(lane, count, "outcomes still unknown"),
            Err(error) => tracing::warn!(%error, "inquiries could not be put off"),
        }
    }
}

/// Only a write can have an unknown outcome.
fn writing_kinds<S: Service>(engine: &Engine<S>) -> Vec<(&'static str, Vec<String>)> {
    let mut lanes: Vec<(&'static str, Vec<String>)> = Vec::new();
    for kind in engine.0.service.effect_kinds() {
        let Some(profile) = engine.0.service.profile(kind).filter(|profile| profile.writes) else { continue };
        match lanes.iter_mut().find(|(lane, _)| *lane == profile.lane) {
            Some((_, kinds)) => kinds.push((*kind).to_owned()),
            None => lanes.push((profile.lane, vec![(*kind).to_owned()])),
        }
    }
    lanes
}

/// When it is asked what became of a call: soon at first, then at twice the distance each time.
fn inquiry_delays(first: Duration) -> Vec<Duration> {
    // Never so soon that a row is due again before the next look.
    let first = first.max(INQUIRIES_EVERY * 3);
    std::iter::successors(Some(first), |delay| (*delay < INQUIRY_LATEST).then(|| (*delay * 2).min(INQUIRY_LATEST)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inquiries_come_at_growing_distances_and_never_stop() {
        let seconds = |first: u64| -> Vec<u64> {
            inquiry_delays(Duration::from_secs(first)).iter().map(Duration::as_secs).collect()
        };
        assert_eq!(seconds(15), [15, 30, 60, 120, 240, 480, 960, 1200]);
        assert_eq!(seconds(5), [15, 30, 60, 120, 240, 480, 960, 1200]);
        assert_eq!(seconds(3600), [3600]);
    }
}
