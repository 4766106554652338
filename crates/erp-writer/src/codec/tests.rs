//! Bytes written by an earlier release still mean the same; bytes written today are those of the golden files.

use std::{fs, path::PathBuf, sync::Arc};

use erp_domain::{
    order::{Charge, Line, Order},
    sales_order::Payment,
};
use ids::OrderId;
use ledger::{ClaimedEffect, EffectState, RowId};
use money::Amount;
use proptest::prelude::*;
use sealed::SealedBox;

use super::*;
use crate::{
    outbound,
    ports::{Answer, Verdict},
};

fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

fn order_id() -> OrderId {
    "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap()
}

fn order() -> Arc<Order> {
    Arc::new(Order {
        shop: "lamp-shop".parse().unwrap(),
        order_number: "1001".to_owned(),
        customer_po: "L-1001".to_owned(),
        customer_code: "WEB001".to_owned(),
        prices_include_tax: true,
        lines: vec![Line {
            sku: "GRILL-01".to_owned(),
            description: "Charcoal grill".to_owned(),
            quantity: "2.5".to_owned(),
            tax: eur(1050),
            total: eur(5000),
        }],
        shipping: Some(Charge { name: "parcel".to_owned(), amount: eur(500), tax: eur(87) }),
        fees: vec![Charge { name: "voucher".to_owned(), amount: eur(-100), tax: eur(0) }],
        tax: eur(1137),
        total: eur(5400),
        personal: SealedBox { subject: order_id().0, wrapped_key: Vec::new(), ciphertext: vec![1, 2, 3] },
        placed_at_ms: 1_791_970_000_000,
    })
}

fn reason() -> Reason {
    let shortage = Shortage {
        sku: "RARE-09".to_owned(),
        warehouse: "MAIN".to_owned(),
        asked: "5".to_owned(),
        available: "3".to_owned(),
    };
    Reason { code: "stock_short".to_owned(), text: "RARE-09 is short by 2".to_owned(), shortages: vec![shortage] }
}

fn every_event() -> Vec<Event> {
    let number = || "016201".to_owned();
    let operator = || "QT1".to_owned();
    let payment = Payment {
        captured: eur(5400),
        merchant_reference: MerchantReference::parse("demo-x-C1").unwrap(),
        gateway_request_id: "7000000000000000000001".to_owned(),
    };
    vec![
        Event::ScreenAsked { attempt: 1, order: Some(order()) },
        Event::Screened { attempt: 1, customer: "WEB001".to_owned(), warnings: vec![reason()] },
        Event::ScreenFailed { attempt: 2, reason: reason() },
        Event::PlaceAsked { attempt: 1, order: None, suspense: Suspense::UnderReview },
        Event::Placed { attempt: 1, number: number(), customer: "WEB001".to_owned(), operator: operator() },
        Event::PlaceRefused { attempt: 1, reason: reason() },
        Event::ReleaseAsked { attempt: 1, payment },
        Event::Released { attempt: 1, number: number(), operator: operator() },
        Event::ReleaseRefused { attempt: 1, number: number(), reason: reason() },
        Event::CancelAccepted { reason: reason() },
        Event::CancelAsked { attempt: 1, reason: reason() },
        Event::Cancelled { attempt: 1, number: number(), reason: reason(), operator: operator() },
        Event::CancelRefused { attempt: 1, number: number(), reason: reason() },
        Event::OutcomeUnknown {
            operation: Operation::Release,
            attempt: 1,
            reference: format!("{}/release/1", order_id()),
            inquiry_due_at_ms: 1_791_970_005_000,
        },
        Event::PersonWanted { operation: Operation::Place, attempt: 1, reason: reason() },
    ]
}

fn every_effect() -> Vec<Effect> {
    vec![
        Effect::Screen { attempt: 3, order: order() },
        Effect::Place {
            attempt: 1,
            order: order(),
            customer: Some("WEB001".to_owned()),
            suspense: Suspense::AwaitingPayment,
        },
        Effect::Release { attempt: 1, number: "016201".to_owned() },
        Effect::Cancel { attempt: 1, number: "016201".to_owned() },
    ]
}

fn every_answer() -> Vec<(&'static str, Answer)> {
    let yes =
        Verdict::Yes { sales_order: "016201".to_owned(), customer: "WEB001".to_owned(), warnings: vec![reason()] };
    vec![
        ("answer_yes", Answer { operator: "QT1".to_owned(), verdict: yes }),
        ("answer_no", Answer { operator: "QT2".to_owned(), verdict: Verdict::No(reason()) }),
    ]
}

/// Compares with the golden file, or rewrites it when `UPDATE_GOLDEN` is set.
fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.bin"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, bytes).unwrap();
    }
    let kept = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(kept, bytes, "{name} is written in another way than it was: stored bytes are for ever");
    kept
}

#[test]
fn events_are_stored_as_they_always_were() {
    for event in every_event() {
        let (kind, shape, body, _) = SalesOrders::encode(&event);
        let kept = golden(kind, &body);
        assert_eq!(decode(kind, shape, &kept), Ok(event));
    }
}

