//! Is a text stored anywhere in a ledger? Every table, every column, as text and as the bytes it would be.

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

/// Rows of all tables of these databases that hold `needle`, and how many tables were looked through.
pub(super) async fn rows_with(ledgers: &[(&'static str, String)], needle: &str) -> anyhow::Result<(i64, usize)> {
    // Bytes are shown in hex: text inside a message is found by the hex of its bytes.
    let in_bytes = hex::encode(needle);
    let (mut rows, mut tables) = (0, 0);
    for (service, url) in ledgers {
        let mut connection = PgConnection::connect(url).await.with_context(|| format!("the ledger of {service}"))?;
        let named = sqlx::query(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
        );
        for table in named.fetch_all(&mut connection).await? {
            let table: String = table.get(0);
            let found = format!(
                "select count(*) from {table} as t where position($1 in t::text) > 0 or position($2 in t::text) > 0"
            );
            let found =
                sqlx::query(AssertSqlSafe(found)).bind(needle).bind(&in_bytes).fetch_one(&mut connection).await?;
            rows += found.get::<i64, _>(0);
            tables += 1;
        }
    }
    Ok((rows, tables))
}
