//! The net total is exact to the cent, keys are never cut, texts never torn.

use proptest::prelude::*;
use sealed::SealedBox;

use super::*;

fn amount(minor: i64, currency: &str) -> Amount {
    Amount::new(minor, currency.parse().unwrap())
}

fn eur(minor: i64) -> Amount {
    amount(minor, "EUR")
}

fn line(sku: &str, quantity: &str, total: Amount, tax: Amount) -> Line {
    Line { sku: sku.to_owned(), description: String::new(), quantity: quantity.to_owned(), tax, total }
}

fn order(lines: Vec<Line>, tax: Amount, total: Amount) -> Order {
    Order {
        shop: "lamp-shop".parse().unwrap(),
        order_number: "1001".to_owned(),
        customer_po: "L-1001".to_owned(),
        customer_code: String::new(),
        prices_include_tax: false,
        lines,
        shipping: None,
        fees: Vec::new(),
        tax,
        total,
        personal: SealedBox { subject: uuid::Uuid::from_u128(7), wrapped_key: Vec::new(), ciphertext: Vec::new() },
        // 23:30 UTC on 13 October 2026: the 14th in Prague.
        placed_at_ms: 1_791_934_200_000,
    }
}

fn site() -> Site {
    Site { time_zone: chrono_tz::Europe::Prague, warehouse: "MAIN".to_owned(), freight: Freight::FreightLine }
}

fn mapped(order: &Order) -> Result<NewSalesOrder, Problem> {
    sales_order(order, &Personal::default(), "WEB001", Suspense::AwaitingPayment, &site())
}

/// What SYSPRO will make of the document.
fn worth(document: &NewSalesOrder) -> Decimal {
    let lines: Decimal =
        document.line_items.iter().map(|line| to_value(line.quantity * line.unit_price.unwrap())).sum();
    let charges: Decimal = document.misc_charges.iter().map(|charge| charge.value).sum();
    lines + charges + document.freight.iter().map(|freight| freight.value).sum::<Decimal>()
}

#[test]
fn a_plain_order_keeps_its_shape() {
    let mut plain = order(vec![line("GRILL-01", "2", eur(8438), eur(1772))], eur(1876), eur(10_810));
    plain.shipping = Some(Charge { name: "parcel".to_owned(), amount: eur(496), tax: eur(104) });
    let document = mapped(&plain).unwrap();
    assert_eq!(document.order_date.to_string(), "2026-10-14");
    assert_eq!(document.order_status, Some(OrderStatus::Suspense));
    assert_eq!(document.special_instrs.as_deref(), Some("awaiting payment"));
    assert_eq!(document.line_items[0].unit_price, Some("42.19".parse().unwrap()));
    assert_eq!(document.freight, [FreightLine { line_number: 2, value: "4.96".parse().unwrap() }]);
    assert!(document.misc_charges.is_empty());
    assert_eq!(document.order_total, Some("89.34".parse().unwrap()));
}

#[test]
fn gross_prices_are_sent_net() {
    let mut gross = order(vec![line("CAJ-RAK-100", "3", eur(1590), eur(276))], eur(276), eur(1590));
    gross.prices_include_tax = true;
    let document = mapped(&gross).unwrap();
    assert_eq!(document.line_items[0].unit_price, Some("4.38".parse().unwrap()));
    assert_eq!(worth(&document), "13.14".parse().unwrap());
}

#[test]
fn what_five_decimals_miss_is_a_charge_of_its_own() {
    // 100.00 / 7000 = 0.01429, and 7000 of those are 100.03.
    let document = mapped(&order(vec![line("SCREW", "7000", eur(10_000), eur(0))], eur(0), eur(10_000))).unwrap();
    let expected = MiscCharge { line_number: 2, value: "-0.03".parse().unwrap(), description: ROUNDING.to_owned() };
    assert_eq!(document.misc_charges, [expected]);
    assert_eq!(worth(&document), "100.00".parse().unwrap());
}

#[test]
fn shipping_can_be_a_charge() {
    let mut shipped = order(vec![line("A", "1", eur(100), eur(0))], eur(0), eur(600));
    shipped.shipping = Some(Charge { name: "parcel".to_owned(), amount: eur(500), tax: eur(0) });
    let site = Site { freight: Freight::MiscCharge, ..site() };
    let document = sales_order(&shipped, &Personal::default(), "WEB001", Suspense::UnderReview, &site).unwrap();
    assert_eq!((document.freight.len(), document.misc_charges[0].description.as_str()), (0, "parcel"));
}

