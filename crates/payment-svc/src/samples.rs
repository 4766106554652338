//! One of each event, and the golden files that pin their bytes. `UPDATE_GOLDEN=1` writes a missing file; an existing one
//! never changes.

use std::{env, fs, path::PathBuf, sync::Arc};

use ids::{MerchantReference, OrderId, Pair};
use money::Amount;
use payment_domain::{
    CardToken, Reason, Shortage, TokenMode,
    ladder::{Event as Ladder, Held, Rung, Taken, Task},
    order_to_cash::{Ending, Event as Saga, OrderFacts, Policies, Step, Suspense},
    payment::{Attempt, Captured, Event as Payment, Hold, Operation, Purpose, Reversed, Seen, Verdict},
    sweep::{Counts, Event as Sweep, Rhythm, Sighting, Window},
};
use prost::Message as _;
use sealed::SealedBox;
use uuid::Uuid;

use contracts::r#type::v1 as wire;

pub(crate) fn golden(name: &str, bytes: &[u8]) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.bin"));
    if !file.exists() && env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, bytes).unwrap();
    }
    let kept = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(bytes, kept, "{name} is written differently than it was released");
}

pub(crate) fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

pub(crate) fn order() -> OrderId {
    "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap()
}

pub(crate) fn pair() -> Pair {
    "demo".parse().unwrap()
}

pub(crate) fn reference(verb: char) -> MerchantReference {
    ids::merchant_reference("demo", order().0, verb, 1)
}

pub(crate) fn reason() -> Reason {
    let shortage = Shortage {
        sku: "LAMP-01".to_owned(),
        warehouse: "MAIN".to_owned(),
        asked: "2".to_owned(),
        available: "1.5".to_owned(),
    };
    Reason { shortages: vec![shortage], ..Reason::new("stock_short", "LAMP-01 is short by 0.5") }
}

fn token() -> CardToken {
    CardToken {
        mode: TokenMode::Transient,
        token: "1D1S6J".to_owned(),
        brand: "001".to_owned(),
        last_four: "1111".to_owned(),
        expires_at_ms: Some(1_795_522_000_000),
        claim: None,
        authentication: None,
    }
}

fn personal() -> SealedBox {
    SealedBox { subject: Uuid::from_u128(7), wrapped_key: Vec::new(), ciphertext: vec![1, 2, 3] }
}

/// The order as intake sends it.
pub(crate) fn contract_order() -> wire::Order {
    wire::Order {
        order_id: order().to_string(),
        shop: "lamp-shop".to_owned(),
        order_number: "1001".to_owned(),
        total: Some(eur(10_221).into()),
        payment: Some(wire::PaymentToken {
            mode: "transient".to_owned(),
            token: "1D1S6J".to_owned(),
            brand: "001".to_owned(),
            bin: "411111".to_owned(),
            last_four: "1111".to_owned(),
            expires_at_ms: 1_795_522_000_000,
            ..wire::PaymentToken::default()
        }),
        personal: Some(wire::Sealed {
            subject: Uuid::from_u128(7).to_string(),
            wrapped_key: bytes::Bytes::from_static(b"wrapped"),
            ciphertext: bytes::Bytes::from_static(&[1, 2, 3]),
        }),
        ..wire::Order::default()
    }
}

pub(crate) fn facts() -> OrderFacts {
    let contract_order = wire::Order { personal: None, ..contract_order() }.encode_to_vec();
    OrderFacts {
        order: order(),
        shop: "lamp-shop".to_owned(),
        order_number: "1001".to_owned(),
        total: eur(10_221),
        token: token(),
        personal: personal(),
        contract_order,
        reference_prefix: "demo".to_owned(),
        is_captured_by_shop: false,
    }
}

pub(crate) fn purpose() -> Purpose {
    Purpose {
        order: order(),
        reference_prefix: "demo".to_owned(),
        amount: eur(10_221),
        token: token(),
        personal: personal(),
        has_transaction_ids: false,
        is_captured_by_shop: false,
    }
}

