//! Effect rows → calls, timers and repeated questions → commands back into the ledger.
//!
//! ```text
//! in hand, announced   → call (only within two seconds of the announcement)
//! in hand or claimed   → a write is announced first, in a commit of its own; a read is simply made
//! found announced      → its sender is gone: evidence decides, else the outcome is unknown. Never sent again.
//! unknown, hour come   → asked what became of it
//! ```

mod inquiry;
mod late;
mod points;
mod recovery;

use std::time::Duration;

use bytes::Bytes;
use contracts::ledger::v1 as stored;
use fault::{Backoff, Class, Classify};
use ledger::{ClaimedEffect, Commit, Committed, EffectState, Finish, Finished, LedgerError, OutboxRow, Quiet};
use prost::Message as _;
use tokio::{sync::mpsc, time::Instant};

pub(crate) use self::{inquiry::later, late::not_sent, recovery::recovery};
use crate::{
    engine::{Engine, Verdict, Work},
    error::EngineError,
    lanes::{OpenLane, Permit, Room},
    service::{Called, Ending, Profile, Service},
};

/// The effect kind of a question that is asked again on silence.
pub(crate) const ASK: &str = "ask";
/// Kinds of timers begin like this.
const TIMER: &str = "timer.";
/// Delays after a technical failure that certainly had no effect.
const AGAIN: Backoff = Backoff { first: Duration::from_millis(500), most: Duration::from_secs(300) };
/// Where evidence comes from.
const SOURCE_ANSWER: &str = "answer";
/// Delays when the ledger does not take an outcome.
const LEDGER_AGAIN: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(5) };

/// A call in the hands of this process.
pub(crate) struct Handed {
    pub(crate) effect: ClaimedEffect,
    pub(crate) permit: Option<Permit>,
    pub(crate) room: Room,
    /// When its announcement was begun, for a row that was born announced.
    pub(crate) announced_at: Option<Instant>,
}

/// Starts what was handed over after a commit.
pub(crate) async fn hand_overs<S: Service>(engine: Engine<S>, mut calls: mpsc::UnboundedReceiver<Handed>) {
    while let Some(handed) = calls.recv().await {
        let engine = engine.clone();
        let node = engine.0.context.node.clone();
        node.spawn(async move {
            let Handed { effect, permit, room, announced_at } = handed;
            call(&engine, effect, permit, announced_at).await;
            drop(room);
        });
    }
}

async fn ask_again<S: Service>(engine: &Engine<S>, effect: ClaimedEffect) {
    let Ok(command) = stored::StoredCommand::decode(effect.request.clone()) else {
        tracing::error!(stream = %effect.id.stream, "a stored question cannot be read");
        return;
    };
    let next = engine.0.settings.ask_again(effect.tries + 1);
    let row = OutboxRow {
        id: effect.id,
        pair: effect.pair.clone(),
        subject: command.subject,
        body: Some(effect.request.clone()),
        asked: effect.tries + 1,
    };
    tracing::info!(stream = %effect.id.stream, subject = row.subject, asked = row.asked, "no answer yet: asking again");
    match engine.0.context.ledger.ask_again(effect.id, effect.epoch, row, next).await {
        Ok(Some(item)) => {
            let _ = engine.0.relay.try_send(item);
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "a question could not be asked again"),
    }
}

async fn fire<S: Service>(engine: &Engine<S>, effect: ClaimedEffect) {
    match engine.0.service.fired(&effect) {
        Ok((place, command)) => {
            let finish = Finish { id: effect.id, epoch: effect.epoch, to: Finished::Done, outcome: None };
            settle(engine, &effect, place, command, finish).await;
            engine.0.context.node.at("timer.after_fire").await;
        }
        Err(error) => unreadable(engine, &effect, &error.to_string()).await,
    }
}

