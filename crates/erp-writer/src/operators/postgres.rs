//! Leases in the service's own database. Times are the database's.

use std::{str::FromStr as _, time::Duration};

use sqlx::{
    PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::leases::{Hold, LeaseError, LeaseFuture, Leased, OperatorLeases};

/// A lease is asked for with the first calls and renewed now and then: one connection does, a second for bad moments.
const CONNECTIONS_MAX: u32 = 2;
/// A question about a lease may take this long.
const LIMIT: Duration = Duration::from_secs(5);

/// Leases in Postgres.
#[derive(Debug, Clone)]
pub struct PostgresLeases {
    pool: PgPool,
}

impl PostgresLeases {
    /// Leases in the database at `url`, which [`super::MIGRATION`] has prepared. Connects with the first question.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn new(url: &str) -> Result<Self, LeaseError> {
        // The error's own words may repeat the URL, which holds a password.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| LeaseError("the URL of the database cannot be read".to_owned()))?;
        let pool = PgPoolOptions::new()
            .min_connections(0)
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(LIMIT)
            .connect_lazy_with(options.application_name("erp-writer operators"));
        Ok(Self { pool })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Nothing here is repeated by the database's own retry; silence is an error, and the caller asks again.
async fn within<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, LeaseError> {
    match tokio::time::timeout(LIMIT, work).await {
        Ok(outcome) => outcome.map_err(|error| LeaseError(error.to_string())),
        Err(_) => Err(LeaseError(format!("no answer from the database within {LIMIT:?}"))),
    }
}

impl OperatorLeases for PostgresLeases {
    fn acquire<'a>(&'a self, hold: Hold<'a>, candidates: &'a [String]) -> LeaseFuture<'a, Option<Leased>> {
        Box::pin(within(async move {
            sqlx::query("insert into operator (pair, name) select $1, unnest($2::text[]) on conflict do nothing")
                .bind(hold.pair.as_str())
                .bind(candidates)
                .execute(&self.pool)
                .await?;
            let row = sqlx::query(
                "update operator set holder = $3, until = now() + $4 * interval '1 millisecond', epoch = epoch + 1
                 where (pair, name) in (
                     select pair, name from operator
                     where pair = $1 and name = any ($2::text[]) and (holder is null or holder = $3 or until <= now())
                     order by array_position($2::text[], name) limit 1 for update skip locked
                 )
                 returning name, epoch",
            )
            .bind(hold.pair.as_str())
            .bind(candidates)
            .bind(hold.holder)
            .bind(millis(hold.lasts))
            .fetch_optional(&self.pool)
            .await?;
            row.map(|row| Ok(Leased { name: row.try_get("name")?, epoch: row.try_get("epoch")? })).transpose()
        }))
    }

    fn renew<'a>(&'a self, hold: Hold<'a>, lease: &'a Leased) -> LeaseFuture<'a, bool> {
        Box::pin(within(async move {
            let done = sqlx::query(
                "update operator set until = now() + $5 * interval '1 millisecond'
                 where pair = $1 and name = $2 and holder = $3 and epoch = $4",
            )
            .bind(hold.pair.as_str())
            .bind(&lease.name)
            .bind(hold.holder)
            .bind(lease.epoch)
            .bind(millis(hold.lasts))
            .execute(&self.pool)
            .await?;
            Ok(done.rows_affected() == 1)
        }))
    }

    fn release<'a>(&'a self, hold: Hold<'a>, lease: &'a Leased) -> LeaseFuture<'a, ()> {
        Box::pin(within(async move {
            sqlx::query("update operator set holder = null, until = null where pair = $1 and name = $2 and holder = $3 and epoch = $4")
                .bind(hold.pair.as_str())
                .bind(&lease.name)
                .bind(hold.holder)
                .bind(lease.epoch)
                .execute(&self.pool)
                .await?;
            Ok(())
        }))
    }
}
