//! wip
pub mod canonical;
pub mod check;
pub mod token;
