//! How a commit changes the tables of the twin.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ids::StreamId;

use crate::{
    error::LedgerError,
    memory::state::{Held, State, Stream},
    prepare::Prepared,
    types::{
        Birth, Committed, EffectRow, EffectState, Finish, Finished, Head, NewEffect, OutboxItem, OutboxRow, Quiet,
        RowId, StoredEvent,
    },
    verdict::verdict,
};

/// `now` and `passed` later, cut to what the database holds.
pub(super) fn later(now: DateTime<Utc>, passed: Duration) -> DateTime<Utc> {
    let micros = i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
    now.checked_add_signed(TimeDelta::microseconds(micros)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl State {
    /// Applies a commit whole, or says why not.
    pub(super) fn commit(&mut self, prepared: &Prepared, now: DateTime<Utc>) -> Result<Committed, LedgerError> {
        let commit = &prepared.commit;
        if let Some(refusal) = verdict(commit, self)? {
            return Ok(refusal);
        }
        for claim in &commit.keys {
            self.keys.insert((claim.pair.clone(), claim.kind.clone(), claim.key.clone()), claim.stream);
        }
        self.inbox.extend(commit.inbox.clone());
        self.append(prepared);
        if let Some(finish) = &commit.finish {
            self.finish(finish, now);
        }
        if let Some((id, _, quiet)) = &commit.announce {
            self.announce(*id, *quiet, now);
        }
        self.settle(prepared);
        for row in &commit.outbox {
            self.outbox.insert(row.id, (row.clone(), now));
        }
        for effect in &commit.effects {
            self.bear(effect, now);
        }
        for key in &commit.subject_keys {
            self.subject_keys.entry(key.subject).or_insert_with(|| Some(key.wrapped.clone()));
        }
        if let Some(seen) = &commit.evidence {
            self.keep_evidence(seen.id, seen.epoch, &seen.source, seen.body.clone(), now);
        }
        let mut durable = prepared.durable();
        for stream in &commit.reannounce {
            durable.outbox.extend(self.reannounce(*stream, now));
        }
        durable.outbox.sort_by_key(|item| item.row.id);
        Ok(Committed::Done(durable))
    }

    fn append(&mut self, prepared: &Prepared) {
        for (append, (id, head)) in prepared.commit.appends.iter().zip(&prepared.heads) {
            let stream = self.streams.entry(*id).or_insert_with(|| Stream {
                pair: append.pair.clone(),
                kind: append.kind.clone(),
                head: Head::default(),
                parked: None,
                events: Vec::new(),
            });
            let fresh = prepared.events.iter().filter(|(of, _)| of == id).map(|(_, event)| event.clone());
            stream.events.extend(fresh);
            stream.head = *head;
            let dense = stream.events.last().is_some_and(|last| last.version == head.version && last.hash == head.hash);
            assert!(dense, "the last event of a stream is its head");
        }
    }

    fn finish(&mut self, finish: &Finish, now: DateTime<Utc>) {
        let Some(held) = self.effects.get_mut(&finish.id) else { return };
        let row = &mut held.row;
        row.holder = None;
        held.until = None;
        if finish.outcome.is_some() {
            row.outcome.clone_from(&finish.outcome);
        }
        match finish.to {
            Finished::Done => row.state = EffectState::Done,
            Finished::Parked => row.state = EffectState::Parked,
            Finished::Again(delay) => {
                // Proven not to have happened: as if it had never been announced.
                (row.state, row.sent_at, row.dead_after) = (EffectState::Ready, None, None);
                (row.due_at, row.tries) = (later(now, delay), row.tries + 1);
            }
            Finished::Unknown(delay) => {
                // From here on tries are inquiries: the next one's number.
                row.tries = if row.state == EffectState::Unknown { row.tries + 1 } else { 1 };
                (row.state, row.due_at) = (EffectState::Unknown, later(now, delay));
            }
        }
    }

    fn announce(&mut self, id: RowId, Quiet(quiet): Quiet, now: DateTime<Utc>) {
        let Some(held) = self.effects.get_mut(&id) else { return };
        held.row.state = EffectState::Sent;
        held.row.sent_at = Some(now);
        held.row.dead_after = Some(later(now, quiet));
    }

    fn settle(&mut self, prepared: &Prepared) {
        let own =
            [prepared.commit.finish.as_ref().map(|f| f.id), prepared.commit.announce.as_ref().map(|(id, _, _)| *id)];
        for reference in &prepared.commit.settle {
            let Some(id) = self.references.get(reference).filter(|id| !own.contains(&Some(**id))) else { continue };
            let Some(held) = self.effects.get_mut(id) else { continue };
            if held.row.state == EffectState::Ready {
                (held.row.state, held.row.holder, held.until) = (EffectState::Done, None, None);
            }
        }
    }

    fn bear(&mut self, new: &NewEffect, now: DateTime<Utc>) {
        let (state, lease, quiet) = match &new.birth {
            Birth::Unclaimed => (EffectState::Ready, None, None),
            Birth::Claimed(lease) => (EffectState::Ready, Some(lease), None),
            Birth::Sent(lease, quiet) => (EffectState::Sent, Some(lease), Some(quiet)),
        };
        let row = EffectRow {
            id: new.id,
            pair: new.pair.clone(),
            kind: new.kind.clone(),
            state,
            due_at: later(now, new.due_in),
            tries: 0,
            epoch: i64::from(lease.is_some()),
            holder: lease.map(|lease| lease.holder.clone()),
            reference: new.reference.clone(),
            sent_at: quiet.map(|_| now),
            dead_after: quiet.map(|Quiet(quiet)| later(now, *quiet)),
            outcome: None,
        };
        let until = lease.map(|lease| later(now, lease.lasts));
        self.references.extend(new.reference.clone().map(|reference| (reference, new.id)));
        self.effects.insert(new.id, Held { row, until, operator: new.operator.clone(), request: new.request.clone() });
    }

    /// Points at every public event of a stream that has no pending pointer.
    pub(super) fn reannounce(&mut self, stream: StreamId, now: DateTime<Utc>) -> Vec<OutboxItem> {
        let events = self.streams.get(&stream).map(|s| s.events.clone()).unwrap_or_default();
        events.into_iter().filter_map(|event| self.point_at(stream, event, now)).collect()
    }

    /// Puts a pointer at one event into the outbox, unless it is private or a pointer is pending.
    pub(super) fn point_at(&mut self, stream: StreamId, event: StoredEvent, now: DateTime<Utc>) -> Option<OutboxItem> {
        let owner = self.streams.get(&stream)?;
        let (pair, stream_kind) = (owner.pair.clone(), owner.kind.clone());
        let id = RowId { stream, version: event.version, ordinal: crate::types::REANNOUNCED };
        let of_event = id..=RowId { ordinal: i16::MAX, ..id };
        if event.n.is_none() || self.outbox.range(of_event).any(|(_, (row, _))| row.body.is_none()) {
            return None;
        }
        let row = OutboxRow { id, pair, subject: String::new(), body: None, asked: 0 };
        self.outbox.insert(id, (row.clone(), now));
        Some(OutboxItem { row, event, stream_kind })
    }
}
