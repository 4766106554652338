//! What intake decides: whether an order is new, what is known of it, and when the shop must be told.
//!
//! One aggregate, [`intake`], per shop order; its stream has the order's id. It is fed by the shop (an order as a value,
//! already checked) and by the saga's public events, and it asks for two things: that the saga starts, and that the shop
//! is told how it ended. [`order`] says what an order is and in which fields two orders differ.

pub mod intake;
pub mod order;
