//! Misbehaviour on request: rules that make a chosen call late, lost, doubtful or wrong.
//!
//! A rule says *when* (world, operation, a text in the request, the nth such call, how many times, by what chance) and
//! *what*. Every rule counts how often it fired and keeps what it did last, and the books show it: a fault that never
//! fired proves nothing.

mod answers;
mod carry;
mod kind;
mod plan;

use bytes::Bytes;
use http::Request;
use serde::{Deserialize, Serialize};

use crate::WorldName;

pub(crate) use self::{
    carry::{carry_out, word_of},
    plan::{FaultPlan, Strike},
};
pub use self::{
    kind::FaultKind,
    plan::{FaultRecord, FaultTally, Hit, RULES_MAX},
};

/// When something goes wrong, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which world.
    pub world: WorldName,
    /// Its operation, as listed on the control's page (`authorize`, `AddSalesOrder`, `callback`); `*` is any.
    pub operation: String,
    /// Only requests that hold this text (a merchant reference, a purchase order number) in path or body.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<String>,
    /// The first such call that is hit, counted from 1.
    #[serde(default = "one")]
    pub nth: u32,
    /// How many such calls in a row are hit.
    #[serde(default = "one")]
    pub times: u32,
    /// Of the calls that would be hit only one in so many is, by chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_in: Option<u32>,
    /// What happens to them.
    pub kind: FaultKind,
}

fn one() -> u32 {
    1
}

impl FaultRule {
    /// The first call of `operation` suffers `kind`, once.
    pub fn once(world: WorldName, operation: &str, kind: FaultKind) -> Self {
        Self { world, operation: operation.to_owned(), matching: None, nth: 1, times: 1, one_in: None, kind }
    }

    /// Every call of `operation` suffers `kind` from now on.
    pub fn always(world: WorldName, operation: &str, kind: FaultKind) -> Self {
        Self { times: u32::MAX, ..Self::once(world, operation, kind) }
    }

    /// Only for requests that hold this text.
    #[must_use]
    pub fn matching(mut self, text: &str) -> Self {
        self.matching = Some(text.to_owned());
        self
    }

    /// The first call hit is number `nth`.
    #[must_use]
    pub fn from_nth(mut self, nth: u32) -> Self {
        self.nth = nth.max(1);
        self
    }

    /// How many calls in a row are hit.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Only one in so many of them is hit, by chance: 20 is five in a hundred.
    #[must_use]
    pub fn one_in(mut self, calls: u32) -> Self {
        self.one_in = Some(calls.max(1));
        self
    }

    fn concerns(&self, world: WorldName, operation: &str, request: &Request<Bytes>) -> bool {
        self.world == world
            && (self.operation == "*" || self.operation.eq_ignore_ascii_case(operation))
            && self.matching.as_deref().is_none_or(|text| holds(request, text))
    }
}

fn holds(request: &Request<Bytes>, text: &str) -> bool {
    request.uri().to_string().contains(text)
        || (!text.is_empty() && request.body().windows(text.len()).any(|window| window == text.as_bytes()))
}
