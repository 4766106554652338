//! Personal data at rest: sealed under one key per (pair, person), the key wrapped by one that no database holds.
//!
//! Erasing a person is forgetting the wrapped key: events keep their hashes, which cover the ciphertext.
//! Nothing here prints what it holds.

mod keys;
mod sealed_box;

pub use keys::{DataKey, MasterKey, PairKey, SealedError};
pub use sealed_box::SealedBox;
