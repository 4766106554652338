//! The yardstick of the same run: five single-row commits per order on 32 connections, nothing else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use sqlx::{Connection as _, Executor as _, PgConnection};

/// Connections of the reference.
const CONNECTIONS: usize = 32;
/// Commits that make one order of the reference.
const COMMITS_PER_ORDER: u64 = 5;

/// Orders per second of the reference.
pub(super) async fn measure(url: &str, lasts: Duration) -> anyhow::Result<f64> {
    let mut admin = PgConnection::connect(url).await.context("the reference's database")?;
    admin.execute("create table if not exists reference (id bigint generated always as identity primary key, body bytea not null)").await?;
    let (stop, commits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = PgConnection::connect(url).await?;
        let (stop, commits) = (stop.clone(), commits.clone());
        tasks.spawn(async move {
            let body = vec![7_u8; 256];
            while !stop.load(Ordering::Relaxed) {
                sqlx::query("insert into reference (body) values ($1)").bind(&body).execute(&mut connection).await?;
                commits.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), sqlx::Error>(())
        });
    }
    let started = tokio::time::Instant::now();
    tokio::time::sleep(lasts).await;
    let done = commits.load(Ordering::Relaxed);
    let seconds = started.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    while let Some(task) = tasks.join_next().await {
        task.context("a reference task")??;
    }
    admin.execute("drop table reference").await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    Ok((done / COMMITS_PER_ORDER) as f64 / seconds)
}
