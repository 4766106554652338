//! One suite over both tables of leases.

use std::{sync::Arc, time::Duration};

use erp_writer::{
    MIGRATION, MemoryLeases, OperatorLeases, PostgresLeases,
    operators::{Hold, Leased},
};
use ids::Pair;
use node::{NodeBuilder, SimNetwork};
use sqlx::{Connection as _, PgConnection};

/// Long enough that nothing ends by itself.
const LONG: Duration = Duration::from_secs(600);
/// Over before a test has looked twice.
const SHORT: Duration = Duration::from_millis(50);
/// When a test gives up waiting.
const DEADLINE: Duration = Duration::from_secs(20);

struct Suite {
    leases: Arc<dyn OperatorLeases>,
    pair: Pair,
}

impl Suite {
    async fn acquire(&self, holder: &str, lasts: Duration, candidates: &[&str]) -> Option<Leased> {
        let candidates: Vec<String> = candidates.iter().map(|name| (*name).to_owned()).collect();
        self.leases.acquire(Hold { pair: &self.pair, holder, lasts }, &candidates).await.unwrap()
    }

    async fn renew(&self, holder: &str, lease: &Leased) -> bool {
        self.leases.renew(Hold { pair: &self.pair, holder, lasts: LONG }, lease).await.unwrap()
    }

    async fn release(&self, holder: &str, lease: &Leased) {
        self.leases.release(Hold { pair: &self.pair, holder, lasts: LONG }, lease).await.unwrap();
    }
}

fn name(lease: &Option<Leased>) -> Option<&str> {
    lease.as_ref().map(|lease| lease.name.as_str())
}

async fn run(leases: Arc<dyn OperatorLeases>) {
    let on = |pair: &str| Suite { leases: leases.clone(), pair: pair.parse().unwrap() };
    an_operator_has_one_holder(&on("one")).await;
    a_lease_that_ended_is_somebody_elses(&on("two")).await;
    what_is_given_back_is_free_at_once(&on("three")).await;
    the_same_holder_may_ask_again(&on("four")).await;
    pairs_are_apart(&on("five"), &on("six")).await;
    of_many_at_once_each_gets_another(&on("seven")).await;
}

async fn an_operator_has_one_holder(suite: &Suite) {
    let first = suite.acquire("a", LONG, &["QT2", "QT1"]).await;
    assert_eq!(name(&first), Some("QT2"), "the first candidate first");
    assert_eq!(name(&suite.acquire("b", LONG, &["QT2", "QT1"]).await), Some("QT1"));
    assert_eq!(suite.acquire("c", LONG, &["QT2", "QT1"]).await, None);
    assert!(suite.renew("a", &first.unwrap()).await);
    assert_eq!(suite.acquire("c", LONG, &[]).await, None);
}

async fn a_lease_that_ended_is_somebody_elses(suite: &Suite) {
    let old = suite.acquire("a", SHORT, &["QT1"]).await.unwrap();
    let taken = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(lease) = suite.acquire("b", LONG, &["QT1"]).await {
                return lease;
            }
            tokio::task::yield_now().await;
        }
    });
    let new = taken.await.expect("a lease ends by itself");
    assert!(new.epoch > old.epoch);
    assert!(!suite.renew("a", &old).await);
    suite.release("a", &old).await;
    assert_eq!(suite.acquire("c", LONG, &["QT1"]).await, None, "only its holder gives a lease back");
    assert!(suite.renew("b", &new).await);
}

async fn what_is_given_back_is_free_at_once(suite: &Suite) {
    let lease = suite.acquire("a", LONG, &["QT1"]).await.unwrap();
    suite.release("b", &lease).await;
    assert_eq!(suite.acquire("b", LONG, &["QT1"]).await, None);
    suite.release("a", &lease).await;
    assert!(!suite.renew("a", &lease).await);
    assert_eq!(name(&suite.acquire("b", LONG, &["QT1"]).await), Some("QT1"));
}

async fn the_same_holder_may_ask_again(suite: &Suite) {
    let lost = suite.acquire("a", LONG, &["QT1"]).await.unwrap();
    let again = suite.acquire("a", LONG, &["QT1"]).await.unwrap();
    assert!(again.epoch > lost.epoch, "an answer that got lost costs nothing");
    assert!(!suite.renew("a", &lost).await);
    assert!(suite.renew("a", &again).await);
}

async fn pairs_are_apart(one: &Suite, other: &Suite) {
    assert!(one.acquire("a", LONG, &["QT1"]).await.is_some());
    assert!(other.acquire("b", LONG, &["QT1"]).await.is_some());
}

async fn of_many_at_once_each_gets_another(suite: &Suite) {
    let candidates = ["QT1", "QT2", "QT3"];
    let asked = (
        suite.acquire("a", LONG, &candidates),
        suite.acquire("b", LONG, &candidates),
        suite.acquire("c", LONG, &candidates),
        suite.acquire("d", LONG, &candidates),
    );
    let (a, b, c, d) = tokio::join!(asked.0, asked.1, asked.2, asked.3);
    let mut names: Vec<_> = [&a, &b, &c, &d].into_iter().filter_map(name).collect();
    names.sort_unstable();
    let mut distinct = names.clone();
    distinct.dedup();
    assert_eq!(names, distinct, "no operator has two holders");
    // Somebody may have looked away while another's row was locked; asked again, the rest is given out.
    for holder in ["e", "f", "g", "h"] {
        suite.acquire(holder, LONG, &candidates).await;
    }
    assert_eq!(suite.acquire("i", LONG, &candidates).await, None);
}

#[tokio::test]
async fn leases_in_memory() {
    run(Arc::new(MemoryLeases::default())).await;
}

#[tokio::test]
async fn leases_in_postgres() {
    let database = Database::new().await;
    let leases = PostgresLeases::new(&database.url).unwrap();
    run(Arc::new(leases)).await;
    database.drop().await;
}

#[tokio::test]
async fn a_url_that_is_none_is_not_repeated() {
    let error = PostgresLeases::new("postgres//user:geheim@host").unwrap_err();
    assert!(!error.to_string().contains("geheim"));
}

/// A database of its own on the server that `make test` started.
struct Database {
    admin: String,
    name: String,
    url: String,
}

impl Database {
    async fn new() -> Self {
        let admin = std::env::var("QUITTANCE_POSTGRES_URL");
        let admin = admin.expect("QUITTANCE_POSTGRES_URL names a Postgres to test on: run through make test");
        let node = NodeBuilder::real("test", Arc::new(SimNetwork::new(0))).build();
        let name = format!("erp_{}", node.new_nonce().simple());
        run_sql(&admin, format!("create database {name}")).await;
        let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
        let url = format!("{server}/{name}");
        ledger::migrate(&url, &[MIGRATION]).await.unwrap();
        Self { admin, name, url }
    }

    async fn drop(self) {
        run_sql(&self.admin, format!("drop database {} with (force)", self.name)).await;
    }
}

async fn run_sql(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
