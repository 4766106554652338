//! What the ERP really did: the judge of every test.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use money::Amount;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use super::sessions::SessionCounts;
use super::{
    orders::{LineKind, Order},
    store::Store,
    values::{PRICE, QUANTITY, VALUE, order_presented},
};

/// Everything that stands in the ERP at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErpBooks {
    /// All sales orders by number, cancelled ones too.
    pub orders: Vec<OrderRecord>,
    /// All customers by code.
    pub customers: Vec<CustomerRecord>,
    /// All items in all warehouses.
    pub stock: Vec<StockRecord>,
    /// Logons and how sessions ended.
    pub sessions: SessionCounts,
    /// Calls received, by operation.
    pub calls: BTreeMap<String, u64>,
    /// Answers given, by operation and code: `AddSalesOrder DUPLICATE_PO`, `AddSalesOrder OK`.
    pub answers: BTreeMap<String, u64>,
    /// Accidents that have struck, in order.
    pub mischief: Vec<String>,
}

/// A sales order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Its number as a screen shows it.
    pub number: String,
    /// The customer's code.
    pub customer: String,
    /// The customer's purchase order number.
    pub customer_po: String,
    /// Its status, one letter: `S` in suspense, `1` open, `\` cancelled.
    pub status: String,
    /// Its date.
    pub order_date: NaiveDate,
    /// ISO 4217.
    pub currency: String,
    /// Net of tax, two decimals.
    pub net_total: String,
    /// Its lines.
    pub lines: Vec<LineRecord>,
    /// When it got which status, by whom.
    pub history: Vec<ChangeRecord>,
}

impl OrderRecord {
    /// The net total as money, when the currency is one.
    pub fn net_amount(&self) -> Option<Amount> {
        // Two decimals is the ERP's own format; a currency without decimals still prints them.
        Amount::from_decimal(self.net_total.parse().ok()?, self.currency.parse().ok()?).ok()
    }
}

/// A line of a sales order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineRecord {
    /// The ERP's line number.
    pub number: u32,
    /// `Stock`, `Freight`, `Misc` or `Comment`.
    pub kind: String,
    /// The item, or the text of the line.
    pub text: String,
    /// The warehouse; empty for a line without an item.
    pub warehouse: String,
    /// Quantity ordered.
    pub quantity: String,
    /// Unit price, net of tax.
    pub unit_price: String,
    /// Value of the line, net of tax.
    pub value: String,
    /// Quantity held for it in the warehouse.
    pub allocated: String,
    /// Quantity on back order.
    pub back_order: String,
}

/// A change of status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// By which operator.
    pub operator: String,
    /// To which status.
    pub to: String,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRecord {
    /// The code.
    pub code: String,
    /// The e-mail address.
    pub email: String,
    /// No orders are taken.
    pub is_on_hold: bool,
    /// Net value of open orders.
    pub outstanding_orders: String,
}

/// An item in a warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRecord {
    /// The item.
    pub stock_code: String,
    /// The warehouse.
    pub warehouse: String,
    /// What stands there.
    pub on_hand: String,
    /// What is held for orders.
    pub allocated: String,
    /// What can still be promised.
    pub available: String,
}

pub(crate) fn of(store: &Store) -> ErpBooks {
    ErpBooks {
        orders: store.orders.from(0).map(order).collect(),
        customers: store
            .customers
            .iter()
            .map(|customer| CustomerRecord {
                code: customer.code.clone(),
                email: customer.email.clone(),
                is_on_hold: customer.on_hold,
                outstanding_orders: VALUE.print(customer.outstanding_orders),
            })
            .collect(),
        stock: store.stock.iter().flat_map(stock).collect(),
        sessions: store.sessions.counts(),
        ..ErpBooks::default()
    }
}

fn stock(item: &super::stock::Item) -> impl Iterator<Item = StockRecord> {
    item.balances.iter().map(|(warehouse, balance)| StockRecord {
        stock_code: item.code.clone(),
        warehouse: warehouse.clone(),
        on_hand: QUANTITY.print(balance.on_hand),
        allocated: QUANTITY.print(balance.allocated),
        available: QUANTITY.print(balance.available()),
    })
}

fn order(order: &Order) -> OrderRecord {
    OrderRecord {
        number: order_presented(order.number),
        customer: order.customer.clone(),
        customer_po: order.customer_po.clone(),
        status: order.status.code().to_owned(),
        order_date: order.order_date,
        currency: order.currency.clone(),
        net_total: VALUE.print(order.net_total),
        lines: order.lines.iter().map(|line| line_record(line.number, &line.kind)).collect(),
        history: order
            .history
            .iter()
            .map(|change| ChangeRecord {
                at: change.at,
                operator: change.operator.clone(),
                to: change.to.code().to_owned(),
            })
            .collect(),
    }
}

fn line_record(number: u32, kind: &LineKind) -> LineRecord {
    let plain = |kind: &str, text: &str, value: Decimal| LineRecord {
        number,
        kind: kind.to_owned(),
        text: text.to_owned(),
        warehouse: String::new(),
        quantity: QUANTITY.print(Decimal::ZERO),
        unit_price: PRICE.print(Decimal::ZERO),
        value: VALUE.print(value),
        allocated: QUANTITY.print(Decimal::ZERO),
        back_order: QUANTITY.print(Decimal::ZERO),
    };
    match kind {
        LineKind::Comment(text) => plain("Comment", text, Decimal::ZERO),
        LineKind::Charge { is_freight, value, description } => {
            plain(if *is_freight { "Freight" } else { "Misc" }, description, *value)
        }
        LineKind::Stock(stock) => LineRecord {
            warehouse: stock.warehouse.clone(),
            quantity: QUANTITY.print(stock.quantity),
            unit_price: PRICE.print(stock.price),
            allocated: QUANTITY.print(stock.allocated),
            back_order: QUANTITY.print(stock.back_order),
            ..plain("Stock", &stock.stock_code, stock.value)
        },
    }
}
