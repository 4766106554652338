//! Items, warehouses and what stands in them.
//!
//! Invariant: what is allocated is the sum of the allocations of all open order lines of that item and warehouse.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::values;

/// A stocked item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// In the form in which keys are compared.
    pub(crate) code: String,
    pub(crate) description: String,
    pub(crate) uom: String,
    pub(crate) tax_code: String,
    pub(crate) list_price: Decimal,
    /// Where it is taken from when nobody says otherwise.
    pub(crate) warehouse: String,
    pub(crate) on_hold: bool,
    /// By warehouse.
    pub(crate) balances: BTreeMap<String, Balance>,
}

/// What one warehouse holds of one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) on_hand: Decimal,
    pub(crate) allocated: Decimal,
    pub(crate) on_order: Decimal,
    pub(crate) back_order: Decimal,
    pub(crate) bin: String,
}

impl Balance {
    /// What can still be promised. May fall below zero when stock disappears under an allocation.
    pub(crate) fn available(&self) -> Decimal {
        self.on_hand - self.allocated
    }
}

/// All items, by code.
#[derive(Default)]
pub(crate) struct Stock {
    items: BTreeMap<String, Item>,
}

impl Stock {
    /// Puts an item, replacing one with the same code.
    pub(crate) fn put(&mut self, item: Item) {
        self.items.insert(item.code.clone(), item);
    }

    /// Finds by code, in either form.
    pub(crate) fn get(&self, code: &str) -> Option<&Item> {
        self.items.get(&values::norm(code))
    }

    /// The same, to change.
    pub(crate) fn get_mut(&mut self, code: &str) -> Option<&mut Item> {
        self.items.get_mut(&values::norm(code))
    }

    /// All of them, by code.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// What one warehouse holds of one item, to change.
    pub(crate) fn balance_mut(&mut self, code: &str, warehouse: &str) -> Option<&mut Balance> {
        self.get_mut(code)?.balances.get_mut(&values::norm(warehouse))
    }
}