/// Makes one call and brings its outcome home.
async fn call<S: Service>(
    engine: &Engine<S>,
    effect: ClaimedEffect,
    permit: Option<Permit>,
    announced_at: Option<Instant>,
) {
    let Some(profile) = engine.0.service.profile(&effect.kind) else {
        return;
    };
    let lane = engine.0.lanes.get(profile.lane).clone();
    if effect.state == EffectState::Sent {
        return orphan(engine, effect, profile, &lane).await;
    }
    let permit = match permit {
        Some(permit) => permit,
        None => match lane.permit().await {
            Some(permit) => permit,
            None => return,
        },
    };
    let mut announced_at = announced_at;
    if profile.writes && announced_at.is_none() {
        engine.0.context.node.at(points::of(engine, &effect.kind).before_sent_commit).await;
        let begun = Instant::now();
        if !announce(engine, &effect, lane.quiet(&engine.0.settings)).await {
            return;
        }
        announced_at = Some(begun);
    }
    if profile.writes {
        engine.0.context.node.at(points::of(engine, &effect.kind).after_sent_commit).await;
        if announced_at.is_some_and(|begun| begun.elapsed() > engine.0.settings.write_within) {
            // Too late to write: by now somebody may be waiting for our lease. That we did not write is proof.
            return end(engine, &effect, Finished::Again(Duration::ZERO), None).await;
        }
    }
    let started = Instant::now();
    let sent = announced_at.unwrap_or(started);
    let limit = lane.spec.call_limit;
    let called = match tokio::time::timeout(limit, engine.0.service.call(&engine.0.context, &effect)).await {
        Ok(called) => called,
        Err(_) => Called::Failed { class: Class::UnknownOutcome, why: format!("no answer within {limit:?}") },
    };
    drop(permit);
    metrics::histogram!("quittance_call_seconds", "kind" => effect.kind.clone())
        .record(started.elapsed().as_secs_f64());
    if profile.writes {
        engine.0.context.node.at(points::of(engine, &effect.kind).reply_received).await;
    }
    outcome(engine, effect, profile, &lane, called, sent.elapsed()).await;
}

async fn announce<S: Service>(engine: &Engine<S>, effect: &ClaimedEffect, quiet: Duration) -> bool {
    let commit = Commit { announce: Some((effect.id, effect.epoch, Quiet(quiet))), ..Commit::default() };
    match engine.0.context.ledger.commit(commit).await {
        Ok(Committed::Done(_)) => true,
        Ok(_) => false,
        Err(error) => {
            tracing::warn!(%error, stream = %effect.id.stream, kind = effect.kind, "a call could not be announced");
            if matches!(error, LedgerError::LostInCommit { .. }) {
                not_sent(engine, effect);
            }
            false
        }
    }
}

/// What was seen of an outcome, by whomever.
async fn seen<S: Service>(engine: &Engine<S>, effect: &ClaimedEffect) -> Result<Option<Ending>, LedgerError> {
    engine.0.context.ledger.evidence(effect.id).await.map(inquiry::read)
}

/// The process that sent this is gone. What it saw decides; if it saw nothing, nobody knows, and it is asked at once.
async fn orphan<S: Service>(engine: &Engine<S>, effect: ClaimedEffect, profile: Profile, lane: &OpenLane) {
    match seen(engine, &effect).await {
        Ok(Some(ending)) => {
            let outcome = ending.seen();
            told(engine, effect, ending, Finished::Done, outcome).await;
        }
        Ok(None) => {
            let why = "the process that sent it is gone".to_owned();
            let called = Called::Failed { class: Class::UnknownOutcome, why };
            outcome(engine, effect, profile, lane, called, Duration::MAX).await;
        }
        Err(error) => {
            tracing::warn!(%error, "evidence could not be read; the row is taken up again when the lease ends")
        }
    }
}

/// What comes of a call that ended `passed` after its sending.
async fn outcome<S: Service>(
    engine: &Engine<S>,
    effect: ClaimedEffect,
    profile: Profile,
    lane: &OpenLane,
    called: Called,
    passed: Duration,
) {
    let name = (effect.kind.clone(), effect.reference.clone().unwrap_or_default());
    match called {
        Called::Answered(answer) => {
            if profile.writes {
                keep(engine, &effect, SOURCE_ANSWER, &answer).await;
                engine.0.context.node.at(points::of(engine, &name.0).after_evidence).await;
            }
            told(engine, effect, Ending::Answered(answer.clone()), Finished::Done, Some(answer)).await;
            if profile.writes {
                engine.0.context.node.at(points::of(engine, &name.0).after_outcome_commit).await;
            }
        }
        Called::Failed { class: Class::Permanent, why } => {
            tracing::warn!(kind = name.0, reference = name.1, why, "refused for good");
            told(engine, effect, Ending::Refused(why), Finished::Done, None).await;
        }
        Called::Failed { class: Class::UnknownOutcome, why } if profile.writes => {
            tracing::warn!(kind = name.0, reference = name.1, why, "outcome unknown: not repeated, an inquiry is due");
            metrics::counter!("quittance_outcomes_unknown_total", "kind" => name.0).increment(1);
            let after = inquiry::first_inquiry(&lane.spec, passed);
            let inquiry_due = later(engine.0.context.node.now(), after);
            let row = effect.clone();
            if !told(engine, effect, Ending::Unknown { inquiry_due }, Finished::Unknown(after), None).await {
                // The stream waits for a person and hears nothing; it is asked all the same.
                end(engine, &row, Finished::Unknown(after), None).await;
            }
        }
        // A read that gave no answer can be made again, like a write that certainly did not leave.
        Called::Failed { class: Class::Transient | Class::UnknownOutcome, why } => {
            let failures = u32::try_from(effect.tries).unwrap_or(0) + 1;
            let delay = fault::jittered(AGAIN.delay(failures), engine.0.context.node.random());
            tracing::info!(kind = name.0, reference = name.1, why, failures, ?delay, "did not happen: again later");
            end(engine, &effect, Finished::Again(delay), Some(Bytes::from(why))).await;
        }
    }
}

