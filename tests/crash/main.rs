//! Every crash point: die there, restart, die there again, restart; it must end as if nothing had happened, or wait
//! visibly for an inquiry. Once over the twins with paused time, once over real Postgres and NATS.

use std::time::Duration;

use contracts::query::v1::OrderSummary;
use futures_util::StreamExt as _;
use sandbox::{
    WorldName,
    faults::{FaultKind, FaultRule},
};
use system_tests::{
    Cluster, Name, check,
    check::Case,
    cluster::Drill,
    orders::{self, Story},
};
use testkit::within;

/// What must be arranged so that a point is reached at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrange {
    /// Every order reaches it.
    Nothing,
    /// A call must be found in the ledger: the gateway refuses the first authorizations, which is surely no payment.
    Retry,
    /// A message must be found in the ledger: the broker is away for a while.
    Broker,
    /// A timer must fire: SYSPRO's writer is away until the screening deadline has passed.
    Timer,
    /// An outcome must be unknown: the gateway does its work and the answer is lost.
    Silence,
    /// Something must be undone: SYSPRO refuses the order when the money is held.
    Undo,
    /// An undoing must be found in the ledger: the gateway refuses the first reversals, which surely reverses nothing.
    UndoAgain,
}

impl Arrange {
    fn story(self) -> Story {
        match self {
            Self::Undo | Self::UndoAgain => Story::Refused,
            Self::Nothing | Self::Retry | Self::Broker | Self::Timer | Self::Silence => Story::Good,
        }
    }
}

/// Where the order may come to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// As if nothing had happened.
    Completed,
    /// Something was announced and its answer was lost with the process: nobody knows, nothing is repeated.
    CompletedOrWaiting,
}

impl End {
    fn is_reached(self, summary: &OrderSummary) -> bool {
        match self {
            Self::Completed => runtime::query::is_final(&summary.state),
            Self::CompletedOrWaiting => check::is_at_rest(summary),
        }
    }
}

const POINTS: [(&str, Arrange, End); 31] = [
    ("intake.before_commit", Arrange::Nothing, End::Completed),
    ("intake.after_commit", Arrange::Nothing, End::Completed),
    ("intake.after_reply", Arrange::Nothing, End::Completed),
    ("consume.received", Arrange::Nothing, End::Completed),
    ("consume.before_commit", Arrange::Nothing, End::Completed),
    ("consume.after_commit", Arrange::Nothing, End::CompletedOrWaiting),
    ("consume.after_ack", Arrange::Nothing, End::CompletedOrWaiting),
    ("append.after_head_update", Arrange::Nothing, End::CompletedOrWaiting),
    ("relay.after_claim", Arrange::Broker, End::Completed),
    ("relay.after_publish", Arrange::Nothing, End::Completed),
    ("relay.after_ack", Arrange::Nothing, End::CompletedOrWaiting),
    ("relay.after_mark", Arrange::Nothing, End::CompletedOrWaiting),
    ("effect.after_claim", Arrange::Retry, End::Completed),
    ("effect.before_sent_commit", Arrange::Retry, End::Completed),
    ("effect.after_sent_commit", Arrange::Nothing, End::CompletedOrWaiting),
    ("effect.connected", Arrange::Nothing, End::CompletedOrWaiting),
    ("effect.written", Arrange::Nothing, End::CompletedOrWaiting),
    ("effect.reply_received", Arrange::Nothing, End::CompletedOrWaiting),
    ("effect.after_evidence", Arrange::Nothing, End::Completed),
    ("effect.after_outcome_commit", Arrange::Nothing, End::CompletedOrWaiting),
    ("inquiry.before", Arrange::Silence, End::Completed),
    ("inquiry.after_answer", Arrange::Silence, End::Completed),
    ("inquiry.after_commit", Arrange::Silence, End::Completed),
    ("compensate.after_claim", Arrange::UndoAgain, End::Completed),
    ("compensate.before_sent_commit", Arrange::UndoAgain, End::Completed),
    ("compensate.after_sent_commit", Arrange::Undo, End::CompletedOrWaiting),
    ("compensate.reply_received", Arrange::Undo, End::CompletedOrWaiting),
    ("compensate.after_evidence", Arrange::Undo, End::Completed),
    ("compensate.after_outcome_commit", Arrange::Undo, End::CompletedOrWaiting),
    ("timer.after_claim", Arrange::Timer, End::Completed),
    ("timer.after_fire", Arrange::Timer, End::CompletedOrWaiting),
];

/// Deaths at each point.
const DEATHS: u32 = 2;
/// Clusters over real servers that run side by side.
const CLUSTERS_AT_A_TIME: usize = 7;

