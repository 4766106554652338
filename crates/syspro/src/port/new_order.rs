//! A sales order on its way in, with its lines of every kind.

use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{Address, OrderStatus};

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
