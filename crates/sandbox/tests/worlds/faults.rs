//! Misbehaviour on request, on paused time.

use std::time::Duration;

use http::Method;
use sandbox::{Books, FaultRule, Sandbox, SandboxConfig, WorldName, faults::FaultKind};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::caller::{authorization, call, post, sandbox};

const LONG: Duration = Duration::from_secs(3600);

fn rule(kind: FaultKind) -> FaultRule {
    FaultRule::once(WorldName::Gateway, "authorize", kind)
}

async fn authorize(world: &Sandbox) -> Option<(u16, serde_json::Value)> {
    let body = authorization(world, "visa", "X", "10.00");
    timeout(LONG, call(&world.gateway_handler(), Method::POST, "/pts/v2/payments", body)).await.ok().flatten()
}

fn made(books: &Books) -> usize {
    books.gateway.by_reference("X").count()
}

#[tokio::test(start_paused = true)]
async fn every_kind_does_what_it_says() {
    let timeout_word = Some("SERVER_TIMEOUT");
    for (kind, status, reason, made_count) in [
        (FaultKind::Hang, None, None, 1),
        (FaultKind::HangBeforeApply, None, None, 0),
        (FaultKind::DropBeforeApply, None, None, 0),
        (FaultKind::DropAfterApply, None, None, 1),
        (FaultKind::ErrorBefore(503), Some(503), Some("SYSTEM_ERROR"), 0),
        (FaultKind::ErrorAfter(500), Some(500), Some("SYSTEM_ERROR"), 1),
        (FaultKind::RateLimited, Some(429), Some("RATE_LIMITED"), 0),
        (FaultKind::Unauthorized, Some(401), None, 0),
        (FaultKind::ServerTimeoutApplied, Some(502), timeout_word, 1),
        (FaultKind::ServerTimeoutNotApplied, Some(502), timeout_word, 0),
        (FaultKind::Garbage, Some(200), None, 1),
        (FaultKind::UnknownStatus, Some(201), None, 1),
        (FaultKind::ExtraMembers, Some(201), None, 1),
        (FaultKind::Latency(3000), Some(201), None, 1),
        (FaultKind::AnswerLate(3000), Some(201), None, 1),
    ] {
        let world = sandbox(SandboxConfig::default());
        assert!(world.add_fault(rule(kind)));
        let answer = authorize(&world).await;
        assert_eq!(answer.as_ref().map(|answer| answer.0), status, "{kind:?}");
        assert_eq!(answer.as_ref().and_then(|answer| answer.1["reason"].as_str()), reason, "{kind:?}");
        let books = world.books();
        assert_eq!(made(&books), made_count, "{kind:?}");
        assert_eq!((books.faults[0].seen, books.faults[0].fired), (1, 1), "{kind:?}");
        assert_eq!(authorize(&world).await.map(|answer| answer.0), Some(201), "{kind:?} fires once");
    }
}

#[tokio::test(start_paused = true)]
async fn late_answers_and_late_arrivals_differ() {
    let world = sandbox(SandboxConfig::default());
    world.add_fault(rule(FaultKind::AnswerLate(3000)).matching("X"));
    let start = Instant::now();
    let gave_up = timeout(Duration::from_secs(1), authorize(&world)).await;
    assert!(gave_up.is_err() && made(&world.books()) == 1, "the work was done at once");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    let world = sandbox(SandboxConfig::default());
    world.add_fault(rule(FaultKind::Latency(3000)));
    assert!(timeout(Duration::from_secs(1), authorize(&world)).await.is_err());
    assert_eq!(made(&world.books()), 0, "it is still on its way");
    tokio::time::advance(Duration::from_millis(2001)).await;
    tokio::task::yield_now().await;
    assert_eq!(made(&world.books()), 1, "it arrived although nobody waits any more");
}

#[tokio::test(start_paused = true)]
async fn nth_times_and_match_choose_their_calls() {
    let world = sandbox(SandboxConfig::default());
    world.add_fault(rule(FaultKind::RateLimited).from_nth(2).times(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(authorize(&world).await.unwrap().0);
    }
    assert_eq!(statuses, [201, 429, 429, 201]);
    world.clear_faults();
    world.add_fault(FaultRule::always(WorldName::Gateway, "*", FaultKind::Unauthorized).matching("DEMO-7"));
    assert_eq!(authorize(&world).await.unwrap().0, 201);
    assert_eq!(post(&world, "/pts/v2/payments", authorization(&world, "visa", "DEMO-7-A1", "1.00")).await.0, 401);
    assert_eq!(
        post(&world, "/tss/v2/searches", json!({"query": "clientReferenceInformation.code:DEMO-7-A1"})).await.0,
        401
    );
}

#[tokio::test(start_paused = true)]
async fn silent_and_late_amounts_are_made() {
    let world = sandbox(SandboxConfig::default());
    for (amount, answers_after) in [("10.96", None), ("10.97", Some(35))] {
        let start = Instant::now();
        let body = authorization(&world, "visa", amount, amount);
        let answer =
            timeout(LONG, call(&world.gateway_handler(), Method::POST, "/pts/v2/payments", body)).await.ok().flatten();
        assert_eq!(answer.map(|_| start.elapsed().as_secs()), answers_after);
        assert_eq!(world.books().gateway.by_reference(amount).count(), 1);
    }
}
