//! The one statement that writes a group: a chain of `with` parts, each taking whole arrays, so that sixty commits cost
//! one round trip and one plan. Only the parts that the group needs are in it; the text depends on nothing else, so the
//! few shapes that occur stay prepared.
//!
//! The statement never fails because of a commit that must be refused. Each part that can be refused counts its rows, and
//! the answer is whether every count is as it should be; if not, the caller rolls back and asks which member it was.

use sha2::{Digest as _, Sha256};
use sqlx::{
    Arguments, AssertSqlSafe, Encode, PgConnection, Postgres, Row, Type,
    postgres::{PgArguments, PgRow},
};
use uuid::Uuid;

use crate::{
    postgres::rows::{IdArrays, micros},
    prepare::Prepared,
    types::{Append, Birth, EffectState, Finish, Finished, Head, NewEffect, NewEvidence, OutboxRow, Quiet, RowId},
};

/// A statement under construction. Every `?` of a part takes the next bound value.
#[derive(Default)]
pub(super) struct Statement {
    parts: Vec<String>,
    conditions: Vec<String>,
    arguments: PgArguments,
    values: usize,
    failure: Option<String>,
}

impl Statement {
    /// The statement for a group.
    pub(super) fn of(group: &[&Prepared]) -> Self {
        let mut statement = Self::default();
        statement.keys(group);
        statement.inbox(group);
        statement.subject_keys(group);
        let gate = statement.heads(group);
        statement.outbox(group, &gate);
        statement.effects(group, &gate);
        statement.finish(group);
        statement.evidence(group);
        statement
    }

    /// Runs it; true when every member went through. Nothing to do is fine too.
    pub(super) async fn run(self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        if let Some(failure) = self.failure {
            return Err(sqlx::Error::Encode(failure.into()));
        }
        if self.parts.is_empty() {
            return Ok(true);
        }
        let conditions = if self.conditions.is_empty() { "true".to_owned() } else { self.conditions.join(" and ") };
        let sql = format!("with {} select {conditions}", self.parts.join(", "));
        // Built from constants of this file alone; every value is bound.
        let row: PgRow = sqlx::query_with(AssertSqlSafe(sql), self.arguments).fetch_one(connection).await?;
        row.try_get(0)
    }

    fn bind<'q, T: Encode<'q, Postgres> + Type<Postgres>>(&mut self, value: T) {
        if let Err(error) = self.arguments.add(value) {
            self.failure.get_or_insert_with(|| error.to_string());
        }
    }

    /// Numbers the `?` of a text.
    fn numbered(&mut self, text: &str) -> String {
        let mut numbered = String::with_capacity(text.len() + 16);
        for (place, piece) in text.split('?').enumerate() {
            if place > 0 {
                self.values += 1;
                numbered.push('$');
                numbered.push_str(&self.values.to_string());
            }
            numbered.push_str(piece);
        }
        numbered
    }

    fn part(&mut self, text: &str) {
        let text = self.numbered(text);
        self.parts.push(text);
    }

    /// Demands that the part `name` counted as many rows as asked; the number is bound.
    fn expect(&mut self, name: &str, rows: usize) {
        let condition = self.numbered(&format!("(select count(*) from {name}) = ?"));
        self.conditions.push(condition);
        self.bind(i64::try_from(rows).unwrap_or(i64::MAX));
    }

    fn ids(&mut self, ids: impl Iterator<Item = RowId>) {
        let IdArrays { streams, versions, ordinals } = ids.collect();
        self.bind(streams);
        self.bind(versions);
        self.bind(ordinals);
    }