pub(crate) fn saga_events() -> Vec<Saga> {
    let sales_order = || "000871".to_owned();
    vec![
        Saga::Opened { facts: Arc::new(facts()), policies: Policies::default() },
        Saga::ScreenRequested { deadline_in_ms: 30_000, deadline_at_ms: 1_795_521_030_000 },
        Saga::Screened { customer_code: "C001".to_owned(), warnings: vec![Reason::new("credit", "over the limit")] },
        Saga::ScreenFailed { reason: reason() },
        Saga::ScreeningTimedOut,
        Saga::AuthorizationRequested,
        Saga::Authorized { held: eur(10_221), hold_ends_at_ms: None, watch_in_ms: 0 },
        Saga::UnderReview {
            held: Some(eur(10_221)),
            reason: Reason::new("gateway_review", "look first"),
            hold_ends_at_ms: 9,
            deadline_in_ms: 7,
            deadline_at_ms: 8,
        },
        Saga::ScreenAgainRequested,
        Saga::PlaceRequested { suspense: Suspense::AwaitingPayment },
        Saga::Placed { sales_order: sales_order(), customer_code: "C001".to_owned() },
        Saga::PlaceRefused { reason: reason() },
        Saga::CaptureRequested { amount: eur(10_221) },
        Saga::Paid { captured: eur(10_221), reference: reference('C'), gateway_request_id: "7920".to_owned() },
        Saga::BookRequested,
        Saga::Released { sales_order: sales_order() },
        Saga::Completed { sales_order: sales_order(), captured: eur(10_221) },
        Saga::UndoRequested { ending: Ending::Cancelled, reason: reason() },
        Saga::CancelRequested { reason: reason() },
        Saga::Reversed { reversed: eur(10_221) },
        Saga::SalesOrderCancelled { sales_order: sales_order() },
        Saga::Refused { reason: reason() },
        Saga::Declined { reason: reason() },
        Saga::Cancelled { reason: reason(), reversed: Some(eur(10_221)) },
        Saga::Waiting {
            step: Step::Place,
            reference: "demo/place/1".to_owned(),
            inquiry_due_ms: 5,
            is_explained: false,
        },
        Saga::Parked { step: Step::Book, reason: reason() },
        Saga::LeftUnpaid {
            reason: reason(),
            is_authentication_wanted: true,
            open_in_ms: 3_600_000,
            open_until_ms: 1_795_524_600_000,
        },
        Saga::PaymentAdded { number: 2, token: token(), personal: personal() },
        Saga::OpenUntilOver,
        Saga::TakenByShop { captured: eur(10_221), reference: reference('A'), gateway_request_id: "7920".to_owned() },
        Saga::Resumed { step: Step::Capture },
        Saga::HoldEnding { hold_ends_at_ms: 1_795_524_600_000 },
        Saga::HoldEnded,
    ]
}

fn taken() -> Taken {
    Taken { gateway_request_id: "7920".to_owned(), reference: reference('C').to_string(), amount: eur(10_221) }
}

fn seen() -> Seen {
    Seen {
        operation: Operation::Capture,
        reference: reference('C'),
        gateway_request_id: "7920".to_owned(),
        amount: eur(10_221),
    }
}

pub(crate) fn ladder_events() -> Vec<Ladder> {
    let task = Task {
        order: order(),
        reference_prefix: "demo".to_owned(),
        number: 1,
        hold: Some(Held { gateway_request_id: "7919".to_owned(), amount: eur(10_221) }),
        capture: Some(taken()),
        is_for_the_order: true,
        reason: reason(),
    };
    let (rung, id) = (Rung::Void, || "7921".to_owned());
    vec![
        Ladder::Begun { task, after_ms: 900_000, at_ms: 6 },
        Ladder::Asked {
            rung,
            attempt: Attempt { number: 100, reference: reference('V'), amount: eur(10_221) },
            target: "7920".to_owned(),
        },
        Ladder::Done { rung: Rung::Refund, reference: reference('F'), amount: eur(10_221), gateway_request_id: id() },
        Ladder::MovedOn { rung, reference: reference('V'), to: Rung::Refund, capture: Some(taken()), reason: reason() },
        Ladder::PutOff { rung, reference: reference('V'), again_in_ms: 60_000, again_at_ms: 60_006 },
        Ladder::OutcomeUnknown { rung, reference: reference('V'), inquiry_due_ms: 7 },
        Ladder::GivenBack { amount: eur(10_221), reference: reference('R'), gateway_request_id: id() },
        Ladder::Parked { reference: reference('R'), reason: reason(), is_asked_about: true },
    ]
}

