//! `SalesOrderService/FindSalesOrders`: what became of an order, asked by its natural key.

use serde::Deserialize;

use super::Facade;
use crate::{outcome::ReadError, port::OrderHeader};

pub(super) const OPERATION: &str = "FindSalesOrders";
/// A purchase order number is used once; more than a page of hits is for a person to look at anyway.
const LIMIT: &str = "100";

pub(super) async fn by_po(facade: &Facade, customer: &str, customer_po: &str) -> Result<Vec<OrderHeader>, ReadError> {
    // Every status is asked for: a cancelled order is an answer too, and a missed one would become a double.
    let query = [
        ("CustomerCode", customer),
        ("CustomerPoNumber", customer_po),
        ("IncludeCompleted", "true"),
        ("IncludeCancelled", "true"),
        ("IncludeForward", "true"),
        ("Limit", LIMIT),
    ];
    let found: Option<Rows> = facade.read(OPERATION, "SalesOrderService", &query).await?;
    Ok(found.map(|rows| rows.sales_orders).unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rows {
    sales_orders: Vec<OrderHeader>,
}
