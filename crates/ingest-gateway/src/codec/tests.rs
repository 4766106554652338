//! Golden bytes: one file per stored event. `UPDATE_GOLDEN=1` writes new files; an existing one never changes.

use std::{collections::BTreeMap, fs, path::PathBuf};

use ingest_domain::order::{Charge, Line, Order, PaymentMode, PaymentToken};
use sealed::SealedBox;
use uuid::Uuid;

use super::*;

fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

fn offer() -> Offer {
    let charge = |name: &str, minor| Charge { name: name.to_owned(), amount: eur(minor), tax: eur(21) };
    let order = Order {
        shop: "lamp-shop".parse().unwrap(),
        order_number: "1001".to_owned(),
        customer_po: "L-1001".to_owned(),
        customer_code: "000123".to_owned(),
        prices_include_tax: true,
        lines: vec![Line {
            id: "7".to_owned(),
            sku: "LAMP-01".to_owned(),
            description: "Lampička".to_owned(),
            quantity: "2.5".to_owned(),
            unit_price: "25.12345".to_owned(),
            discount: eur(1),
            tax: eur(2),
            total: eur(6280),
        }],
        shipping: Some(charge("parcel", 500)),
        fees: vec![charge("gift wrap", 300)],
        tax: eur(44),
        total: eur(7080),
        payment: PaymentToken {
            mode: PaymentMode::Transient,
            token: "1D1S6J".to_owned(),
            brand: "001".to_owned(),
            bin: "411111".to_owned(),
            last_four: "1111".to_owned(),
            expires_at_ms: 1_795_522_000_000,
        },
        personal: SealedBox { subject: Uuid::from_u128(7), wrapped_key: Vec::new(), ciphertext: vec![1, 2, 3] },
        attributes: BTreeMap::from([("channel".to_owned(), "web".to_owned())]),
        placed_at_ms: 1_795_521_540_000,
    };
    Offer {
        order,
        marks: Marks(vec![0, 7, u64::MAX]),
        source: Source::WooCommerce,
        shop_order_id: "48213".to_owned(),
        tells_shop: true,
    }
}

fn reason() -> Reason {
    let shortage = Shortage {
        sku: "LAMP-01".to_owned(),
        warehouse: "MAIN".to_owned(),
        asked: "2".to_owned(),
        available: "1".to_owned(),
    };
    Reason { code: "stock_short".to_owned(), text: "LAMP-01 is short by 1".to_owned(), shortages: vec![shortage] }
}

fn every_event() -> Vec<Event> {
    let news = vec![
        News::Opened,
        News::Authorized { held: eur(7080) },
        News::UnderReview { held: Some(eur(7080)), reason: reason(), hold_ends_at_ms: 5 },
        News::Placed { sales_order: "000777".to_owned() },
        News::Paid { captured: eur(7080) },
        News::Completed { sales_order: "000777".to_owned(), captured: eur(7080) },
        News::Refused { reason: reason() },
        News::Declined { reason: reason() },
        News::Cancelled { reason: reason(), reversed: Some(eur(7080)) },
        News::Waiting { step: "capture".to_owned(), reference: "q-x-C1".to_owned(), inquiry_due_at_ms: 6 },
        News::Parked { step: "book".to_owned(), reason: reason() },
    ];
    let mut events = vec![Event::Accepted(Arc::new(offer()))];
    events.extend(news.into_iter().zip(1..).map(|(news, n)| Event::Moved { n, news }));
    let outcome = Outcome::Completed;
    events.push(Event::ShopTold { n: 6, outcome, shop: "lamp-shop".parse().unwrap() });
    events.push(Event::ShopUntold { n: 6, outcome, why: "gone".to_owned() });
    events
}

fn golden(name: &str, bytes: &[u8]) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.bin"));
    if !file.exists() && std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, bytes).unwrap();
    }
    let kept = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(bytes, kept, "{name} is written differently than it was released");
}

#[test]
fn stored_events_keep_their_bytes_and_can_be_read() {
    for event in every_event() {
        let (kind, shape, body, _) = IntakeStream::encode(&event);
        golden(&format!("{kind}.{shape}"), &body);
        assert_eq!(IntakeStream::decode(kind, shape, &body), Ok(event));
    }
}

#[test]
fn a_callback_request_keeps_its_bytes_and_can_be_read() {
    let news = ShopNews {
        n: 6,
        shop: "lamp-shop".parse().unwrap(),
        order_number: "1001".to_owned(),
        outcome: Outcome::Refused,
        total: eur(7080),
        captured: None,
        reversed: Some(eur(7080)),
        sales_order: Some("000777".to_owned()),
        reason: Some(reason()),
    };
    let request = callback_request(&news);
    golden("callback_request", &request);
    assert_eq!(read_callback_request(&request), Ok(news));
}

#[test]
fn what_a_later_release_wrote_is_newer_and_not_corrupt() {
    for (kind, shape) in [("shipped", 1), ("accepted", 2)] {
        assert!(matches!(IntakeStream::decode(kind, shape, &[]), Err(CodecError::Newer { .. })));
    }
    assert!(matches!(IntakeStream::decode("accepted", 1, &[9]), Err(CodecError::Corrupt { .. })));
}
