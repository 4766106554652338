//! The bytes of every message that travels, pinned: bytes written last year are still read, and bytes written today are
//! the same. `UPDATE_GOLDEN=1` writes files that are missing; a file that is there is never changed.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use contracts::{
    Contract, MessageKind, erp::v1 as erp, intake::v1 as intake, kinds, ledger::v1 as ledger, order::v1 as order,
    payment::v1 as payment, r#type::v1 as wire,
};
use prost::Message;

const ORDER: &str = "01935e7a-1234-7abc-8def-0123456789ab";
const DUE_MS: i64 = 1_791_970_215_000;

fn id() -> String {
    ORDER.to_owned()
}

fn eur(minor: i64) -> Option<wire::Money> {
    Some(wire::Money { minor, currency: "EUR".to_owned() })
}

fn reason() -> wire::Reason {
    wire::Reason {
        code: "stock_short".to_owned(),
        text: "RARE-09: 5 asked, 3 there".to_owned(),
        shortages: vec![wire::Shortage {
            sku: "RARE-09".to_owned(),
            warehouse: "MAIN".to_owned(),
            asked: "5".to_owned(),
            available: "3".to_owned(),
        }],
    }
}

fn address() -> wire::Address {
    wire::Address {
        first_name: "Ada".to_owned(),
        last_name: "Sample".to_owned(),
        company: "Sample & Sons".to_owned(),
        line1: "1 Test Way".to_owned(),
        line2: "back yard".to_owned(),
        city: "Plzeň".to_owned(),
        region: "PL".to_owned(),
        postal_code: "301 00".to_owned(),
        country: "CZ".to_owned(),
        phone: "+420 555 0100".to_owned(),
        email: "ada@example.test".to_owned(),
    }
}

fn personal() -> wire::Personal {
    wire::Personal {
        email: "ada@example.test".to_owned(),
        name: "Ada Sample".to_owned(),
        company: "Sample & Sons".to_owned(),
        tax_number: "CZ00000000".to_owned(),
        bill_to: Some(address()),
        ship_to: Some(address()),
        ip_address: "198.51.100.7".to_owned(),
        user_agent: "test".to_owned(),
        fingerprint: "f-1".to_owned(),
    }
}

/// Every field filled, so that no number of a field can change unseen.
fn whole_order() -> Option<wire::Order> {
    Some(wire::Order {
        order_id: id(),
        shop: "test-shop".to_owned(),
        order_number: "1001".to_owned(),
        customer_po: "T-1001".to_owned(),
        customer_code: "C0001".to_owned(),
        prices_include_tax: true,
        lines: vec![wire::OrderLine {
            id: "l1".to_owned(),
            sku: "GRILL-01".to_owned(),
            description: "Charcoal grill".to_owned(),
            quantity: "2".to_owned(),
            unit_price: "50.00001".to_owned(),
            discount: eur(1),
            tax: eur(1_900),
            total: eur(10_000),
        }],
        shipping: Some(wire::Charge { name: "parcel".to_owned(), amount: eur(490), tax: eur(93) }),
        fees: vec![wire::Charge { name: "gift wrap".to_owned(), amount: eur(300), tax: eur(57) }],
        tax: eur(2_050),
        total: eur(12_840),
        payment: Some(wire::PaymentToken {
            mode: "transient".to_owned(),
            token: "1D1S6JABCDEF".to_owned(),
            brand: "visa".to_owned(),
            bin: "411111".to_owned(),
            last_four: "1111".to_owned(),
            expires_at_ms: DUE_MS,
            ..wire::PaymentToken::default()
        }),
        personal: Some(wire::Sealed {
            subject: "01935e7a-0000-7abc-8def-0123456789ab".to_owned(),
            wrapped_key: vec![7; 60].into(),
            ciphertext: vec![9; 40].into(),
        }),
        attributes: [("a".to_owned(), "1".to_owned()), ("channel".to_owned(), "web".to_owned())].into(),
        placed_at_ms: 1_791_970_200_000,
        // As the first release wrote it; later fields are pinned by a file of their own.
        ..wire::Order::default()
    })
}

/// What the shop's own plugin did, with every field that came later.
fn claimed_order() -> wire::Order {
    wire::Order {
        payment: Some(wire::PaymentToken {
            mode: "adopt".to_owned(),
            brand: "001".to_owned(),
            last_four: "1111".to_owned(),
            gateway_request_id: "7918274651236405304807".to_owned(),
            merchant_reference: "48213".to_owned(),
            authentication: Some(authentication()),
            ..wire::PaymentToken::default()
        }),
        captured_by: "shop".to_owned(),
        ..whole_order().unwrap_or_default()
    }
}

