//! Streams and what leads to them.

use std::collections::{BTreeMap, btree_map::Entry};

use bytes::Bytes;
use ids::{Pair, StreamId};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::{
    postgres::rows::{bytes_or_none, event, hash, pair, stream},
    types::{Head, History},
};

/// Whole streams in one statement, so that head and events of each are of one moment.
pub(super) async fn load(
    connection: &mut PgConnection,
    ids: &[StreamId],
) -> Result<BTreeMap<StreamId, History>, sqlx::Error> {
    let rows = sqlx::query(
        "select s.stream_id, s.pair, s.kind, s.version, s.n, s.head_hash,
           case when s.parked_at is not null then coalesce(s.parked_why, '') end, e.version is not null,
           e.version, e.kind, e.shape, e.at, e.meta, e.body, e.n, e.hash
         from stream s left join event e on e.stream_id = s.stream_id where s.stream_id = any($1)
         order by s.stream_id, e.version",
    )
    .bind(ids.iter().map(|id| id.0).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let mut histories = BTreeMap::new();
    for row in &rows {
        let id = stream(row, 0)?;
        let history = match histories.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(History {
                owner: Some((pair(row, 1)?, row.try_get(2)?)),
                head: Head { version: row.try_get(3)?, n: row.try_get(4)?, hash: hash(row, 5)? },
                parked: row.try_get(6)?,
                events: Vec::new(),
            }),
        };
        // A head without events is a stream that somebody emptied; the chain check says so.
        if row.try_get(7)? {
            history.events.push(event(row, 8)?);
        }
    }
    Ok(histories)
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

/// The wrapped keys of persons; none for one who was erased.
pub(super) async fn subject_keys(
    connection: &mut PgConnection,
    subjects: &[Uuid],
) -> Result<BTreeMap<Uuid, Option<Bytes>>, sqlx::Error> {
    let rows = sqlx::query("select subject, wrapped from subject_key where subject = any($1)")
        .bind(subjects)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, bytes_or_none(row, 1)?))).collect()
}
