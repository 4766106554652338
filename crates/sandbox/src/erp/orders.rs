//! Sales orders: what one is, and all of them with the index that finds doubles.

mod add;
mod price;
mod status;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

pub(crate) use self::{
    add::add,
    price::net_total,
    status::{CancelRequest, StatusRequest, cancel, change_status},
};
use super::{customers::Address, problem::WarningMode, values};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    InProcess,
    Open,
    OpenBackOrder,
    ReleasedBackOrder,
    InWarehouse,
    ReadyToInvoice,
    Complete,
    Forward,
    Suspense,
    Cancelled,
}

impl Status {
    /// All of them.
    pub(crate) const ALL: [Self; 10] = [
        Self::InProcess,
        Self::Open,
        Self::OpenBackOrder,
        Self::ReleasedBackOrder,
        Self::InWarehouse,
        Self::ReadyToInvoice,
        Self::Complete,
        Self::Forward,
        Self::Suspense,
        Self::Cancelled,
    ];

    /// The ERP's one-letter code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::InProcess => "0",
            Self::Open => "1",
            Self::OpenBackOrder => "2",
            Self::ReleasedBackOrder => "3",
            Self::InWarehouse => "4",
            Self::ReadyToInvoice => "8",
            Self::Complete => "9",
            Self::Forward => "F",
            Self::Suspense => "S",
            Self::Cancelled => "\\",
        }
    }

    /// The ERP's words for it.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::InProcess => "In process",
            Self::Open => "Open order",
            Self::OpenBackOrder => "Open back order",
            Self::ReleasedBackOrder => "Released back order",
            Self::InWarehouse => "In warehouse",
            Self::ReadyToInvoice => "Ready to invoice",
            Self::Complete => "Complete",
            Self::Forward => "Forward order",
            Self::Suspense => "In suspense",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Reads a code.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// What to do with a line that stock does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Allocation {
    /// F: all of it from stock, else all of it to back order.
    #[default]
    FullOrBackOrder,
    /// A: what there is, the rest to back order.
    WhatThereIs,
    /// B: all of it to back order.
    BackOrder,
}

/// An order to be added. Texts are trimmed and within their widths; numbers within their formats.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewOrder {
    pub(crate) customer_po: String,
    pub(crate) manual_number: Option<String>,
    pub(crate) customer: String,
    pub(crate) order_date: Option<NaiveDate>,
    pub(crate) requested_ship_date: Option<NaiveDate>,
    pub(crate) warehouse: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) ship_to: Address,
    pub(crate) email: String,
    pub(crate) shipping_instrs: String,
    pub(crate) special_instrs: String,
    pub(crate) discounts: Vec<Decimal>,
    /// The wished status as a code; blank is open.
    pub(crate) status: String,
    pub(crate) allocation: Allocation,
    pub(crate) allows_duplicate_po: bool,
    pub(crate) lines: Vec<NewLine>,
    pub(crate) warnings: WarningMode,
    pub(crate) validate_only: bool,
}

/// A line to be added.
#[derive(Debug, Clone)]
pub(crate) struct NewLine {
    /// The caller's own line number, 1 to 9999.
    pub(crate) number: u32,
    pub(crate) kind: NewLineKind,
}

/// What kind of line, and what it says.
#[derive(Debug, Clone)]
pub(crate) enum NewLineKind {
    Stock(NewStockLine),
    Charge { is_freight: bool, value: Decimal, description: String },
    Comment(String),
}

/// A line that sells an item.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewStockLine {
    pub(crate) stock_code: String,
    pub(crate) quantity: Decimal,
    pub(crate) uom: Option<String>,
    /// Net of tax; the item's list price when absent.
    pub(crate) price: Option<Decimal>,
    pub(crate) discount: Discount,
    pub(crate) warehouse: Option<String>,
    pub(crate) tax_code: Option<String>,
    pub(crate) ship_date: Option<NaiveDate>,
}

/// What is taken off a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Discount {
    pub(crate) percent: Decimal,
    pub(crate) value: Decimal,
    /// The value is per unit, not for the whole line.
    pub(crate) is_per_unit: bool,
}

/// An order.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) number: u64,
    pub(crate) customer: String,
    pub(crate) customer_name: String,
    pub(crate) customer_po: String,
    pub(crate) order_date: NaiveDate,
    pub(crate) ship_date: NaiveDate,
    pub(crate) currency: String,
    pub(crate) status: Status,
    pub(crate) ship_to: Address,
    pub(crate) email: String,
    pub(crate) shipping_instrs: String,
    pub(crate) special_instrs: String,
    pub(crate) lines: Vec<Line>,
    /// Net of tax, with charges and freight.
    pub(crate) net_total: Decimal,
    pub(crate) history: Vec<Change>,
}

/// One change of an order's status.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) at: DateTime<Utc>,
    pub(crate) operator: String,
    pub(crate) to: Status,
}

/// A line of an order.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The ERP's own line number.
    pub(crate) number: u32,
    /// The caller's line number.
    pub(crate) po_line: u32,
    pub(crate) kind: LineKind,
}

/// What kind of line, and what became of it.
#[derive(Debug, Clone)]
pub(crate) enum LineKind {
    Stock(StockLine),
    Charge { is_freight: bool, value: Decimal, description: String },
    Comment(String),
}

/// A line that sells an item. Invariant: `allocated + back_order` is the quantity while open, zero once cancelled.
#[derive(Debug, Clone)]
pub(crate) struct StockLine {
    pub(crate) stock_code: String,
    pub(crate) description: String,
    pub(crate) warehouse: String,
    pub(crate) quantity: Decimal,
    pub(crate) uom: String,
    pub(crate) price: Decimal,
    pub(crate) discount: Discount,
    pub(crate) tax_code: String,
    pub(crate) ship_date: Option<NaiveDate>,
    pub(crate) value: Decimal,
    pub(crate) allocated: Decimal,
    pub(crate) back_order: Decimal,
}

/// All orders, by number, and by customer with purchase order number.
pub(crate) struct Orders {
    by_number: BTreeMap<u64, Order>,
    by_po: BTreeMap<(String, String), Vec<u64>>,
    last_number: u64,
    /// An order whose customer already has its purchase order number is refused.
    pub(crate) looks_for_doubles: bool,
}

impl Orders {
    /// No orders; numbering goes on after this one.
    pub(crate) fn after(last_number: u64) -> Self {
        Self { by_number: BTreeMap::new(), by_po: BTreeMap::new(), last_number, looks_for_doubles: true }
    }

    /// Finds by number.
    pub(crate) fn get(&self, number: u64) -> Option<&Order> {
        self.by_number.get(&number)
    }

    /// The same, to change. Never change the number, the customer or the purchase order through it.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Order> {
        self.by_number.get_mut(&number)
    }

    /// All of them from this number upwards.
    pub(crate) fn from(&self, number: u64) -> impl Iterator<Item = &Order> {
        self.by_number.range(number..).map(|(_, order)| order)
    }

    /// The orders of a customer with this purchase order number, oldest first.
    pub(crate) fn of_po<'a>(&'a self, customer: &str, po: &str) -> impl Iterator<Item = &'a Order> {
        let numbers = self.by_po.get(&(values::norm(customer), po_key(po))).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| self.by_number.get(number))
    }

    /// The next number, used up by this call: numbers grow and are never given twice.
    fn take_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn insert(&mut self, order: Order) {
        self.by_po.entry((order.customer.clone(), po_key(&order.customer_po))).or_default().push(order.number);
        self.by_number.insert(order.number, order);
    }
}

fn po_key(po: &str) -> String {
    po.trim().to_uppercase()
}
