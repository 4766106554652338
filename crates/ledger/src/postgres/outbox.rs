//! Messages on their way out.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ids::StreamId;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    postgres::rows::{IdArrays, micros, stream},
    types::{OutboxRow, REANNOUNCED, RowId},
};

/// Takes rows nobody published for a while. The first row of a stream stands for all: who gets its lock takes the stream,
/// and a stream with a young row is being worked on by somebody. So a stream has one taker and goes out in order.
pub(super) async fn claim(
    connection: &mut PgConnection,
    older_than: Duration,
    most: i64,
) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::query(
        "with cutoff as materialized (select clock_timestamp() - $1 * interval '1 microsecond' as at),
         first as materialized (
           select o.stream_id from outbox o
           where o.since <= (select at from cutoff) and not exists (
             select from outbox y where y.stream_id = o.stream_id
               and ((y.version, y.ordinal) < (o.version, o.ordinal) or y.since > (select at from cutoff)))
           order by o.stream_id limit $2 for update of o skip locked),
         rows as materialized (
           select o.stream_id, o.version, o.ordinal from first f join outbox o on o.stream_id = f.stream_id
           order by o.stream_id, o.version, o.ordinal limit $2),
         taken as (
           update outbox o set since = clock_timestamp() from rows r
           where o.stream_id = r.stream_id and o.version = r.version and o.ordinal = r.ordinal
           returning o.stream_id, o.version, o.ordinal, o.pair, o.subject, o.body, o.asked)
         select t.stream_id, t.version, t.ordinal, t.pair, t.subject, t.body, t.asked, s.kind,
           e.version, e.kind, e.shape, e.at, e.meta, e.body, e.n, e.hash
         from taken t join stream s on s.stream_id = t.stream_id
         join event e on e.stream_id = t.stream_id and e.version = t.version",
    )
    .bind(micros(older_than))
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Forgets acknowledged rows, unless they were asked again meanwhile.
pub(super) async fn forget(connection: &mut PgConnection, rows: &[(RowId, i32)]) -> Result<(), sqlx::Error> {
    let IdArrays { streams, versions, ordinals } = rows.iter().map(|(id, _)| *id).collect();
    sqlx::query(
        "delete from outbox o using unnest($1::uuid[], $2::int8[], $3::int2[], $4::int4[]) as u(s, v, o, asked)
         where o.stream_id = u.s and o.version = u.v and o.ordinal = u.o and o.asked = u.asked",
    )
    .bind(streams)
    .bind(versions)
    .bind(ordinals)
    .bind(rows.iter().map(|(_, asked)| *asked).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(|_| ())
}

/// Puts a question's message out again, counting on the effect row that asks it.
pub(super) async fn ask_again(
    connection: &mut PgConnection,
    effect: RowId,
    epoch: i64,
    row: &OutboxRow,
    next: Duration,
) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::query(
        "with held as (
           update effect set tries = tries + 1, due_at = clock_timestamp() + $5 * interval '1 microsecond',
             holder = null, until = null
           where stream_id = $1 and version = $2 and ordinal = $3 and epoch = $4 and state = 'ready' returning tries),
         put as (
           insert into outbox (stream_id, version, ordinal, pair, subject, body, asked, since)
           select $6, $7, $8, $9, $10, $11, greatest($12, held.tries), clock_timestamp() from held
           on conflict (stream_id, version, ordinal) do update set subject = excluded.subject, body = excluded.body,
             asked = excluded.asked, since = excluded.since
           returning stream_id, version, ordinal, pair, subject, body, asked)
         select p.stream_id, p.version, p.ordinal, p.pair, p.subject, p.body, p.asked, s.kind,
           e.version, e.kind, e.shape, e.at, e.meta, e.body, e.n, e.hash
         from put p join stream s on s.stream_id = p.stream_id
         join event e on e.stream_id = p.stream_id and e.version = p.version",
    )
    .bind(effect.stream.0)
    .bind(effect.version)
    .bind(effect.ordinal)
    .bind(epoch)
    .bind(micros(next))
    .bind(row.id.stream.0)
    .bind(row.id.version)
    .bind(row.id.ordinal)
    .bind(row.pair.as_str())
    .bind(&row.subject)
    .bind(row.body.as_deref())
    .bind(row.asked)
    .fetch_all(connection)
    .await
}

/// One page of everything public, oldest first.
pub(super) async fn reannounce_page(
    connection: &mut PgConnection,
    younger_than: Duration,
    cursor: Option<(DateTime<Utc>, RowId)>,
    most: i64,
) -> Result<Option<(DateTime<Utc>, RowId)>, sqlx::Error> {
    let row = sqlx::query(
        "with page as materialized (
           select e.at, e.stream_id, e.version, s.pair from event e join stream s on s.stream_id = e.stream_id
           where e.n is not null and e.at > (select clock_timestamp()) - $1 * interval '1 microsecond'
             and (e.at, e.stream_id, e.version) > (coalesce($2, '-infinity'::timestamptz), $3, $4)
           order by e.at, e.stream_id, e.version limit $5),
         put as (
           insert into outbox (stream_id, version, ordinal, pair, subject, body, asked, since)
           select p.stream_id, p.version, $6, p.pair, '', null, 0, clock_timestamp() from page p
           where not exists (
             select from outbox o where o.stream_id = p.stream_id and o.version = p.version and o.body is null)
           on conflict do nothing)
         select at, stream_id, version, (select count(*) from page) from page
         order by at desc, stream_id desc, version desc limit 1",
    )
    .bind(micros(younger_than))
    .bind(cursor.map(|(at, _)| at))
    .bind(cursor.map_or(Uuid::nil(), |(_, id)| id.stream.0))
    .bind(cursor.map_or(0, |(_, id)| id.version))
    .bind(most)
    .bind(REANNOUNCED)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<i64, _>(3)? < most {
        return Ok(None);
    }
    let last = RowId { stream: stream(&row, 1)?, version: row.try_get(2)?, ordinal: REANNOUNCED };
    Ok(Some((row.try_get(0)?, last)))
}

/// The pending rows of a stream that were put there by re-announcing.
pub(super) async fn pending_again(connection: &mut PgConnection, stream: StreamId) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::query(
        "select o.stream_id, o.version, o.ordinal, o.pair, o.subject, o.body, o.asked, s.kind,
           e.version, e.kind, e.shape, e.at, e.meta, e.body, e.n, e.hash
         from outbox o join stream s on s.stream_id = o.stream_id
         join event e on e.stream_id = o.stream_id and e.version = o.version
         where o.stream_id = $1 and o.ordinal = $2",
    )
    .bind(stream.0)
    .bind(REANNOUNCED)
    .fetch_all(connection)
    .await
}