async fn drill(mut cluster: Cluster, point: &'static str, arrange: Arrange, end: End, limit: Duration) {
    let story = arrange.story();
    let order = orders::order(&cluster.sandbox, "C1", story);
    let lost = |operation, kind| FaultRule::always(WorldName::Gateway, operation, kind);
    match arrange {
        Arrange::Nothing | Arrange::Undo => {}
        Arrange::Silence => {
            cluster.sandbox.add_fault(lost("authorize", FaultKind::DropAfterApply));
        }
        Arrange::UndoAgain => {
            cluster.sandbox.add_fault(lost("reverse", FaultKind::RateLimited).times(DEATHS + 1));
        }
        Arrange::Retry => {
            cluster.sandbox.add_fault(lost("authorize", FaultKind::RateLimited).times(DEATHS + 1));
        }
        Arrange::Broker => cluster.stop_broker(),
        Arrange::Timer => cluster.kill(Name::Erp),
    }
    cluster.faults.arm(point, 1, node::Action::Die);
    let started = tokio::time::Instant::now();
    let mut id: Option<String> = None;
    let mut sent_another = false;
    let mut calm = 0;
    while calm < 3 {
        assert!(started.elapsed() < limit, "{point}: not at rest after {limit:?}; order {id:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        if id.is_none()
            && let Some(answer) = cluster.post(&order).await
        {
            assert!([200, 201, 202, 503].contains(&answer.status), "{point}: {answer:?}");
            id = answer.order_id().map(str::to_owned);
        }
        let fired = cluster.faults.fired(point);
        for name in cluster.dead() {
            // The erp-writer that was taken away for the timer comes back when the timer has had its deaths.
            if arrange == Arrange::Timer && name == Name::Erp && fired < DEATHS {
                continue;
            }
            cluster.start_again(name).await;
            if fired < DEATHS {
                cluster.faults.arm(point, 1, node::Action::Die);
            }
        }
        if arrange == Arrange::Broker && fired >= DEATHS {
            cluster.start_broker();
        }
        // A timer fires once in the life of an order: its second death is another order's.
        if arrange == Arrange::Timer && (1..DEATHS).contains(&fired) && !sent_another {
            let another = orders::order(&cluster.sandbox, "C2", Story::Good);
            sent_another = cluster.post(&another).await.is_some();
        }
        let resting = match &id {
            Some(id) if cluster.dead().is_empty() => {
                end.is_reached(&cluster.summary(id).await) && cluster.is_quiet().await
            }
            _ => false,
        };
        // A point near the end of a story may have its second death on another order only.
        if resting && cluster.faults.fired(point) < DEATHS {
            let again = orders::order(&cluster.sandbox, &format!("C{}", started.elapsed().as_millis()), story);
            let _ = cluster.post(&again).await;
            continue;
        }
        calm = if resting { calm + 1 } else { 0 };
    }
    assert!(cluster.faults.fired(point) >= DEATHS, "{point} fired {} times", cluster.faults.fired(point));
    let Some(id) = id else { panic!("{point}: the order was never accepted") };
    let summary = cluster.summary(&id).await;
    let state = summary.state.clone();
    let case = Case { id: id.parse().expect("an id"), story, total: 12_483, customer_po: "T-C1".to_owned(), summary };
    let wrongs = check::wrongs(&case, &cluster.sandbox.books());
    assert!(wrongs.is_empty(), "{point}: {wrongs:?}");
    if end == End::Completed {
        assert!(story.ends().contains(&state.as_str()), "{point}: {state}");
    }
}

fn over_twins(point: &'static str, arrange: Arrange, end: End) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async move {
        let cluster = Cluster::twins(7, Drill::long()).await;
        drill(cluster, point, arrange, end, Duration::from_secs(3600)).await;
    });
    runtime.shutdown_timeout(Duration::ZERO);
}

#[test]
fn every_point_over_the_twins() {
    for (point, arrange, end) in POINTS {
        over_twins(point, arrange, end);
    }
}

#[test]
fn every_point_over_real_servers() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        // Mostly waiting for leases: several clusters at a time, each on a broker and databases of its own.
        let drills = POINTS.into_iter().map(|(point, arrange, end)| async move {
            let cluster = Cluster::real(7, Drill::short()).await;
            drill(cluster, point, arrange, end, Duration::from_secs(120)).await;
        });
        futures_util::stream::iter(drills).buffer_unordered(CLUSTERS_AT_A_TIME).collect::<Vec<()>>().await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_hangs_up_has_sent_exactly_one_order() {
    let cluster = Cluster::real(8, Drill::short()).await;
    let order = orders::order(&cluster.sandbox, "H1", Story::Good);
    {
        // The request future is dropped as soon as it was polled once: a client that hangs up right after sending.
        let request = cluster.post(&order);
        tokio::pin!(request);
        let polled = futures_util::poll!(&mut request);
        assert!(polled.is_pending(), "the answer cannot be there at once");
    }
    let state = within(Duration::from_secs(30), "the abandoned order completes", async || {
        let answer = cluster.post(&order).await?;
        let id = answer.order_id()?.to_owned();
        let state = cluster.state(&id).await;
        (state == "completed").then_some(state)
    })
    .await;
    assert_eq!(state, "completed");
    assert_eq!(cluster.sandbox.books().erp.orders.len(), 1);
}
