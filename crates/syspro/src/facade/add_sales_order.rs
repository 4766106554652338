//! `SalesOrderService/AddSalesOrder`: the write that must never be made twice.

use serde::Deserialize;
use serde_json::json;

use super::{Facade, body_of, wire};
use crate::{
    outcome::{Doubt, Outcome},
    port::{NewSalesOrder, SalesOrderAdded},
};

pub(super) const OPERATION: &str = "AddSalesOrder";

pub(super) async fn add(facade: &Facade, order: &NewSalesOrder) -> Outcome<SalesOrderAdded> {
    // SYSPRO's own refusal of a known purchase order number is the last guard against a double, so it is always on.
    let fixed = [("AllowDuplicatePo", json!(false)), ("Options", json!({"WarningMode": "Return"}))];
    facade.write(OPERATION, body_of(order, &fixed)).await.and_then(|result| {
        let added: Added = wire::result(OPERATION, result)?;
        // Both members hold the number; a facade that gives neither leaves us to find the order by its purchase order number.
        let number = added.order_number.or(added.sales_order).filter(|number| !number.trim().is_empty());
        let Some(order_number) = number else {
            return Err(Doubt { operation: OPERATION, detail: "applied, but without an order number".to_owned() });
        };
        let back_order_comment = added.back_order_comment.filter(|comment| !comment.is_empty());
        Ok(SalesOrderAdded { order_number, back_order_comment })
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Added {
    order_number: Option<String>,
    sales_order: Option<String>,
    back_order_comment: Option<String>,
}
