//! The engine over the twins, with a service that knows no business: what it promises whatever dies, hangs or is late.

mod broker;
mod errands;
mod inquiries;
mod leases;
mod messages;
mod world;
