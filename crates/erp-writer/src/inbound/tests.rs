//! What a message means, and which messages are broken.

use contracts::{Contract, envelope::Envelope};

use super::*;

fn order_id() -> OrderId {
    "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap()
}

fn money(minor: i64, currency: &str) -> Option<wire::Money> {
    Some(wire::Money { minor, currency: currency.to_owned() })
}

fn order() -> wire::Order {
    wire::Order {
        order_id: order_id().to_string(),
        shop: "lamp-shop".to_owned(),
        order_number: "1001".to_owned(),
        customer_po: "L-1001".to_owned(),
        lines: vec![wire::OrderLine {
            sku: "A".to_owned(),
            quantity: "1".to_owned(),
            total: money(100, "EUR"),
            ..Default::default()
        }],
        total: money(100, "EUR"),
        payment: Some(wire::PaymentToken { token: "bearer-secret".to_owned(), ..Default::default() }),
        personal: Some(wire::Sealed {
            subject: order_id().to_string(),
            wrapped_key: vec![9].into(),
            ciphertext: vec![1, 2].into(),
        }),
        ..Default::default()
    }
}

fn inbound<M: Contract>(message: &M) -> Inbound {
    let envelope = Envelope {
        id: "x/1/00".to_owned(),
        ce_type: M::KIND.ce_type.to_owned(),
        source: "/quittance/demo/payment-svc".to_owned(),
        order: order_id(),
        time: "2026-10-14T09:30:00Z".parse().unwrap(),
        stream: order_id().stream(),
        n: 0,
        shape: 1,
        traceparent: None,
    };
    Inbound { envelope, kind: M::KIND, pair: "demo".parse().unwrap(), payload: message.encode_to_vec().into() }
}

fn routed<M: Contract>(message: &M) -> Result<(Command, Vec<SubjectKey>), Unreadable> {
    match route(&inbound(message))? {
        Routed::Command { place, command, subject_keys } => {
            assert_eq!((place.stream, place.kind), (order_id().stream(), "sales_order"));
            Ok((command, subject_keys))
        }
        Routed::Ignored => panic!("not ignored"),
    }
}

#[test]
fn the_key_of_a_person_is_kept_apart_from_the_order() {
    let (command, keys) = routed(&ScreenOrder { order: Some(order()) }).unwrap();
    let Command::Screen { order } = command else { panic!("screen") };
    assert!(order.personal.wrapped_key.is_empty());
    assert_eq!(keys, [SubjectKey { subject: order_id().0, wrapped: vec![9].into() }]);
    assert!(!format!("{order:?}").contains("bearer-secret"), "the card token does not come along");
}

#[test]
fn each_message_is_one_command() {
    let place = PlaceOrder { order: Some(order()), suspense_reason: "under_review".to_owned() };
    assert!(matches!(routed(&place).unwrap().0, Command::Place { suspense: Suspense::UnderReview, .. }));
    let book = BookPayment {
        order_id: order_id().to_string(),
        captured: money(100, "EUR"),
        merchant_reference: "demo-x-C1".to_owned(),
        gateway_request_id: "7".to_owned(),
    };
    assert!(matches!(routed(&book).unwrap().0, Command::Book { .. }));
    let cancel = CancelOrder { order_id: order_id().to_string(), reason: None };
    assert!(matches!(routed(&cancel).unwrap().0, Command::Cancel { .. }));
}

#[test]
fn what_breaks_the_contract_is_unreadable() {
    let with = |change: fn(&mut wire::Order)| {
        let mut changed = order();
        change(&mut changed);
        routed(&ScreenOrder { order: Some(changed) }).is_err()
    };
    assert!(!with(|_| {}));
    assert!(with(|order| order.order_id = "01935e7a-1234-7abc-8def-0123456789ac".to_owned()));
    assert!(with(|order| order.lines[0].total = money(100, "USD")));
    assert!(with(|order| order.lines.clear()));
    assert!(with(|order| order.total = None));
    assert!(with(|order| order.personal = None));
    assert!(with(|order| order.shop = "Lamp Shop".to_owned()));
    assert!(routed(&ScreenOrder { order: None }).is_err());
    assert!(routed(&PlaceOrder { order: Some(order()), suspense_reason: "because".to_owned() }).is_err());
    assert!(routed(&CancelOrder { order_id: String::new(), reason: None }).is_err());
}
