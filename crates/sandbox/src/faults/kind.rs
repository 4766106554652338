//! The kinds of misbehaviour, each with a name and a sentence for people.

use serde::{Deserialize, Serialize};

use crate::WorldName;

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
    /// The request is let in and checked, the connection is closed, and the work is written this many milliseconds later;
    /// never, when that is longer than the world works on anything.
    SlowCommit(u64),
    /// The request is worked on twice, where the account allows it. The first answer is sent.
    Twice,
    /// This HTTP status, and nothing was done.
    ErrorBefore(u16),
    /// This HTTP status, after the work was done.
    ErrorAfter(u16),
    /// The work is done; the answer comes one byte a second.
    OneByteASecond,
    /// The work is done; half of the answer comes, then the connection is closed.
    HalfReply,
    /// The work is done; the answer has status 200 and a body that no parser accepts.
    Garbage,
    /// The same answer, and nothing was done.
    GarbageNotApplied,
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
    /// Judged as if it had come just after its signature expired: 401, nothing done, and the books say so.
    SignatureExpired,
    /// Look-ups do not show what is younger than this many milliseconds.
    SearchBehind(u64),
    /// Look-ups show nothing, although it is there.
    SearchAbsent,
    /// Look-ups show everything as it was when it was made: no capture, no reversal, no changed status.
    SearchStale,
    /// The caller's operator has just logged on elsewhere: the call is refused, nothing done.
    SessionEvicted,
    /// The work is done, the session ends meanwhile, and the connection is closed without an answer.
    SessionEvictedMidPost,
    /// `e.net exception raised`, after the work was done.
    EnetException,
    /// The same answer, and nothing was done.
    EnetExceptionNotApplied,
    /// The work is done; the answer is a success that names no order.
    NoOrderNumber,
    /// The same answer, and nothing was done.
    NoOrderNumberNotApplied,
}

impl FaultKind {
    /// One of each, with a usual number where one is wanted.
    pub const ALL: [Self; 30] = [
        Self::Latency(3000),
        Self::AnswerLate(3000),
        Self::Twice,
        Self::DropBeforeApply,
        Self::DropAfterApply,
        Self::HangBeforeApply,
        Self::Hang,
        Self::SlowCommit(3000),
        Self::RateLimited,
        Self::Unauthorized,
        Self::ErrorBefore(503),
        Self::ErrorAfter(503),
        Self::ServerTimeoutNotApplied,
        Self::ServerTimeoutApplied,
        Self::OneByteASecond,
        Self::HalfReply,
        Self::GarbageNotApplied,
        Self::Garbage,
        Self::UnknownStatus,
        Self::ExtraMembers,
        Self::SignatureExpired,
        Self::SearchBehind(60_000),
        Self::SearchAbsent,
        Self::SearchStale,
        Self::SessionEvicted,
        Self::SessionEvictedMidPost,
        Self::EnetExceptionNotApplied,
        Self::EnetException,
        Self::NoOrderNumberNotApplied,
        Self::NoOrderNumber,
    ];

    /// Its name in rules and books.
    pub fn name(self) -> &'static str {
        self.told().0
    }

    /// What it does, for people.
    pub fn title(self) -> &'static str {
        self.told().1
    }

    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Latency(_) => ("latency", "arrives so many ms late and is worked on then"),
            Self::AnswerLate(_) => ("answer_late", "worked on at once, answered so many ms later"),
            Self::Twice => ("twice", "worked on twice, where the account allows it"),
            Self::DropBeforeApply => ("drop_before_apply", "lost before the work: closed without a byte"),
            Self::DropAfterApply => ("drop_after_apply", "lost after the work: closed without a byte"),
            Self::HangBeforeApply => ("hang_before_apply", "no work, the connection is held for ever"),
            Self::Hang => ("hang", "worked on, the connection is held for ever"),
            Self::SlowCommit(_) => ("slow_commit", "closed at once, the work is written so many ms later"),
            Self::RateLimited => ("rate_limited", "429, no work"),
            Self::Unauthorized => ("unauthorized", "401, no work"),
            Self::ErrorBefore(_) => ("error_before", "this HTTP status, no work"),
            Self::ErrorAfter(_) => ("error_after", "this HTTP status, after the work"),
            Self::ServerTimeoutNotApplied => ("server_timeout_not_applied", "its own word for a time-out, no work"),
            Self::ServerTimeoutApplied => ("server_timeout_applied", "its own word for a time-out, after the work"),
            Self::OneByteASecond => ("one_byte_a_second", "worked on, the answer drips"),
            Self::HalfReply => ("half_reply", "worked on, half of the answer, then closed"),
            Self::GarbageNotApplied => ("garbage_not_applied", "200 and no JSON, no work"),
            Self::Garbage => ("garbage", "200 and no JSON, after the work"),
            Self::UnknownStatus => ("unknown_status", "worked on, a status that nobody documented"),
            Self::ExtraMembers => ("extra_members", "right, with members that nobody documented"),
            Self::SignatureExpired => ("signature_expired", "judged as come too late: 401, no work"),
            Self::SearchBehind(_) => ("search_behind", "look-ups miss what is younger than so many ms"),
            Self::SearchAbsent => ("search_absent", "look-ups show nothing"),
            Self::SearchStale => ("search_stale", "look-ups show things as they were when made"),
            Self::SessionEvicted => ("session_evicted", "logged on elsewhere: refused, no work"),
            Self::SessionEvictedMidPost => ("session_evicted_mid_post", "worked on, the session ends, closed"),
            Self::EnetExceptionNotApplied => ("enet_exception_not_applied", "e.net exception raised, no work"),
            Self::EnetException => ("enet_exception", "e.net exception raised, after the work"),
            Self::NoOrderNumberNotApplied => ("no_order_number_not_applied", "success without a number, no work"),
            Self::NoOrderNumber => ("no_order_number", "success without a number, after the work"),
        }
    }

    /// Whether this can happen in that world.
    pub fn suits(self, world: WorldName) -> bool {
        match self {
            Self::SignatureExpired => world == WorldName::Gateway,
            Self::SearchBehind(_) | Self::SearchAbsent | Self::SearchStale => world != WorldName::Shop,
            Self::SessionEvicted
            | Self::SessionEvictedMidPost
            | Self::EnetException
            | Self::EnetExceptionNotApplied
            | Self::NoOrderNumber
            | Self::NoOrderNumberNotApplied => world == WorldName::Erp,
            _ => true,
        }
    }

    /// Its number, where it has one.
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Latency(ms) | Self::AnswerLate(ms) | Self::SlowCommit(ms) | Self::SearchBehind(ms) => Some(ms),
            Self::ErrorBefore(status) | Self::ErrorAfter(status) => Some(status.into()),
            _ => None,
        }
    }
}
