//! What Postgres says about its write-ahead log.

use sqlx::{PgConnection, Row as _};

/// Flushes and bytes of the write-ahead log since the server started.
#[derive(Clone, Copy)]
pub(super) struct Wal {
    pub(super) flushes: i64,
    pub(super) bytes: i64,
}

/// Reads the counters: from 18 on, flushes stand with the other I/O.
pub(super) async fn read(connection: &mut PgConnection) -> anyhow::Result<Wal> {
    let version: i32 =
        sqlx::query("select current_setting('server_version_num')::int").fetch_one(&mut *connection).await?.get(0);
    let flushes = if version >= 180_000 {
        "select coalesce(sum(fsyncs), 0)::bigint from pg_stat_io where object = 'wal'"
    } else {
        "select wal_sync::bigint from pg_stat_wal"
    };
    let flushes = sqlx::query(flushes).fetch_one(&mut *connection).await?.get(0);
    let bytes = sqlx::query("select wal_bytes::bigint from pg_stat_wal").fetch_one(&mut *connection).await?.get(0);
    Ok(Wal { flushes, bytes })
}
