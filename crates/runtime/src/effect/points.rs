//! Where a test may end the process around a call. A call that undoes something has points of its own, so that a drill
//! can die in the middle of an undoing.

use crate::{engine::Engine, service::Service};

/// The points of one call, in the order they are reached.
pub(super) struct Points {
    pub(super) after_claim: &'static str,
    pub(super) before_sent_commit: &'static str,
    pub(super) after_sent_commit: &'static str,
    pub(super) reply_received: &'static str,
    pub(super) after_evidence: &'static str,
    pub(super) around_outcome: (&'static str, &'static str),
    pub(super) after_outcome_commit: &'static str,
}

const EFFECT: Points = Points {
    after_claim: "effect.after_claim",
    before_sent_commit: "effect.before_sent_commit",
    after_sent_commit: "effect.after_sent_commit",
    reply_received: "effect.reply_received",
    after_evidence: "effect.after_evidence",
    around_outcome: ("effect.before_outcome_commit", "effect.outcome_committed"),
    after_outcome_commit: "effect.after_outcome_commit",
};

const COMPENSATE: Points = Points {
    after_claim: "compensate.after_claim",
    before_sent_commit: "compensate.before_sent_commit",
    after_sent_commit: "compensate.after_sent_commit",
    reply_received: "compensate.reply_received",
    after_evidence: "compensate.after_evidence",
    around_outcome: ("compensate.before_outcome_commit", "compensate.outcome_committed"),
    after_outcome_commit: "compensate.after_outcome_commit",
};

/// The points of calls of a kind.
pub(super) fn of<S: Service>(engine: &Engine<S>, kind: &str) -> &'static Points {
    if engine.0.service.undoes(kind) { &COMPENSATE } else { &EFFECT }
}
