//! The thread from end to end: real Postgres, real NATS, and every byte to the outside worlds over real HTTP. One file
//! per kind of story; the judge is what the outside worlds have in their books.

mod checkout;
mod queries;
mod refusals;
mod wrong_bodies;

use std::time::Duration;

use sandbox::gateway::books::PaymentRecord;
use serde_json::Value;
use system_tests::{
    Cluster, check,
    cluster::{Answer, Drill},
    orders::{self, Story},
};

/// How long one order may take here.
const LIMIT: Duration = Duration::from_secs(30);

async fn cluster() -> Cluster {
    // Limits as in production: nothing is late here, and a machine with other work must not make it so.
    Cluster::real_http(11, Drill::long()).await
}

/// Posts an order, follows it to its rest, judges it. Gives what the shop is told then.
async fn told(cluster: &Cluster, number: &str, story: Story) -> Value {
    let order = orders::order(&cluster.sandbox, number, story);
    let answer = cluster.post(&order).await.expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.body);
    let id = answer.id();
    judged(cluster, number, story, &id).await;
    shown(cluster, &id).await.body
}

/// Waits for an order's rest and judges it by all books.
async fn judged(cluster: &Cluster, number: &str, story: Story, id: &str) {
    let case = check::case(cluster, number, story, id, LIMIT).await;
    let wrongs = check::wrongs(&case, &cluster.sandbox.books());
    assert!(wrongs.is_empty(), "{wrongs:?}\n{}", check::dump(cluster, case.id).await);
}

/// The order as the shop sees it once the intake has heard of its rest.
async fn shown(cluster: &Cluster, id: &str) -> Answer {
    let path = format!("/v1/orders/{id}");
    let answer = cluster.send("GET", &path, &[("prefer", "wait=20")], "").await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

/// The payments of one order in the gateway's books.
fn payments(cluster: &Cluster, id: &str) -> Vec<PaymentRecord> {
    let id: ids::OrderId = id.parse().expect("an order id");
    let first = ids::merchant_reference("demo", id.0, 'A', 0).to_string();
    let prefix = first.trim_end_matches("A0");
    cluster.sandbox.books().gateway.by_prefix(prefix).cloned().collect()
}
