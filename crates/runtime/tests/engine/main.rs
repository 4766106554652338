//! The engine over the twins, with a service that knows no business: what it promises whatever dies, hangs or is late.

mod errands;
mod inquiries;
mod world;
