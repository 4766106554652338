//! From rows to values and from values to parameters.

use std::time::Duration;

use bytes::Bytes;
use ids::{Pair, StreamId};
use sqlx::{Error, Row, postgres::PgRow};
use uuid::Uuid;

use crate::types::{EffectState, Hash, OutboxItem, OutboxRow, RowId, StoredEvent};

/// Durations travel as microseconds; a hundred years is for ever.
pub(super) fn micros(duration: Duration) -> i64 {
    const MOST: i64 = 100 * 366 * 86_400 * 1_000_000;
    i64::try_from(duration.as_micros()).unwrap_or(MOST).min(MOST)
}

fn wrong(what: impl std::fmt::Display) -> Error {
    Error::Decode(what.to_string().into())
}

pub(super) fn bytes(row: &PgRow, at: usize) -> Result<Bytes, Error> {
    row.try_get::<Vec<u8>, _>(at).map(Bytes::from)
}

pub(super) fn bytes_or_none(row: &PgRow, at: usize) -> Result<Option<Bytes>, Error> {
    Ok(row.try_get::<Option<Vec<u8>>, _>(at)?.map(Bytes::from))
}

pub(super) fn hash(row: &PgRow, at: usize) -> Result<Hash, Error> {
    let stored: &[u8] = row.try_get(at)?;
    Hash::try_from(stored).map_err(|_| wrong("a hash has 32 bytes"))
}

pub(super) fn pair(row: &PgRow, at: usize) -> Result<Pair, Error> {
    row.try_get::<&str, _>(at)?.parse().map_err(wrong)
}

pub(super) fn state(row: &PgRow, at: usize) -> Result<EffectState, Error> {
    let word: &str = row.try_get(at)?;
    EffectState::parse(word).ok_or_else(|| wrong(format!("`{word}` is no effect state")))
}

pub(super) fn stream(row: &PgRow, at: usize) -> Result<StreamId, Error> {
    row.try_get::<Uuid, _>(at).map(StreamId)
}

/// Stream, version and ordinal from `at` on.
pub(super) fn row_id(row: &PgRow, at: usize) -> Result<RowId, Error> {
    Ok(RowId { stream: stream(row, at)?, version: row.try_get(at + 1)?, ordinal: row.try_get(at + 2)? })
}

/// Version, kind, shape, at, meta, body, n, hash from `at` on.
pub(super) fn event(row: &PgRow, at: usize) -> Result<StoredEvent, Error> {
    Ok(StoredEvent {
        version: row.try_get(at)?,
        kind: row.try_get(at + 1)?,
        shape: row.try_get(at + 2)?,
        at: row.try_get(at + 3)?,
        meta: bytes(row, at + 4)?,
        body: bytes(row, at + 5)?,
        n: row.try_get(at + 6)?,
        hash: hash(row, at + 7)?,
    })
}

/// Stream, version, ordinal, pair, subject, body, asked, the stream's kind, and the event from column 8 on.
pub(super) fn outbox_item(row: &PgRow) -> Result<OutboxItem, Error> {
    Ok(OutboxItem {
        row: OutboxRow {
            id: row_id(row, 0)?,
            pair: pair(row, 3)?,
            subject: row.try_get(4)?,
            body: bytes_or_none(row, 5)?,
            asked: row.try_get(6)?,
        },
        stream_kind: row.try_get(7)?,
        event: event(row, 8)?,
    })
}

/// All of them, in stream, version, ordinal order.
pub(super) fn outbox_items(rows: &[PgRow]) -> Result<Vec<OutboxItem>, Error> {
    let mut items = rows.iter().map(outbox_item).collect::<Result<Vec<_>, _>>()?;
    items.sort_by_key(|item| item.row.id);
    Ok(items)
}

/// Identities as three arrays.
pub(super) struct IdArrays {
    pub(super) streams: Vec<Uuid>,
    pub(super) versions: Vec<i64>,
    pub(super) ordinals: Vec<i16>,
}

impl FromIterator<RowId> for IdArrays {
    fn from_iter<I: IntoIterator<Item = RowId>>(ids: I) -> Self {
        let mut arrays = Self { streams: Vec::new(), versions: Vec::new(), ordinals: Vec::new() };
        for id in ids {
            arrays.streams.push(id.stream.0);
            arrays.versions.push(id.version);
            arrays.ordinals.push(id.ordinal);
        }
        arrays
    }
}