/// Evidence is kept without a fence and before anything is decided, also by a worker whose lease has ended.
async fn keep<S: Service>(engine: &Engine<S>, effect: &ClaimedEffect, source: &str, seen: &Bytes) {
    let mut failures = 0;
    while let Err(error) = engine.0.context.ledger.keep_evidence(effect.id, effect.epoch, source, seen.clone()).await {
        if error.class() == Class::Permanent {
            tracing::error!(%error, stream = %effect.id.stream, "evidence refused by the ledger");
            return;
        }
        failures += 1;
        tokio::time::sleep(LEDGER_AGAIN.delay(failures)).await;
    }
}

/// Tells the stream how its call ended. False when the stream waits for a person and took nothing.
async fn told<S: Service>(
    engine: &Engine<S>,
    effect: ClaimedEffect,
    ending: Ending,
    to: Finished,
    outcome: Option<Bytes>,
) -> bool {
    match engine.0.service.answered(&effect, ending) {
        Ok((place, command)) => {
            let finish = Finish { id: effect.id, epoch: effect.epoch, to, outcome };
            settle(engine, &effect, place, command, finish).await
        }
        Err(error) => {
            unreadable(engine, &effect, &error.to_string()).await;
            true
        }
    }
}

/// Brings an outcome into the ledger, as long as the ledger does not take it. False when its stream is parked.
async fn settle<S: Service>(
    engine: &Engine<S>,
    effect: &ClaimedEffect,
    place: crate::service::Place,
    command: S::Command,
    finish: Finish,
) -> bool {
    let mut finish = finish;
    let mut failures = 0;
    loop {
        let work = Work {
            place: place.clone(),
            command: command.clone(),
            claims: Vec::new(),
            subject_keys: Vec::new(),
            inbox: None,
            finish: Some(finish.clone()),
            caused_by: format!(
                "effect {} {}/{}/{}",
                effect.kind, effect.id.stream, effect.id.version, effect.id.ordinal
            ),
            actor: None,
            answer_repetition: false,
            points: points::of(engine, &effect.kind).around_outcome,
        };
        match engine.work(work).await {
            Ok(Verdict::Rejected(why)) => {
                tracing::warn!(stream = %place.stream, kind = effect.kind, %why, "an outcome was refused by its stream");
                return true;
            }
            // Somebody else has taken the row up. Evidence tells them, unless they looked before it was there.
            Ok(Verdict::Fenced) => match late::overtaken(engine, &finish).await {
                Some(epoch) => finish.epoch = epoch,
                None => return true,
            },
            Ok(Verdict::Parked(_)) => return false,
            Ok(Verdict::Done { .. } | Verdict::Seen | Verdict::KeyTaken { .. }) => return true,
            Err(error) if error.class() == Class::Permanent => {
                unreadable(engine, effect, &error.to_string()).await;
                return true;
            }
            Err(EngineError::Stopping) => return true,
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, stream = %place.stream, "an outcome could not be committed");
                tokio::time::sleep(LEDGER_AGAIN.delay(failures)).await;
            }
        }
    }
}

/// Ends a try without a word to the aggregate.
async fn end<S: Service>(engine: &Engine<S>, effect: &ClaimedEffect, to: Finished, outcome: Option<Bytes>) {
    let finish = Finish { id: effect.id, epoch: effect.epoch, to, outcome };
    let commit = Commit { finish: Some(finish), ..Commit::default() };
    if let Err(error) = engine.0.context.ledger.commit(commit).await {
        tracing::warn!(%error, stream = %effect.id.stream, "the end of a try could not be noted; the lease will end");
    }
}

async fn unreadable<S: Service>(engine: &Engine<S>, effect: &ClaimedEffect, why: &str) {
    tracing::error!(stream = %effect.id.stream, kind = effect.kind, why, "an effect cannot be brought home: parked");
    end(engine, effect, Finished::Parked, Some(Bytes::copy_from_slice(why.as_bytes()))).await;
    if let Err(error) = engine.0.context.ledger.park(effect.id.stream, why).await {
        tracing::error!(%error, "the stream could not be parked either");
    }
}
