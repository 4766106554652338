//! Items and what stands in the warehouses.

use rust_decimal::Decimal;
use serde::Deserialize;

/// An item and what stands where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItem {
    /// The item.
    pub stock_code: String,
    /// What it is.
    pub description: String,
    /// Its unit.
    pub uom: String,
    /// Its tax code.
    pub tax_code: String,
    /// It may not be sold.
    pub is_on_hold: bool,
    /// Per warehouse; a warehouse that never stocked it is absent.
    pub balances: Vec<StockBalance>,
}

/// What stands in one warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StockBalance {
    /// The warehouse.
    pub warehouse: String,
    /// What stands there.
    #[serde(rename = "QtyOnHand")]
    pub on_hand: Decimal,
    /// What can still be promised.
    #[serde(rename = "AvailableQty")]
    pub available: Decimal,
    /// What is held for orders.
    #[serde(rename = "QtyAllocated")]
    pub allocated: Decimal,
}