pub(crate) fn sweep_events() -> Vec<Sweep> {
    let window = Window { number: 2, from_ms: 1, to_ms: 900_001 };
    let counts =
        Counts { seen: 4, known: 2, told: 1, foreign: 1, named: vec!["other-1".to_owned()], is_complete: true };
    let sightings = vec![Sighting { order: order(), seen: seen() }];
    vec![
        Sweep::Begun { rhythm: Rhythm::default(), at_ms: 6 },
        Sweep::Asked { window },
        Sweep::Swept { window, counts, sightings, at_ms: 900_002 },
    ]
}

pub(crate) fn payment_events() -> Vec<Payment> {
    let attempt = |verb| Attempt { number: 1, reference: reference(verb), amount: eur(10_221) };
    let id = || "7919702000000000000001".to_owned();
    vec![
        Payment::AuthorizationRequested { purpose: purpose(), attempt: attempt('A') },
        Payment::Authorized(Hold {
            held: eur(10_221),
            reference: reference('A'),
            gateway_request_id: id(),
            approval_code: "831000".to_owned(),
            verdict: Verdict::RiskDeclined(Reason::new("SCORE_EXCEEDS_THRESHOLD", "risk said no")),
            at_ms: 3,
        }),
        Payment::UnderReview { reference: reference('A'), gateway_request_id: id(), held: Some(eur(10_221)), at_ms: 3 },
        Payment::Declined { reference: reference('A'), reason: reason(), at_ms: 0 },
        Payment::CaptureRequested { attempt: attempt('C') },
        Payment::Captured(Captured { amount: eur(10_221), reference: reference('C'), gateway_request_id: id() }),
        Payment::CaptureRefused { reference: reference('C'), reason: reason() },
        Payment::ReversalRequested { attempt: attempt('R'), reason: reason() },
        Payment::Reversed(Reversed { amount: eur(10_221), reference: reference('R'), gateway_request_id: id() }),
        Payment::ReversalRefused { reference: reference('R'), reason: reason() },
        Payment::OutcomeUnknown { operation: Operation::Capture, reference: reference('C'), inquiry_due_ms: 5 },
        Payment::ConfirmationRequested { purpose: purpose(), attempt: attempt('A') },
        Payment::NotConfirmed { reference: reference('A'), reason: reason() },
        Payment::Taken(Captured { amount: eur(10_221), reference: reference('A'), gateway_request_id: id() }),
        Payment::CaptureAwaited { attempt: attempt('C') },
        Payment::TimeoutRequested {
            operation: Operation::TimeoutReverse,
            attempt: attempt('T'),
            silent: reference('A'),
        },
        Payment::TimeoutUndone { operation: Operation::TimeoutReverse, reference: reference('T') },
        Payment::NotFound { operation: Operation::Capture, reference: reference('C'), at_ms: 6 },
        Payment::OutcomeDiffers { operation: Operation::Capture, reference: reference('C'), reason: reason() },
        Payment::InquiryGivenUp { operation: Operation::Capture, reference: reference('C'), reason: reason() },
        Payment::HandedOver { ladder: 1, capture: Some(taken()), reason: reason(), at_ms: 6 },
        Payment::GaveBack(Reversed { amount: eur(10_221), reference: reference('F'), gateway_request_id: id() }),
        Payment::StrayFound { seen: seen(), ladder: 1, undo_in_ms: 900_000, at_ms: 6 },
        Payment::Closed,
    ]
}
