//! What speaks against an order: pure rules over what SYSPRO told us, by the pair's policies.

use std::collections::BTreeMap;

use erp_domain::{
    order::Order,
    sales_order::{Reason, Shortage},
};
use rust_decimal::Decimal;
use syspro::{Customer, StockItem, same_key};

use crate::{
    config::{Credit, StockShort},
    mapping,
};

/// One item of an order, over all its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Stock code, as the order has it first.
    pub sku: String,
    /// How many over all lines.
    pub asked: Decimal,
}

/// The items of an order, each once: two lines of one item draw on one shelf. Quantities that are no numbers count as nothing;
/// the mapping names them.
pub fn wanted(order: &Order) -> Vec<Wanted> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut wanted: Vec<Wanted> = Vec::new();
    for line in &order.lines {
        let asked = mapping::quantity(&line.quantity).unwrap_or(Decimal::ZERO);
        let sku = line.sku.trim();
        match places.get(&sku.to_uppercase()) {
            Some(&place) => wanted[place].asked = wanted[place].asked.saturating_add(asked),
            None => {
                places.insert(sku.to_uppercase(), wanted.len());
                wanted.push(Wanted { sku: sku.to_owned(), asked });
            }
        }
    }
    wanted
}

/// The one customer an order is for, among those that were found.
///
/// # Errors
/// When there is none, more than one, or one that may not order.
pub fn customer(found: Vec<Customer>, order: &Order) -> Result<Customer, Reason> {
    let currency = order.total.currency().code();
    if found.is_empty() {
        let text = match order.customer_code.as_str() {
            "" => "SYSPRO has no customer with the order's e-mail address".to_owned(),
            code => format!("SYSPRO has no customer {code}"),
        };
        return Err(Reason::new("customer_unknown", text));
    }
    // A customer's currency never changes, so somebody who buys in two currencies is two customers.
    let (mut fitting, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|customer| customer.currency.eq_ignore_ascii_case(currency));
    match (fitting.pop(), fitting.is_empty()) {
        (None, _) => {
            let codes = codes(&others);
            Err(Reason::new("currency_differs", format!("the order is in {currency}, customer {codes} is not")))
        }
        (Some(last), false) => {
            fitting.push(last);
            Err(Reason::new(
                "customer_ambiguous",
                format!("several customers have the order's e-mail address: {}", codes(&fitting)),
            ))
        }
        (Some(customer), true) if customer.is_on_hold => {
            Err(Reason::new("customer_on_hold", format!("customer {} is on hold", customer.code)))
        }
        (Some(customer), true) => Ok(customer),
    }
}