#[test]
fn what_syspro_cannot_hold_is_named() {
    let with = |line: Line| mapped(&order(vec![line.clone()], eur(0), line.total));
    assert!(matches!(with(line(&"S".repeat(31), "1", eur(1), eur(0))), Err(Problem::TooLong { width: 30, .. })));
    for quantity in ["0", "-1", "1.0000001", "much", "", "1e3"] {
        assert!(matches!(with(line("A", quantity, eur(1), eur(0))), Err(Problem::Quantity { .. })), "{quantity}");
    }
    assert!(matches!(with(line("A", "1", eur(-1), eur(0))), Err(Problem::Negative { .. })));
    let fils = line("A", "1", amount(1_001, "KWD"), amount(0, "KWD"));
    assert!(matches!(mapped(&order(vec![fils], amount(0, "KWD"), amount(1_001, "KWD"))), Err(Problem::Value(_))));
    let lost = order(vec![line("A", "1", eur(100), eur(0))], eur(0), eur(200));
    assert!(matches!(mapped(&lost), Err(Problem::Sums { .. })));
    let mut long = order(vec![line("A", "1", eur(100), eur(0))], eur(0), eur(100));
    long.customer_po = "P".repeat(31);
    assert!(matches!(mapped(&long), Err(Problem::TooLong { .. })));
}

#[test]
fn letters_keep_their_accents_or_go_with_them() {
    assert_eq!(cut("Łukasz Wiśniewski-Żak", 10), "Łukasz Wiś");
    // A letter with an accent that no single character writes.
    assert_eq!(cut("ab\u{0071}\u{0303}", 3), "ab");
    assert_eq!(cut("ab\u{0071}\u{0303}", 4), "ab\u{0071}\u{0303}");
    // Two characters that have one together are one.
    assert_eq!(cut("e\u{0301}", 1), "é");
    assert_eq!(cut("  Main Street  ", 40), "Main Street");
}

#[test]
fn goods_go_to_the_ship_to_address_and_else_to_the_bill_to() {
    let home = |name: &str| Home {
        first_name: name.to_owned(),
        line1: "1 High St".to_owned(),
        country: "IE".to_owned(),
        ..Home::default()
    };
    let mut person = Personal { bill_to: Some(home("Bill")), ship_to: Some(Home::default()), ..Personal::default() };
    assert_eq!(ship_to(&person).unwrap().name, "Bill");
    person.ship_to = Some(Home { company: "Example Ltd".to_owned(), ..home("Shona") });
    assert_eq!(ship_to(&person).unwrap().name, "Example Ltd, Shona");
    assert_eq!(ship_to(&Personal::default()), None);
}

fn rows() -> impl Strategy<Value = Vec<(u32, u32, i64, i64)>> {
    // Quantity in thousandths, decimals of the quantity shown, net, tax.
    prop::collection::vec((1_u32..50_000_000, 0_u32..4, 0_i64..100_000_000, 0_i64..20_000_000), 1..20)
}

fn charge() -> impl Strategy<Value = Option<(i64, i64)>> {
    prop::option::of((-5_000_i64..100_000, 0_i64..5_000))
}

proptest! {
    #[test]
    fn the_net_total_is_exact_to_the_cent(
        rows in rows(), shipping in charge(), fee in charge(), is_gross: bool, off in -1_i64..=1,
        currency in prop::sample::select(vec!["EUR", "JPY"]),
    ) {
        let money = |minor: i64| amount(minor, currency);
        let shown = |net: i64, tax: i64| money(if is_gross { net + tax } else { net });
        let mut whole = order(Vec::new(), money(0), money(0));
        let (mut net_total, mut tax_total) = (0, 0);
        for (thousandths, scale, net, tax) in rows {
            let quantity = round(Decimal::new(i64::from(thousandths), 3), scale).max(Decimal::ONE).normalize();
            whole.lines.push(line("SKU", &quantity.to_string(), shown(net, tax), money(tax)));
            net_total += net;
            tax_total += tax;
        }
        for (charge, is_shipping) in [(shipping, true), (fee, false)] {
            let Some((net, tax)) = charge else { continue };
            let charge = Charge { name: String::new(), amount: shown(net, tax), tax: money(tax) };
            if is_shipping { whole.shipping = Some(charge) } else { whole.fees.push(charge) }
            net_total += net;
            tax_total += tax;
        }
        // Taxes rounded row by row may miss the total's tax by a unit; the total is what was paid.
        whole.prices_include_tax = is_gross;
        let tax = if is_gross { tax_total + off } else { tax_total };
        whole.tax = money(tax);
        whole.total = money(net_total + tax_total);
        let document = mapped(&whole).unwrap();
        let expected = money(net_total + tax_total - tax).to_decimal();
        prop_assert_eq!(worth(&document), expected);
        prop_assert_eq!(document.order_total, Some(expected));
        let numbers: Vec<u32> = document.line_items.iter().map(|line| line.line_number)
            .chain(document.freight.iter().map(|line| line.line_number))
            .chain(document.misc_charges.iter().map(|line| line.line_number)).collect();
        let distinct: std::collections::BTreeSet<_> = numbers.iter().collect();
        prop_assert_eq!(distinct.len(), numbers.len());
        prop_assert!(document.misc_charges.iter().all(|charge| charge.description != ROUNDING || !charge.value.is_zero()));
    }

    #[test]
    fn a_text_is_never_longer_than_its_width(text in "\\PC{0,80}", width in 1_usize..60) {
        let cut = cut(&text, width);
        prop_assert!(cut.chars().count() <= width);
    }
}
