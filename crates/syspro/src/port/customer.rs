//! Customers and addresses. Personal, so `Debug` shows little of them.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

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
