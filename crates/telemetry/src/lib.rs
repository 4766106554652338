//! What can be seen of a process, and what must never be seen: logs, traces, metrics, and the card detector.
//!
//! Every log line and every exported span passes the detector of [`card`](find_card), because a number that
//! reached a log is a number that leaked. The same detector guards the front door ([`find_card_in_json`]).

mod card;
mod json;
mod metrics;
mod propagation;
mod redact;
mod traces;

pub use crate::{
    card::{Brand, Kind, Masked, find_card},
    json::{Hit, find_card_in_json},
    metrics::render_metrics,
    propagation::{inject_context, set_parent},
    redact::redact,
    traces::{Guard, TelemetryConfig, init},
};
