//! What can be asked of SYSPRO, and the values that travel. Decimals are exact; dates are company-local.

use std::{fmt, pin::Pin};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::outcome::{Outcome, ReadError};

/// A boxed future, so that callers hold `Arc<dyn Syspro>` and need not know the transport.
pub type CallFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// SYSPRO, as one operator. Calls through one value are made one at a time, as an operator's session demands.
///
/// Questions may be asked again at will; a session lost meanwhile is renewed and the question repeated once. A write is sent
/// at most once, and says [`Outcome::Unknown`] when nobody can tell what became of it.
pub trait Syspro: Send + Sync {
    /// The operator's code.
    fn operator(&self) -> &str;

    /// Logs on afresh, which ends any session that this operator still has. Whoever takes over an unanswered write does this
    /// first, so that the frozen session cannot finish it behind his back.
    fn log_on(&self) -> CallFuture<'_, Result<(), ReadError>>;

    /// Gives the seat back. Failing to do so is only noted: the seat falls asleep by itself.
    fn log_off(&self) -> CallFuture<'_, ()>;

    /// A customer with its credit, by code. `None`: no such customer.
    fn customer<'a>(&'a self, code: &'a str) -> CallFuture<'a, Result<Option<Customer>, ReadError>>;

    /// Customers with this e-mail address.
    fn customers_by_email<'a>(&'a self, email: &'a str) -> CallFuture<'a, Result<Vec<Customer>, ReadError>>;

    /// An item and what stands in its warehouses, or in the one named. `None`: no such item.
    fn stock<'a>(
        &'a self,
        stock_code: &'a str,
        warehouse: Option<&'a str>,
    ) -> CallFuture<'a, Result<Option<StockItem>, ReadError>>;

    /// Adds a sales order. A purchase order number that the customer already used is refused.
    fn add_sales_order<'a>(&'a self, order: &'a NewSalesOrder) -> CallFuture<'a, Outcome<SalesOrderAdded>>;

    /// All sales orders of a customer under a purchase order number, also complete, cancelled and forward ones: what to ask
    /// before sending an order again.
    fn find_sales_orders<'a>(
        &'a self,
        customer: &'a str,
        customer_po: &'a str,
    ) -> CallFuture<'a, Result<Vec<OrderHeader>, ReadError>>;

    /// One sales order with its lines. `None`: no such order.
    fn sales_order<'a>(&'a self, number: &'a str) -> CallFuture<'a, Result<Option<SalesOrder>, ReadError>>;

    /// Moves a sales order to another status.
    fn change_status<'a>(&'a self, change: &'a StatusChange) -> CallFuture<'a, Outcome<StatusChanged>>;

    /// Cancels a sales order with all its lines.
    fn cancel_order<'a>(&'a self, cancellation: &'a Cancellation) -> CallFuture<'a, Outcome<OrderCancelled>>;
}

/// Whether two texts are the same key: blanks around are nothing, and a number's leading zeros are nothing either.
pub fn same_key(one: &str, other: &str) -> bool {
    fn norm(key: &str) -> &str {
        let key = key.trim();
        let is_number = !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
        if is_number { key.trim_start_matches('0') } else { key }
    }
    norm(one).eq_ignore_ascii_case(norm(other))
}

/// Where a sales order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderStatus {
    /// `0`: open in somebody's editor, locked.
    InProcess,
    /// `1`: open.
    Open,
    /// `2`: open back order.
    OpenBackOrder,
    /// `3`: released back order.
    ReleasedBackOrder,
    /// `4`: in the warehouse.
    InWarehouse,
    /// `8`: ready to invoice.
    ReadyToInvoice,
    /// `9`: complete.
    Complete,
    /// `F`: forward order.
    Forward,
    /// `S`: in suspense; goods do not leave.
    Suspense,
    /// `\`, also `/` and `*`: cancelled.
    Cancelled,
    /// Anything else a site may use, as it came.
    Other(String),
}

impl OrderStatus {
    /// The one-letter code.
    pub fn code(&self) -> &str {
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
            Self::Other(code) => code,
        }
    }

    /// The status with this code.
    pub fn from_code(code: &str) -> Self {
        match code.trim() {
            "0" => Self::InProcess,
            "1" => Self::Open,
            "2" => Self::OpenBackOrder,
            "3" => Self::ReleasedBackOrder,
            "4" => Self::InWarehouse,
            "8" => Self::ReadyToInvoice,
            "9" => Self::Complete,
            "F" => Self::Forward,
            "S" => Self::Suspense,
            "\\" | "/" | "*" => Self::Cancelled,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for OrderStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for OrderStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|code| Self::from_code(&code))
    }
}

