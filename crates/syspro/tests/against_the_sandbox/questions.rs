//! Questions: customers, credit, stock; asked again at will.

use fault::{Class, Classify};
use rust_decimal::Decimal;
use sandbox::faults::FaultKind;
use syspro::{Code, ReadError};

use crate::world::world;

#[tokio::test(start_paused = true)]
async fn a_customer_is_found_by_code_and_by_email() {
    let world = world();
    let client = world.client(1);
    let customer = client.customer("LIMIT1").await.unwrap().unwrap();
    assert_eq!((customer.credit_limit, customer.credit_left()), (Some(Decimal::from(100)), Some(Decimal::from(100))));
    assert!(client.customer("HOLD01").await.unwrap().unwrap().is_on_hold);
    assert_eq!(client.customer("WEB001").await.unwrap().unwrap().credit_left(), None);
    assert_eq!(client.customer("NOBODY").await.unwrap(), None);
    let found = client.customers_by_email("lukasz.wisniewski-zak@poczta.example").await.unwrap();
    assert_eq!((found.len(), found[0].code.as_str(), found[0].name.as_str()), (1, "WEB002", "Łukasz Wiśniewski-Żak"));
    assert!(client.customers_by_email("nobody+1@example.test").await.unwrap().is_empty());
    assert_eq!(world.answered("GetToken", "OK"), 1, "one session serves them all");
    assert!(!format!("{found:?}").contains("poczta"), "no person in Debug");
}

#[tokio::test(start_paused = true)]
async fn stock_is_told_per_warehouse() {
    let world = world();
    let client = world.client(1);
    let item = client.stock("GRILL-01", None).await.unwrap().unwrap();
    assert_eq!((item.uom.as_str(), item.balances.len(), item.is_on_hold), ("EA", 2, false));
    let rare = client.stock("RARE-09", Some("MAIN")).await.unwrap().unwrap();
    assert_eq!(rare.balances[0].available, Decimal::from(3));
    assert!(client.stock("RARE-09", Some("EAST")).await.unwrap().unwrap().balances.is_empty());
    assert!(client.stock("STOP-66", None).await.unwrap().unwrap().is_on_hold);
    assert_eq!(client.stock("NOTHING & MORE", None).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_question_without_an_answer_can_be_asked_again() {
    for (kind, is_answered) in [
        (FaultKind::Hang, false),
        (FaultKind::Garbage, false),
        (FaultKind::RateLimited, false),
        (FaultKind::ErrorBefore(503), false),
        (FaultKind::ErrorBefore(500), false),
        (FaultKind::ServerTimeoutApplied, false),
        (FaultKind::ExtraMembers, true),
        (FaultKind::AnswerLate(29_000), true),
    ] {
        let world = world();
        let client = world.client(1);
        world.fault("GetCustomer", kind);
        let first = client.customer("WEB001").await;
        assert_eq!(first.is_ok(), is_answered, "{kind:?}: {first:?}");
        assert!(first.err().is_none_or(|error| error.class() == Class::Transient), "{kind:?}");
        assert!(client.customer("WEB001").await.unwrap().is_some(), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_where_nobody_is() {
    let world = world();
    world.network.set_weather(node::Weather { refused: 1000, ..node::Weather::default() });
    let error = world.client(1).customer("WEB001").await.unwrap_err();
    assert!(matches!(&error, ReadError::Refused { refusal, .. } if refusal.code == Code::NotSent), "{error}");
    assert_eq!(error.class(), Class::Transient);
}
