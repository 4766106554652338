//! `SalesOrderService/UpdateSalesOrder` with `ChangeStatus`: such as out of suspense, once the money is taken.

use serde_json::json;

use super::{Facade, body_of, wire};
use crate::{
    outcome::Outcome,
    port::{StatusChange, StatusChanged},
};

const OPERATION: &str = "UpdateSalesOrder";

pub(super) async fn change(facade: &Facade, change: &StatusChange) -> Outcome<StatusChanged> {
    let body = body_of(change, &[("Action", json!("ChangeStatus"))]);
    facade.write(OPERATION, body).await.and_then(|result| wire::result(OPERATION, result))
}