/// An address: a name, five free lines, a locality, a postal code. Personal, so `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Address {
    /// Who lives there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// First line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub line1: String,
    /// Second line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub line2: String,
    /// Third line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub line3: String,
    /// Locality of the third line.
    #[serde(rename = "Line3Locality", skip_serializing_if = "String::is_empty")]
    pub locality: String,
    /// Fourth line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub line4: String,
    /// Fifth line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub line5: String,
    /// Postal code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(***)")
    }
}

/// A customer with its credit.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    /// The code, to be sent back as it came.
    pub code: String,
    /// The name; personal.
    pub name: String,
    /// The e-mail address; personal.
    pub email: String,
    /// ISO 4217.
    pub currency: String,
    /// No orders are taken.
    pub is_on_hold: bool,
    /// `None`: this customer's credit is never checked.
    pub credit_limit: Option<Decimal>,
    /// Net value of orders that are neither complete nor cancelled.
    pub outstanding_orders: Decimal,
    /// What is owed.
    pub balance: Decimal,
}

impl Customer {
    /// What may still be ordered; `None` when credit is never checked.
    pub fn credit_left(&self) -> Option<Decimal> {
        self.credit_limit.map(|limit| limit - self.balance - self.outstanding_orders)
    }
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer")
            .field("code", &self.code)
            .field("is_on_hold", &self.is_on_hold)
            .field("credit_limit", &self.credit_limit)
            .field("outstanding_orders", &self.outstanding_orders)
            .field("balance", &self.balance)
            .finish_non_exhaustive()
    }
}

/// An item and what stands where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItem {
    /// The item.
    pub stock_code: String,
    /// What it is.
    pub description: String,
    /// Its unit.
    pub uom: String,
    /// Its tax code.
    pub tax_code: String,
    /// It may not be sold.
    pub is_on_hold: bool,
    /// Per warehouse; a warehouse that never stocked it is absent.
    pub balances: Vec<StockBalance>,
}

/// What stands in one warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StockBalance {
    /// The warehouse.
    pub warehouse: String,
    /// What stands there.
    #[serde(rename = "QtyOnHand")]
    pub on_hand: Decimal,
    /// What can still be promised.
    #[serde(rename = "AvailableQty")]
    pub available: Decimal,
    /// What is held for orders.
    #[serde(rename = "QtyAllocated")]
    pub allocated: Decimal,
}

/// A sales order to be added. Warnings are returned, doubles of the purchase order number are refused: neither is a choice.
/// `Debug` shows nothing of the person it goes to.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewSalesOrder {
    /// The customer's purchase order number: the natural key by which this order is found again.
    #[serde(rename = "CustomerPoNumber")]
    pub customer_po: String,
    /// The customer's code.
    #[serde(rename = "CustomerCode")]
    pub customer: String,
    /// Company-local date.
    pub order_date: NaiveDate,
    /// When it should leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_ship_date: Option<NaiveDate>,
    /// For lines that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse: Option<String>,
    /// ISO 4217; the customer's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Where the goods go; the customer's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_to_address: Option<Address>,
    /// For this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// For the warehouse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_instrs: Option<String>,
    /// For the office, such as why the order stands in suspense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special_instrs: Option<String>,
    /// [`OrderStatus::Suspense`] or [`OrderStatus::Open`]; SYSPRO's own choice when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_status: Option<OrderStatus>,
    /// A control: the facade refuses the order when its lines make another net sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_total: Option<Decimal>,
    /// What is sold.
    pub line_items: Vec<StockLine>,
    /// Charges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misc_charges: Vec<MiscCharge>,
    /// Freight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freight: Vec<FreightLine>,
    /// Comments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<CommentLine>,
}

impl fmt::Debug for NewSalesOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSalesOrder")
            .field("customer_po", &self.customer_po)
            .field("customer", &self.customer)
            .field("order_status", &self.order_status)
            .field("order_total", &self.order_total)
            .field("line_items", &self.line_items)
            .finish_non_exhaustive()
    }
}

