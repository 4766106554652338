//! What is adopted, and what is a person's.

use syspro::{OrderLine, StockLine};

use super::*;

fn header() -> OrderHeader {
    OrderHeader {
        order_number: "016201".to_owned(),
        order_status: OrderStatus::Suspense,
        customer: "000000000000042".to_owned(),
        customer_po: "W-1".to_owned(),
        order_date: None,
        currency: "EUR".to_owned(),
    }
}

fn line(line_type: &str, stock_code: Option<&str>, quantity: i64) -> OrderLine {
    OrderLine {
        line_number: 1,
        line_type: line_type.to_owned(),
        stock_code: stock_code.map(str::to_owned),
        warehouse: None,
        quantity: Some(Decimal::from(quantity)),
        back_order: None,
        unit_price: None,
        value: None,
    }
}

fn standing() -> SalesOrder {
    let lines = vec![line("Stock", Some("GRILL-01 "), 1), line("Stock", Some("grill-01"), 1), line("Freight", None, 1)];
    SalesOrder { header: header(), net_total: "24.960".parse().unwrap(), lines }
}

fn expected() -> NewSalesOrder {
    let stock = StockLine { stock_code: "GRILL-01".to_owned(), quantity: Decimal::from(2), ..StockLine::default() };
    NewSalesOrder {
        customer_po: "W-1".to_owned(),
        customer: "42".to_owned(),
        order_total: Some("24.96".parse().unwrap()),
        line_items: vec![stock],
        ..NewSalesOrder::default()
    }
}

fn code(change: impl FnOnce(&mut SalesOrder)) -> Option<String> {
    let mut standing = standing();
    change(&mut standing);
    differs(&expected(), &standing).map(|reason| reason.code)
}

#[test]
fn only_the_same_customer_money_and_goods_are_adopted() {
    assert_eq!(code(|_| {}), None);
    assert_eq!(code(|it| it.header.order_status = OrderStatus::Open), None, "wherever it has gone since");
    assert_eq!(code(|it| it.header.order_status = OrderStatus::Cancelled).as_deref(), Some("already_cancelled"));
    assert_eq!(code(|it| it.header.customer = "43".to_owned()).as_deref(), Some("customer_differs"));
    assert_eq!(code(|it| it.net_total += Decimal::new(1, 2)).as_deref(), Some("total_differs"));
    assert_eq!(code(|it| it.lines.truncate(1)).as_deref(), Some("lines_differ"));
    assert_eq!(code(|it| it.lines.push(line("Stock", Some("TONGS-02"), 1))).as_deref(), Some("lines_differ"));
}

#[test]
fn a_purchase_order_number_stands_for_one_order() {
    let other = OrderHeader { customer_po: "W-10".to_owned(), ..header() };
    assert!(matches!(only(std::slice::from_ref(&other), "W-1"), Only::None));
    assert!(matches!(only(&[other, header()], "W-1"), Only::One(_)));
    assert!(matches!(only(&[header(), header()], "W-1"), Only::Many(_)));
}

#[test]
fn every_status_says_something_of_a_release_and_of_a_cancellation() {
    let of = |code: &str| {
        let status = OrderStatus::from_code(code);
        (released(&status), cancelled(&status))
    };
    assert_eq!(of("S"), (Status::NotDone, Status::NotDone));
    assert_eq!(of("0"), (Status::Unclear, Status::Unclear));
    for moved in ["1", "2", "3", "4", "8"] {
        assert_eq!(of(moved), (Status::Done, Status::NotDone), "{moved}");
    }
    assert!(matches!(of("9"), (Status::Done, Status::Differs(_))));
    assert!(matches!(of("\\"), (Status::Differs(_), Status::Done)));
    for odd in ["F", "6"] {
        assert!(matches!(of(odd), (Status::Differs(_), Status::NotDone)), "{odd}");
    }
}
