//! The tables: ours first, then the service's own.

use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::{
    error::LedgerError,
    postgres::{self, fault},
};

/// A service's own migrations start here; numbers below belong to the ledger.
pub const FIRST_OF_SERVICE: i64 = 100;

/// The database that every server has, from which others are made.
const MAINTENANCE: &str = "postgres";
/// SQLSTATEs of a database that exists, or that somebody else is making at this moment.
const EXISTS: [&str; 2] = ["42P04", "23505"];

/// Creates the database at `url` unless it exists. For laptops and tests: elsewhere a service's role may not.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn create_database(url: &str) -> Result<(), LedgerError> {
    let options = postgres::options(url, "create")?;
    let Some(name) = options.get_database().map(str::to_owned) else { return Ok(()) };
    let mut connection = PgConnection::connect_with(&options.database(MAINTENANCE)).await.map_err(fault::connecting)?;
    let exists =
        sqlx::query("select 1 from pg_database where datname = $1").bind(&name).fetch_optional(&mut connection).await;
    let made = match exists {
        Ok(Some(_)) => Ok(()),
        Ok(None) => {
            let quoted = name.replace('"', "\"\"");
            connection.execute(AssertSqlSafe(format!("create database \"{quoted}\""))).await.map(|_| ())
        }
        Err(error) => Err(error),
    };
    let _ = connection.close().await;
    match made {
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| EXISTS.contains(&&*code)) => Ok(()),
        made => made.map_err(|error| {
            LedgerError::refused(format!("database `{name}` cannot be created: {}", fault::words(&error)))
        }),
    }
}

/// Brings the database at `url` up to date: the ledger's tables, then `extra` as (number from 100, name, SQL). Safe to run
/// from several processes at once, and again.
///
/// # Errors
/// When the database cannot be reached, when a migration fails, or when one that was applied has since been changed.
pub async fn migrate(url: &str, extra: &[(i64, &'static str, &'static str)]) -> Result<(), LedgerError> {
    if let Some((number, name, _)) = extra.iter().find(|(number, _, _)| *number < FIRST_OF_SERVICE) {
        return Err(LedgerError::refused(format!(
            "migration {number} `{name}` of a service counts from {FIRST_OF_SERVICE}"
        )));
    }
    let ours = [(1, "ledger", include_str!("../migrations/0001_ledger.sql"))];
    let all = ours.iter().chain(extra).map(|(number, name, sql)| {
        Migration::new(*number, (*name).into(), MigrationType::Simple, (*sql).into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(all.collect());
    // During an upgrade an old process may start against a database that a newer one has already migrated.
    migrator.set_ignore_missing(true);
    let options = postgres::options(url, "migrate")?;
    let mut connection = PgConnection::connect_with(&options).await.map_err(fault::connecting)?;
    let outcome = migrator.run(&mut connection).await;
    let _ = connection.close().await;
    outcome.map_err(|error| LedgerError::refused(format!("migration failed: {}", fault::words(&error))))
}
