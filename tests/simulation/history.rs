//! One history: workload and accidents, then quiet, then the promises.

use std::{collections::BTreeMap, time::Duration};

use bus::BusFaults;
use ids::OrderId;
use ledger::MemoryFaults;
use node::Weather;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;
use sha2::{Digest, Sha256};
use system_tests::{
    Cluster,
    check::{self, Case},
    cluster::{ALL, Drill, REST},
    orders::{self, Story},
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::accidents::{self, Accident, POINTS};

/// Accidents and orders fall into this span of virtual time.
const SPAN: Duration = Duration::from_secs(30);
/// A dead service is started again after at most this.
const DOWN_MS_MAX: u64 = 4000;

/// What came of one history.
pub(crate) struct Verdict {
    /// Broken promises.
    pub(crate) wrongs: Vec<String>,
    /// A hash over every ledger, the broker and the books.
    pub(crate) hash: String,
    /// Accidents that happened, by kind.
    pub(crate) fired: BTreeMap<String, u64>,
    /// Where the orders came to rest.
    pub(crate) states: Vec<String>,
}

/// An order to send until it is accepted.
struct Sending {
    at: Duration,
    story: Story,
    number: String,
    body: Value,
    accepted: Option<OrderId>,
    wrong: Option<String>,
}

/// Runs one history.
pub(crate) async fn run(seed: u64) -> Verdict {
    let mut random = StdRng::seed_from_u64(seed);
    let mut cluster = Cluster::twins(seed, Drill::long()).await;
    let started = Instant::now();
    let mut sendings = workload(&mut random, &cluster);
    let mut fired = BTreeMap::new();
    let mut steps: Vec<(Duration, Step)> =
        accidents::plan(&mut random, SPAN).into_iter().map(|(at, a)| (at, Step::Accident(a))).collect();
    steps.extend(sendings.iter().enumerate().map(|(index, sending)| (sending.at, Step::Send(index))));
    // A client may send the same order twice.
    for _ in 0..3 {
        let index = random.random_range(0..sendings.len());
        steps.push((sendings[index].at + Duration::from_millis(random.random_range(0..8000)), Step::Send(index)));
    }
    steps.sort_by_key(|(at, _)| *at);
    for (at, step) in steps {
        let moment = started + at;
        while Instant::now() < moment {
            sleep_until(moment.min(Instant::now() + Duration::from_millis(500))).await;
            revive(&mut cluster, &mut random).await;
        }
        match step {
            Step::Accident(accident) => {
                *fired.entry(accident.kind().to_owned()).or_default() += 1;
                accident.strike(&mut cluster);
            }
            Step::Send(index) => send(&cluster, &mut sendings[index]).await,
        }
    }
    calm(&mut cluster);
    rest(&mut cluster, &mut sendings, &mut random).await;
    for point in POINTS {
        let count = u64::from(cluster.faults.fired(point));
        if count > 0 {
            *fired.entry("fault point".to_owned()).or_default() += count;
        }
    }
    judge(&cluster, sendings, fired).await
}

enum Step {
    Accident(Accident),
    Send(usize),
}

fn workload(random: &mut StdRng, cluster: &Cluster) -> Vec<Sending> {
    let count = random.random_range(4..10);
    (0..count)
        .map(|index| {
            let story = match random.random_range(0..10) {
                0 => Story::Declined,
                1 => Story::Short,
                2 => Story::Refused,
                _ => Story::Good,
            };
            let number = format!("N{index}");
            let at = Duration::from_millis(random.random_range(0..20_000));
            let body = orders::order(&cluster.sandbox, &number, story);
            Sending { at, story, number, body, accepted: None, wrong: None }
        })
        .collect()
}

async fn revive(cluster: &mut Cluster, random: &mut StdRng) {
    if ALL.iter().any(|name| !cluster.is_alive(*name)) {
        sleep(Duration::from_millis(random.random_range(0..DOWN_MS_MAX))).await;
        cluster.revive().await;
    }
}

/// Sends an order once; an intake that is down is tried again later, as a shop does.
async fn send(cluster: &Cluster, sending: &mut Sending) {
    let Some(answer) = cluster.post(&sending.body).await else { return };
    match answer.status {
        200..=202 => {
            let id: Option<OrderId> =
                answer.body["order_id"].as_str().or(answer.body["id"].as_str()).and_then(|id| id.parse().ok());
            match (id, sending.accepted) {
                (None, _) => sending.wrong = Some(format!("accepted without an id: {}", answer.body)),
                (Some(id), Some(before)) if id != before => sending.wrong = Some("two ids for one order".to_owned()),
                (Some(id), _) => sending.accepted = Some(id),
            }
        }
        503 => {}
        other => sending.wrong = Some(format!("answered {other}: {}", answer.body)),
    }
}

/// All faults end.
fn calm(cluster: &mut Cluster) {
    cluster.network.set_weather(Weather::default());
    cluster.broker().set_faults(BusFaults::default());
    for name in ALL {
        cluster.twin(name).set_faults(MemoryFaults::default());
    }
    cluster.faults.disarm();
    cluster.sandbox.clear_faults();
    cluster.prepare();
}

/// Every order is sent until it is accepted, and everything drains.
async fn rest(cluster: &mut Cluster, sendings: &mut [Sending], random: &mut StdRng) {
    let started = Instant::now();
    let mut quiet = 0;
    while started.elapsed() < REST && quiet < 3 {
        sleep(Duration::from_secs(5)).await;
        revive(cluster, random).await;
        for sending in sendings.iter_mut().filter(|sending| sending.accepted.is_none() && sending.wrong.is_none()) {
            send(cluster, sending).await;
        }
        let accepted = sendings.iter().all(|sending| sending.accepted.is_some() || sending.wrong.is_some());
        let resting = accepted && cluster.is_quiet().await && all_rest(cluster, sendings).await;
        quiet = if resting { quiet + 1 } else { 0 };
    }
}

async fn all_rest(cluster: &Cluster, sendings: &[Sending]) -> bool {
    for id in sendings.iter().filter_map(|sending| sending.accepted) {
        let summary = cluster.summary(&id.to_string()).await;
        if !check::is_at_rest(&summary) || !is_told(cluster, id, &summary.state).await {
            return false;
        }
    }
    true
}

/// The shop reads the intake's ledger: news that got lost on the way would leave it behind for ever.
async fn is_told(cluster: &Cluster, id: OrderId, state: &str) -> bool {
    !runtime::query::is_final(state) || cluster.state(&id.to_string()).await == state
}

async fn judge(cluster: &Cluster, sendings: Vec<Sending>, fired: BTreeMap<String, u64>) -> Verdict {
    let books = cluster.sandbox.books();
    let mut wrongs = Vec::new();
    let mut states = Vec::new();
    for sending in sendings {
        wrongs.extend(sending.wrong.map(|wrong| format!("{}: {wrong}", sending.number)));
        let Some(id) = sending.accepted else {
            wrongs.push(format!("{} was never accepted", sending.number));
            continue;
        };
        let summary = cluster.summary(&id.to_string()).await;
        states.push(summary.state.clone());
        if !is_told(cluster, id, &summary.state).await {
            let told = cluster.state(&id.to_string()).await;
            wrongs.push(format!("{}: the shop reads `{told}`, the saga is `{}`", sending.number, summary.state));
        }
        let total = if sending.story == Story::Short { 30_333 } else { 12_483 };
        let case = Case { id, story: sending.story, total, customer_po: format!("T-{}", sending.number), summary };
        let broken = check::wrongs(&case, &books);
        if !broken.is_empty() {
            wrongs.extend(broken);
            wrongs.push(check::dump(cluster, id).await);
        }
    }
    wrongs.extend(check::ledgers(cluster).await);
    let mut hash = Sha256::new();
    for name in ALL {
        hash.update(cluster.twin(name).hash());
    }
    hash.update(cluster.broker().hash().to_be_bytes());
    hash.update(serde_json::to_vec(&books).unwrap_or_default());
    Verdict { wrongs, hash: hex::encode(hash.finalize()), fired, states }
}
