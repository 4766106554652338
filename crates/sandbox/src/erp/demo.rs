//! The demo company: who may log on, who may order, what stands in the warehouses.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{
    customers::{Address, Customer},
    sessions::Operator,
    stock::{Balance, Item},
    store::{Company, Store},
};

/// Operators, each with the key by which a program logs on as it.
const OPERATORS: [(&str, &str); 3] =
    [("QT1", "sim-operator-key-1"), ("QT2", "sim-operator-key-2"), ("QT3", "sim-operator-key-3")];

/// Code, name, e-mail, on hold, credit limit.
const CUSTOMERS: [(&str, &str, &str, bool, Option<i64>); 4] = [
    ("WEB001", "Ada Example", "ada@example.test", false, None),
    ("WEB002", "Łukasz Wiśniewski-Żak", "lukasz.wisniewski-zak@poczta.example", false, None),
    ("HOLD01", "Halted Trading Ltd", "hold@example.test", true, None),
    ("LIMIT1", "Little Credit GmbH", "limit@example.test", false, Some(100)),
];

/// Code, description, list price in cents, on hold, what stands in MAIN, what stands in EAST.
type ItemRow = (&'static str, &'static str, i64, bool, i64, Option<i64>);

const ITEMS: [ItemRow; 8] = [
    ("KAV-SAR-12", "Kávovar Šárka 1,2 l", 6_490, false, 1_000_000, None),
    ("HRN-KUN-300-MO", "Hrnek Žluťoučký kůň 300 ml, modrá", 760, false, 1_000_000, None),
    ("CAJ-RAK-100", "Čaj z rakytníku, 100 g", 1_590, false, 1_000_000, None),
    ("GRILL-01", "Charcoal grill", 12_900, false, 1_000_000, Some(50)),
    ("TONGS-02", "Grill tongs", 1_250, false, 1_000_000, Some(50)),
    ("APRON-03", "Apron", 2_490, false, 1_000_000, None),
    // Three of them: the story of an order that is refused before any money moves.
    ("RARE-09", "Limited edition", 4_900, false, 3, None),
    // The shelf is full and still nothing can be sold: the story of an ERP that refuses for good.
    ("STOP-66", "Recalled product", 1_900, true, 1_000_000, None),
];

/// The number before the first order.
pub(crate) const LAST_ORDER: u64 = 16_200;

/// The demo company's choices.
pub(crate) fn company() -> Company {
    Company {
        code: "SIM1".to_owned(),
        currency: "EUR".to_owned(),
        back_orders_allowed: true,
        back_order_is_a_warning: true,
        zero_price_allowed: true,
        cancelled_orders_keep_their_po: true,
        tax_code_override: true,
        cancel_reason_required: false,
        customers_numbered_automatically: false,
        tax_codes: ["A", "B", "Z"].into_iter().map(str::to_owned).collect(),
    }
}

/// The demo company's operators.
pub(crate) fn operators() -> Vec<Operator> {
    let operator = |(code, key): (&str, &str)| Operator {
        code: code.to_owned(),
        api_key: key.to_owned(),
        not_licensed: BTreeSet::new(),
    };
    OPERATORS.into_iter().map(operator).collect()
}

/// Fills a store with the demo company's customers and items.
pub(crate) fn fill(store: &mut Store) {
    for (code, name, email, on_hold, credit_limit) in CUSTOMERS {
        let home = Address {
            name: name.to_owned(),
            lines: ["1 High Street", "", "Exampleton", "", "IE"].map(str::to_owned),
            locality: String::new(),
            postal_code: "D01 X1".to_owned(),
        };
        let added = store.customers.add(
            Customer {
                code: code.to_owned(),
                name: name.to_owned(),
                email: email.to_owned(),
                currency: store.company.currency.clone(),
                terms: "30".to_owned(),
                branch: "WEB".to_owned(),
                sold_to: home.clone(),
                ship_to: home,
                on_hold,
                credit_limit: credit_limit.map(Decimal::from),
                ..Customer::default()
            },
            &Company { customers_numbered_automatically: false, ..store.company.clone() },
        );
        assert!(added.is_ok(), "the demo customers have codes of their own");
    }
    for (code, description, price_cents, on_hold, in_main, in_east) in ITEMS {
        let stands = |quantity: i64, bin: &str| Balance {
            on_hand: Decimal::from(quantity),
            bin: bin.to_owned(),
            ..Balance::default()
        };
        let mut balances = BTreeMap::from([("MAIN".to_owned(), stands(in_main, "A1"))]);
        if let Some(quantity) = in_east {
            balances.insert("EAST".to_owned(), stands(quantity, "E1"));
        }
        store.stock.put(Item {
            code: code.to_owned(),
            description: description.to_owned(),
            uom: "EA".to_owned(),
            tax_code: "A".to_owned(),
            list_price: Decimal::new(price_cents, 2),
            warehouse: "MAIN".to_owned(),
            on_hold,
            balances,
        });
    }
}
