//! What this service needs from outside: a shop's ear.

use std::pin::Pin;

use ids::{OrderId, Pair};
use ingest_domain::intake::ShopNews;

use crate::error::CallbackError;

/// A boxed future of a port.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Tells a shop what became of its order.
pub trait ShopEar: Send + Sync {
    /// Tells it once. Safe to repeat: every repetition carries the same event id. Gives the shop's status code.
    fn tell<'a>(
        &'a self,
        pair: &'a Pair,
        order: OrderId,
        news: &'a ShopNews,
    ) -> PortFuture<'a, Result<u16, CallbackError>>;
}
