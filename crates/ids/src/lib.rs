//! A newtype per thing that has a name, so that an order number can never be handed over where a SKU is asked for.

mod pair;
mod reference;
mod stream;

pub use pair::{Pair, PairError, ShopId, ShopIdError};
pub use reference::{MerchantReference, ReferenceError, merchant_reference, order_of};
pub use stream::{OrderId, StreamId, derived};
