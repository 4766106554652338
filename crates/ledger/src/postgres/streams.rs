//! Streams and what leads to them.

use bytes::Bytes;
use ids::{Pair, StreamId};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::{
    postgres::rows::{bytes_or_none, event, hash, pair, stream},
    types::{Head, History},
};

/// A whole stream in one statement, so that head and events are of one moment.
pub(super) async fn load(connection: &mut PgConnection, id: StreamId) -> Result<History, sqlx::Error> {
    let rows = sqlx::query(
        "select s.pair, s.kind, s.version, s.n, s.head_hash,
           case when s.parked_at is not null then coalesce(s.parked_why, '') end, e.version is not null,
           e.version, e.kind, e.shape, e.at, e.meta, e.body, e.n, e.hash
         from stream s left join event e on e.stream_id = s.stream_id where s.stream_id = $1 order by e.version",
    )
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    let Some(first) = rows.first() else {
        return Ok(History { owner: None, head: Head::default(), parked: None, events: Vec::new() });
    };
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        // A head without events is a stream that somebody emptied; the chain check says so.
        if row.try_get(6)? {
            events.push(event(row, 7)?);
        }
    }
    Ok(History {
        owner: Some((pair(first, 0)?, first.try_get(1)?)),
        head: Head { version: first.try_get(2)?, n: first.try_get(3)?, hash: hash(first, 4)? },
        parked: first.try_get(5)?,
        events,
    })
}

/// The stream that owns a key.
pub(super) async fn find_key(
    connection: &mut PgConnection,
    pair: &Pair,
    kind: &str,
    key: &str,
) -> Result<Option<StreamId>, sqlx::Error> {
    let row = sqlx::query("select stream_id from natural_key where pair = $1 and kind = $2 and key = $3")
        .bind(pair.as_str())
        .bind(kind)
        .bind(key)
        .fetch_optional(connection)
        .await?;
    row.map(|row| stream(&row, 0)).transpose()
}

/// Streams of a kind, newest first.
pub(super) async fn of_kind(
    connection: &mut PgConnection,
    kind: &str,
    before: Option<StreamId>,
    most: i64,
) -> Result<Vec<StreamId>, sqlx::Error> {
    let rows = sqlx::query(
        "select stream_id from stream where kind = $1 and ($2::uuid is null or stream_id < $2)
         order by stream_id desc limit $3",
    )
    .bind(kind)
    .bind(before.map(|stream| stream.0))
    .bind(most)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| stream(row, 0)).collect()
}

/// Parks a stream; the first reason stays.
pub(super) async fn park(connection: &mut PgConnection, id: StreamId, why: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update stream set parked_at = clock_timestamp(), parked_why = $2 where stream_id = $1 and parked_at is null",
    )
    .bind(id.0)
    .bind(why)
    .execute(connection)
    .await
    .map(|_| ())
}

/// The wrapped key of a person, unless erased.
pub(super) async fn subject_key(connection: &mut PgConnection, subject: Uuid) -> Result<Option<Bytes>, sqlx::Error> {
    let row = sqlx::query("select wrapped from subject_key where subject = $1")
        .bind(subject)
        .fetch_optional(connection)
        .await?;
    row.map_or(Ok(None), |row| bytes_or_none(&row, 0))
}
