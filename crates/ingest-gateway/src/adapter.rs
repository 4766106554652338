//! Shops that send their own format: per format one file that maps it to the canonical order, and one signature scheme.

pub mod woocommerce;

use crate::canonical::{CanonicalOrder, Errors};

/// What a shop's own message means.
#[derive(Debug)]
pub enum Adapted {
    /// An order to take.
    Order {
        /// As canonical text.
        order: Box<CanonicalOrder>,
        /// The shop's immutable id.
        shop_order_id: String,
        /// What reading it found.
        errors: Errors,
    },
    /// Nothing to do: answered with success, or the shop would switch its webhook off.
    Nothing {
        /// Why, for whoever reads the shop's delivery log.
        note: String,
    },
    /// Something that we will not take, in words.
    Refused {
        /// The field that tells.
        field: String,
        /// Why not.
        why: String,
    },
}
