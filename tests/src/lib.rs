//! The whole cluster in one process: three services, their ledgers, the broker and the outside worlds, over the twins
//! with paused time or over real servers. Tests kill and restart its parts and read the books afterwards.

pub mod check;
pub mod cluster;
pub mod database;
pub mod orders;
pub mod tap;

pub use cluster::{Cluster, Name};
