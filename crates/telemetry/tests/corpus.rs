//! What the card detector must find, and the far larger world it must leave alone.

use base64::{Engine as _, engine::general_purpose};
use proptest::prelude::*;
use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use telemetry::{Brand, Kind, find_card, find_card_in_json};

/// Samples of each kind; the seeds are fixed, so a failure repeats.
const ROUNDS: usize = 3_000;

/// Published test numbers, and made-up ones for lengths that have none.
const CARDS: [(&str, Brand); 18] = [
    ("4111111111111111", Brand::Visa),
    ("4012888888881881", Brand::Visa),
    ("4111111111111111110", Brand::Visa),
    ("5555555555554444", Brand::Mastercard),
    ("5105105105105100", Brand::Mastercard),
    ("2223003122003222", Brand::Mastercard),
    ("2720990000000007", Brand::Mastercard),
    ("378282246310005", Brand::Amex),
    ("341111111111111", Brand::Amex),
    ("6011111111111117", Brand::Discover),
    ("6500000000000002", Brand::Discover),
    ("3530111333300000", Brand::Jcb),
    ("30569309025904", Brand::Diners),
    ("38520000023237", Brand::Diners),
    ("6759649826438453", Brand::Maestro),
    ("6304000000000000", Brand::Maestro),
    ("6200000000000005", Brand::UnionPay),
    ("6212345678901265", Brand::UnionPay),
];

/// How people write a number of this length.
fn grouped(digits: &str, separator: &str) -> String {
    let sizes: &[usize] = match digits.len() {
        14 => &[4, 6, 4],
        15 => &[4, 6, 5],
        16 => &[4, 4, 4, 4],
        _ => &[4, 4, 4, 4, 3],
    };
    let mut rest = digits;
    let groups: Vec<&str> = sizes
        .iter()
        .map(|size| {
            let (group, after) = rest.split_at(*size);
            rest = after;
            group
        })
        .collect();
    groups.join(separator)
}

/// Appends the digit that makes a Luhn number of the rest.
fn with_luhn(body: &str) -> String {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// Appends the digit that makes an EAN or GTIN of the rest.
fn with_gtin(body: &str) -> String {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| u32::from(byte - b'0') * if place % 2 == 0 { 3 } else { 1 })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn digits(random: &mut StdRng, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + random.random_range(0..10_u8))).collect()
}

fn hex(random: &mut StdRng, count: usize) -> String {
    (0..count).map(|_| char::from(b"0123456789abcdef"[random.random_range(0..16_usize)])).collect()
}

#[track_caller]
fn passes(text: &str) {
    assert_eq!(find_card(text), None, "in text: {text}");
    assert_eq!(find_card_in_json(&json!({ "note": text })), None, "in JSON: {text}");
}

#[track_caller]
fn hits(document: &Value, path: &str, shown: &str) {
    let Some(hit) = find_card_in_json(document) else { panic!("nothing found in {document}") };
    assert_eq!((hit.path.as_str(), hit.masked.to_string().as_str()), (path, shown), "in {document}");
}

#[test]
fn cards_of_every_brand_are_found_however_they_are_written() {
    for (card, brand) in CARDS {
        let written = [card.to_owned(), grouped(card, "-"), grouped(card, " ")];
        for number in written {
            for text in [
                number.clone(),
                format!("pay with {number}."),
                format!("n°{number}é"),
                format!("12 {number} 12 29 123"),
            ] {
                let found = find_card(&text).unwrap_or_else(|| panic!("missed {text}"));
                assert_eq!(found.kind(), Kind::Card(brand), "{text}");
                assert_eq!(found.to_string(), format!("{}{}", "*".repeat(card.len() - 4), &card[card.len() - 4..]));
                assert!(!format!("{found:?} {found}").contains(&card[..card.len() - 4]));
            }
        }
    }
}

