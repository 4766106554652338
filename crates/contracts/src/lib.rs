//! The contract between services and with other teams: messages, subjects, envelope.
//!
//! Public events may be read by anybody and never change meaning; commands are internal; what a ledger stores is a third
//! set of messages, private to its service. All three are pinned by golden bytes.

pub mod convert;
pub mod envelope;
pub mod kinds;
pub mod personal;
pub mod subjects;

/// The generated messages, one module per proto package.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated from the protos, which carry the documentation"
)]
pub mod generated {
    include!(concat!(env!("OUT_DIR"), "/otc.rs"));
}

pub use generated::otc::*;

pub use kinds::{Contract, MessageKind, Role};

/// All protos as an encoded `FileDescriptorSet`, for gRPC reflection and for tools.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
