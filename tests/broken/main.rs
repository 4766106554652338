//! Broken worlds, over real Postgres and real NATS: silence outside, strange messages, servers that go away. The judge is
//! what the outside worlds have in their books against what our ledgers say.

mod messages;
mod servers;
mod silence;

use std::time::Duration;

use sandbox::Books;
use system_tests::{
    Cluster, check,
    check::Case,
    cluster::Drill,
    orders::{self, Story},
};
use testkit::within;

/// How long everything may take to come to rest.
const LIMIT: Duration = Duration::from_secs(50);

/// Failures are noticed soon, and nothing is late only because the machine has other work.
fn patient() -> Drill {
    Drill { gateway_limit: Duration::from_secs(15), syspro_limit: Duration::from_secs(15), ..Drill::short() }
}

/// Posts an order until it is accepted: a shop repeats what was not answered.
async fn send(cluster: &Cluster, number: &str, story: Story) -> String {
    let order = orders::order(&cluster.sandbox, number, story);
    within(LIMIT, "the order is accepted", async || {
        let answer = cluster.post(&order).await?;
        assert!([200, 202, 503].contains(&answer.status), "{} {}", answer.status, answer.body);
        (answer.status != 503).then(|| answer.id())
    })
    .await
}

/// Orders on their way.
#[derive(Default)]
struct Load(Vec<(String, Story, String)>);

impl Load {
    /// Posts so many orders, of all stories in turn.
    async fn send(&mut self, cluster: &Cluster, count: usize) {
        for _ in 0..count {
            let at = self.0.len();
            let story = match at % 10 {
                3 => Story::Declined,
                6 => Story::Short,
                9 => Story::Refused,
                _ => Story::Good,
            };
            let number = format!("L{at}");
            let id = send(cluster, &number, story).await;
            self.0.push((number, story, id));
        }
    }

    /// True when every order has come to rest.
    async fn is_at_rest(&self, cluster: &Cluster) -> bool {
        for (_, _, id) in &self.0 {
            if !check::is_at_rest(&cluster.summary(id).await) {
                return false;
            }
        }
        cluster.is_quiet().await
    }

    /// Waits for the rest of all and judges each. Gives what is known of them.
    async fn judged(&self, cluster: &Cluster) -> Vec<Case> {
        let mut cases = Vec::new();
        for (number, story, id) in &self.0 {
            cases.push(check::case(cluster, number, *story, id, LIMIT).await);
        }
        quiet(cluster).await;
        let books = cluster.sandbox.books();
        let mut wrongs = foreign(&cases, &books);
        for case in &cases {
            let found = check::wrongs(case, &books);
            if !found.is_empty() {
                wrongs.push(format!("{found:?}\n{}", check::dump(cluster, case.id).await));
            }
        }
        assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
        cases
    }

    /// The same, and nothing may be left waiting: no call to the outside was disturbed.
    async fn ended(&self, cluster: &Cluster) {
        for case in self.judged(cluster).await {
            let (state, why) = (&case.summary.state, &case.summary.waits_for);
            assert!(runtime::query::is_final(state), "{} is {state}: {why}", case.customer_po);
        }
    }
}

/// Payments and sales orders that belong to no order that was sent.
fn foreign(cases: &[Case], books: &Books) -> Vec<String> {
    let prefixes: Vec<String> = cases
        .iter()
        .map(|case| ids::merchant_reference("demo", case.id.0, 'A', 0).to_string().trim_end_matches("A0").to_owned())
        .collect();
    let is_known = |reference: &str| prefixes.iter().any(|prefix| reference.starts_with(prefix.as_str()));
    let payments = books.gateway.payments.iter().filter(|payment| !is_known(&payment.reference));
    let orders = books.erp.orders.iter().filter(|order| cases.iter().all(|case| case.customer_po != order.customer_po));
    payments
        .map(|payment| format!("a payment {} of nobody", payment.reference))
        .chain(orders.map(|order| format!("a sales order {} of nobody", order.customer_po)))
        .collect()
}

async fn quiet(cluster: &Cluster) {
    within(LIMIT, "all is quiet", async || cluster.is_quiet().await.then_some(())).await;
}

/// Dead letters over all services.
async fn dead_letters(cluster: &Cluster) -> i64 {
    let mut letters = 0;
    for part in cluster.queries() {
        letters += part.health().await.expect("the ledger answers").dead_letters;
    }
    letters
}
