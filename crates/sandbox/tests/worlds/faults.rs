//! Misbehaviour on request, on paused time.

use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use sandbox::{
    Books, FaultRule, Sandbox, SandboxConfig, WorldName,
    faults::FaultKind,
    gateway::{Account, DEFAULT_MERCHANT, GatewayConfig},
};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::caller::{authorization, authorized, call, capture_of, post, refused, sandbox};

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
        (FaultKind::Twice, Some(201), None, 2),
        (FaultKind::OneByteASecond, Some(201), None, 1),
        (FaultKind::HalfReply, None, None, 1),
        (FaultKind::GarbageNotApplied, Some(200), None, 0),
        (FaultKind::SlowCommit(0), None, None, 0),
        (FaultKind::SignatureExpired, Some(401), None, 0),
        (FaultKind::ErrorBefore(429), Some(429), Some("RATE_LIMITED"), 0),
        (FaultKind::ErrorAfter(429), Some(429), Some("RATE_LIMITED"), 1),
        (FaultKind::ErrorBefore(500), Some(500), Some("SYSTEM_ERROR"), 0),
        (FaultKind::ErrorBefore(502), Some(502), timeout_word, 0),
        (FaultKind::ErrorAfter(502), Some(502), timeout_word, 1),
        (FaultKind::ErrorAfter(503), Some(503), Some("SYSTEM_ERROR"), 1),
    ] {
        let world = sandbox(SandboxConfig::default());
        assert!(world.add_fault(rule(kind)));
        let answer = authorize(&world).await;
        assert_eq!(answer.as_ref().map(|answer| answer.0), status, "{kind:?}");
        assert_eq!(answer.as_ref().and_then(|answer| answer.1["reason"].as_str()), reason, "{kind:?}");
        let books = world.books();
        assert_eq!(made(&books), made_count, "{kind:?}");
        assert_eq!((books.faults[0].seen, books.faults[0].fired), (1, 1), "{kind:?}");
        assert_eq!((books.tally[0].kind.as_str(), books.tally[0].fired), (kind.name(), 1));
        let hit = &books.faults[0].hits[0];
        assert_eq!((hit.operation.as_str(), hit.about.as_str()), ("authorize", "X"), "{kind:?}");
        assert!(!hit.did.is_empty());
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

#[tokio::test(start_paused = true)]
async fn a_slow_commit_is_written_later_and_given_up_beyond_the_gateways_limit() {
    let gateway = GatewayConfig { processing_limit: TimeDelta::seconds(5), ..GatewayConfig::default() };
    for (ms, limit_s, made_count) in [(4000, 5, 1), (6000, 150, 1), (6000, 5, 0)] {
        let gateway = GatewayConfig { processing_limit: TimeDelta::seconds(limit_s), ..gateway.clone() };
        let start = Instant::now();
        let clock = sandbox::Clock::from_fn(move || {
            crate::caller::base() + TimeDelta::from_std(start.elapsed()).unwrap_or_default()
        });
        let world = Sandbox::new(SandboxConfig { gateway, ..SandboxConfig::default() }, clock);
        world.add_fault(rule(FaultKind::SlowCommit(ms)));
        let body = authorization(&world, "visa", "X", "10.00");
        assert_eq!(call(&world.gateway_handler(), Method::POST, "/pts/v2/payments", body).await, None);
        assert_eq!(made(&world.books()), 0, "nothing is written yet");
        tokio::time::sleep(Duration::from_millis(ms + 1)).await;
        let books = world.books();
        assert_eq!(made(&books), made_count, "{ms} ms of {limit_s} s");
        assert_eq!(books.faults[0].hits.len(), 2, "{:?}", books.faults[0].hits);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_its_signature_expired_is_refused_and_booked() {
    let start = Instant::now();
    let clock = sandbox::Clock::from_fn(move || {
        crate::caller::base() + TimeDelta::from_std(start.elapsed()).unwrap_or_default()
    });
    let world = Sandbox::new(SandboxConfig::default(), clock);
    // The caller's tokens live 120 s.
    world.add_fault(rule(FaultKind::Latency(121_000)));
    assert_eq!(authorize(&world).await.map(|answer| answer.0), Some(401));
    let books = world.books().gateway;
    assert_eq!(books.late.len(), 1);
    let late = &books.late[0];
    assert_eq!((late.operation.as_str(), late.reference.as_str()), ("authorize", "X"));
    assert_eq!((late.at - late.expired_at).num_seconds(), 1);
    assert_eq!(books.order("X").unwrap().late.len(), 1);
    assert!(books.payments.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_brisk_gateway_takes_short_lives_only() {
    let world = sandbox(SandboxConfig { gateway: GatewayConfig::brisk(), ..SandboxConfig::default() });
    assert_eq!(authorize(&world).await.map(|answer| answer.0), Some(401), "120 s are too long for it");
    assert!(world.books().gateway.late.is_empty(), "it was not late, it was wrong");
}

#[tokio::test(start_paused = true)]
async fn twice_is_once_where_the_account_takes_ids() {
    let world = sandbox(SandboxConfig::default());
    world.set_account(DEFAULT_MERCHANT, Account::TransactionIds);
    world.add_fault(rule(FaultKind::Twice));
    let mut body = authorization(&world, "visa", "X", "10.00");
    body["clientReferenceInformation"]["transactionId"] = json!("T1");
    assert_eq!(post(&world, "/pts/v2/payments", body).await.0, 201);
    let books = world.books();
    assert_eq!(made(&books), 1);
    assert!(books.faults[0].hits[0].did.contains("then 400 DUPLICATE_REQUEST"), "{:?}", books.faults[0].hits);
}

#[tokio::test(start_paused = true)]
async fn a_search_is_behind_or_lies() {
    let world = sandbox(SandboxConfig::default());
    let id = authorized(&world, "DEMO-1-A1", "10.00").await;
    post(&world, &format!("/pts/v2/payments/{id}/captures"), capture_of("DEMO-1-C1", "10.00")).await;
    world.advance(Duration::from_secs(30));
    let count = async |reference: &str| {
        let query = json!({"query": format!("clientReferenceInformation.code:{reference}")});
        post(&world, "/tss/v2/searches", query).await.1["totalCount"].as_u64().unwrap()
    };
    for (kind, held, taken) in [
        (FaultKind::SearchAbsent, 0, 0),
        (FaultKind::SearchStale, 1, 0),
        (FaultKind::SearchBehind(60_000), 0, 0),
        (FaultKind::SearchBehind(20_000), 1, 1),
    ] {
        world.add_fault(FaultRule::once(WorldName::Gateway, "search", kind).times(2));
        assert_eq!((count("DEMO-1-A1").await, count("DEMO-1-C1").await), (held, taken), "{kind:?}");
        assert_eq!((count("DEMO-1-A1").await, count("DEMO-1-C1").await), (1, 1), "the truth again");
    }
    world.add_fault(FaultRule::once(WorldName::Gateway, "detail", FaultKind::SearchStale));
    for related in [0, 1] {
        let target = format!("/tss/v2/transactions/{id}");
        let (_, body) = call(&world.gateway_handler(), Method::GET, &target, json!(null)).await.unwrap();
        assert_eq!(body["_links"]["relatedTransactions"].as_array().unwrap().len(), related);
        assert_eq!(body["applicationInformation"]["status"], "AUTHORIZED");
    }
}

#[tokio::test(start_paused = true)]
async fn chance_hits_about_as_many_as_it_says_and_the_same_ones_for_a_seed() {
    let hits = async |seed| {
        let world = sandbox(SandboxConfig { seed, ..SandboxConfig::default() });
        world.add_fault(FaultRule::always(WorldName::Gateway, "*", FaultKind::RateLimited).one_in(5));
        let mut hits = Vec::new();
        for _ in 0..100 {
            hits.push(authorize(&world).await.unwrap().0 == 429);
        }
        assert_eq!(
            u64::from(world.books().faults[0].fired),
            world.books().tally.iter().map(|row| row.fired).sum::<u64>()
        );
        hits
    };
    let (one, two, other) = (hits(1).await, hits(1).await, hits(2).await);
    assert!(one == two && one != other);
    let count = one.iter().filter(|hit| **hit).count();
    assert!((8..40).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn a_kind_fits_its_world_and_the_tally_outlives_the_rules() {
    let world = sandbox(SandboxConfig::default());
    assert!(!world.add_fault(rule(FaultKind::NoOrderNumber)));
    assert!(!world.add_fault(FaultRule::once(WorldName::Shop, "callback", FaultKind::SearchStale)));
    assert!(world.add_fault(rule(FaultKind::Twice)));
    authorize(&world).await;
    world.clear_faults();
    assert_eq!((world.books().faults.len(), world.books().tally[0].fired), (0, 1));
    let voids = json!({"clientReferenceInformation": {"code": "V"}});
    assert_eq!(refused(&world, "/pts/v2/captures/1/voids", voids).await, "INVALID_PAYMENT_ID");
    let names: std::collections::BTreeSet<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), FaultKind::ALL.len());
    for kind in FaultKind::ALL {
        let text = serde_json::to_string(&kind).unwrap();
        assert!(text.contains(kind.name()), "{text}");
    }
}