    fn keys(&mut self, group: &[&Prepared]) {
        let keys: Vec<_> = group.iter().flat_map(|member| &member.commit.keys).collect();
        if keys.is_empty() {
            return;
        }
        self.part(
            "key_new as (insert into natural_key (pair, kind, key, stream_id)
             select * from unnest(?::text[], ?::text[], ?::text[], ?::uuid[]) on conflict do nothing returning 1)",
        );
        self.bind(keys.iter().map(|key| key.pair.as_str()).collect::<Vec<_>>());
        self.bind(keys.iter().map(|key| key.kind.as_str()).collect::<Vec<_>>());
        self.bind(keys.iter().map(|key| key.key.as_str()).collect::<Vec<_>>());
        self.bind(keys.iter().map(|key| key.stream.0).collect::<Vec<_>>());
        self.expect("key_new", keys.len());
    }

    fn inbox(&mut self, group: &[&Prepared]) {
        let rows: Vec<_> = group.iter().filter_map(|member| member.commit.inbox.as_ref()).collect();
        if rows.is_empty() {
            return;
        }
        self.part(
            "inbox_new as (insert into inbox (stream_id, message_id, seen_at)
             select s, m, clock_timestamp() from unnest(?::uuid[], ?::text[]) as u(s, m)
             on conflict do nothing returning 1)",
        );
        self.bind(rows.iter().map(|row| row.stream.0).collect::<Vec<_>>());
        self.bind(rows.iter().map(|row| row.message_id.as_str()).collect::<Vec<_>>());
        self.expect("inbox_new", rows.len());
    }

    fn subject_keys(&mut self, group: &[&Prepared]) {
        let keys: Vec<_> = group.iter().flat_map(|member| &member.commit.subject_keys).collect();
        if keys.is_empty() {
            return;
        }
        // An erased person has a row without a key: "do nothing" is what keeps the erasure.
        self.part(
            "subject_new as (insert into subject_key (subject, wrapped)
             select * from unnest(?::uuid[], ?::bytea[]) on conflict do nothing)",
        );
        self.bind(keys.iter().map(|key| key.subject).collect::<Vec<_>>());
        self.bind(keys.iter().map(|key| &*key.wrapped).collect::<Vec<_>>());
    }

    /// Heads and events. Gives the condition under which rows caused by these events may be written: without it, a lost
    /// race would not show as a count but as a broken unique key, which ends the transaction for the neighbours too.
    fn heads(&mut self, group: &[&Prepared]) -> String {
        let mut ends: Vec<(&Append, Head)> =
            group.iter().flat_map(|m| m.commit.appends.iter().zip(m.heads.iter().map(|(_, head)| *head))).collect();
        if ends.is_empty() {
            return "true".to_owned();
        }
        // Rows are locked in the order of the array: every process sorts alike, so that two of them cannot lock crosswise.
        ends.sort_by_key(|(append, _)| append.stream);
        let (new, old): (Vec<_>, Vec<_>) = ends.into_iter().partition(|(append, _)| append.after.version == 0);
        let mut counted = Vec::new();
        if !old.is_empty() {
            self.moved(&old);
            counted.push(("moved", old.len()));
        }
        if !new.is_empty() {
            self.started(&new);
            counted.push(("started", new.len()));
        }
        for (name, rows) in &counted {
            self.expect(name, *rows);
        }
        let first = self.conditions.len() - counted.len();
        let gate = self.conditions[first..].join(" and ");
        self.events(group, &gate);
        gate
    }

    fn moved(&mut self, ends: &[(&Append, Head)]) {
        self.part(
            "moved as (update stream s set version = u.version, n = u.n, head_hash = u.hash
             from unnest(?::uuid[], ?::int8[], ?::int8[], ?::bytea[], ?::int8[], ?::int8[], ?::bytea[])
               as u(id, after, after_n, after_hash, version, n, hash)
             where s.stream_id = u.id and s.version = u.after and s.n = u.after_n and s.head_hash = u.after_hash
               and s.parked_at is null returning 1)",
        );
        self.bind(ends.iter().map(|(append, _)| append.stream.0).collect::<Vec<_>>());
        self.bind(ends.iter().map(|(append, _)| append.after.version).collect::<Vec<_>>());
        self.bind(ends.iter().map(|(append, _)| append.after.n).collect::<Vec<_>>());
        self.bind(ends.iter().map(|(append, _)| append.after.hash.as_slice()).collect::<Vec<_>>());
        self.ends(ends);
    }

    fn started(&mut self, ends: &[(&Append, Head)]) {
        self.part(
            "started as (insert into stream (stream_id, pair, kind, version, n, head_hash)
             select * from unnest(?::uuid[], ?::text[], ?::text[], ?::int8[], ?::int8[], ?::bytea[])
             on conflict do nothing returning 1)",
        );
        self.bind(ends.iter().map(|(append, _)| append.stream.0).collect::<Vec<_>>());
        self.bind(ends.iter().map(|(append, _)| append.pair.as_str()).collect::<Vec<_>>());
        self.bind(ends.iter().map(|(append, _)| append.kind.as_str()).collect::<Vec<_>>());
        self.ends(ends);
    }

    fn ends(&mut self, ends: &[(&Append, Head)]) {
        self.bind(ends.iter().map(|(_, head)| head.version).collect::<Vec<_>>());
        self.bind(ends.iter().map(|(_, head)| head.n).collect::<Vec<_>>());
        self.bind(ends.iter().map(|(_, head)| head.hash.as_slice()).collect::<Vec<_>>());
    }

    fn events(&mut self, group: &[&Prepared], gate: &str) {
        let events: Vec<_> = group.iter().flat_map(|member| &member.events).collect();
        self.part(&format!(
            "event_new as (insert into event (stream_id, version, kind, shape, at, meta, body, n, hash)
             select * from unnest(?::uuid[], ?::int8[], ?::text[], ?::int2[], ?::timestamptz[], ?::bytea[], ?::bytea[],
               ?::int8[], ?::bytea[]) where {gate})",
        ));
        self.bind(events.iter().map(|(stream, _)| stream.0).collect::<Vec<_>>());
        self.bind(events.iter().map(|(_, event)| event.version).collect::<Vec<_>>());
        self.bind(events.iter().map(|(_, event)| event.kind.as_str()).collect::<Vec<_>>());
        self.bind(events.iter().map(|(_, event)| event.shape).collect::<Vec<_>>());
        self.bind(events.iter().map(|(_, event)| event.at).collect::<Vec<_>>());
        self.bind(events.iter().map(|(_, event)| &*event.meta).collect::<Vec<_>>());
        self.bind(events.iter().map(|(_, event)| &*event.body).collect::<Vec<_>>());
        self.bind(events.iter().map(|(_, event)| event.n).collect::<Vec<_>>());
        self.bind(events.iter().map(|(_, event)| event.hash.as_slice()).collect::<Vec<_>>());
    }

    fn outbox(&mut self, group: &[&Prepared], gate: &str) {
        let rows: Vec<&OutboxRow> = group.iter().flat_map(|member| &member.commit.outbox).collect();
        if rows.is_empty() {
            return;
        }
        self.part(&format!(
            "outbox_new as (insert into outbox (stream_id, version, ordinal, pair, subject, body, asked, since)
             select u.*, clock_timestamp() from unnest(?::uuid[], ?::int8[], ?::int2[], ?::text[], ?::text[], ?::bytea[],
               ?::int4[]) as u where {gate})",
        ));
        self.ids(rows.iter().map(|row| row.id));
        self.bind(rows.iter().map(|row| row.pair.as_str()).collect::<Vec<_>>());
        self.bind(rows.iter().map(|row| row.subject.as_str()).collect::<Vec<_>>());
        self.bind(rows.iter().map(|row| row.body.as_deref()).collect::<Vec<_>>());
        self.bind(rows.iter().map(|row| row.asked).collect::<Vec<_>>());
    }

    fn effects(&mut self, group: &[&Prepared], gate: &str) {
        let effects: Vec<&NewEffect> = group.iter().flat_map(|member| &member.commit.effects).collect();
        if effects.is_empty() {
            return;
        }
        self.part(&format!(
            "effect_new as (insert into effect (stream_id, version, ordinal, pair, kind, state, epoch, holder, reference,
               operator, request, due_at, until, sent_at, dead_after)
             select stream_id, version, ordinal, pair, kind, state, epoch, holder, reference, operator, request,
               clock_timestamp() + due * interval '1 microsecond', clock_timestamp() + lease * interval '1 microsecond',
               case when quiet is not null then clock_timestamp() end,
               clock_timestamp() + quiet * interval '1 microsecond'
             from unnest(?::uuid[], ?::int8[], ?::int2[], ?::text[], ?::text[], ?::text[], ?::int8[], ?::text[], ?::text[],
               ?::text[], ?::bytea[], ?::int8[], ?::int8[], ?::int8[])
               as u(stream_id, version, ordinal, pair, kind, state, epoch, holder, reference, operator, request, due, lease,
               quiet) where {gate} on conflict do nothing returning 1)",
        ));
        let births: Vec<Born<'_>> = effects.iter().map(|effect| Born::of(&effect.birth)).collect();
        self.ids(effects.iter().map(|effect| effect.id));
        self.bind(effects.iter().map(|effect| effect.pair.as_str()).collect::<Vec<_>>());
        self.bind(effects.iter().map(|effect| effect.kind.as_str()).collect::<Vec<_>>());
        self.bind(births.iter().map(|born| born.state.as_str()).collect::<Vec<_>>());
        self.bind(births.iter().map(|born| i64::from(born.holder.is_some())).collect::<Vec<_>>());
        self.bind(births.iter().map(|born| born.holder).collect::<Vec<_>>());
        self.bind(effects.iter().map(|effect| effect.reference.as_deref()).collect::<Vec<_>>());
        self.bind(effects.iter().map(|effect| effect.operator.as_deref()).collect::<Vec<_>>());
        self.bind(effects.iter().map(|effect| &*effect.request).collect::<Vec<_>>());
        self.bind(effects.iter().map(|effect| micros(effect.due_in)).collect::<Vec<_>>());
        self.bind(births.iter().map(|born| born.lease).collect::<Vec<_>>());
        self.bind(births.iter().map(|born| born.quiet).collect::<Vec<_>>());
        self.expect("effect_new", effects.len());
    }

    fn evidence(&mut self, group: &[&Prepared]) {
        let seen: Vec<&NewEvidence> = group.iter().filter_map(|member| member.commit.evidence.as_ref()).collect();
        if seen.is_empty() {
            return;
        }
        self.part(
            "evidence_new as (insert into evidence (stream_id, version, ordinal, source, body_hash, epoch, body, seen_at)
             select u.*, clock_timestamp() from unnest(?::uuid[], ?::int8[], ?::int2[], ?::text[], ?::bytea[], ?::int8[],
               ?::bytea[]) as u on conflict do nothing)",
        );
        self.ids(seen.iter().map(|seen| seen.id));
        self.bind(seen.iter().map(|seen| seen.source.as_str()).collect::<Vec<_>>());
        self.bind(seen.iter().map(|seen| Sha256::digest(&seen.body).to_vec()).collect::<Vec<_>>());
        self.bind(seen.iter().map(|seen| seen.epoch).collect::<Vec<_>>());
        self.bind(seen.iter().map(|seen| &*seen.body).collect::<Vec<_>>());
    }

    fn finish(&mut self, group: &[&Prepared]) {
        let finishes: Vec<&Finish> = group.iter().filter_map(|member| member.commit.finish.as_ref()).collect();
        if !finishes.is_empty() {
            self.finished(&finishes);
        }
        let announces: Vec<(RowId, i64, Quiet)> = group.iter().filter_map(|member| member.commit.announce).collect();
        if !announces.is_empty() {
            self.part(
                "announced as (update effect e set state = 'sent', sent_at = clock_timestamp(),
                   dead_after = clock_timestamp() + u.quiet * interval '1 microsecond'
                 from unnest(?::uuid[], ?::int8[], ?::int2[], ?::int8[], ?::int8[]) as u(s, v, o, epoch, quiet)
                 where e.stream_id = u.s and e.version = u.v and e.ordinal = u.o and e.epoch = u.epoch
                   and e.state = 'ready' returning 1)",
            );
            self.ids(announces.iter().map(|(id, _, _)| *id));
            self.bind(announces.iter().map(|(_, epoch, _)| *epoch).collect::<Vec<_>>());
            self.bind(announces.iter().map(|(_, _, Quiet(quiet))| micros(*quiet)).collect::<Vec<_>>());
            self.expect("announced", announces.len());
        }
        let settled: Vec<&str> = group.iter().flat_map(|m| m.commit.settle.iter().map(String::as_str)).collect();
        if !settled.is_empty() {
            // A row that the same statement finishes is left to that: one row changes once.
            self.part(
                "settled as (update effect e set state = 'done', holder = null, until = null
                 where e.reference = any(?::text[]) and e.state = 'ready' and not exists (
                   select from unnest(?::uuid[], ?::int8[], ?::int2[]) as u(s, v, o)
                   where e.stream_id = u.s and e.version = u.v and e.ordinal = u.o))",
            );
            self.bind(settled);
            let own = finishes.iter().map(|finish| finish.id).chain(announces.iter().map(|(id, _, _)| *id));
            self.ids(own);
        }
    }

    fn finished(&mut self, finishes: &[&Finish]) {
        self.part(
            "finished as (update effect e set state = u.state, holder = null, until = null,
               outcome = coalesce(u.outcome, e.outcome),
               tries = case when u.state = 'unknown' and e.state <> 'unknown' then 1 when u.delay is null then e.tries
                 else e.tries + 1 end,
               due_at = coalesce(clock_timestamp() + u.delay * interval '1 microsecond', e.due_at),
               sent_at = case when u.state = 'ready' then null else e.sent_at end,
               dead_after = case when u.state = 'ready' then null else e.dead_after end
             from unnest(?::uuid[], ?::int8[], ?::int2[], ?::int8[], ?::text[], ?::int8[], ?::bytea[])
               as u(s, v, o, epoch, state, delay, outcome)
             where e.stream_id = u.s and e.version = u.v and e.ordinal = u.o and e.epoch = u.epoch
               and (e.state in ('ready', 'sent') or (e.state = 'unknown' and u.state <> 'ready')) returning 1)",
        );
        self.ids(finishes.iter().map(|finish| finish.id));
        self.bind(finishes.iter().map(|finish| finish.epoch).collect::<Vec<_>>());
        self.bind(finishes.iter().map(|finish| becomes(finish.to).0.as_str()).collect::<Vec<_>>());
        self.bind(finishes.iter().map(|finish| becomes(finish.to).1).collect::<Vec<_>>());
        self.bind(finishes.iter().map(|finish| finish.outcome.as_deref()).collect::<Vec<_>>());
        self.expect("finished", finishes.len());
    }
}

