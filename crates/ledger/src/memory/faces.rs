//! The calls of the twin other than a commit: claiming, forgetting, asking again, looking.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use ids::{Pair, StreamId};
use sha2::{Digest, Sha256};

use crate::{
    memory::{
        apply::later,
        state::{Kept, State},
    },
    types::{
        ClaimedEffect, DeadLetter, DueInquiry, EffectRow, EffectState, Evidence, OutboxItem, OutboxRow, Pending, RowId,
    },
};

/// A limit as a count.
pub(super) fn count(most: i64) -> usize {
    usize::try_from(most).unwrap_or(0)
}

fn before(now: DateTime<Utc>, passed: Duration) -> DateTime<Utc> {
    let passed = TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX);
    now.checked_sub_signed(passed).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

impl State {
    pub(super) fn find_key(&self, pair: &Pair, kind: &str, key: &str) -> Option<StreamId> {
        self.keys.get(&(pair.clone(), kind.to_owned(), key.to_owned())).copied()
    }

    pub(super) fn claim_effects(
        &mut self,
        kinds: &[String],
        most: i64,
        holder: &str,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Vec<ClaimedEffect> {
        let due = self.due(&[EffectState::Ready, EffectState::Sent], kinds, most, now);
        due.into_iter().filter_map(|id| self.claim_one(id, holder, later(now, lease))).collect()
    }

    /// Rows in one of these states that are due and that nobody holds.
    fn due(&self, states: &[EffectState], kinds: &[String], most: i64, now: DateTime<Utc>) -> Vec<RowId> {
        let mut due: Vec<(DateTime<Utc>, RowId)> = self
            .effects
            .values()
            .filter(|held| states.contains(&held.row.state))
            .filter(|held| held.row.due_at <= now && held.until.is_none_or(|until| until < now))
            .filter(|held| kinds.contains(&held.row.kind))
            .map(|held| (held.row.due_at, held.row.id))
            .collect();
        due.sort_unstable();
        due.truncate(count(most));
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn claim_one(&mut self, id: RowId, holder: &str, until: DateTime<Utc>) -> Option<ClaimedEffect> {
        let held = self.effects.get_mut(&id)?;
        held.row.epoch += 1;
        held.row.holder = Some(holder.to_owned());
        held.until = Some(until);
        let EffectRow { pair, kind, state, epoch, reference, tries, .. } = held.row.clone();
        let (operator, request) = (held.operator.clone(), held.request.clone());
        Some(ClaimedEffect { id, pair, kind, state, epoch, reference, operator, request, tries })
    }

    pub(super) fn claim_inquiries(
        &mut self,
        kinds: &[String],
        most: i64,
        holder: &str,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Vec<DueInquiry> {
        let due = self.due(&[EffectState::Unknown], kinds, most, now);
        let until = later(now, lease);
        let take = |id| {
            let effect = self.claim_one(id, holder, until)?;
            let row = &mut self.effects.get_mut(&id)?.row;
            row.due_at = until;
            Some(DueInquiry { effect, sent_at: row.sent_at, dead_after: row.dead_after, claimed_at: now })
        };
        due.into_iter().filter_map(take).collect()
    }

    pub(super) fn release(&mut self, holder: &str, now: DateTime<Utc>) -> u64 {
        let mut released = 0;
        for held in self.effects.values_mut().filter(|held| held.row.holder.as_deref() == Some(holder)) {
            match held.row.state {
                EffectState::Ready | EffectState::Sent => {}
                // Its hour was moved to the end of the lease: an inquiry that was not finished is due.
                EffectState::Unknown => held.row.due_at = now,
                EffectState::Done | EffectState::Parked => continue,
            }
            (held.row.holder, held.until) = (None, None);
            released += 1;
        }
        released
    }

    pub(super) fn keep_evidence(&mut self, id: RowId, epoch: i64, source: &str, body: Bytes, seen_at: DateTime<Utc>) {
        let key = (id, source.to_owned(), Sha256::digest(&body).into());
        self.evidence.entry(key).or_insert(Kept { seen_at, epoch, body });
    }

    pub(super) fn evidence_of(&self, id: RowId) -> Vec<Evidence> {
        let of_row = self.evidence.iter().filter(|((of, _, _), _)| *of == id);
        let mut found: Vec<_> =
            of_row.map(|((_, source, hash), e)| (e.seen_at, source, hash, e.body.clone())).collect();
        found.sort();
        found.into_iter().map(|(_, source, _, body)| Evidence { source: source.clone(), body }).collect()
    }

    fn item(&self, row: &OutboxRow) -> Option<OutboxItem> {
        let stream = self.streams.get(&row.id.stream)?;
        let event = stream.events.iter().find(|event| event.version == row.id.version)?.clone();
        Some(OutboxItem { row: row.clone(), event, stream_kind: stream.kind.clone() })
    }

    pub(super) fn claim_outbox(&mut self, older_than: Duration, most: i64, now: DateTime<Utc>) -> Vec<OutboxItem> {
        let cutoff = before(now, older_than);
        // A young row means that somebody is at work on its stream: one stream, one taker.
        let young = self.outbox.iter().filter(|(_, (_, since))| *since > cutoff).map(|(id, _)| id.stream);
        let young: BTreeSet<StreamId> = young.collect();
        let free = self.outbox.keys().filter(|id| !young.contains(&id.stream));
        let taken: Vec<RowId> = free.take(count(most)).copied().collect();
        for id in &taken {
            if let Some((_, since)) = self.outbox.get_mut(id) {
                *since = now;
            }
        }
        taken.iter().filter_map(|id| self.item(&self.outbox.get(id)?.0)).collect()
    }

    pub(super) fn forget_outbox(&mut self, rows: &[(RowId, i32)]) {
        for (id, asked) in rows {
            if self.outbox.get(id).is_some_and(|(row, _)| row.asked == *asked) {
                self.outbox.remove(id);
            }
        }
    }

    pub(super) fn ask_again(
        &mut self,
        effect: RowId,
        epoch: i64,
        mut row: OutboxRow,
        next: Duration,
        now: DateTime<Utc>,
    ) -> Option<OutboxItem> {
        let held = self.effects.get_mut(&effect)?;
        if held.row.state != EffectState::Ready || held.row.epoch != epoch {
            return None;
        }
        (held.row.tries, held.row.due_at) = (held.row.tries + 1, later(now, next));
        (held.row.holder, held.until) = (None, None);
        row.asked = row.asked.max(held.row.tries);
        self.outbox.insert(row.id, (row.clone(), now));
        self.item(&row)
    }

    pub(super) fn reannounce_page(
        &mut self,
        younger_than: Duration,
        cursor: Option<(DateTime<Utc>, RowId)>,
        most: i64,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, RowId)> {
        let from = before(now, younger_than);
        let all = self.streams.iter().flat_map(|(id, stream)| stream.events.iter().map(|event| (*id, event)));
        let mut page: Vec<_> = all
            .filter(|(_, event)| event.n.is_some() && event.at > from)
            .map(|(id, event)| (event.at, id, event.version, event.clone()))
            .filter(|(at, id, version, _)| {
                cursor.is_none_or(|(c, row)| (*at, *id, *version) > (c, row.stream, row.version))
            })
            .collect();
        page.sort_unstable_by_key(|(at, id, version, _)| (*at, *id, *version));
        page.truncate(count(most));
        let last =
            (page.len() == count(most)).then(|| page.last().map(|(at, id, version, _)| (*at, *id, *version))).flatten();
        for (_, id, _, event) in page {
            self.point_at(id, event, now);
        }
        last.map(|(at, stream, version)| (at, RowId { stream, version, ordinal: crate::types::REANNOUNCED }))
    }

    pub(super) fn bury(&mut self, letter: DeadLetter) -> i32 {
        let known =
            self.dead_letters.values_mut().find(|l| l.origin == letter.origin && l.message_id == letter.message_id);
        if let Some(known) = known {
            let (id, failures) = (known.id, known.failures + 1);
            *known = DeadLetter { id, failures, ..letter };
            self.resolved.remove(&id);
            return failures;
        }
        let failures = letter.failures.max(1);
        self.dead_letters.insert(letter.id, DeadLetter { failures, ..letter });
        failures
    }

    pub(super) fn resolve(&mut self, origin: &str, message_id: &str) -> bool {
        let mut letters = self.dead_letters.values();
        let known = letters.find(|letter| letter.origin == origin && letter.message_id == message_id);
        known.is_some_and(|letter| self.resolved.insert(letter.id))
    }

    pub(super) fn unresolved(&self, most: i64) -> Vec<DeadLetter> {
        let newest_first = self.dead_letters.values().rev().filter(|letter| !self.resolved.contains(&letter.id));
        newest_first.take(count(most)).cloned().collect()
    }

    pub(super) fn failures(&self, origin: &str, message_id: &str) -> i32 {
        let mut letters = self.dead_letters.values();
        letters.find(|l| l.origin == origin && l.message_id == message_id).map_or(0, |letter| letter.failures)
    }

    pub(super) fn effects_of(&self, stream: StreamId) -> Vec<EffectRow> {
        let first = RowId { stream, version: i64::MIN, ordinal: i16::MIN };
        self.effects
            .range(first..)
            .take_while(|(id, _)| id.stream == stream)
            .map(|(_, held)| held.row.clone())
            .collect()
    }

    pub(super) fn streams_of(&self, kind: &str, before: Option<StreamId>, most: i64) -> Vec<StreamId> {
        let newest_first = self.streams.iter().rev().filter(|(id, _)| before.is_none_or(|before| **id < before));
        newest_first.filter(|(_, stream)| stream.kind == kind).map(|(id, _)| *id).take(count(most)).collect()
    }

    pub(super) fn pending(&self, now: DateTime<Utc>) -> Pending {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let mut pending = Pending {
            outbox: number(self.outbox.len()),
            parked: number(self.streams.values().filter(|stream| stream.parked.is_some()).count()),
            dead_letters: number(self.dead_letters.len() - self.resolved.len()),
            ..Pending::default()
        };
        for held in self.effects.values() {
            match held.row.state {
                EffectState::Sent => pending.effects_due += 1,
                EffectState::Ready if held.row.due_at <= now => pending.effects_due += 1,
                EffectState::Ready => pending.effects_later += 1,
                EffectState::Unknown => pending.effects_unknown += 1,
                EffectState::Done | EffectState::Parked => {}
            }
        }
        pending
    }
}
