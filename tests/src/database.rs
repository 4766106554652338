//! Looking into the real databases from outside, past every service.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::{Cluster, Name};

/// Every table of every database of the cluster, with the rows it holds.
///
/// # Panics
/// When a database does not answer.
pub async fn row_counts(cluster: &Cluster) -> Vec<(String, i64)> {
    let mut counts = Vec::new();
    for url in cluster.database_urls() {
        let mut connection = connect(&url).await;
        for table in tables(&mut connection).await {
            let count = count(&mut connection, &format!("select count(*) from {table}")).await;
            counts.push((format!("{}/{table}", url.rsplit('/').next().unwrap_or_default()), count));
        }
    }
    counts
}

/// The columns, all types of all tables of all databases, in which this text stands: as it is, or as bytes.
///
/// # Panics
/// When a database does not answer.
pub async fn columns_with(cluster: &Cluster, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for url in cluster.database_urls() {
        let mut connection = connect(&url).await;
        for (table, column) in columns(&mut connection).await {
            // Bytes are shown in hex, so a text within a message is found by the hex of its bytes.
            let holding = format!(
                "select count(*) from {table} where position('{needle}' in {column}::text) > 0 or position('{}' in {column}::text) > 0",
                hex::encode(needle)
            );
            if count(&mut connection, &holding).await > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

/// Ends every connection of a service to its database, as a restart of the server would. Gives how many there were.
///
/// # Panics
/// When the database does not answer.
pub async fn cut_connections(cluster: &Cluster, name: Name) -> i64 {
    let mut connection = connect(&cluster.database_url(name)).await;
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    count(&mut connection, cut).await
}

/// One number from a service's database.
///
/// # Panics
/// When the database does not answer or the question is no SQL.
pub async fn number(cluster: &Cluster, name: Name, sql: &str) -> i64 {
    count(&mut connect(&cluster.database_url(name)).await, sql).await
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the database answers")
}

async fn count(connection: &mut PgConnection, sql: &str) -> i64 {
    sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.expect("a number").get(0)
}

async fn tables(connection: &mut PgConnection) -> Vec<String> {
    let sql = "select format('%I.%I', schemaname, tablename) from pg_tables \
               where schemaname not in ('pg_catalog', 'information_schema') order by 1";
    sqlx::query(sql).fetch_all(connection).await.expect("tables").iter().map(|row| row.get(0)).collect()
}

async fn columns(connection: &mut PgConnection) -> Vec<(String, String)> {
    let sql = "select format('%I.%I', c.table_schema, c.table_name), format('%I', c.column_name) \
               from information_schema.columns c join pg_tables t on t.schemaname = c.table_schema and t.tablename = c.table_name \
               where c.table_schema not in ('pg_catalog', 'information_schema') order by 1, 2";
    let rows = sqlx::query(sql).fetch_all(connection).await.expect("columns");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
