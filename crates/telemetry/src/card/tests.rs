//! A corpus of what must be found and what must not.

use proptest::prelude::*;

use super::*;

/// Published test numbers of every brand.
const CARDS: [(&str, &str); 14] = [
    ("4111111111111111", "Visa"),
    ("4000056655665556", "Visa"),
    ("4000000000000000006", "Visa"),
    ("5555555555554444", "Mastercard"),
    ("2223000048400011", "Mastercard"),
    ("378282246310005", "American Express"),
    ("341111111111111", "American Express"),
    ("30569309025904", "Diners Club"),
    ("38520000023237", "Diners Club"),
    ("6011111111111117", "Discover"),
    ("3566002020360505", "JCB"),
    ("6200000000000005", "UnionPay"),
    ("6759649826438453", "Maestro"),
    ("2200000000000004", "Mir"),
];

fn cut(number: &str, separator: &str) -> String {
    let sizes: &[usize] = match number.len() {
        14 => &[4, 6, 4],
        15 => &[4, 6, 5],
        _ => &[4, 4, 4, 4, 3],
    };
    let mut rest = number;
    let mut groups = Vec::new();
    for size in sizes {
        let (group, tail) = rest.split_at((*size).min(rest.len()));
        groups.extend((!group.is_empty()).then_some(group));
        rest = tail;
    }
    groups.join(separator)
}

fn encoded(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    out + ["", "==", "="][text.len() % 3]
}

#[test]
fn a_card_number_of_every_brand_is_found_however_it_is_written() {
    for (number, brand) in CARDS {
        let plain = [
            number.to_owned(),
            cut(number, " "),
            cut(number, "-"),
            cut(number, "\u{a0}"),
            cut(number, " - "),
            format!("pan={number};"),
            format!("card{number}"),
            format!("order 17 {} thanks", cut(number, " ")),
            format!(r#"{{"note":"{{\"card\":\"{number}\"}}"}}"#),
            format!("{{\"number\":{number}}}"),
        ];
        let hidden = plain.iter().map(|text| encoded(text)).collect::<Vec<_>>();
        let deeper = hidden.iter().map(|text| format!("token={}", encoded(text))).collect::<Vec<_>>();
        for text in plain
            .iter()
            .chain(&hidden)
            .filter(|text| text.len() >= BASE64_MIN || text.contains(&number[..4]))
            .chain(&deeper)
        {
            let found = find_card(text);
            assert_eq!(found.as_ref().map(Masked::brand), Some(brand), "{text}");
            let shown = found.map(|masked| masked.to_string()).unwrap_or_default();
            assert!(
                !shown.contains(number) && shown.starts_with(&number[..6]) && shown.len() == number.len(),
                "{shown}"
            );
        }
    }
}

#[test]
fn digits_that_are_something_else_are_left_alone() {
    let corpus = [
        "4006381333931",
        "4012345678901",
        "4000000000006",
        "4902778913123",
        "4260012345675", // EAN-13
        "10614141000415",
        "50614141000414",
        "14006381333938",
        "00012345678905", // GTIN-14
        "356938035643809",
        "490154203237518",
        "352099001761481",
        "35-209900-176148-1",
        "861536030196001", // IMEI
        "+49 30 901820",
        "+1 (415) 555-2671",
        "0041 44 668 18 00",
        "+33 6 12 34 56 78",
        "00 44 20 7946 0958",
        "+4915112345678",
        "6461731521426399003473",
        "7308652981236173403012",
        "4111111111111111000000", // gateway request ids
        "7010000000099991111",
        "7036349980000001112", // token ids
        "550e8400-e29b-41d4-a716-446655440000",
        "41111111-1111-4111-1111-111111111111",
        "0191d7a1-4111-7111-8111-111111111111",
        "AB695DA801DD1BB6E05341588E0A3BDC",
        "41111111111111111111111111111111",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "2026-11-24T12:34:56.789012Z",
        "20261124123456",
        "1764000000000000",
        "0.4111111111111111",
        "4111111111111112",
        "411111XXXXXX1111",
        "411111******1111",
        "DE89 3704 0044 0532 0130 00",
        "SO-1001 2 x 4006381333931 at 19.99",
    ];
    for text in corpus {
        assert_eq!(find_card(text), None, "{text}");
        assert_eq!(find_card(&encoded(&format!("{{\"x\":\"{text}\"}}"))), None, "{text} encoded");
    }
}

#[test]
fn a_hit_names_the_bytes_to_take_out() {
    let text = "paid with 4111 1111 1111 1111 today";
    assert_eq!(find_card_at(text).map(|hit| hit.range), Some(10..29));
    let text = format!("body {} end", encoded("my card is 4111111111111111"));
    let hit = find_card_at(&text);
    assert_eq!(hit.map(|hit| text[hit.range].starts_with("bXkgY2FyZ")), Some(true));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = find_card_at(&text);
    }

    #[test]
    fn no_text_of_digits_and_separators_makes_it_panic(text in "[0-9 \\-+./=A-Fa-f\u{a0}\u{2013}]{0,200}") {
        if let Some(hit) = find_card_at(&text) {
            prop_assert!(text.get(hit.range).is_some());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = find_card_in_bytes(&bytes);
    }

    #[test]
    fn random_bytes_in_base64_give_no_hit(bytes in proptest::collection::vec(128_u8..=255, 16..200)) {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        prop_assert_eq!(find_card(&encoded(&text)), None);
    }

    #[test]
    fn no_ean_is_a_card(number in 0_u64..10_000_000_000_000) {
        let text = format!("{number:013}");
        prop_assert_eq!(find_card(&text), None);
    }

    #[test]
    fn a_visa_number_is_found_in_any_text(middle in 0_u64..100_000_000_000_000, before in "[a-z ,:\"]{0,20}", after in "[a-z ,:\"]{0,20}") {
        let body = format!("4{middle:014}");
        let check = (0..10_u8).find(|check| {
            let digits: Vec<u8> = body.bytes().map(|byte| byte - b'0').chain([*check]).collect();
            passes_luhn(&digits)
        });
        prop_assert!(check.is_some());
        let text = format!("{before},{body}{},{after}", check.unwrap_or_default());
        prop_assert_eq!(find_card(&text).map(|masked| masked.brand()), Some("Visa"));
    }
}
