//! Every stored event and every stored call: pinned bytes, and back again.

use ids::MerchantReference;
use payment_domain::{
    Reason,
    order_to_cash::{Event as Saga, Step},
    payment::{Event as Payment, Hold, Verdict},
};
use proptest::prelude::*;

use super::*;
use crate::samples::{self, eur, golden, order, reason, reference};

#[test]
fn stored_saga_events_keep_their_bytes_and_can_be_read() {
    for event in samples::saga_events() {
        let (kind, shape, body, _) = SagaStream::encode(&event);
        golden(&format!("order_to_cash.{kind}.{shape}"), &body);
        assert_eq!(SagaStream::decode(kind, shape, &body), Ok(event));
    }
}

#[test]
fn stored_payment_events_keep_their_bytes_and_can_be_read() {
    for event in samples::payment_events() {
        let (kind, shape, body, _) = PaymentStream::encode(&event);
        golden(&format!("payment.{kind}.{shape}"), &body);
        assert_eq!(PaymentStream::decode(kind, shape, &body), Ok(event));
    }
}

#[test]
fn stored_ladder_and_sweep_events_keep_their_bytes_and_can_be_read() {
    for event in samples::ladder_events() {
        let (kind, shape, body, _) = LadderStream::encode(&event);
        golden(&format!("ladder.{kind}.{shape}"), &body);
        assert_eq!(LadderStream::decode(kind, shape, &body), Ok(event));
    }
    for event in samples::sweep_events() {
        let (kind, shape, body, _) = SweepStream::encode(&event);
        golden(&format!("sweep.{kind}.{shape}"), &body);
        assert_eq!(SweepStream::decode(kind, shape, &body), Ok(event));
    }
}

#[test]
fn stored_calls_and_answers_keep_their_bytes_and_can_be_read() {
    let request = write_authorize(&reference('A'), &samples::purpose());
    golden("call.authorize", &request);
    assert_eq!(read_authorize(&request), Ok((reference('A'), samples::purpose())));
    let call = FollowOn {
        order: order(),
        reference: reference('R'),
        amount: eur(10_221),
        gateway_request_id: "7919".to_owned(),
        reason: "erp_refused".to_owned(),
        ladder: 0,
        has_transaction_ids: false,
    };
    let request = write_follow_on(&call);
    golden("call.follow_on", &request);
    assert_eq!(read_follow_on(&request), Ok(call));
    let timeout = Timeout { order: order(), reference: reference('T'), silent: reference('A'), amount: eur(10_221) };
    let request = write_timeout(&timeout);
    golden("call.timeout", &request);
    assert_eq!(read_timeout(&request), Ok(timeout));
    let request = write_rest(order(), 3);
    golden("call.rest", &request);
    assert_eq!(read_rest(&request), Ok((order(), 3)));
    let id = || "7919".to_owned();
    for (name, what) in [
        (
            "held",
            What::Held {
                amount: eur(1),
                gateway_request_id: id(),
                approval_code: "83".to_owned(),
                risk: Some(reason()),
            },
        ),
        ("under_review", What::UnderReview { amount: None, gateway_request_id: id() }),
        ("captured", What::Captured { amount: eur(1), gateway_request_id: id() }),
        ("reversed", What::Reversed { amount: eur(1), gateway_request_id: id() }),
        ("refused", What::Refused(reason())),
        ("gone", What::Gone),
        ("moved_on", What::MovedOn { capture: None, reason: reason() }),
        ("undone", What::Undone),
        ("not_confirmed", What::NotConfirmed(reason())),
    ] {
        let heard = Heard { at_ms: 4, what };
        let evidence = write_answer(&heard);
        golden(&format!("answer.{name}"), &evidence);
        assert_eq!(read_answer(&evidence), Ok(heard));
    }
}

#[test]
fn what_a_later_release_wrote_is_newer_and_not_corrupt() {
    for (kind, shape) in [("dispatched", 1), ("opened", 2)] {
        assert!(matches!(SagaStream::decode(kind, shape, &[]), Err(CodecError::Newer { .. })));
        assert!(matches!(PaymentStream::decode(kind, shape, &[]), Err(CodecError::Newer { .. })));
    }
    assert!(matches!(SagaStream::decode("opened", 1, &[9]), Err(CodecError::Corrupt { .. })));
    assert!(matches!(PaymentStream::decode("authorized", 1, &[]), Err(CodecError::Corrupt { .. })));
}

#[test]
fn an_answer_to_another_call_is_not_taken_for_ours() {
    let captured = || Heard { at_ms: 0, what: What::Captured { amount: eur(1), gateway_request_id: String::new() } };
    assert!(captured().authorization().is_err());
    assert!(captured().reversal().is_err());
    assert!(captured().capture().is_ok());
}

proptest! {
    #[test]
    fn any_words_and_amounts_come_back(code: String, text: String, minor: i64, at_ms: i64, currency in prop::sample::select(vec!["EUR", "JPY", "KWD"]),
        name in "[!-~]{1,50}") {
        let amount = money::Amount::new(minor, currency.parse().unwrap());
        let reason = Reason::new(code.clone(), text.clone());
        let saga = vec![
            Saga::Cancelled { reason: reason.clone(), reversed: Some(amount) },
            Saga::Parked { step: Step::Reverse, reason: reason.clone() },
            Saga::Waiting { step: Step::Capture, reference: text.clone(), inquiry_due_ms: at_ms, is_explained: true },
            Saga::Placed { sales_order: code.clone(), customer_code: text.clone() },
        ];
        for event in saga {
            let (kind, shape, body, _) = SagaStream::encode(&event);
            prop_assert_eq!(SagaStream::decode(kind, shape, &body), Ok(event));
        }
        let reference = MerchantReference::parse(&name).unwrap();
        for verdict in [Verdict::AsAsked, Verdict::Partial, Verdict::Differs, Verdict::RiskDeclined(reason)] {
            let hold = Hold { held: amount, reference: reference.clone(), gateway_request_id: code.clone(), approval_code: text.clone(), verdict, at_ms };
            let (kind, shape, body, _) = PaymentStream::encode(&Payment::Authorized(hold.clone()));
            prop_assert_eq!(PaymentStream::decode(kind, shape, &body), Ok(Payment::Authorized(hold)));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(kind in prop::sample::select(samples::saga_events()), bytes: Vec<u8>) {
        let _ = SagaStream::decode(kind.kind(), 1, &bytes);
        let _ = read_answer(&bytes);
        let _ = read_authorize(&bytes);
    }
}
