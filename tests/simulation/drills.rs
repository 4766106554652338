//! Single accidents in slow motion, where the seeds come by too rarely.

use std::time::Duration;

use ledger::MemoryFaults;
use node::Action;
use sandbox::{
    WorldName,
    faults::{FaultKind, FaultRule},
};
use system_tests::{
    Cluster, Name, check,
    cluster::Drill,
    orders::{self, Story},
};
use tokio::time::{Instant, sleep};

/// Where the cluster's calendar begins.
const BASE_MS: i64 = 1_791_970_200_000;

async fn one_order(cluster: &Cluster) -> String {
    let answer = cluster.post(&orders::order(&cluster.sandbox, "D1", Story::Good)).await.expect("an answer");
    answer.order_id().expect("it is taken").to_owned()
}

async fn state_at_rest(cluster: &Cluster, id: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(1200);
    loop {
        sleep(Duration::from_secs(1)).await;
        let summary = cluster.summary(id).await;
        // Visible waiting may end by itself; a drill looks at what is left when everything had its time.
        if runtime::query::is_final(&summary.state) || Instant::now() > deadline {
            return summary.state;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_announcement_was_lost_is_made_later() {
    let cluster = Cluster::twins(11, Drill::long()).await;
    cluster.twin(Name::Payment).set_faults(MemoryFaults { commit_unknown: 1000, ..MemoryFaults::default() });
    let id = one_order(&cluster).await;
    sleep(Duration::from_secs(20)).await;
    cluster.twin(Name::Payment).set_faults(MemoryFaults::default());
    assert_eq!(state_at_rest(&cluster, &id).await, "completed", "what surely was not sent is no riddle");
    assert_eq!(cluster.sandbox.books().gateway.payments.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_after_its_lease_is_told_all_the_same() {
    let cluster = Cluster::twins(12, Drill::long()).await;
    // Nobody may be told by asking what the sleeper knows.
    let silent =
        FaultRule { times: 1000, ..FaultRule::once(WorldName::Gateway, "search", FaultKind::ErrorBefore(503)) };
    assert!(cluster.sandbox.add_fault(silent));
    // Between the reply and the evidence, until somebody else has found the call announced and nobody there.
    cluster.faults.arm("effect.reply_received", 1, Action::Pause(Duration::from_secs(90)));
    let id = one_order(&cluster).await;
    sleep(Duration::from_secs(80)).await;
    assert_eq!(cluster.summary(&id).await.state, "waiting");
    assert_eq!(state_at_rest(&cluster, &id).await, "completed", "the answer is here: nobody need ask");
    assert_eq!(cluster.faults.fired("effect.reply_received"), 1);
    assert_eq!(cluster.sandbox.books().gateway.payments.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_always_has_its_next_hour() {
    let started = Instant::now();
    let mut cluster = Cluster::twins(13, Drill::long()).await;
    for (world, operation) in [(WorldName::Gateway, "authorize"), (WorldName::Erp, "AddSalesOrder")] {
        cluster.sandbox.clear_faults();
        cluster.prepare();
        assert!(cluster.sandbox.add_fault(FaultRule::once(world, operation, FaultKind::Hang)));
        let number = format!("D-{operation}");
        let answer = cluster.post(&orders::order(&cluster.sandbox, &number, Story::Good)).await.expect("an answer");
        let id = answer.order_id().expect("it is taken").to_owned();
        sleep(Duration::from_secs(1)).await;
        // Asking brings nothing either: the outside answers no question any more.
        let silent = FaultRule { times: 100_000, ..FaultRule::once(world, "*", FaultKind::ErrorBefore(503)) };
        assert!(cluster.sandbox.add_fault(silent));
        sleep(Duration::from_secs(180)).await;
        let mut hours = std::collections::BTreeSet::new();
        // For as long as it is asked before a person is told.
        for _ in 0..160 {
            sleep(Duration::from_millis(7300)).await;
            let summary = cluster.summary(&id).await;
            let now_ms = BASE_MS + i64::try_from(started.elapsed().as_millis()).expect("a short test");
            assert_eq!(summary.state, "waiting", "{}", check::dump(&cluster, id.parse().expect("an id")).await);
            assert!(!summary.waits_for.is_empty());
            assert!(summary.due_at_ms > now_ms, "{operation}: due {} s ago", (now_ms - summary.due_at_ms) / 1000);
            hours.insert(summary.due_at_ms);
        }
        assert!((2..=10).contains(&hours.len()), "{operation}: the hour moved {} times in 20 minutes", hours.len());
        cluster.revive().await;
    }
}
