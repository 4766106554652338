//! The adapter against the sandbox's gateway: each ending of each call, in our words.

use std::time::Duration;

use contracts::r#type::v1::Personal;
use fault::{Class, Classify as _};
use ids::MerchantReference;
use node::Node;
use payment_domain::{
    CardToken, TokenMode,
    payment::{Operation, Purpose},
};
use payment_svc::{
    adapters::CybersourceGateway,
    codec::{FollowOn, What},
    error::CallError,
    ports::CardGateway as _,
};
use sandbox::{FaultRule, WorldName, faults::FaultKind};
use sealed::SealedBox;

use super::{World, config, eur, order_id, pair, person};

fn gateway(node: &Node) -> CybersourceGateway {
    CybersourceGateway::from_config(&config(), node).unwrap()
}

fn reference(verb: char) -> MerchantReference {
    ids::merchant_reference("demo", order_id().0, verb, 1)
}

pub fn purpose(world: &World, total: &str, card: &str) -> Purpose {
    let token = world.sandbox.mint_token(card).unwrap();
    Purpose {
        order: order_id(),
        reference_prefix: "demo".to_owned(),
        amount: eur(total),
        token: CardToken {
            mode: TokenMode::Transient,
            token: token.jti.clone(),
            brand: token.card_type.clone(),
            last_four: token.suffix.clone(),
            expires_at_ms: Some(token.expires_at.timestamp_millis()),
            claim: None,
            authentication: None,
        },
        personal: SealedBox { subject: person(), wrapped_key: Vec::new(), ciphertext: Vec::new() },
        has_transaction_ids: false,
        is_captured_by_shop: false,
    }
}

async fn authorize(world: &World, total: &str, card: &str) -> Result<What, CallError> {
    let personal =
        Personal { name: "Ada Sample".to_owned(), email: "ada@example.test".to_owned(), ..Personal::default() };
    gateway(&world.node).authorize(&pair(), &reference('A'), &purpose(world, total, card), &personal).await
}

pub fn follow_on(verb: char, total: &str, gateway_request_id: &str) -> FollowOn {
    FollowOn {
        order: order_id(),
        reference: reference(verb),
        amount: eur(total),
        gateway_request_id: gateway_request_id.to_owned(),
        reason: "erp_refused".to_owned(),
        ladder: 0,
        has_transaction_ids: false,
    }
}

#[tokio::test(start_paused = true)]
async fn money_is_held_and_taken() {
    let world = World::new();
    let held = authorize(&world, "190.56", "visa").await.unwrap();
    let What::Held { amount, gateway_request_id, approval_code, risk: None } = held else { panic!("{held:?}") };
    assert_eq!(amount, eur("190.56"));
    assert!(!approval_code.is_empty());
    let taken = gateway(&world.node).capture(&pair(), &follow_on('C', "190.56", &gateway_request_id)).await.unwrap();
    assert!(matches!(taken, What::Captured { amount, .. } if amount == eur("190.56")), "{taken:?}");
    let books = world.sandbox.books().gateway;
    assert_eq!((books.payments[0].captured_minor(), books.payments[0].held_minor()), (19_056, 0));
    assert_eq!(books.payments[0].reference, reference('A').as_str());
}

#[tokio::test(start_paused = true)]
async fn money_is_held_and_let_go_once() {
    let world = World::new();
    let held = authorize(&world, "20.00", "visa").await.unwrap();
    let What::Held { gateway_request_id, .. } = held else { panic!("{held:?}") };
    let call = follow_on('R', "20.00", &gateway_request_id);
    let gone = gateway(&world.node).reverse(&pair(), &call).await.unwrap();
    assert!(matches!(gone, What::Reversed { amount, .. } if amount == eur("20.00")), "{gone:?}");
    let again = gateway(&world.node).reverse(&pair(), &call).await.unwrap();
    assert_eq!(again, What::Gone);
    assert_eq!(world.sandbox.books().gateway.payments[0].held_minor(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_ending_of_an_authorization_has_a_word_of_ours() {
    let world = World::new();
    let declined = authorize(&world, "30.00", "visa_insufficient_fund").await.unwrap();
    assert!(matches!(&declined, What::Refused(reason) if reason.code == "INSUFFICIENT_FUND"), "{declined:?}");
    let partial = authorize(&world, "30.00", "visa_partial").await.unwrap();
    assert!(matches!(&partial, What::Held { amount, risk: None, .. } if *amount == eur("15.00")), "{partial:?}");
    let risky = authorize(&world, "30.00", "visa_risk_declined").await.unwrap();
    assert!(matches!(&risky, What::Held { risk: Some(_), .. }), "{risky:?}");
    let review = authorize(&world, "30.00", "visa_review").await.unwrap();
    assert!(matches!(&review, What::UnderReview { amount: Some(amount), .. } if *amount == eur("30.00")), "{review:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_answer_and_silence_is_not() {
    let world = World::new();
    let refused =
        gateway(&world.node).capture(&pair(), &follow_on('C', "1.00", "7919702000000000000009")).await.unwrap();
    assert!(matches!(refused, What::Refused(_)), "{refused:?}");
    for (kind, class) in [
        (FaultKind::Hang, Class::UnknownOutcome),
        (FaultKind::ServerTimeoutApplied, Class::UnknownOutcome),
        (FaultKind::RateLimited, Class::Transient),
        (FaultKind::Unauthorized, Class::Transient),
    ] {
        assert!(world.sandbox.add_fault(FaultRule::once(WorldName::Gateway, "authorize", kind)));
        assert_eq!(authorize(&world, "50.00", "visa").await.unwrap_err().class(), class, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_what_was_done() {
    let world = World::new();
    authorize(&world, "50.00", "visa").await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    let found = gateway(&world.node).search(&pair(), &reference('A')).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].operation, found[0].is_done), (Some(Operation::Authorize), Some(true)));
    assert_eq!(found[0].amount, Some(eur("50.00")));
    assert!(gateway(&world.node).search(&pair(), &reference('C')).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_is_not_configured_waits_for_its_configuration() {
    let world = World::new();
    let error =
        gateway(&world.node).capture(&"other".parse().unwrap(), &follow_on('C', "1.00", "1")).await.unwrap_err();
    assert_eq!(error.class(), Class::Transient);
}