/// A line that sells an item. Numbers run through all kinds of lines of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StockLine {
    /// 1 to 9999.
    pub line_number: u32,
    /// The item.
    pub stock_code: String,
    /// How many.
    pub quantity: Decimal,
    /// The unit; the item's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uom: Option<String>,
    /// Net of tax; the list price when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Decimal>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Decimal>,
    /// Off the line's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_value: Option<Decimal>,
    /// The warehouse; the order's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse: Option<String>,
    /// The tax code; the item's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<String>,
}

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MiscCharge {
    /// 1 to 9999.
    pub line_number: u32,
    /// Net of tax.
    pub value: Decimal,
    /// For what.
    pub description: String,
}

/// Freight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FreightLine {
    /// 1 to 9999.
    pub line_number: u32,
    /// Net of tax.
    pub value: Decimal,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommentLine {
    /// 1 to 9999.
    pub line_number: u32,
    /// The text.
    pub text: String,
}

/// What SYSPRO gave a new order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesOrderAdded {
    /// Its number, as a screen shows it.
    pub order_number: String,
    /// What was put on back order, in words.
    pub back_order_comment: Option<String>,
}

/// The head of a sales order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderHeader {
    /// Its number, as a screen shows it.
    pub order_number: String,
    /// Where it stands.
    pub order_status: OrderStatus,
    /// The customer.
    #[serde(rename = "CustomerCode")]
    pub customer: String,
    /// The customer's purchase order number.
    #[serde(rename = "CustomerPoNumber")]
    pub customer_po: String,
    /// Its date.
    #[serde(default)]
    pub order_date: Option<NaiveDate>,
    /// ISO 4217.
    #[serde(default)]
    pub currency: String,
}

/// A sales order with its lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SalesOrder {
    /// The head.
    #[serde(flatten)]
    pub header: OrderHeader,
    /// Net of tax.
    #[serde(rename = "OrderTotal")]
    pub net_total: Decimal,
    /// The lines, of every kind.
    #[serde(rename = "LineItems")]
    pub lines: Vec<OrderLine>,
}

/// A line of a sales order. What a kind of line does not have is absent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderLine {
    /// SYSPRO's line number.
    pub line_number: u32,
    /// `Stock`, `Freight`, `Misc` or `Comment`.
    pub line_type: String,
    /// The item.
    #[serde(default)]
    pub stock_code: Option<String>,
    /// The warehouse.
    #[serde(default)]
    pub warehouse: Option<String>,
    /// How many were ordered.
    #[serde(default)]
    pub quantity: Option<Decimal>,
    /// How many wait for stock.
    #[serde(rename = "QuantityBackOrder", default)]
    pub back_order: Option<Decimal>,
    /// Net of tax.
    #[serde(default)]
    pub unit_price: Option<Decimal>,
    /// Net of tax.
    #[serde(default)]
    pub value: Option<Decimal>,
}

/// A wish to move a sales order to another status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StatusChange {
    /// The order.
    pub order_number: String,
    /// Only from this status; another one is [`crate::Code::StatusConflict`].
    pub expected_status: OrderStatus,
    /// To this status.
    pub new_status: OrderStatus,
    /// Who answers for the credit; needed to leave suspense.
    pub credit_authority: String,
}

/// The status after the change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StatusChanged {
    /// Where the order stands now.
    pub order_status: OrderStatus,
}

/// A wish to cancel a sales order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cancellation {
    /// The order.
    pub order_number: String,
    /// Why, for sites that keep account of it.
    #[serde(rename = "CancelReasonCode", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderCancelled {
    /// The lines cancelled.
    #[serde(rename = "Cancelled", default)]
    pub lines: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_in_both_forms() {
        assert!(same_key("016201", "000000000016201"));
        assert!(same_key(" CASH01 ", "cash01"));
        assert!(!same_key("016201", "016202"));
        assert!(!same_key("0A1", "A1"));
    }

    #[test]
    fn every_status_code_is_read_back() {
        for code in ["0", "1", "2", "3", "4", "8", "9", "F", "S", "\\", "6"] {
            assert_eq!(OrderStatus::from_code(code).code(), code);
        }
        assert_eq!(OrderStatus::from_code("/"), OrderStatus::Cancelled);
    }

    #[test]
    fn debug_shows_no_person() {
        let address = Address { name: "Ada Example".to_owned(), ..Address::default() };
        assert_eq!(format!("{address:?}"), "Address(***)");
    }
}
