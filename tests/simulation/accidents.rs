//! What may go wrong, chosen by the seed.

use std::time::Duration;

use bus::{BusFaults, topology};
use ledger::MemoryFaults;
use node::{Action, Weather};
use rand::{Rng, rngs::StdRng};
use sandbox::{
    WorldName,
    faults::{FaultKind, FaultRule},
};
use system_tests::{Cluster, Name, cluster::ALL};

/// Fault points at which a service may die.
pub(crate) const POINTS: [&str; 21] = [
    "intake.before_commit",
    "intake.after_commit",
    "consume.received",
    "consume.before_commit",
    "consume.after_commit",
    "consume.after_ack",
    "relay.after_claim",
    "relay.after_publish",
    "relay.after_ack",
    "relay.after_mark",
    "effect.after_claim",
    "effect.before_sent_commit",
    "effect.after_sent_commit",
    "effect.connected",
    "effect.written",
    "effect.reply_received",
    "effect.after_evidence",
    "effect.before_outcome_commit",
    "effect.after_outcome_commit",
    "timer.after_claim",
    "timer.after_fire",
];

/// One accident.
#[derive(Debug, Clone)]
pub(crate) enum Accident {
    /// SIGKILL of a service, started again after a while.
    Kill(Name),
    /// Death at a named point, the nth time it is reached.
    Point(&'static str, u32),
    /// The broker loses everything.
    WipeBroker,
    /// The broker ends and starts again.
    RestartBroker,
    /// The broker loses its last messages.
    RollBackBroker(u64),
    /// The network misbehaves from now on.
    Weather(Weather),
    /// The broker misbehaves from now on.
    Bus(BusFaults),
    /// A ledger misbehaves from now on.
    Ledger(Name, MemoryFaults),
    /// An outside world misbehaves, once.
    Outside(FaultRule),
}

impl Accident {
    /// The kind, for counting.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Kill(_) => "kill",
            Self::Point(..) => "fault point armed",
            Self::WipeBroker => "broker wiped",
            Self::RestartBroker => "broker restarted",
            Self::RollBackBroker(_) => "broker rolled back",
            Self::Weather(_) => "weather",
            Self::Bus(_) => "bus",
            Self::Ledger(..) => "ledger",
            Self::Outside(_) => "outside",
        }
    }

    /// Lets it happen.
    pub(crate) fn strike(&self, cluster: &mut Cluster) {
        match self {
            Self::Kill(name) => cluster.kill(*name),
            Self::Point(point, nth) => cluster.faults.arm(point, *nth, Action::Die),
            Self::WipeBroker => cluster.broker().wipe(),
            Self::RestartBroker => cluster.broker().restart(),
            Self::RollBackBroker(count) => cluster.broker().roll_back(topology::EVENTS, *count),
            Self::Weather(weather) => cluster.network.set_weather(*weather),
            Self::Bus(faults) => cluster.broker().set_faults(*faults),
            Self::Ledger(name, faults) => cluster.twin(*name).set_faults(*faults),
            Self::Outside(rule) => {
                cluster.sandbox.add_fault(rule.clone());
            }
        }
    }
}

/// The accidents of one seed, by the moment they happen.
pub(crate) fn plan(random: &mut StdRng, span: Duration) -> Vec<(Duration, Accident)> {
    let count = random.random_range(3..12);
    let mut plan: Vec<(Duration, Accident)> = (0..count)
        .map(|_| {
            (Duration::from_millis(random.random_range(0..u64::try_from(span.as_millis()).unwrap_or(1))), one(random))
        })
        .collect();
    plan.sort_by_key(|(at, _)| *at);
    plan
}

fn one(random: &mut StdRng) -> Accident {
    match random.random_range(0..12) {
        0 | 1 => Accident::Kill(ALL[random.random_range(0..ALL.len())]),
        2..=4 => Accident::Point(POINTS[random.random_range(0..POINTS.len())], random.random_range(1..6)),
        5 => Accident::WipeBroker,
        6 => Accident::RestartBroker,
        7 => Accident::RollBackBroker(random.random_range(1..20)),
        8 => Accident::Weather(Weather {
            refused: random.random_range(0..200),
            request_lost: random.random_range(0..80),
            answer_lost: random.random_range(0..80),
            delay_ms_max: random.random_range(0..2000),
        }),
        9 => Accident::Bus(BusFaults {
            publish_lost_ack: random.random_range(0..200),
            publish_refused: random.random_range(0..200),
            duplicate: random.random_range(0..300),
            reorder: random.random_range(0..300),
            delay_ms_max: random.random_range(0..500),
            drop_hint: random.random_range(0..1000),
        }),
        10 => Accident::Ledger(
            ALL[random.random_range(0..ALL.len())],
            MemoryFaults {
                commit_refused: random.random_range(0..150),
                commit_unknown: random.random_range(0..150),
                latency_ms_max: random.random_range(0..50),
            },
        ),
        _ => Accident::Outside(outside(random)),
    }
}

fn outside(random: &mut StdRng) -> FaultRule {
    const PLACES: [(WorldName, &str); 7] = [
        (WorldName::Gateway, "authorize"),
        (WorldName::Gateway, "capture"),
        (WorldName::Gateway, "reverse"),
        (WorldName::Erp, "AddSalesOrder"),
        (WorldName::Erp, "UpdateSalesOrder"),
        (WorldName::Erp, "GetStockBalance"),
        (WorldName::Shop, "callback"),
    ];
    const KINDS: [FaultKind; 12] = [
        FaultKind::Latency(40_000),
        FaultKind::AnswerLate(5_000),
        FaultKind::Hang,
        FaultKind::HangBeforeApply,
        FaultKind::DropBeforeApply,
        FaultKind::DropAfterApply,
        FaultKind::ErrorBefore(503),
        FaultKind::ErrorAfter(502),
        FaultKind::Garbage,
        FaultKind::RateLimited,
        FaultKind::Unauthorized,
        FaultKind::ServerTimeoutApplied,
    ];
    let (world, operation) = PLACES[random.random_range(0..PLACES.len())];
    let kind = KINDS[random.random_range(0..KINDS.len())];
    FaultRule::once(world, operation, kind).from_nth(random.random_range(1..4)).times(random.random_range(1..3))
}
