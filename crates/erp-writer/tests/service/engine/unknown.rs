//! Every way in which an answer can be lost, for every write, with the process alive or dead: the books hold one document.

use std::{sync::Arc, time::Duration};

use erp_domain::sales_order::{Command, Payment, Reason};
use ids::MerchantReference;
use ledger::MemoryState;
use sandbox::{
    FaultRule, SandboxConfig, WorldName,
    erp::{AuthMode, ErpConfig, Mischief, MischiefRule},
    faults::FaultKind,
};

use super::{Running, calls, placing, start, start_with};
use crate::world::{World, config, eur, order, world, world_with};

/// The work is done, and nobody hears of it.
const DONE: [FaultKind; 7] = [
    FaultKind::DropAfterApply,
    FaultKind::Hang,
    FaultKind::Garbage,
    FaultKind::UnknownStatus,
    FaultKind::ErrorAfter(502),
    FaultKind::ServerTimeoutApplied,
    // Longer than anybody waits.
    FaultKind::AnswerLate(100_000),
];
/// The work is not done, and nobody hears of that either.
const NOT_DONE: [FaultKind; 4] = [
    FaultKind::DropBeforeApply,
    FaultKind::HangBeforeApply,
    FaultKind::ErrorBefore(502),
    FaultKind::ServerTimeoutNotApplied,
];

#[derive(Clone, Copy)]
struct Write {
    /// SYSPRO's operation.
    operation: &'static str,
    /// What is asked, and what has happened before.
    asked: &'static str,
    done: &'static str,
    status: &'static str,
}

const WRITES: [Write; 3] = [
    Write { operation: "AddSalesOrder", asked: "place_asked", done: "placed", status: "S" },
    Write { operation: "UpdateSalesOrder", asked: "release_asked", done: "released", status: "1" },
    Write { operation: "UpdateSalesOrder", asked: "cancel_asked", done: "cancelled", status: "\\" },
];

fn book() -> Command {
    let merchant_reference = MerchantReference::parse("demo-x-C1").unwrap();
    Command::Book { payment: Payment { captured: eur(1706), merchant_reference, gateway_request_id: "7".to_owned() } }
}

impl Write {
    /// Does what comes before this write.
    async fn prepare(self, running: &Running) {
        if self.done != "placed" {
            running.ask(placing(&Arc::new(order("W-1", &[("GRILL-01", "2")])))).await;
            running.until("placed").await;
        }
    }

    async fn ask(self, running: &Running) {
        let command = match self.done {
            "placed" => placing(&Arc::new(order("W-1", &[("GRILL-01", "2")]))),
            "released" => book(),
            _ => Command::Cancel { reason: Reason::new("shop_cancelled", "") },
        };
        running.ask(command).await;
    }
}

async fn attempts(running: &Running, asked: &str) -> usize {
    running.kinds().await.iter().filter(|kind| *kind == asked).count()
}

fn fired(world: &World) -> u64 {
    world.sandbox.books().faults.iter().map(|fault| u64::from(fault.fired)).sum()
}

