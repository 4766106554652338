//! Dead letters, and what is known of the broker.

use ids::StreamId;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    postgres::rows::{bytes, pair},
    types::{BusSeen, DeadLetter},
};

/// Stores a letter, or counts one failure more.
pub(super) async fn bury(connection: &mut PgConnection, letter: &DeadLetter) -> Result<i32, sqlx::Error> {
    let row = sqlx::query(
        "insert into dead_letter (id, pair, origin, message_id, why, class, body, failures, stream_id)
         values ($1, $2, $3, $4, $5, $6, $7, greatest($8, 1), $9)
         on conflict (origin, message_id) do update set failures = dead_letter.failures + 1, pair = excluded.pair,
           why = excluded.why, class = excluded.class, body = excluded.body, stream_id = excluded.stream_id,
           resolved_by = null, resolved_why = null
         returning failures",
    )
    .bind(letter.id)
    .bind(letter.pair.as_ref().map(|pair| pair.as_str()))
    .bind(&letter.origin)
    .bind(&letter.message_id)
    .bind(&letter.why)
    .bind(&letter.class)
    .bind(&*letter.body)
    .bind(letter.failures)
    .bind(letter.stream.map(|stream| stream.0))
    .fetch_one(connection)
    .await?;
    row.try_get(0)
}

/// How often a message failed.
pub(super) async fn failures(
    connection: &mut PgConnection,
    origin: &str,
    message_id: &str,
) -> Result<i32, sqlx::Error> {
    let row = sqlx::query("select failures from dead_letter where origin = $1 and message_id = $2")
        .bind(origin)
        .bind(message_id)
        .fetch_optional(connection)
        .await?;
    row.map_or(Ok(0), |row| row.try_get(0))
}

/// Notes that a letter needs nobody any more.
pub(super) async fn resolve(
    connection: &mut PgConnection,
    origin: &str,
    message_id: &str,
    by: &str,
    why: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update dead_letter set resolved_by = $3, resolved_why = $4
         where origin = $1 and message_id = $2 and resolved_by is null",
    )
    .bind(origin)
    .bind(message_id)
    .bind(by)
    .bind(why)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Unresolved letters, newest first: their ids begin with a time.
pub(super) async fn unresolved(connection: &mut PgConnection, most: i64) -> Result<Vec<DeadLetter>, sqlx::Error> {
    let rows = sqlx::query(
        "select id, pair, origin, message_id, why, class, body, failures, stream_id from dead_letter
         where resolved_by is null order by id desc limit $1",
    )
    .bind(most)
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| {
        Ok(DeadLetter {
            id: row.try_get(0)?,
            pair: row.try_get::<Option<&str>, _>(1)?.map(|_| pair(row, 1)).transpose()?,
            origin: row.try_get(2)?,
            message_id: row.try_get(3)?,
            why: row.try_get(4)?,
            class: row.try_get(5)?,
            body: bytes(row, 6)?,
            failures: row.try_get(7)?,
            stream: row.try_get::<Option<Uuid>, _>(8)?.map(StreamId),
        })
    };
    rows.iter().map(read).collect()
}

/// What was last known of the broker.
pub(super) async fn bus_seen(connection: &mut PgConnection) -> Result<Vec<BusSeen>, sqlx::Error> {
    let rows =
        sqlx::query("select bus_stream, created, last_seq, last_id from bus_seen order by bus_stream collate \"C\"")
            .fetch_all(connection)
            .await?;
    let read = |row: &PgRow| {
        Ok(BusSeen {
            bus_stream: row.try_get(0)?,
            created: row.try_get(1)?,
            last_seq: u64::try_from(row.try_get::<i64, _>(2)?).unwrap_or(0),
            last_id: row.try_get(3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Remembers what the broker acknowledged.
pub(super) async fn saw_bus(connection: &mut PgConnection, seen: &BusSeen) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into bus_seen (bus_stream, created, last_seq, last_id, checked_at)
         values ($1, $2, $3, $4, clock_timestamp())
         on conflict (bus_stream) do update set created = excluded.created, last_seq = excluded.last_seq,
           last_id = excluded.last_id, checked_at = excluded.checked_at",
    )
    .bind(&seen.bus_stream)
    .bind(seen.created)
    .bind(i64::try_from(seen.last_seq).unwrap_or(i64::MAX))
    .bind(&seen.last_id)
    .execute(connection)
    .await
    .map(|_| ())
}
