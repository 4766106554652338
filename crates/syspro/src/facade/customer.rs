//! `CustomerService/GetCustomer` and `CustomerService/FindCustomers`: who orders, on what credit.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::Facade;
use crate::{outcome::ReadError, port::Customer};

pub(super) const GET: &str = "GetCustomer";
pub(super) const FIND: &str = "FindCustomers";

pub(super) async fn by_code(facade: &Facade, code: &str) -> Result<Option<Customer>, ReadError> {
    let found: Option<Row> = facade.read(GET, "CustomerService", &[("CustomerCode", code)]).await?;
    Ok(found.map(Customer::from))
}

pub(super) async fn by_email(facade: &Facade, email: &str) -> Result<Vec<Customer>, ReadError> {
    let found: Option<Rows> = facade.read(FIND, "CustomerService", &[("Email", email)]).await?;
    Ok(found.map(|rows| rows.customers.into_iter().map(Customer::from).collect()).unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rows {
    customers: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    customer_code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    currency: String,
    on_hold: bool,
    /// `N`: never checked. Absent counts as checked, the careful reading.
    #[serde(default)]
    credit_check_flag: String,
    credit_limit: Decimal,
    outstanding_order_value: Decimal,
    current_balance: Decimal,
}

impl From<Row> for Customer {
    fn from(row: Row) -> Self {
        Self {
            code: row.customer_code,
            name: row.name,
            email: row.email,
            currency: row.currency,
            is_on_hold: row.on_hold,
            credit_limit: (row.credit_check_flag != "N").then_some(row.credit_limit),
            outstanding_orders: row.outstanding_order_value,
            balance: row.current_balance,
        }
    }
}
