//! What was left behind: due rows that nobody holds, and inquiries whose hour has come.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ledger::ClaimedEffect;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{ASK, TIMER, ask_again, call, fire, inquiry::inquire, points};
use crate::{engine::Engine, lanes::OpenLane, service::Service};

/// Rows taken from the ledger per look.
const CLAIMED_MAX: u16 = 20;
/// Found timers and questions at work at a time; calls have room of their own in their lane.
const AT_WORK_MAX: usize = 256;

/// Looks for due rows that nobody holds: timers, questions, retries, and what a dead process left.
pub(crate) async fn recovery<S: Service>(engine: Engine<S>) {
    let at_work = Arc::new(Semaphore::new(AT_WORK_MAX));
    let writing = writing_kinds(&engine);
    loop {
        let node = &engine.0.context.node;
        tokio::select! {
            biased;
            () = node.stopping() => return,
            () = tokio::time::sleep(engine.0.settings.poll_every) => {}
        }
        take_up(&engine, &at_work).await;
        ask_what_became(&engine, &writing).await;
    }
}

async fn take_up<S: Service>(engine: &Engine<S>, at_work: &Arc<Semaphore>) {
    loop {
        let mut is_full = false;
        // Each lane's rows under its own lease: what dies in one that is slow must not hold up the others.
        for (lease, kinds) in kinds_with_room(engine, at_work) {
            is_full |= take_up_kinds(engine, at_work, &kinds, lease).await;
        }
        if !is_full {
            return;
        }
    }
}

/// True when there may be more of these kinds.
async fn take_up_kinds<S: Service>(
    engine: &Engine<S>,
    at_work: &Arc<Semaphore>,
    kinds: &[String],
    lease: Duration,
) -> bool {
    let claimed =
        engine.0.context.ledger.claim_effects(kinds, i64::from(CLAIMED_MAX), &engine.0.incarnation, lease).await;
    let taken = match claimed {
        Ok(taken) => taken,
        Err(error) => {
            tracing::warn!(%error, "due effects could not be read");
            return false;
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
    is_full
}

/// The semaphore that bounds found rows of a kind.
fn bound<'a, S: Service>(engine: &'a Engine<S>, at_work: &'a Arc<Semaphore>, kind: &str) -> &'a Arc<Semaphore> {
    match engine.0.service.profile(kind) {
        Some(profile) => &engine.0.lanes.get(profile.lane).found,
        None => at_work,
    }
}

/// Kinds of which as many rows as one look can bring are welcome, by the lease they need. What is left in the ledger is not
/// forgotten; what waits here for longer than its lease would be taken twice.
fn kinds_with_room<S: Service>(engine: &Engine<S>, at_work: &Arc<Semaphore>) -> BTreeMap<Duration, Vec<String>> {
    let (lanes, settings) = (&engine.0.lanes, &engine.0.settings);
    let mut kinds: BTreeMap<Duration, Vec<String>> = BTreeMap::new();
    for kind in engine.0.service.effect_kinds().iter().copied().chain([ASK]) {
        if bound(engine, at_work, kind).available_permits() < usize::from(CLAIMED_MAX) {
            continue;
        }
        let lease = match engine.0.service.profile(kind) {
            Some(profile) => lanes.get(profile.lane).lease(settings),
            None => lanes.shortest_lease(settings),
        };
        kinds.entry(lease).or_default().push(kind.to_owned());
    }
    kinds
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
        engine.0.context.node.at(points::of(engine, &effect.kind).after_claim).await;
        call(engine, effect, None, None).await;
    }
}

/// Takes up the inquiries whose hour has come.
async fn ask_what_became<S: Service>(engine: &Engine<S>, writing: &BTreeMap<&'static str, Vec<String>>) {
    for (lane, kinds) in writing {
        let lane = engine.0.lanes.get(lane).clone();
        while ask_about(engine, kinds, &lane).await {}
    }
}

/// True when there may be more of these kinds.
async fn ask_about<S: Service>(engine: &Engine<S>, kinds: &[String], lane: &OpenLane) -> bool {
    let most = lane.asking.available_permits().min(usize::from(CLAIMED_MAX));
    let Ok(most_rows) = i64::try_from(most) else { return false };
    if most == 0 {
        return false;
    }
    let lease = lane.lease(&engine.0.settings);
    let ledger = &engine.0.context.ledger;
    let due = match ledger.claim_inquiries(kinds, most_rows, &engine.0.incarnation, lease).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "due inquiries could not be read");
            return false;
        }
    };
    let is_full = due.len() == most;
    for due in due {
        // Only this task takes from these, and it has just seen that there is enough.
        let room = lane.asking.clone().try_acquire_owned().ok();
        let (engine, lane) = (engine.clone(), lane.clone());
        let node = engine.0.context.node.clone();
        node.spawn(async move {
            inquire(&engine, due, &lane).await;
            drop(room);
        });
    }
    is_full
}

/// The kinds of each lane that write: only a write can have an unknown outcome.
fn writing_kinds<S: Service>(engine: &Engine<S>) -> BTreeMap<&'static str, Vec<String>> {
    let mut lanes: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for kind in engine.0.service.effect_kinds() {
        if let Some(profile) = engine.0.service.profile(kind).filter(|profile| profile.writes) {
            lanes.entry(profile.lane).or_default().push((*kind).to_owned());
        }
    }
    lanes
}