#[test]
fn public_events_make_the_messages_they_always_made() {
    for event in every_event() {
        let message = outbound::message(order_id(), &event);
        assert_eq!(message.is_some(), event.is_public(), "{}", event.kind());
        if let Some(message) = message {
            golden(&format!("message_{}", event.kind()), &message.payload);
        }
    }
}

#[test]
fn calls_and_answers_are_stored_as_they_always_were() {
    for asked in every_effect() {
        let (kind, _, request) = request(asked.clone());
        let kept = golden(&format!("call_{kind}"), &request.encode_to_vec());
        assert_eq!(effect(kind, &kept), Ok(asked));
    }
    for (name, answer) in every_answer() {
        let kept = golden(name, &answer_to(&answer));
        assert_eq!(answer_from(&kept), Ok(answer));
    }
}

#[test]
fn what_is_newer_is_not_corrupt() {
    assert!(matches!(decode("dispatched", 1, &[]), Err(CodecError::Newer { .. })));
    assert!(matches!(decode("placed", 2, &[]), Err(CodecError::Newer { .. })));
    assert!(matches!(decode("placed", 1, &[0xff]), Err(CodecError::Corrupt { .. })));
    assert!(effect("dance", &[]).is_err());
    assert!(effect(SCREEN, &[]).is_err());
}

fn row(kind: &str, request: Bytes) -> ClaimedEffect {
    ClaimedEffect {
        id: RowId { stream: order_id().stream(), version: 3, ordinal: 1 },
        pair: "demo".parse().unwrap(),
        kind: kind.to_owned(),
        state: EffectState::Sent,
        epoch: 1,
        reference: Some(format!("{}/{kind}/1", order_id())),
        operator: None,
        request,
        tries: 0,
    }
}

#[test]
fn every_ending_comes_home_as_a_command() {
    for asked in every_effect() {
        let (kind, attempt, request) = request(asked);
        let effect = row(kind, request.encode_to_vec().into());
        for (_, answer) in every_answer() {
            let command = crate::told(&effect, runtime::Ending::Answered(answer_to(&answer).into())).unwrap();
            let is_no = matches!(answer.verdict, Verdict::No(_));
            let expected = match (kind, is_no) {
                (SCREEN, _) => "record_screen",
                (_, true) => "record_refused",
                ("place", false) => "record_placed",
                ("release", false) => "record_released",
                (_, false) => "record_cancelled",
            };
            assert_eq!(command.name(), expected, "{kind}");
        }
        let inquiry_due = "2026-10-14T09:30:05Z".parse().unwrap();
        let unknown = crate::told(&effect, runtime::Ending::Unknown { inquiry_due });
        match unknown {
            Ok(Command::RecordUnknown { attempt: of, inquiry_due_at_ms, reference, .. }) => {
                assert_eq!(
                    (of, inquiry_due_at_ms, reference),
                    (attempt, 1_791_970_205_000, format!("{}/{kind}/1", order_id()))
                );
            }
            Ok(other) => panic!("{}", other.name()),
            Err(_) => assert_eq!(kind, SCREEN, "only reads are never unknown"),
        }
        let refused = crate::told(&effect, runtime::Ending::Refused("for good".to_owned())).unwrap();
        assert!(["record_screen", "record_refused"].contains(&refused.name()));
    }
}

#[test]
fn the_summary_tells_where_the_sales_order_stands() {
    let events = every_event();
    let told = |kinds: &[&str]| {
        let chosen: Vec<_> =
            kinds.iter().filter_map(|kind| events.iter().find(|event| event.kind() == *kind)).collect();
        let mut summary = contracts::query::v1::OrderSummary::default();
        crate::projections::summarize(chosen, &mut summary);
        (summary.sales_order, summary.sales_order_status, summary.waits_for, summary.due_at_ms)
    };
    let (number, nothing) = ("016201".to_owned(), String::new());
    assert_eq!(told(&["screen_asked"]).2, "SYSPRO about customer, credit and stock");
    assert_eq!(told(&["place_asked", "placed"]), (number.clone(), "S".to_owned(), nothing.clone(), 0));
    assert_eq!(told(&["placed", "release_asked", "released"]), (number.clone(), "1".to_owned(), nothing.clone(), 0));
    let silent = told(&["placed", "release_asked", "outcome_unknown"]);
    assert_eq!((silent.1.as_str(), silent.3), ("S", 1_791_970_005_000));
    assert!(silent.2.contains("inquiry"), "{}", silent.2);
    assert_eq!(told(&["placed", "cancel_asked", "cancelled"]), (number, "\\".to_owned(), nothing, 0));
    for event in &events {
        assert!(!crate::projections::words(event).is_empty());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(kind in prop::sample::select(vec!["screen_asked", "placed", "release_asked", "outcome_unknown", "cancelled"]), bytes: Vec<u8>) {
        let _ = decode(kind, 1, &bytes);
        let _ = effect("place", &bytes);
        let _ = answer_from(&bytes);
    }
}
