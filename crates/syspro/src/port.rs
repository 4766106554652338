//! What can be asked of SYSPRO, and the values that travel. Decimals are exact; dates are company-local.

mod customer;
mod new_order;
mod order;
mod status;
mod stock;

use std::pin::Pin;

pub use customer::{Address, Customer};
pub use new_order::{CommentLine, FreightLine, MiscCharge, NewSalesOrder, StockLine};
pub use order::{
    Cancellation, OrderCancelled, OrderHeader, OrderLine, SalesOrder, SalesOrderAdded, StatusChange, StatusChanged,
};
pub use status::OrderStatus;
pub use stock::{StockBalance, StockItem};

use crate::outcome::{Outcome, ReadError};

/// A boxed future, so that callers hold `Arc<dyn Syspro>` and need not know the transport.
pub type CallFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// SYSPRO, as one operator. Calls through one value are made one at a time, as an operator's session demands.
///
/// Questions may be asked again at will; a session lost meanwhile is renewed and the question repeated once. A write is sent
/// at most once, and says [`Outcome::Unknown`] when nobody can tell what became of it.
pub trait Syspro: Send + Sync {
    /// The operator's code.
    fn operator(&self) -> &str;

    /// Logs on afresh, which ends any session that this operator still has. Whoever takes over an unanswered write does this
    /// first, so that the frozen session cannot finish it behind his back.
    fn log_on(&self) -> CallFuture<'_, Result<(), ReadError>>;

    /// Gives the seat back. Failing to do so is only noted: the seat falls asleep by itself.
    fn log_off(&self) -> CallFuture<'_, ()>;

    /// A customer with its credit, by code. `None`: no such customer.
    fn customer<'a>(&'a self, code: &'a str) -> CallFuture<'a, Result<Option<Customer>, ReadError>>;

    /// Customers with this e-mail address.
    fn customers_by_email<'a>(&'a self, email: &'a str) -> CallFuture<'a, Result<Vec<Customer>, ReadError>>;

    /// An item and what stands in its warehouses, or in the one named. `None`: no such item.
    fn stock<'a>(
        &'a self,
        stock_code: &'a str,
        warehouse: Option<&'a str>,
    ) -> CallFuture<'a, Result<Option<StockItem>, ReadError>>;

    /// Adds a sales order. A purchase order number that the customer already used is refused.
    fn add_sales_order<'a>(&'a self, order: &'a NewSalesOrder) -> CallFuture<'a, Outcome<SalesOrderAdded>>;

    /// All sales orders of a customer under a purchase order number, also complete, cancelled and forward ones: what to ask
    /// before sending an order again.
    fn find_sales_orders<'a>(
        &'a self,
        customer: &'a str,
        customer_po: &'a str,
    ) -> CallFuture<'a, Result<Vec<OrderHeader>, ReadError>>;

    /// One sales order with its lines. `None`: no such order.
    fn sales_order<'a>(&'a self, number: &'a str) -> CallFuture<'a, Result<Option<SalesOrder>, ReadError>>;

    /// Moves a sales order to another status.
    fn change_status<'a>(&'a self, change: &'a StatusChange) -> CallFuture<'a, Outcome<StatusChanged>>;

    /// Cancels a sales order with all its lines.
    fn cancel_order<'a>(&'a self, cancellation: &'a Cancellation) -> CallFuture<'a, Outcome<OrderCancelled>>;
}

/// Whether two texts are the same key: blanks around are nothing, and a number's leading zeros are nothing either.
pub fn same_key(one: &str, other: &str) -> bool {
    fn norm(key: &str) -> &str {
        let key = key.trim();
        let is_number = !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
        if is_number { key.trim_start_matches('0') } else { key }
    }
    norm(one).eq_ignore_ascii_case(norm(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_in_both_forms() {
        assert!(same_key("016201", "000000000016201"));
        assert!(same_key(" CASH01 ", "cash01"));
        assert!(!same_key("016201", "016202"));
        assert!(!same_key("0A1", "A1"));
    }

    #[test]
    fn every_status_code_is_read_back() {
        for code in ["0", "1", "2", "3", "4", "8", "9", "F", "S", "\\", "6"] {
            assert_eq!(OrderStatus::from_code(code).code(), code);
        }
        assert_eq!(OrderStatus::from_code("/"), OrderStatus::Cancelled);
    }

    #[test]
    fn debug_shows_no_person() {
        let address = Address { name: "Ada Example".to_owned(), ..Address::default() };
        assert_eq!(format!("{address:?}"), "Address(***)");
    }
}
