//! A silence is not a no: how it is asked what became of a call, and everything a call can come to.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// Hours of inquiries as a lane wants them: the first one, then those of `seconds` that come after it.
pub fn inquiry_hours(first: Duration, seconds: &[u64]) -> Vec<Duration> {
    let later = seconds.iter().map(|seconds| Duration::from_secs(*seconds)).filter(|hour| *hour > first);
    std::iter::once(first).chain(later).collect()
}

/// One question about a write whose outcome nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// Which question about this write, from 1.
    pub number: u32,
    /// When the write was announced, by the ledger's clock.
    pub sent_at: DateTime<Utc>,
    /// Until then it could still take effect.
    pub dead_after: DateTime<Utc>,
    /// True from `dead_after` and the lane's search lag on: not finding it now proves that it did not and will not happen.
    pub absence_is_proof: bool,
}

/// What the outside says about such a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquired {
    /// The outside knows. Encoded like an answer of the call: kept as evidence, then told as [`Ending::Answered`].
    Found(Bytes),
    /// Not there, or not yet. Asked again until absence is proof, then told as [`Ending::Absent`].
    Absent,
    /// Something is there, but not ours to adopt by rule: another amount, currency or operation. Told as
    /// [`Ending::Differs`].
    Differs(Bytes),
    /// The question itself failed, or what was seen says nothing yet: asked again at the next hour.
    Unclear(String),
}

/// A boxed future of an inquiry.
pub type InquiryFuture<'a> = Pin<Box<dyn Future<Output = Inquired> + Send + 'a>>;

/// What an effect came to, told to the service, which turns it into a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The encoded answer.
    Answered(Bytes),
    /// It did not happen and never will.
    Refused(String),
    /// It may have happened. An inquiry is due then; told again at each inquiry until it is given up.
    Unknown {
        /// When.
        inquiry_due: DateTime<Utc>,
    },
    /// Proven not to have happened, and it never will: the aggregate decides what comes instead.
    Absent,
    /// Something that is not ours to adopt stands where it should stand. Never absent: no new attempt.
    Differs(Bytes),
    /// Asked for as long as the lane asks, without an answer: somebody must look. Asking goes on.
    GivenUp(String),
}

impl Ending {
    /// What was seen outside, when anything was.
    pub(crate) fn seen(&self) -> Option<Bytes> {
        match self {
            Self::Answered(seen) | Self::Differs(seen) => Some(seen.clone()),
            Self::Refused(_) | Self::Unknown { .. } | Self::Absent | Self::GivenUp(_) => None,
        }
    }
}