#[test]
fn cards_are_found_inside_wrappings() {
    for (card, _) in CARDS {
        let shown = format!("{}{}", "*".repeat(card.len() - 4), &card[card.len() - 4..]);
        let inner = json!({ "card": { "number": card } }).to_string();
        let number: Value = card.parse::<u64>().unwrap().into();
        hits(&json!({ "a": [0, number] }), "a[1]", &shown);
        hits(&json!({ "a": inner }), "a.card.number", &shown);
        hits(&json!({ "a": json!(inner).to_string() }), "a.card.number", &shown);
        for text in [card.to_owned(), format!("card: {}", grouped(card, " ")), inner.clone()] {
            let path = if text == inner { "a.card.number" } else { "a" };
            hits(&json!({ "a": general_purpose::STANDARD.encode(&text) }), path, &shown);
            hits(&json!({ "a": general_purpose::URL_SAFE_NO_PAD.encode(format!("{{}}??>>{text}")) }), "a", &shown);
            let twice = general_purpose::STANDARD_NO_PAD.encode(general_purpose::STANDARD.encode(&text));
            hits(&json!({ "a": twice }), path, &shown);
            let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", general_purpose::URL_SAFE_NO_PAD.encode(&text));
            hits(&json!({ "a": token }), path, &shown);
        }
    }
}

#[test]
fn a_card_as_a_key_is_found_and_not_repeated() {
    hits(&json!({ "x": { "4111111111111111": 1 } }), "x.************1111", "************1111");
    let hidden = general_purpose::STANDARD.encode("4111111111111111");
    hits(&json!({ hidden: 1 }), "(a key)", "************1111");
}

#[test]
fn fields_that_hold_secrets_are_known_by_name() {
    for name in ["cvv", "CVC", "cvn", "csc", "securityCode", "security_code", "track1", "track2", "trackData", "pin"] {
        hits(&json!({ "payment": { name: "123" } }), &format!("payment.{name}"), "****");
        hits(&json!({ "payment": { name: 123 } }), &format!("payment.{name}"), "****");
        hits(&json!({ "meta": [{ "key": name, "value": "123" }] }), "meta[0].value", "****");
        for empty in [json!(null), json!(""), json!(" "), json!(false), json!([])] {
            assert_eq!(find_card_in_json(&json!({ name: empty })), None, "{name}");
        }
    }
    assert_eq!(find_card_in_json(&json!({ "pinned": "1", "shipping": "2", "cid": "3", "tracking": "123" })), None);
}

#[test]
fn row_numbers_pass_as_numbers_only() {
    let document = json!({ "id": 4_111_111_111_111_111_u64, "lines": [{ "product_id": 30_569_309_025_904_u64 }] });
    assert_eq!(find_card_in_json(&document), None);
    hits(&json!({ "order_id": "4111111111111111" }), "order_id", "************1111");
    hits(&json!({ "grid": 4_111_111_111_111_111_u64 }), "grid", "************1111");
}

#[test]
fn goods_and_devices_are_not_cards() {
    let random = &mut StdRng::seed_from_u64(1);
    for _ in 0..ROUNDS {
        passes(&with_gtin(&digits(random, 12)));
        passes(&with_gtin(&digits(random, 11)));
        let gtin = with_gtin(&digits(random, 13));
        for name in ["sku", "ean", "gtin"] {
            assert_eq!(find_card_in_json(&json!({ "lines": [{ name: gtin }] })), None, "{gtin}");
        }
        if !gtin.starts_with('3') {
            passes(&gtin);
        }
        for reporting_body in ["01", "35", "86", "99"] {
            passes(&with_luhn(&format!("{reporting_body}{}", digits(random, 12))));
        }
    }
}

#[test]
fn only_a_field_for_goods_may_hold_a_gtin_that_looks_like_diners() {
    // Both check digits are right.
    let gtin = (0..1_000_u32)
        .map(|n| with_gtin(&format!("3600000000{n:03}")))
        .find(|gtin| with_luhn(&gtin[..13]) == *gtin)
        .unwrap();
    assert_eq!(find_card_in_json(&json!({ "sku": gtin })), None);
    hits(&json!({ "token": gtin }), "token", &format!("**********{}", &gtin[10..]));
    hits(&json!({ "sku": grouped(&gtin, " ") }), "sku", &format!("**********{}", &gtin[10..]));
    // Another card does not pass there.
    hits(&json!({ "sku": "4111111111111111" }), "sku", "************1111");
}

