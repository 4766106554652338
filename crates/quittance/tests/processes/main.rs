//! Drills with real processes: services killed at random moments, a broker killed and wiped, always under load.
//!
//! When all is quiet the books of the outside are the judge: nothing lost, nothing doubled, nothing forgotten.

mod cluster;
mod judge;
mod load;

use std::time::Duration;

use testkit::within;

use crate::{
    cluster::{Cluster, SERVICES},
    judge::{Kind, judge},
    load::Load,
};

/// Orders of one drill.
const ORDERS: usize = 30;
/// Deaths of one drill.
const DEATHS: usize = 6;
/// How long the load may take to get on.
const PROGRESS_LIMIT: Duration = Duration::from_secs(40);

/// Pseudo-random numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("a small number")
    }
}

/// Waits until the gateway has been asked for money by at least so many orders.
async fn until_payments(cluster: &Cluster, count: usize) {
    within(PROGRESS_LIMIT, "the load gets on", async || {
        (cluster.sandbox.books().gateway.payments.len() >= count).then_some(())
    })
    .await;
}

/// Waits until so many orders were accepted.
async fn until_accepted(load: &Load, count: usize) {
    within(PROGRESS_LIMIT, "orders are accepted", async || (load.accepted() >= count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_killed_under_load_lose_and_double_nothing() {
    let mut dice = Dice(0x5eed_0003);
    let mut cluster = Cluster::start("kills").await;
    let load = Load::start(&cluster, ORDERS);
    for death in 1..=DEATHS {
        // Now by what came in, now by what went out: the moments differ in what is under way.
        let reached = (death * ORDERS / (DEATHS + 2)).max(1);
        match dice.roll(2) {
            0 => until_accepted(&load, reached).await,
            _ => until_payments(&cluster, reached).await,
        }
        let name = SERVICES[dice.roll(SERVICES.len())];
        cluster.kill(name);
        cluster.spawn(name);
    }
    let accepted = load.finish().await;
    assert_eq!(accepted.len(), ORDERS, "every order is accepted in the end");
    judge(&cluster, &accepted, &[Kind::Completed, Kind::Waiting]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_killed_and_wiped_under_load_costs_no_order() {
    let mut cluster = Cluster::start("broker").await;
    let load = Load::start(&cluster, ORDERS);
    until_payments(&cluster, ORDERS / 6).await;
    cluster.nats.kill();
    // Orders come in while it is away: intake depends on the ledger alone.
    until_accepted(&load, ORDERS / 3).await;
    cluster.nats.up();
    until_payments(&cluster, ORDERS / 2).await;
    cluster.nats.wipe();
    until_accepted(&load, ORDERS * 5 / 6).await;
    cluster.nats.up();
    let accepted = load.finish().await;
    assert_eq!(accepted.len(), ORDERS, "every order is accepted in the end");
    judge(&cluster, &accepted, &[Kind::Completed]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_asked_to_stop_finishes_and_ends_well() {
    let mut cluster = Cluster::start("stop").await;
    let load = Load::start(&cluster, 6);
    until_payments(&cluster, 2).await;
    for name in SERVICES {
        assert!(cluster.stop(name).await, "{name} ends with 0 when asked to");
        cluster.spawn(name);
    }
    let accepted = load.finish().await;
    // Calls under way were allowed to finish, so nothing is unknown.
    judge(&cluster, &accepted, &[Kind::Completed]).await;
}
