//! The shared engine of every service: messages, decisions, commits, calls. It knows no business word.
//!
//! ```text
//! message or request → seen? → load, fold → decide → react
//!    → ONE commit: events + inbox row + outbox rows + effect rows
//!    → acknowledged; then handed over in memory to the relay and the callers, which look into the ledger only for
//!      what was left behind
//! ```

pub mod config;
mod consume;
mod effect;
mod engine;
mod error;
pub mod health;
mod hints;
mod lanes;
mod loss;
pub mod process;
pub mod query;
mod quiet;
mod relay;
pub mod service;
mod settings;

use std::sync::Arc;

use bus::{Bus, Sizes, Topology};
use contracts::MessageKind;
use tokio::sync::mpsc;

pub use crate::{
    consume::consumers,
    engine::{Engine, Request, Verdict, Watch},
    error::EngineError,
    service::*,
    settings::Settings,
};

/// Messages between a commit and the relay; beyond it the relay finds them in the ledger.
const HANDED_MAX: usize = 4096;

/// Changed streams that wait to be told to other replicas. Beyond it they are not told: a hint may be lost.
const HINTS_MAX: usize = 4096;

/// Everything that must exist on the broker for these services.
pub fn topology(sizes: Sizes, services: &[(&str, &[&MessageKind])]) -> Topology {
    Topology::new(sizes, services.iter().flat_map(|(name, listens_to)| consumers(name, listens_to)).collect())
}

/// Starts a service on its node: consumers, relay, calls, recovery, loss detector. Returns at once.
pub fn start<S: Service>(service: Arc<S>, context: Context, bus: Bus, settings: Settings) -> Engine<S> {
    let (relay, handed) = mpsc::channel(HANDED_MAX);
    // Bounded by the room that each call holds in its lane.
    let (calls, handed_calls) = mpsc::unbounded_channel();
    let (hints, changed) = mpsc::channel(HINTS_MAX);
    let lanes = lanes::Lanes::new(service.lanes());
    let listens_to = service.listens_to();
    let wants_hints = service.wants_hints();
    let name = service.name();
    let node = context.node.clone();
    let engine = Engine::new(service, context, bus, settings, lanes, engine::Outlets { relay, calls, hints });
    let acknowledged = Arc::new(relay::Acknowledged::default());
    node.spawn(relay::relay(engine.clone(), handed, acknowledged.clone()));
    node.spawn(effect::hand_overs(engine.clone(), handed_calls));
    node.spawn(effect::recovery(engine.clone()));
    node.spawn(loss::detect(engine.clone(), acknowledged));
    if wants_hints {
        node.spawn(hints::send(engine.clone(), changed));
        node.spawn(hints::listen(engine.clone()));
    }
    for consumer in consumers(name, listens_to) {
        node.spawn(consume::read(engine.clone(), consumer));
    }
    engine
}
