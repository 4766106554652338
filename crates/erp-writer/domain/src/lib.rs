//! What `erp-writer` decides. Pure: no clock, no network, no database.
//!
//! | room | holds |
//! |---|---|
//! | [`sales_order`] | the aggregate: one per order, named by the order's id; screened, placed, released, cancelled |
//! | [`order`] | what a shop sold, as far as SYSPRO is concerned |
//!
//! `payment-svc` asks (screen, place, book, cancel) and is answered by the aggregate's public events. SYSPRO is asked by
//! the aggregate's effects, and what it answers comes back as a command like any other.

pub mod order;
pub mod sales_order;
