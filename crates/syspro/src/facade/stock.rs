//! `InventoryService/GetStockBalance`: what stands where.

use serde::Deserialize;

use super::Facade;
use crate::{
    outcome::ReadError,
    port::{StockBalance, StockItem},
};

pub(super) const OPERATION: &str = "GetStockBalance";

pub(super) async fn balance(
    facade: &Facade,
    stock_code: &str,
    warehouse: Option<&str>,
) -> Result<Option<StockItem>, ReadError> {
    let mut query = vec![("StockCode", stock_code)];
    query.extend(warehouse.map(|warehouse| ("Warehouse", warehouse)));
    let found: Option<Row> = facade.read(OPERATION, "InventoryService", &query).await?;
    Ok(found.map(|row| StockItem {
        stock_code: row.stock_code,
        description: row.description,
        uom: row.stock_uom,
        tax_code: row.tax_code,
        is_on_hold: row.stock_on_hold == "Y",
        balances: row.balances,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    stock_code: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    stock_uom: String,
    #[serde(default)]
    tax_code: String,
    #[serde(default)]
    stock_on_hold: String,
    balances: Vec<StockBalance>,
}