/// The state a finished row goes into and the delay until it is due, in microseconds.
pub(super) fn becomes(to: Finished) -> (EffectState, Option<i64>) {
    match to {
        Finished::Done => (EffectState::Done, None),
        Finished::Again(delay) => (EffectState::Ready, Some(micros(delay))),
        Finished::Unknown(delay) => (EffectState::Unknown, Some(micros(delay))),
        Finished::Parked => (EffectState::Parked, None),
    }
}

/// A birth as columns.
struct Born<'a> {
    state: EffectState,
    holder: Option<&'a str>,
    lease: Option<i64>,
    quiet: Option<i64>,
}

impl<'a> Born<'a> {
    fn of(birth: &'a Birth) -> Self {
        match birth {
            Birth::Unclaimed => Self { state: EffectState::Ready, holder: None, lease: None, quiet: None },
            Birth::Claimed(lease) => Self {
                state: EffectState::Ready,
                holder: Some(&lease.holder),
                lease: Some(micros(lease.lasts)),
                quiet: None,
            },
            Birth::Sent(lease, Quiet(quiet)) => Self {
                state: EffectState::Sent,
                holder: Some(&lease.holder),
                lease: Some(micros(lease.lasts)),
                quiet: Some(micros(*quiet)),
            },
        }
    }
}

/// Points again at every public event of `streams` that has no pending pointer, and gives the new rows as items.
pub(super) async fn reannounce(connection: &mut PgConnection, streams: &[Uuid]) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::query(
        "with fresh as (
           insert into outbox (stream_id, version, ordinal, pair, subject, body, asked, since)
           select e.stream_id, e.version, $2, s.pair, '', null, 0, clock_timestamp()
           from event e join stream s on s.stream_id = e.stream_id
           where e.stream_id = any($1) and e.n is not null and not exists (
             select from outbox o where o.stream_id = e.stream_id and o.version = e.version and o.body is null)
           on conflict do nothing returning stream_id, version, ordinal, pair, subject, body, asked)
         select f.stream_id, f.version, f.ordinal, f.pair, f.subject, f.body, f.asked, s.kind,
           e.version, e.kind, e.shape, e.at, e.meta, e.body, e.n, e.hash
         from fresh f join stream s on s.stream_id = f.stream_id
         join event e on e.stream_id = f.stream_id and e.version = f.version",
    )
    .bind(streams)
    .bind(crate::types::REANNOUNCED)
    .fetch_all(connection)
    .await
}
