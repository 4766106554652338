//! A sales order as it stands, and the wishes to move or cancel it.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::OrderStatus;

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
