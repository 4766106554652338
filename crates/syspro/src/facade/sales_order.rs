//! `SalesOrderService/GetSalesOrder`: one order, with its status and lines.

use super::Facade;
use crate::{outcome::ReadError, port::SalesOrder};

pub(super) const OPERATION: &str = "GetSalesOrder";

pub(super) async fn by_number(facade: &Facade, number: &str) -> Result<Option<SalesOrder>, ReadError> {
    facade.read(OPERATION, "SalesOrderService", &[("OrderNumber", number)]).await
}
