//! Everything one piece of work wants, gathered over its streams until it is one commit.

use std::{any::Any, collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contracts::{ledger::v1 as stored, subjects};
use ids::StreamId;
use ledger::{
    Append, Birth, ClaimedEffect, Commit, EffectState, Head, Lease, NewEffect, NewEvent, OutboxRow, Quiet, RowId,
    StoredEvent,
};
use prost::Message as _;
use tokio::time::Instant;

use super::{Engine, Work};
use crate::{
    effect::{ASK, Handed},
    error::EngineError,
    service::{Call, DecideError, Past, Place, Service, Wish},
};

/// One stream as it looks inside this piece of work.
struct Open {
    place: Place,
    head: Head,
    state: Option<Arc<dyn Any + Send + Sync>>,
    unfolded: Vec<StoredEvent>,
    events: Vec<NewEvent>,
    from_memory: bool,
}

/// What is handed over after the commit.
#[derive(Default)]
pub(super) struct HandOver {
    pub(super) states: Vec<(StreamId, Arc<dyn Any + Send + Sync>)>,
    pub(super) calls: Vec<Handed>,
}

pub(super) struct Draft {
    now: DateTime<Utc>,
    meta: Bytes,
    open: Vec<Open>,
    commit: Commit,
    calls: Vec<Handed>,
    started: Instant,
    anything_new: bool,
}

/// True when there is nothing to make durable.
pub(super) fn is_empty(commit: &Commit) -> bool {
    commit.appends.is_empty()
        && commit.inbox.is_none()
        && commit.finish.is_none()
        && commit.announce.is_none()
        && commit.reannounce.is_empty()
        && commit.outbox.is_empty()
        && commit.effects.is_empty()
}

impl Draft {
    pub(super) fn new<S: Service>(engine: &Engine<S>, work: &Work<S::Command>) -> Self {
        let meta = stored::Meta {
            caused_by: work.caused_by.clone(),
            traceparent: telemetry::inject_context().unwrap_or_default(),
            actor: work.actor.clone().unwrap_or_default(),
            order_id: work.place.order.to_string(),
        };
        Self {
            now: engine.0.context.node.now(),
            meta: meta.encode_to_vec().into(),
            open: Vec::new(),
            commit: Commit::default(),
            calls: Vec::new(),
            started: Instant::now(),
            anything_new: false,
        }
    }

    /// Brings a stream in, from memory when it was written here lately. Gives its id when it is parked.
    pub(super) async fn open<S: Service>(
        &mut self,
        engine: &Engine<S>,
        place: &Place,
    ) -> Result<Option<StreamId>, EngineError> {
        if self.open.iter().any(|open| open.place.stream == place.stream) {
            return Ok(None);
        }
        let cached = engine.0.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(place.stream);
        let open = match cached {
            Some(folded) => Open {
                place: place.clone(),
                head: folded.head,
                state: Some(folded.state),
                unfolded: Vec::new(),
                events: Vec::new(),
                from_memory: true,
            },
            None => {
                let history = engine.0.context.ledger.load(place.stream).await?;
                if history.parked.is_some() {
                    return Ok(Some(place.stream));
                }
                Open {
                    place: place.clone(),
                    head: history.head,
                    state: None,
                    unfolded: history.events,
                    events: Vec::new(),
                    from_memory: false,
                }
            }
        };
        self.open.push(open);
        Ok(None)
    }

    /// Decides one command on a stream that is open.
    pub(super) fn decide<S: Service>(
        &mut self,
        engine: &Engine<S>,
        place: &Place,
        command: S::Command,
        queue: &mut VecDeque<(Place, S::Command)>,
    ) -> Result<(), DecideError> {
        let Some(index) = self.open.iter().position(|open| open.place.stream == place.stream) else {
            return Err(DecideError::NoSuchKind(place.kind.to_owned()));
        };
        let open = &mut self.open[index];
        let past = Past { state: open.state.clone(), events: &open.unfolded };
        let decided = engine.0.service.decide(place, past, command, self.now)?;
        open.state = Some(decided.state);
        open.unfolded = Vec::new();
        let first = open.head.version + 1 + i64::try_from(open.events.len()).unwrap_or(i64::MAX);
        let mut ordinals = vec![0_i16; decided.events.len()];
        for (at, mut event) in decided.events.into_iter().enumerate() {
            event.meta = self.meta.clone();
            if event.is_public {
                let id = RowId { stream: place.stream, version: version(first, at), ordinal: 0 };
                // The subject is derived from the event when it is published; this one is for people who look at the table.
                let subject = format!("otc.{}.{}.event.{}", place.pair, place.kind, event.kind);
                self.commit.outbox.push(OutboxRow { id, pair: place.pair.clone(), subject, body: None, asked: 0 });
            }
            self.anything_new = true;
            self.open[index].events.push(event);
        }
        for (cause, wish) in decided.wishes {
            let ordinal = ordinals.get_mut(cause).map_or(1, |ordinal| {
                *ordinal += 1;
                *ordinal
            });
            let id = RowId { stream: place.stream, version: version(first, cause), ordinal };
            self.wish(engine, place, id, wish, queue);
        }
        Ok(())
    }

    fn wish<S: Service>(
        &mut self,
        engine: &Engine<S>,
        place: &Place,
        id: RowId,
        wish: Wish<S::Command>,
        queue: &mut VecDeque<(Place, S::Command)>,
    ) {
        let named = |name: &str| Some(format!("{}/{name}", place.stream));
        let effect = |kind: &str, reference: Option<String>, request: Bytes, due_in: Duration| NewEffect {
            id,
            pair: place.pair.clone(),
            kind: kind.to_owned(),
            reference,
            operator: None,
            request,
            due_in,
            birth: Birth::Unclaimed,
        };
        match wish {
            Wish::Tell { place, command } => queue.push_back((place, command)),
            Wish::Send { name, message } => {
                let subject = subjects::subject(&place.pair, message.kind);
                let body: Bytes = stored::StoredCommand {
                    subject: subject.clone(),
                    ce_type: message.kind.ce_type.to_owned(),
                    payload: message.payload,
                    order_id: place.order.to_string(),
                }
                .encode_to_vec()
                .into();
                let row = OutboxRow { id, pair: place.pair.clone(), subject, body: Some(body.clone()), asked: 0 };
                self.commit.outbox.push(row);
                self.commit.effects.push(effect(ASK, named(name), body, engine.0.settings.ask_again(0)));
            }
            Wish::Call(call) => {
                let row = effect(call.kind, Some(call.reference.clone()), call.request.clone(), Duration::ZERO);
                self.call(engine, row, &call);
            }
            Wish::Timer { name, kind, request, after } => {
                // A question or timer that is asked for and settled in one decision was never needed.
                self.commit.effects.push(effect(kind, named(&name), request, after));
            }
            Wish::Settle { name } => {
                let reference = format!("{}/{name}", place.stream);
                self.commit.effects.retain(|effect| effect.reference.as_deref() != Some(reference.as_str()));
                self.commit.settle.push(reference);
            }
        }
    }

    /// A call is born in the hands of this process when it has room: announced at once when the outside's permit is free.
    fn call<S: Service>(&mut self, engine: &Engine<S>, mut row: NewEffect, call: &Call) {
        let Some(profile) = engine.0.service.profile(call.kind) else {
            self.commit.effects.push(row);
            return;
        };
        if profile.writes {
            row.operator = engine.0.service.operator(&row.pair);
        }
        let lane = engine.0.lanes.get(profile.lane);
        let Some(room) = lane.room() else {
            self.commit.effects.push(row);
            return;
        };
        let lease = Lease { holder: engine.0.incarnation.clone(), lasts: lane.lease(&engine.0.settings) };
        let permit = lane.try_permit();
        let announced = profile.writes && permit.is_some();
        row.birth =
            if announced { Birth::Sent(lease, Quiet(lane.quiet(&engine.0.settings))) } else { Birth::Claimed(lease) };
        let effect = ClaimedEffect {
            id: row.id,
            pair: row.pair.clone(),
            kind: row.kind.clone(),
            state: EffectState::Ready,
            epoch: 1,
            reference: row.reference.clone(),
            operator: row.operator.clone(),
            request: row.request.clone(),
            tries: 0,
        };
        self.calls.push(Handed { effect, permit, room, announced_at: announced.then_some(self.started) });
        self.commit.effects.push(row);
    }

    /// Streams whose remembered state said that there is nothing to do. An append would notice a state that has gone stale;
    /// nothing notices a stale "nothing", so it must be said again by the ledger itself.
    pub(super) fn unproven(&self) -> Vec<StreamId> {
        self.open
            .iter()
            .filter(|open| open.from_memory && open.events.is_empty())
            .map(|open| open.place.stream)
            .collect()
    }

    /// Every stream that was looked at.
    pub(super) fn streams(&self) -> Vec<StreamId> {
        self.open.iter().map(|open| open.place.stream).collect()
    }

    /// The commit, and what is handed over when it succeeds.
    pub(super) fn finish<C>(self, work: &Work<C>) -> (Commit, HandOver) {
        let mut commit = self.commit;
        commit.inbox.clone_from(&work.inbox);
        commit.finish.clone_from(&work.finish);
        if self.anything_new {
            commit.keys.clone_from(&work.claims);
        } else if work.answer_repetition {
            commit.reannounce.push(work.place.stream);
        }
        if self.anything_new || work.inbox.is_some() {
            commit.subject_keys.clone_from(&work.subject_keys);
        }
        let mut states = Vec::with_capacity(self.open.len());
        for open in self.open {
            if let Some(state) = open.state {
                states.push((open.place.stream, state));
            }
            if !open.events.is_empty() {
                let Place { stream, pair, kind, .. } = open.place;
                commit.appends.push(Append {
                    stream,
                    pair,
                    kind: kind.to_owned(),
                    after: open.head,
                    events: open.events,
                });
            }
        }
        (commit, HandOver { states, calls: self.calls })
    }
}

fn version(first: i64, index: usize) -> i64 {
    first + i64::try_from(index).unwrap_or(i64::MAX)
}
