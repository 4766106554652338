//! `SalesOrderService/UpdateSalesOrder` with `CancelOrder`: the whole order, never single lines.

use serde_json::json;

use super::{Facade, body_of, wire};
use crate::{
    outcome::Outcome,
    port::{Cancellation, OrderCancelled},
};

const OPERATION: &str = "UpdateSalesOrder";

pub(super) async fn cancel(facade: &Facade, cancellation: &Cancellation) -> Outcome<OrderCancelled> {
    let body = body_of(cancellation, &[("Action", json!("CancelOrder"))]);
    facade.write(OPERATION, body).await.and_then(|result| wire::result(OPERATION, result))
}