#[test]
fn machine_made_numbers_are_not_cards() {
    let random = &mut StdRng::seed_from_u64(2);
    for _ in 0..ROUNDS {
        passes(&digits(random, 22));
        passes(&format!("7{}", digits(random, 18)));
        passes(&format!("req_{}", with_luhn(&format!("4{}", digits(random, 20)))));
        passes(&format!("+{}", digits(random, 12)));
        passes(&format!("+49 {} {} {}", digits(random, 3), digits(random, 4), digits(random, 4)));
        passes(&format!("({}) {}-{}", digits(random, 3), digits(random, 3), digits(random, 4)));
        passes(&format!("WC-{}-{}", digits(random, 4), digits(random, 8)));
        passes(&format!("#{}", digits(random, 10)));
        passes(&format!("0.{}", digits(random, 16)));
        let clock = random.random_range(1_600_000_000_u64..1_999_999_999);
        passes(&format!("{clock} {clock}123 {clock}123456 {clock}123456789"));
        passes(&format!("2026-11-{:02}T{:02}:59:59.{}Z", clock % 28 + 1, clock % 24, digits(random, 9)));
        passes(&format!("202611{:02}{}", clock % 28 + 1, digits(random, 6)));
    }
}

#[test]
fn hexadecimal_and_noise_are_not_cards() {
    let random = &mut StdRng::seed_from_u64(3);
    for _ in 0..ROUNDS {
        passes(&hex(random, 64));
        passes(&hex(random, 40));
        let (trace, span) = (hex(random, 32), digits(random, 16));
        passes(&format!("00-{trace}-{span}-01"));
        let mut bytes = [0; 96];
        random.fill_bytes(&mut bytes);
        passes(&general_purpose::STANDARD.encode(bytes));
        passes(&general_purpose::URL_SAFE_NO_PAD.encode(bytes));
    }
    // UUIDs made as card-like as can be: the middle is one in fours.
    for _ in 0..ROUNDS {
        let card = with_luhn(&format!("4{}", digits(random, 14)));
        let tail = hex(random, 7);
        passes(&format!("{}a-{}a{tail}", hex(random, 7), grouped(&card, "-")));
    }
}

#[test]
fn bank_accounts_are_not_cards() {
    let random = &mut StdRng::seed_from_u64(4);
    for _ in 0..ROUNDS {
        let account = format!("{}{}", with_luhn(&format!("4{}", digits(random, 14))), digits(random, 2));
        let rest = format!("{account}131400").bytes().fold(0, |rest, b| (rest * 10 + u32::from(b - b'0')) % 97);
        let iban = format!("DE{:02}{account}", 98 - rest);
        let printed: Vec<String> = iban.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
        passes(&format!("Please pay to {} soon", printed.join(" ")));
        passes(&iban);
    }
}

#[test]
fn wrappings_are_opened_to_a_bounded_depth() {
    let mut text = "4111111111111111".to_owned();
    for _ in 0..4 {
        text = general_purpose::STANDARD.encode(&text);
    }
    assert!(find_card_in_json(&json!({ "a": text })).is_some());
    for _ in 0..20 {
        text = general_purpose::STANDARD.encode(&text);
    }
    assert_eq!(find_card_in_json(&json!({ "a": text })), None);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[A-Za-z0-9+/=_{}\\[\\]\" -]{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_panics(text in any::<String>(), digits in "[0-9 .a-f-]{0,80}", document in any_json()) {
        let _ = find_card(&text);
        let clean = telemetry::redact(&digits).into_owned();
        prop_assert_eq!(find_card(&clean), None, "masking left a card in {}", clean);
        let _ = find_card_in_json(&document);
    }

    #[test]
    fn a_visa_in_any_text_is_found(body in "[0-9]{14}", before in "[^0-9]{0,40}", after in "[^0-9]{0,40}") {
        let card = with_luhn(&format!("4{body}"));
        let text = format!("{before}{card}{after}");
        prop_assert!(find_card(&text).is_some(), "{}", text);
        let document = json!({ "a": text });
        prop_assert!(find_card_in_json(&document).is_some());
    }
}
