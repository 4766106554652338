//! Misbehaviour on request: rules that make a chosen call late, lost, doubtful or wrong.
//!
//! A rule says *when* (world, operation, a text in the request, the nth such call, how many times) and *what*. Every
//! rule counts how often it fired, and the books show it: a fault that never fired proves nothing.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    WorldName,
    world::{Delivery, Reply},
};

mod answers;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request arrives this many milliseconds late and is worked on then, whether or not the caller still waits.
    Latency(u64),
    /// The work is done at once, the answer is sent this many milliseconds later.
    AnswerLate(u64),
    /// The work is done; the connection is held and nothing is ever sent.
    Hang,
    /// The work is not done; the connection is held and nothing is ever sent.
    HangBeforeApply,
    /// The connection is closed without an answer, and nothing was done.
    DropBeforeApply,
    /// The connection is closed without an answer, after the work was done.
    DropAfterApply,
    /// This HTTP status, and nothing was done.
    ErrorBefore(u16),
    /// This HTTP status, after the work was done.
    ErrorAfter(u16),
    /// The work is done; the answer has status 200 and a body that no parser accepts.
    Garbage,
    /// The work is done; the answer names a status that no documentation knows.
    UnknownStatus,
    /// 429, nothing done.
    RateLimited,
    /// 401, nothing done.
    Unauthorized,
    /// The world's own word for "timed out upstream" (502 at the gateway, 504 at the ERP), and the work was done.
    ServerTimeoutApplied,
    /// The same answer, and nothing was done.
    ServerTimeoutNotApplied,
    /// The right answer with members that nobody documented.
    ExtraMembers,
}

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
    /// What happens to them.
    pub kind: FaultKind,
}

fn one() -> u32 {
    1
}

impl FaultRule {
    /// The first call of `operation` suffers `kind`, once.
    pub fn once(world: WorldName, operation: &str, kind: FaultKind) -> Self {
        Self { world, operation: operation.to_owned(), matching: None, nth: 1, times: 1, kind }
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

/// A rule and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// The rule.
    pub rule: FaultRule,
    /// How many calls it concerned.
    pub seen: u32,
    /// How many of them it hit.
    pub fired: u32,
}

/// All rules, in the order they were added; the first that hits a call wins.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    records: Vec<FaultRecord>,
}

/// At most this many rules are kept.
pub const RULES_MAX: usize = 1000;

impl FaultPlan {
    /// Adds a rule; false when the plan is full.
    pub(crate) fn add(&mut self, rule: FaultRule) -> bool {
        if self.records.len() >= RULES_MAX {
            return false;
        }
        self.records.push(FaultRecord { rule, seen: 0, fired: 0 });
        true
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
    }

    pub(crate) fn records(&self) -> &[FaultRecord] {
        &self.records
    }

    /// Counts a call in every rule that concerns it and tells what hits it.
    pub(crate) fn strike(&mut self, world: WorldName, operation: &str, request: &Request<Bytes>) -> Option<FaultKind> {
        let mut kind = None;
        for record in &mut self.records {
            if !record.rule.concerns(world, operation, request) {
                continue;
            }
            record.seen = record.seen.saturating_add(1);
            let is_due = record.seen >= record.rule.nth && record.fired < record.rule.times;
            if is_due && kind.is_none() {
                record.fired += 1;
                kind = Some(record.rule.kind);
            }
        }
        kind
    }
}

/// Answers one call under a fault. `work` does what was asked; it is called at most once, or never.
pub(crate) fn carry_out(kind: FaultKind, world: WorldName, now: DateTime<Utc>, work: impl FnOnce() -> Reply) -> Reply {
    let refused = |status: StatusCode| Reply::now(answers::error(world, status, now));
    let nothing = |delivery| Reply { response: Response::new(Bytes::new()), delivery };
    match kind {
        // The wait before the work is the caller's: a state machine cannot wait.
        FaultKind::Latency(_) => work(),
        FaultKind::AnswerLate(ms) => Reply { delivery: Delivery::After(Duration::from_millis(ms)), ..work() },
        FaultKind::Hang => Reply { delivery: Delivery::Never, ..work() },
        FaultKind::HangBeforeApply => nothing(Delivery::Never),
        FaultKind::DropBeforeApply => nothing(Delivery::Dropped),
        FaultKind::DropAfterApply => Reply { delivery: Delivery::Dropped, ..work() },
        FaultKind::ErrorBefore(status) => refused(answers::status(status)),
        FaultKind::ErrorAfter(status) => after(work(), answers::error_after(world, answers::status(status), now)),
        FaultKind::Garbage => after(work(), answers::garbage()),
        FaultKind::UnknownStatus => altered(work(), answers::with_unknown_status),
        FaultKind::RateLimited => refused(StatusCode::TOO_MANY_REQUESTS),
        FaultKind::Unauthorized => refused(StatusCode::UNAUTHORIZED),
        FaultKind::ServerTimeoutApplied => after(work(), answers::timeout(world, now)),
        FaultKind::ServerTimeoutNotApplied => Reply::now(answers::timeout(world, now)),
        FaultKind::ExtraMembers => altered(work(), answers::with_extra_members),
    }
}

fn after(done: Reply, response: Response<Bytes>) -> Reply {
    Reply { response, ..done }
}

fn altered(mut done: Reply, alter: fn(&mut serde_json::Value)) -> Reply {
    if let Ok(mut body) = serde_json::from_slice(done.response.body()) {
        alter(&mut body);
        *done.response.body_mut() = Bytes::from(body.to_string());
    }
    done
}
