//! Effects: taking them, what was seen of them, showing them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ids::StreamId;
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{
    postgres::rows::{bytes, bytes_or_none, micros, pair, row_id, state},
    types::{ClaimedEffect, DueInquiry, EffectRow, Evidence, Pending, RowId},
};

fn claimed(row: &PgRow) -> Result<(DateTime<Utc>, ClaimedEffect), sqlx::Error> {
    let effect = ClaimedEffect {
        id: row_id(row, 0)?,
        pair: pair(row, 3)?,
        kind: row.try_get(4)?,
        state: state(row, 5)?,
        epoch: row.try_get(6)?,
        reference: row.try_get(7)?,
        operator: row.try_get(8)?,
        request: bytes(row, 9)?,
        tries: row.try_get(10)?,
    };
    Ok((row.try_get(11)?, effect))
}

/// Takes due rows that nobody holds. The clock is asked once, so that the index on `due_at` can be used.
pub(super) async fn claim(
    connection: &mut PgConnection,
    kinds: &[String],
    most: i64,
    holder: &str,
    lease: Duration,
) -> Result<Vec<ClaimedEffect>, sqlx::Error> {
    let rows = sqlx::query(
        "with clock as materialized (select clock_timestamp() as now),
         due as materialized (
           select stream_id, version, ordinal from effect
           where state in ('ready', 'sent') and due_at <= (select now from clock)
             and (until is null or until < (select now from clock)) and kind = any($1)
           order by due_at, stream_id, version, ordinal limit $2 for update skip locked)
         update effect e set epoch = e.epoch + 1, holder = $3, until = clock_timestamp() + $4 * interval '1 microsecond'
         from due d where e.stream_id = d.stream_id and e.version = d.version and e.ordinal = d.ordinal
         returning e.stream_id, e.version, e.ordinal, e.pair, e.kind, e.state, e.epoch, e.reference, e.operator, e.request,
           e.tries, e.due_at",
    )
    .bind(kinds)
    .bind(most)
    .bind(holder)
    .bind(micros(lease))
    .fetch_all(connection)
    .await?;
    let mut taken = rows.iter().map(claimed).collect::<Result<Vec<_>, _>>()?;
    taken.sort_by_key(|(due_at, effect)| (*due_at, effect.id));
    Ok(taken.into_iter().map(|(_, effect)| effect).collect())
}

/// Takes rows whose inquiry is due and that nobody holds. The hour moves to the end of the lease, so that nobody ever sees
/// one that has passed.
pub(super) async fn claim_inquiries(
    connection: &mut PgConnection,
    kinds: &[String],
    most: i64,
    holder: &str,
    lease: Duration,
) -> Result<Vec<DueInquiry>, sqlx::Error> {
    let rows = sqlx::query(
        "with clock as materialized (select clock_timestamp() as now),
         due as materialized (
           select stream_id, version, ordinal, due_at from effect
           where state = 'unknown' and due_at <= (select now from clock)
             and (until is null or until < (select now from clock)) and kind = any($1)
           order by due_at, stream_id, version, ordinal limit $2 for update skip locked)
         update effect e set epoch = e.epoch + 1, holder = $3, until = (select now from clock) + $4 * interval '1 microsecond',
           due_at = (select now from clock) + $4 * interval '1 microsecond'
         from due d where e.stream_id = d.stream_id and e.version = d.version and e.ordinal = d.ordinal
         returning e.stream_id, e.version, e.ordinal, e.pair, e.kind, e.state, e.epoch, e.reference, e.operator, e.request,
           e.tries, d.due_at, e.sent_at, e.dead_after, (select now from clock)",
    )
    .bind(kinds)
    .bind(most)
    .bind(holder)
    .bind(micros(lease))
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| {
        let (due_at, effect) = claimed(row)?;
        let due = DueInquiry {
            effect,
            sent_at: row.try_get(12)?,
            dead_after: row.try_get(13)?,
            claimed_at: row.try_get(14)?,
        };
        Ok((due_at, due))
    };
    let mut taken = rows.iter().map(read).collect::<Result<Vec<_>, sqlx::Error>>()?;
    taken.sort_by_key(|(due_at, due)| (*due_at, due.effect.id));
    Ok(taken.into_iter().map(|(_, due)| due).collect())
}

/// Ends the leases of one holder.
pub(super) async fn release(connection: &mut PgConnection, holder: &str) -> Result<u64, sqlx::Error> {
    // One index scan each: the two indexes hold only what is not over.
    let mut released = 0;
    for sql in [
        "update effect set holder = null, until = '-infinity' where holder = $1 and state in ('ready', 'sent')",
        // Its hour was moved to the end of the lease: an inquiry that was not finished is due.
        "update effect set holder = null, until = '-infinity', due_at = clock_timestamp()
         where holder = $1 and state = 'unknown'",
    ] {
        let done = sqlx::query(sql).bind(holder).execute(&mut *connection).await?;
        released += done.rows_affected();
    }
    Ok(released)
}

/// The evidence about a row, oldest first.
pub(super) async fn evidence(connection: &mut PgConnection, id: RowId) -> Result<Vec<Evidence>, sqlx::Error> {
    let rows = sqlx::query(
        "select source, body from evidence where stream_id = $1 and version = $2 and ordinal = $3
         order by seen_at, source collate \"C\", body_hash",
    )
    .bind(id.stream.0)
    .bind(id.version)
    .bind(id.ordinal)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(Evidence { source: row.try_get(0)?, body: bytes(row, 1)? })).collect()
}

/// The rows of one stream.
pub(super) async fn of_stream(connection: &mut PgConnection, stream: StreamId) -> Result<Vec<EffectRow>, sqlx::Error> {
    let rows = sqlx::query(
        "select stream_id, version, ordinal, pair, kind, state, due_at, tries, epoch, holder, reference, sent_at, dead_after,
           outcome
         from effect where stream_id = $1 order by version, ordinal",
    )
    .bind(stream.0)
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| {
        Ok(EffectRow {
            id: row_id(row, 0)?,
            pair: pair(row, 3)?,
            kind: row.try_get(4)?,
            state: state(row, 5)?,
            due_at: row.try_get(6)?,
            tries: row.try_get(7)?,
            epoch: row.try_get(8)?,
            holder: row.try_get(9)?,
            reference: row.try_get(10)?,
            sent_at: row.try_get(11)?,
            dead_after: row.try_get(12)?,
            outcome: bytes_or_none(row, 13)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Counts of what is not at rest. Only the partial indexes and small tables are read.
pub(super) async fn pending(connection: &mut PgConnection) -> Result<Pending, sqlx::Error> {
    let row = sqlx::query(
        "with clock as materialized (select clock_timestamp() as now)
         select (select count(*) from outbox),
           (select count(*) from effect where state in ('ready', 'sent')
             and (state = 'sent' or due_at <= (select now from clock))),
           (select count(*) from effect where state = 'unknown'),
           (select count(*) from effect where state in ('ready', 'sent') and state = 'ready'
             and due_at > (select now from clock)),
           (select count(*) from stream where parked_at is not null),
           (select count(*) from dead_letter where resolved_by is null)",
    )
    .fetch_one(connection)
    .await?;
    Ok(Pending {
        outbox: row.try_get(0)?,
        effects_due: row.try_get(1)?,
        effects_unknown: row.try_get(2)?,
        effects_later: row.try_get(3)?,
        parked: row.try_get(4)?,
        dead_letters: row.try_get(5)?,
    })
}