fn codes(customers: &[Customer]) -> String {
    customers.iter().take(5).map(|customer| customer.code.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the customer's credit says to an order of this net value: nothing, a warning, or no.
///
/// # Errors
/// When the policy refuses.
pub fn credit(customer: &Customer, net_total: Decimal, policy: Credit) -> Result<Option<Reason>, Reason> {
    let Some(left) = customer.credit_left().filter(|left| *left < net_total) else { return Ok(None) };
    let text = format!(
        "customer {} has a credit of {} left, the order is worth {net_total} net",
        customer.code,
        left.normalize()
    );
    let reason = Reason::new("credit_limit", text);
    match policy {
        Credit::Warn => Ok(Some(reason)),
        Credit::Refuse => Err(reason),
    }
}

/// What one item lacks.
enum Lack {
    Unknown,
    OnHold,
    Short { available: Decimal },
}

fn lack(wanted: &Wanted, item: Option<&StockItem>, warehouse: &str) -> Option<Lack> {
    let Some(item) = item else { return Some(Lack::Unknown) };
    if item.is_on_hold {
        return Some(Lack::OnHold);
    }
    let balance = item.balances.iter().find(|balance| same_key(&balance.warehouse, warehouse));
    let available = balance.map_or(Decimal::ZERO, |balance| balance.available).max(Decimal::ZERO);
    (available < wanted.asked).then_some(Lack::Short { available })
}

/// What the warehouse says to an order: nothing, a warning, or no. All items that lack something are named at once.
///
/// # Errors
/// When SYSPRO would refuse the order anyway (an item unknown or on hold), or the policy does.
pub fn stock(
    found: &[(Wanted, Option<StockItem>)],
    warehouse: &str,
    policy: StockShort,
) -> Result<Option<Reason>, Reason> {
    let lacking: Vec<(&Wanted, Lack)> =
        found.iter().filter_map(|(wanted, item)| Some((wanted, lack(wanted, item.as_ref(), warehouse)?))).collect();
    if lacking.is_empty() {
        return Ok(None);
    }
    let has = |what: fn(&Lack) -> bool| lacking.iter().any(|(_, lack)| what(lack));
    let code = if has(|lack| matches!(lack, Lack::Unknown)) {
        "sku_unknown"
    } else if has(|lack| matches!(lack, Lack::OnHold)) {
        "sku_on_hold"
    } else {
        "stock_short"
    };
    let reason = Reason {
        code: code.to_owned(),
        text: lacking.iter().map(|(wanted, lack)| words(wanted, lack, warehouse)).collect::<Vec<_>>().join("; "),
        shortages: lacking.iter().map(|(wanted, lack)| shortage(wanted, lack, warehouse)).collect(),
    };
    match policy {
        StockShort::Backorder | StockShort::Allow if code == "stock_short" => Ok(Some(reason)),
        StockShort::Refuse | StockShort::Backorder | StockShort::Allow => Err(reason),
    }
}

fn words(wanted: &Wanted, lack: &Lack, warehouse: &str) -> String {
    let (sku, asked) = (&wanted.sku, wanted.asked.normalize());
    match lack {
        Lack::Unknown => format!("{sku} is not known"),
        Lack::OnHold => format!("{sku} is on hold"),
        Lack::Short { available } => {
            let (short, available) = ((wanted.asked - *available).normalize(), available.normalize());
            format!("{sku} is short by {short}: {asked} asked, {available} available in {warehouse}")
        }
    }
}

fn shortage(wanted: &Wanted, lack: &Lack, warehouse: &str) -> Shortage {
    let available = match lack {
        Lack::Short { available } => available.normalize(),
        // What cannot be sold is not there.
        Lack::Unknown | Lack::OnHold => Decimal::ZERO,
    };
    Shortage {
        sku: wanted.sku.clone(),
        warehouse: warehouse.to_owned(),
        asked: wanted.asked.normalize().to_string(),
        available: available.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use erp_domain::order::Line;
    use money::Amount;
    use sealed::SealedBox;
    use syspro::StockBalance;

    use super::*;

    fn eur(minor: i64) -> Amount {
        Amount::new(minor, "EUR".parse().unwrap())
    }

    fn order(lines: &[(&str, &str)]) -> Order {
        let line = |(sku, quantity): &(&str, &str)| Line {
            sku: (*sku).to_owned(),
            description: String::new(),
            quantity: (*quantity).to_owned(),
            tax: eur(0),
            total: eur(100),
        };
        Order {
            shop: "lamp-shop".parse().unwrap(),
            order_number: "1".to_owned(),
            customer_po: "L-1".to_owned(),
            customer_code: String::new(),
            prices_include_tax: false,
            lines: lines.iter().map(line).collect(),
            shipping: None,
            fees: Vec::new(),
            tax: eur(0),
            total: eur(100),
            personal: SealedBox { subject: uuid::Uuid::from_u128(7), wrapped_key: Vec::new(), ciphertext: Vec::new() },
            placed_at_ms: 0,
        }
    }

    fn somebody(code: &str, currency: &str, is_on_hold: bool) -> Customer {
        Customer {
            code: code.to_owned(),
            name: String::new(),
            email: String::new(),
            currency: currency.to_owned(),
            is_on_hold,
            credit_limit: Some(Decimal::from(100)),
            outstanding_orders: Decimal::from(60),
            balance: Decimal::from(20),
        }
    }

    fn item(sku: &str, is_on_hold: bool, available: i64) -> StockItem {
        let balance = |warehouse: &str, available: i64| StockBalance {
            warehouse: warehouse.to_owned(),
            on_hand: Decimal::from(available),
            available: Decimal::from(available),
            allocated: Decimal::ZERO,
        };
        StockItem {
            stock_code: sku.to_owned(),
            description: String::new(),
            uom: "EA".to_owned(),
            tax_code: "A".to_owned(),
            is_on_hold,
            balances: vec![balance("EAST", 1000), balance("MAIN", available)],
        }
    }

    #[test]
    fn two_lines_of_one_item_draw_on_one_shelf() {
        let wanted = wanted(&order(&[("RARE-09", "2"), ("A", "1"), (" rare-09", "1.5")]));
        assert_eq!(wanted.len(), 2);
        assert_eq!((wanted[0].sku.as_str(), wanted[0].asked), ("RARE-09", "3.5".parse().unwrap()));
    }

    #[test]
    fn everything_that_lacks_is_named_at_once() {
        let ask = |sku: &str, asked: i64| Wanted { sku: sku.to_owned(), asked: Decimal::from(asked) };
        let short = (ask("RARE-09", 5), Some(item("RARE-09", false, 3)));
        let enough = (ask("GRILL-01", 2), Some(item("GRILL-01", false, 2)));
        let found = [
            short.clone(),
            enough.clone(),
            (ask("STOP-66", 1), Some(item("STOP-66", true, 9))),
            (ask("NOPE", 1), None),
        ];
        let reason = stock(&found, "MAIN", StockShort::Backorder).unwrap_err();
        assert_eq!(reason.code, "sku_unknown");
        assert_eq!(
            reason.text,
            "RARE-09 is short by 2: 5 asked, 3 available in MAIN; STOP-66 is on hold; NOPE is not known"
        );
        assert_eq!(reason.shortages.len(), 3);
        assert_eq!((reason.shortages[0].asked.as_str(), reason.shortages[0].available.as_str()), ("5", "3"));
        let only_short = [short, enough.clone()];
        assert_eq!(stock(&only_short, "MAIN", StockShort::Refuse).unwrap_err().code, "stock_short");
        assert_eq!(stock(&only_short, "MAIN", StockShort::Backorder).unwrap().unwrap().code, "stock_short");
        assert_eq!(stock(&[enough], "main", StockShort::Refuse), Ok(None));
        let elsewhere = [(ask("A", 1), Some(item("A", false, 5)))];
        assert_eq!(stock(&elsewhere, "WEST", StockShort::Refuse).unwrap_err().shortages[0].available, "0");
    }

    #[test]
    fn an_order_has_one_customer_who_may_order() {
        let code = |found: Vec<Customer>| customer(found, &order(&[])).map(|c| c.code).map_err(|r| r.code);
        assert_eq!(code(vec![]), Err("customer_unknown".to_owned()));
        assert_eq!(code(vec![somebody("A", "EUR", false)]), Ok("A".to_owned()));
        assert_eq!(code(vec![somebody("A", "USD", false), somebody("B", "EUR", false)]), Ok("B".to_owned()));
        assert_eq!(code(vec![somebody("A", "USD", false)]), Err("currency_differs".to_owned()));
        assert_eq!(code(vec![somebody("A", "EUR", true)]), Err("customer_on_hold".to_owned()));
        assert_eq!(
            code(vec![somebody("A", "EUR", false), somebody("B", "EUR", false)]),
            Err("customer_ambiguous".to_owned())
        );
    }

    #[test]
    fn credit_warns_or_refuses_by_policy() {
        let one = somebody("A", "EUR", false);
        assert_eq!(credit(&one, Decimal::from(20), Credit::Refuse), Ok(None));
        assert_eq!(credit(&one, Decimal::from(21), Credit::Warn).unwrap().unwrap().code, "credit_limit");
        assert!(credit(&one, Decimal::from(21), Credit::Refuse).is_err());
        let unchecked = Customer { credit_limit: None, ..one };
        assert_eq!(credit(&unchecked, Decimal::from(21), Credit::Refuse), Ok(None));
    }
}
