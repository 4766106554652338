//! `payment-svc`: owns the saga of every order and its card money.
//!
//! ```text
//! StartOrder, erp-writer's events ─▶ inbound ─▶ order_to_cash ⇄ payment (domain) ─▶ codec ─▶ ledger
//!                                                     │             │
//!        ScreenOrder, PlaceOrder, BookPayment …  ◀─ outbound        └▶ call ─▶ ports ─▶ adapters ─▶ card gateway
//! ```
//!
//! Where a step of the saga lives: the decision in `domain/src/order_to_cash/decide.rs`, the request it causes in
//! `react.rs` beside it, the call in `adapters.rs`.

pub mod adapters;
pub mod codec;
pub mod config;
pub mod error;
mod hosted;
mod inbound;
mod outbound;
mod person;
pub mod ports;
mod service;
mod sweeping;
mod view;

#[cfg(test)]
mod samples;

use std::sync::Arc;

use ids::{OrderId, Pair};
use node::Node;
use runtime::{Aggregate as _, Place};

pub use crate::{config::Config, inbound::LISTENS, service::PaymentService, sweeping::begin_sweeps};

/// The service's name: on consumers, logs and the command line, and its section in the configuration.
pub const NAME: &str = "payment-svc";

/// What this service's aggregates may be told.
#[derive(Debug, Clone)]
pub enum Command {
    /// To the saga.
    Saga(payment_domain::order_to_cash::Command),
    /// To the payment.
    Payment(payment_domain::payment::Command),
    /// To a ladder.
    Ladder(payment_domain::ladder::Command),
    /// To a pair's sweep.
    Sweep(payment_domain::sweep::Command),
}

/// Makes the service.
///
/// # Errors
/// Every mistake in the configuration, in words.
pub fn service(config: &Config, node: &Node) -> Result<Arc<PaymentService>, Vec<String>> {
    let settings = config::Settings::new(config)?;
    let gateway = adapters::CybersourceGateway::new(&settings, node)?;
    Ok(Arc::new(PaymentService::new(settings, node.clone(), Arc::new(gateway))))
}

/// Where an order's saga lives: the stream has the order's id.
fn saga_place(pair: &Pair, order: OrderId) -> Place {
    Place { stream: order.stream(), pair: pair.clone(), order, kind: codec::SagaStream::KIND }
}

/// Where an order's payment lives.
fn payment_place(pair: &Pair, order: OrderId) -> Place {
    Place { stream: order.stream_of("payment"), pair: pair.clone(), order, kind: codec::PaymentStream::KIND }
}

/// Where a ladder of an order's payment lives.
fn ladder_place(pair: &Pair, order: OrderId, ladder: u32) -> Place {
    let stream = order.stream_of(&format!("ladder/{ladder}"));
    Place { stream, pair: pair.clone(), order, kind: codec::LadderStream::KIND }
}
