//! The client against the sandbox's gateway, over the simulated network.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use cybersource::{ApplicationOutcome, AuthorizationStatus, CaptureStatus, Client, GatewayError};
use fault::{Class, Classify};
use node::{NodeBuilder, SimNetwork};
use sandbox::{FaultRule, Sandbox, SandboxConfig, WorldName, faults::FaultKind};

use super::{authorize, capture, client, eur, reverse};

struct World {
    sandbox: Sandbox,
    client: Client,
}

impl World {
    /// Everything in this process, on paused time.
    fn simulated() -> Self {
        let network = SimNetwork::new(7);
        let base: DateTime<Utc> = "2026-11-24T10:00:00Z".parse().unwrap();
        let node = |name: &str| {
            NodeBuilder::simulated(name, base, tokio::time::Instant::now(), 7, Arc::new(network.clone())).build()
        };
        let sandbox = Sandbox::new(SandboxConfig::default(), node("sandbox"));
        network.serve("127.0.0.1:9100", sandbox.gateway_handler());
        Self { sandbox, client: client(node("payment"), "http://127.0.0.1:9100") }
    }

    fn jti(&self, card: &str) -> String {
        self.sandbox.mint_token(card).unwrap().jti
    }

    fn held(&self) -> Vec<i64> {
        self.sandbox.books().gateway.payments.iter().map(|payment| payment.held_minor()).collect()
    }

    fn fault(&self, operation: &str, kind: FaultKind) {
        assert!(self.sandbox.add_fault(FaultRule::once(WorldName::Gateway, operation, kind)));
    }
}

#[tokio::test(start_paused = true)]
async fn money_is_held_then_taken() {
    let world = World::simulated();
    let told = world.client.authorize(&authorize(eur("190.56"), &world.jti("visa"))).await.unwrap();
    assert_eq!(told.status, AuthorizationStatus::Authorized { amount: eur("190.56") });
    assert_eq!(told.reference.as_deref(), Some("OTC-1001-A1"));
    assert!(told.approval_code.is_some() && told.reconciliation_id.is_some());
    let taken = world.client.capture(&capture(&told.request_id, eur("190.56"))).await.unwrap();
    assert_eq!((taken.status, taken.amount), (CaptureStatus::Pending, Some(eur("190.56"))));
    let books = world.sandbox.books().gateway;
    assert_eq!((books.payments[0].captured_minor(), books.payments[0].held_minor()), (19_056, 0));
}

#[tokio::test(start_paused = true)]
async fn money_is_held_then_let_go() {
    let world = World::simulated();
    let told = world.client.authorize(&authorize(eur("20.00"), &world.jti("mastercard"))).await.unwrap();
    let let_go = world.client.reverse(&reverse(&told.request_id, eur("20.00"))).await.unwrap();
    assert_eq!(let_go.amount, Some(eur("20.00")));
    assert_eq!(world.held(), [0]);
    let error = world.client.reverse(&reverse(&told.request_id, eur("20.00"))).await.unwrap_err();
    let GatewayError::Refused { reason, .. } = &error else { panic!("{error}") };
    assert!(reason.contains("REVERSED"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn every_test_card_is_understood() {
    let world = World::simulated();
    for (card, expected) in [
        ("visa_insufficient_fund", "Declined"),
        ("visa_stolen", "Declined"),
        ("visa_review", "PendingReview"),
        ("visa_risk_declined", "RiskDeclined"),
        ("visa_partial", "Partial"),
        ("amex", "Authorized"),
    ] {
        let told = world.client.authorize(&authorize(eur("30.00"), &world.jti(card))).await.unwrap();
        assert!(format!("{:?}", told.status).starts_with(expected), "{card}: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_unknown_and_a_search_finds_what_was_done() {
    for kind in [FaultKind::DropAfterApply, FaultKind::Hang, FaultKind::ServerTimeoutApplied, FaultKind::Garbage] {
        let world = World::simulated();
        world.fault("authorize", kind);
        let error = world.client.authorize(&authorize(eur("50.00"), &world.jti("visa"))).await.unwrap_err();
        assert_eq!(error.class(), Class::UnknownOutcome, "{kind:?}");
        tokio::time::advance(Duration::from_secs(15)).await;
        let found = world.client.search("OTC-1001-A1").await.unwrap();
        assert!(found.is_complete);
        assert_eq!(found.transactions.len(), 1, "{kind:?}");
        let record = &found.transactions[0];
        assert_eq!(record.outcome_of("ics_auth"), Some(ApplicationOutcome::Done));
        assert_eq!(record.amount, Some(eur("50.00")));
        assert_eq!(record.request_id, world.sandbox.books().gateway.payments[0].id);
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_arrived_is_not_found() {
    for kind in [FaultKind::DropBeforeApply, FaultKind::HangBeforeApply, FaultKind::ServerTimeoutNotApplied] {
        let world = World::simulated();
        world.fault("authorize", kind);
        let error = world.client.authorize(&authorize(eur("50.00"), &world.jti("visa"))).await.unwrap_err();
        assert_eq!(error.class(), Class::UnknownOutcome, "{kind:?}");
        tokio::time::advance(Duration::from_secs(60)).await;
        let found = world.client.search("OTC-1001-A1").await.unwrap();
        assert!(found.transactions.is_empty() && found.is_complete, "{kind:?}");
        assert!(world.held().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_surely_did_not_happen_may_be_tried_again() {
    for kind in [FaultKind::Unauthorized, FaultKind::RateLimited] {
        let world = World::simulated();
        let ask = authorize(eur("50.00"), &world.jti("visa"));
        world.fault("authorize", kind);
        assert_eq!(world.client.authorize(&ask).await.unwrap_err().class(), Class::Transient, "{kind:?}");
        world.client.authorize(&ask).await.unwrap();
        assert_eq!(world.held(), [5000]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_status_is_unknown_and_undocumented_members_are_ignored() {
    let world = World::simulated();
    world.fault("authorize", FaultKind::UnknownStatus);
    let error = world.client.authorize(&authorize(eur("50.00"), &world.jti("visa"))).await.unwrap_err();
    assert!(matches!(error, GatewayError::UnknownStatus { .. }), "{error}");
    world.fault("authorize", FaultKind::ExtraMembers);
    world.client.authorize(&authorize(eur("50.00"), &world.jti("visa"))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stored_token_pays() {
    let world = World::simulated();
    let id = world.sandbox.mint_stored_token("visa").unwrap();
    let payment = cybersource::PaymentSource::Stored(secrecy::SecretString::from(id));
    let ask = cybersource::Authorize { payment, ..authorize(eur("12.00"), "") };
    let told = world.client.authorize(&ask).await.unwrap();
    assert_eq!(told.status, AuthorizationStatus::Authorized { amount: eur("12.00") });
}
