//! Money as whole minor units with a currency. No floats, no rounding behind your back, no sum over two currencies.

mod amount;
mod currency;
mod split;

pub use amount::{Amount, AmountError};
pub use currency::{Currency, CurrencyError};
pub use split::split;
