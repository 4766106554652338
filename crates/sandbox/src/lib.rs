//! The outside worlds, simulated: Cybersource, SYSPRO and a shop. A product feature and the fake of every test.
//!
//! Each world is a pure state machine ([`World::handle`]): a request and the time go in, an answer and how it is to be
//! delivered come out. A thin HTTP shell or the simulated network of [`node`] carries them; both drive the same worlds.

pub mod clock;
pub mod control;
pub mod erp;
pub mod faults;
pub mod gateway;
pub mod shell;
pub mod shop;
pub mod world;

pub use world::{Delivery, Reply, World};