fn authentication() -> wire::Authentication {
    wire::Authentication {
        cavv: "AAABAWFlmQAAAABjRWWZEEFgFz+=".to_owned(),
        eci: "05".to_owned(),
        xid: "x-1".to_owned(),
        directory_server_id: "c4e59ceb-a382-4d6a-bc87-385d591fa09d".to_owned(),
        version: "2.2.0".to_owned(),
    }
}

/// Compares bytes with those of the first release, both ways.
fn pin<M: Message + Default + PartialEq>(name: &str, message: &M) {
    let bytes = message.encode_to_vec();
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.bin"));
    if !file.exists() && env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &bytes).expect("the golden file is written");
    }
    let kept = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(bytes, kept, "{name} is written differently than it was released");
    assert!(
        M::decode(kept.as_slice()).expect("it is read") == *message,
        "{name} is read differently than it was released"
    );
}

/// The kinds pinned so far.
#[derive(Default)]
struct Pinned(BTreeSet<&'static str>);

impl Pinned {
    fn pin<M: Contract + PartialEq>(&mut self, message: M) {
        let kind: &'static MessageKind = M::KIND;
        pin(kind.ce_type, &message);
        self.0.insert(kind.ce_type);
    }
}

#[test]
fn every_message_on_the_bus_is_written_and_read_as_it_was_released() {
    let mut pinned = Pinned::default();
    commands(&mut pinned);
    intake_events(&mut pinned);
    order_events(&mut pinned);
    payment_events(&mut pinned);
    erp_events(&mut pinned);
    let all: BTreeSet<_> = kinds::ALL.iter().map(|kind| kind.ce_type).collect();
    assert_eq!(pinned.0, all, "a kind without a sample");
}

fn commands(pinned: &mut Pinned) {
    pinned.pin(order::StartOrder { order: whole_order() });
    let Some(wire::Order { payment, personal, .. }) = whole_order() else { return };
    let payment = payment.map(|payment| wire::PaymentToken { authentication: Some(authentication()), ..payment });
    pinned.pin(order::AddPayment { order_id: id(), payment, attempt: 2, personal });
    pinned.pin(erp::ScreenOrder { order: whole_order() });
    pinned.pin(erp::PlaceOrder { order: whole_order(), suspense_reason: "awaiting_payment".to_owned() });
    pinned.pin(erp::BookPayment {
        order_id: id(),
        captured: eur(12_483),
        merchant_reference: "demo-x-C0".to_owned(),
        gateway_request_id: "7918274651236405304807".to_owned(),
    });
    pinned.pin(erp::CancelOrder { order_id: id(), reason: Some(reason()) });
}

fn intake_events(pinned: &mut Pinned) {
    pinned.pin(intake::OrderAccepted {
        order_id: id(),
        shop: "test-shop".to_owned(),
        order_number: "1001".to_owned(),
        total: eur(12_483),
    });
    pinned.pin(intake::ShopTold { order_id: id(), shop: "test-shop".to_owned(), outcome: "completed".to_owned() });
}

fn order_events(pinned: &mut Pinned) {
    pinned.pin(order::OrderOpened {
        order_id: id(),
        shop: "test-shop".to_owned(),
        order_number: "1001".to_owned(),
        total: eur(12_483),
    });
    pinned.pin(order::OrderAuthorized { order_id: id(), held: eur(12_483) });
    pinned.pin(order::OrderUnderReview {
        order_id: id(),
        held: eur(12_483),
        reason: Some(reason()),
        hold_ends_at_ms: DUE_MS,
    });
    pinned.pin(order::OrderPlaced { order_id: id(), sales_order: "000042".to_owned() });
    pinned.pin(order::OrderPaid { order_id: id(), captured: eur(12_483) });
    pinned.pin(order::OrderCompleted { order_id: id(), sales_order: "000042".to_owned(), captured: eur(12_483) });
    pinned.pin(order::OrderRefused { order_id: id(), reason: Some(reason()) });
    pinned.pin(order::OrderUnpaid {
        order_id: id(),
        reason: Some(reason()),
        open_until_ms: DUE_MS,
        authentication_wanted: true,
    });
    pinned.pin(order::OrderHoldEnding { order_id: id(), hold_ends_at_ms: DUE_MS });
    pinned.pin(order::OrderDeclined { order_id: id(), reason: Some(reason()) });
    pinned.pin(order::OrderCancelled { order_id: id(), reason: Some(reason()), reversed: eur(12_483) });
    pinned.pin(order::OrderWaiting {
        order_id: id(),
        step: "capture".to_owned(),
        reference: "demo-x-C0".to_owned(),
        inquiry_due_at_ms: DUE_MS,
        ..order::OrderWaiting::default()
    });
    pinned.pin(order::OrderParked { order_id: id(), step: "book".to_owned(), reason: Some(reason()) });
}

fn payment_events(pinned: &mut Pinned) {
    let (reference, request) = ("demo-x-A0".to_owned(), "7918274651236405304807".to_owned());
    pinned.pin(payment::PaymentAuthorized {
        order_id: id(),
        merchant_reference: reference.clone(),
        gateway_request_id: request.clone(),
        held: eur(12_483),
        approval_code: "831000".to_owned(),
    });
    pinned.pin(payment::PaymentDeclined {
        order_id: id(),
        merchant_reference: reference.clone(),
        reason: Some(reason()),
    });
    pinned.pin(payment::PaymentUnderReview {
        order_id: id(),
        merchant_reference: reference.clone(),
        gateway_request_id: request.clone(),
        held: eur(12_483),
    });
    pinned.pin(payment::PaymentCaptured {
        order_id: id(),
        merchant_reference: reference.clone(),
        gateway_request_id: request.clone(),
        captured: eur(12_483),
    });
    pinned.pin(payment::AuthorizationReversed {
        order_id: id(),
        merchant_reference: reference.clone(),
        gateway_request_id: request,
        reversed: eur(12_483),
    });
    pinned.pin(payment::PaymentVoided {
        order_id: id(),
        merchant_reference: "demo-x-V100".to_owned(),
        gateway_request_id: "7919".to_owned(),
        voided: eur(10_221),
    });
    pinned.pin(payment::PaymentRefunded {
        order_id: id(),
        merchant_reference: "demo-x-F101".to_owned(),
        gateway_request_id: "7919".to_owned(),
        refunded: eur(10_221),
    });
    pinned.pin(payment::PaymentOrphanFound {
        order_id: id(),
        merchant_reference: "demo-x-A1".to_owned(),
        gateway_request_id: "7919".to_owned(),
        operation: "authorize".to_owned(),
        amount: eur(10_221),
        undo_at_ms: DUE_MS,
    });
    pinned.pin(payment::PaymentOutcomeUnknown {
        order_id: id(),
        merchant_reference: reference.clone(),
        operation: "capture".to_owned(),
        inquiry_due_at_ms: DUE_MS,
    });
    pinned.pin(payment::PaymentParked {
        order_id: id(),
        merchant_reference: reference,
        operation: "reverse".to_owned(),
        reason: Some(reason()),
    });
}

fn erp_events(pinned: &mut Pinned) {
    let number = || "000042".to_owned();
    pinned.pin(erp::OrderScreened { order_id: id(), customer_code: "C0001".to_owned(), warnings: vec![reason()] });
    pinned.pin(erp::OrderScreenFailed { order_id: id(), reason: Some(reason()) });
    pinned.pin(erp::SalesOrderPlaced { order_id: id(), sales_order: number(), customer_code: "C0001".to_owned() });
    pinned.pin(erp::SalesOrderRefused { order_id: id(), reason: Some(reason()) });
    pinned.pin(erp::SalesOrderReleased { order_id: id(), sales_order: number() });
    pinned.pin(erp::SalesOrderReleaseRefused { order_id: id(), sales_order: number(), reason: Some(reason()) });
    pinned.pin(erp::SalesOrderCancelled { order_id: id(), sales_order: number() });
    pinned.pin(erp::SalesOrderCancelRefused { order_id: id(), sales_order: number(), reason: Some(reason()) });
    pinned.pin(erp::ErpOutcomeUnknown {
        order_id: id(),
        operation: "place".to_owned(),
        reference: "T-1001".to_owned(),
        inquiry_due_at_ms: DUE_MS,
    });
}

#[test]
fn what_every_ledger_stores_beside_its_own_events_is_pinned_too() {
    pin("otc.type.v1.Personal", &personal());
    pin("otc.type.v1.Order.claimed", &claimed_order());
    pin(
        "otc.ledger.v1.Meta",
        &ledger::Meta {
            caused_by: "http".to_owned(),
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
            actor: "ada".to_owned(),
            order_id: id(),
        },
    );
    pin(
        "otc.ledger.v1.StoredCommand",
        &ledger::StoredCommand {
            subject: "otc.demo.erp.command.screen_order.v1".to_owned(),
            ce_type: "otc.erp.v1.ScreenOrder".to_owned(),
            payload: vec![1, 2, 3].into(),
            order_id: id(),
        },
    );
}
