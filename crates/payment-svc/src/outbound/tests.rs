//! Every public event becomes a message whose bytes are pinned; every private one stays at home.

use bytes::Bytes;
use contracts::{
    erp::v1::{CancelOrder, PlaceOrder, ScreenOrder},
    personal,
};
use decider::Decider as _;
use payment_domain::order_to_cash::{Effect, ErpWish, OrderToCash, Question, Suspense};
use prost::Message as _;
use runtime::Wish;

use super::*;
use crate::{payment_place, saga_place, samples};

fn stored(kind: &str, shape: i16, body: Bytes) -> StoredEvent {
    let at = chrono::DateTime::UNIX_EPOCH;
    StoredEvent { version: 1, kind: kind.to_owned(), shape, at, meta: Bytes::new(), body, n: None, hash: [0; 32] }
}

fn check(place: &Place, name: &str, (kind, shape, body, is_public): (&str, i16, Bytes, bool)) {
    match publish(place, &stored(kind, shape, body)) {
        Ok(message) => {
            assert!(is_public, "{name}.{kind} is told though it is private");
            samples::golden(&format!("published.{name}.{kind}"), &message.payload);
        }
        Err(error) => assert!(!is_public, "{name}.{kind}: {error}"),
    }
}

#[test]
fn public_events_are_told_with_pinned_bytes() {
    let place = saga_place(&samples::pair(), samples::order());
    for event in samples::saga_events() {
        check(&place, "order_to_cash", SagaStream::encode(&event));
    }
    let place = payment_place(&samples::pair(), samples::order());
    for event in samples::payment_events() {
        check(&place, "payment", PaymentStream::encode(&event));
    }
    let place = crate::ladder_place(&samples::pair(), samples::order(), 1);
    for event in samples::ladder_events() {
        check(&place, "ladder", LadderStream::encode(&event));
    }
}

fn asked(wish: ErpWish) -> Outgoing {
    let place = saga_place(&samples::pair(), samples::order());
    let state = samples::saga_events().iter().take(1).fold(OrderToCash::default(), OrderToCash::evolve);
    match order_to_cash::wish(&place, &state, Effect::Send(Question::Screen, wish)) {
        Wish::Send { message, .. } => message,
        _ => panic!("a question is sent"),
    }
}

#[test]
fn the_order_travels_whole_and_without_the_wrapped_key() {
    let mut whole = samples::contract_order();
    let sealed = whole.personal.as_mut().unwrap();
    sealed.wrapped_key = Bytes::new();
    let message = asked(ErpWish::Screen);
    assert_eq!(ScreenOrder::decode(message.payload.clone()).unwrap().order, Some(whole.clone()));
    assert_eq!(personal::subject(message.kind, &message.payload), Some(samples::facts().personal.subject));
    let message = asked(ErpWish::Place(Suspense::UnderReview));
    let place = PlaceOrder::decode(message.payload).unwrap();
    assert_eq!((place.order, place.suspense_reason.as_str()), (Some(whole), "under_review"));
    let message = asked(ErpWish::Cancel(samples::reason()));
    assert_eq!(CancelOrder::decode(message.payload).unwrap().order_id, samples::order().to_string());
}
