//! The SYSPRO client: one port, and the JSON facade behind it. Speaks the vendor's language and no business word of ours.
//!
//! | file | holds |
//! |---|---|
//! | [`port`] | [`Syspro`]: what can be asked, and the values that travel |
//! | [`outcome`] | what became of a call: applied, not applied, unknown; the one table of codes |
//! | [`facade`] | the port over `/APIServices/…`, one file per operation |
//! | [`widths`] | how much each field holds |
//!
//! SYSPRO has no request id and drops no doubles. A write whose outcome is unknown is therefore never repeated here: the
//! caller asks by customer and purchase order number first.

pub mod facade;
pub mod outcome;
pub mod port;
pub mod widths;

pub use facade::{AuthMode, Facade, FacadeConfig, Operator};
pub use outcome::{Applied, Code, Doubt, LineRefusal, Outcome, ReadError, Refusal, Warning};
pub use port::{
    Address, CallFuture, Cancellation, CommentLine, Customer, FreightLine, MiscCharge, NewSalesOrder, OrderCancelled,
    OrderHeader, OrderLine, OrderStatus, SalesOrder, SalesOrderAdded, StatusChange, StatusChanged, StockBalance,
    StockItem, StockLine, Syspro, same_key,
};