fn books_hold_one(world: &World, status: &str, case: &str) {
    let booked = world.booked("W-1");
    assert_eq!(booked.len(), 1, "{case}: {booked:?}");
    assert_eq!(booked[0].status, status, "{case}");
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_adopted_and_what_was_not_is_done_again() {
    for write in WRITES {
        for (kind, expected) in DONE.map(|kind| (kind, 1)).into_iter().chain(NOT_DONE.map(|kind| (kind, 2))) {
            let case = format!("{} {kind:?}", write.operation);
            let world = world();
            let running = start(&world, &MemoryState::new(), "one");
            write.prepare(&running).await;
            world.fault(write.operation, kind);
            write.ask(&running).await;
            running.until(write.done).await;
            books_hold_one(&world, write.status, &case);
            assert_eq!(attempts(&running, write.asked).await, expected, "{case}: {:?}", running.kinds().await);
            // What was never worked on is not in the ERP's count.
            assert_eq!((calls(&world, write.operation), fired(&world)), (1, 1), "{case}");
            running.node.kill();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_process_finds_out_what_a_dead_one_did() {
    for write in WRITES {
        for (kind, expected) in [(FaultKind::Hang, 1), (FaultKind::HangBeforeApply, 2)] {
            let case = format!("{} {kind:?}", write.operation);
            let (world, state) = (world(), MemoryState::new());
            let one = start(&world, &state, "one");
            write.prepare(&one).await;
            world.fault(write.operation, kind);
            write.ask(&one).await;
            let sent = async {
                while calls(&world, write.operation) == 0 {
                    tokio::time::advance(Duration::from_millis(5)).await;
                }
            };
            assert!(tokio::time::timeout(super::DEADLINE, sent).await.is_ok(), "{case}");
            one.node.kill();
            let two = start(&world, &state, "other");
            two.until(write.done).await;
            books_hold_one(&world, write.status, &case);
            assert_eq!(attempts(&two, write.asked).await, expected, "{case}: {:?}", two.kinds().await);
            two.node.kill();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_ended_in_a_post_proves_nothing_and_is_looked_into() {
    for mischief in [Mischief::EvictSession, Mischief::ExpireSession, Mischief::Restart] {
        let world = world();
        let running = start(&world, &MemoryState::new(), "one");
        let rule = MischiefRule { operation: "AddSalesOrder".to_owned(), matching: None, nth: 1, mischief };
        world.sandbox.with_erp(|erp| erp.plan(rule));
        WRITES[0].ask(&running).await;
        running.until("placed").await;
        assert!(running.kinds().await.iter().any(|kind| kind == "outcome_unknown"));
        books_hold_one(&world, "S", "session");
        running.node.kill();
    }
}

#[tokio::test(start_paused = true)]
async fn two_processes_with_one_operator_place_every_order_once() {
    let (world, state) = (world(), MemoryState::new());
    let mut one_operator = config("");
    one_operator.pairs.get_mut("demo").unwrap().syspro.operators.truncate(1);
    let one = start_with(&world, &state, "one", &one_operator);
    let two = start_with(&world, &state, "other", &one_operator);
    world.fault("AddSalesOrder", FaultKind::HangBeforeApply);
    WRITES[0].ask(&one).await;
    two.until("placed").await;
    books_hold_one(&world, "S", "two processes");
    assert_eq!(attempts(&two, "place_asked").await, 2);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_not_ours_is_a_persons_to_sort_out() {
    let world = world();
    let running = start(&world, &MemoryState::new(), "one");
    let other = world.process("by-hand");
    world.fault("AddSalesOrder", FaultKind::DropBeforeApply);
    WRITES[0].ask(&running).await;
    running.until("outcome_unknown").await;
    // The operators are all somebody's for a moment; whoever it is enters another order under the same number.
    let theirs = order("W-1", &[("GRILL-01", "1"), ("TONGS-02", "1")]);
    let entered = world.place_as(&other, &theirs, Some("WEB001"), None).await;
    assert!(entered.is_ok(), "{entered:?}");
    running.until("person_wanted").await;
    assert_eq!(attempts(&running, "place_asked").await, 1);
    assert_eq!(world.booked("W-1").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_sessions_an_absent_document_wants_a_person() {
    let erp = ErpConfig { auth_mode: AuthMode::Key, ..ErpConfig::default() };
    let world = world_with(SandboxConfig { erp, ..SandboxConfig::default() });
    let mut by_key = config("");
    by_key.pairs.get_mut("demo").unwrap().syspro.auth = erp_writer::config::Auth::Key;
    let running = start_with(&world, &MemoryState::new(), "one", &by_key);
    world.fault("AddSalesOrder", FaultKind::DropBeforeApply);
    WRITES[0].ask(&running).await;
    running.until("person_wanted").await;
    assert_eq!((attempts(&running, "place_asked").await, world.booked("W-1").len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn syspro_down_for_a_while_costs_time_only() {
    let world = world();
    let running = start(&world, &MemoryState::new(), "one");
    let down = FaultRule::once(WorldName::Erp, "*", FaultKind::ErrorBefore(503)).times(8);
    assert!(world.sandbox.add_fault(down));
    WRITES[0].ask(&running).await;
    running.until("placed").await;
    books_hold_one(&world, "S", "down");
}

#[tokio::test(start_paused = true)]
async fn a_post_that_arrives_after_the_inquiry_finds_its_session_ended() {
    let world = world();
    let running = start(&world, &MemoryState::new(), "one");
    world.fault("AddSalesOrder", FaultKind::Latency(200_000));
    WRITES[0].ask(&running).await;
    running.until("placed").await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    books_hold_one(&world, "S", "late");
    assert_eq!(attempts(&running, "place_asked").await, 2, "{:?}", running.kinds().await);
}

#[tokio::test(start_paused = true)]
async fn without_sessions_a_late_document_is_taken_when_it_appears() {
    let erp = ErpConfig { auth_mode: AuthMode::Key, ..ErpConfig::default() };
    let world = world_with(SandboxConfig { erp, ..SandboxConfig::default() });
    let mut by_key = config("");
    by_key.pairs.get_mut("demo").unwrap().syspro.auth = erp_writer::config::Auth::Key;
    let running = start_with(&world, &MemoryState::new(), "one", &by_key);
    world.fault("AddSalesOrder", FaultKind::Latency(200_000));
    WRITES[0].ask(&running).await;
    running.until("placed").await;
    books_hold_one(&world, "S", "late, by key");
    assert_eq!(attempts(&running, "place_asked").await, 1);
}
