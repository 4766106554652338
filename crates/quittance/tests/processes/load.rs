//! A shop that sends orders and does not give up: what was not answered is sent again.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use quittance::orders::{self, Shop};
use sandbox::Sandbox;
use testkit::within;
use tokio::task::JoinSet;

use crate::cluster::Cluster;

/// Orders sent at a time.
const AT_A_TIME: usize = 3;
/// How long the shop tries.
const TRY_LIMIT: Duration = Duration::from_secs(60);

/// One accepted order.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub id: String,
    pub number: String,
}

/// The load under way.
pub struct Load {
    accepted: Arc<Mutex<Vec<Accepted>>>,
    senders: JoinSet<()>,
}

impl Load {
    /// Starts sending so many orders.
    pub fn start(cluster: &Cluster, count: usize) -> Self {
        let shop = Shop::api(&cluster.ports).expect("a client");
        let accepted = Arc::new(Mutex::new(Vec::new()));
        let mut senders = JoinSet::new();
        for sender in 0..AT_A_TIME {
            let (shop, sandbox, accepted) = (shop.clone(), cluster.sandbox.clone(), accepted.clone());
            senders.spawn(async move {
                for place in (sender..count).step_by(AT_A_TIME) {
                    let order = send(&shop, &sandbox, &format!("P-{place}")).await;
                    accepted.lock().expect("no sender panicked").push(order);
                }
            });
        }
        Self { accepted, senders }
    }

    /// Orders accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.lock().expect("no sender panicked").len()
    }

    /// Waits for the last order; gives all.
    pub async fn finish(mut self) -> Vec<Accepted> {
        while let Some(sent) = self.senders.join_next().await {
            sent.expect("the shop never gives up");
        }
        self.accepted.lock().expect("no sender panicked").clone()
    }
}

async fn send(shop: &Shop, sandbox: &Sandbox, number: &str) -> Accepted {
    let token = sandbox.mint_token("visa").expect("a test card");
    let order = orders::plain(number, &token.jwt);
    let id = within(TRY_LIMIT, "an order is accepted", async || {
        // A second's wait gives the load a pace; an answer may be 202 or 200, or lost with a process.
        let answer = shop.send(&order, 1).await.ok()?;
        assert!([200, 202, 503].contains(&answer.status), "order {number}: {answer:?}");
        answer.id().ok()
    })
    .await;
    Accepted { id, number: number.to_owned() }
}
