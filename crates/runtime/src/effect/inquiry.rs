//! A silence is not a no: what became of a call is asked at its hours, until the outside says it or not finding it is
//! proof.
//!
//! ```text
//! unknown, due → claimed under another epoch, stays unknown
//!   evidence is there already    → told, nothing is asked
//!   found                        → kept as evidence, told as an answer
//!   not found, and that is proof → told as absent: only now may the aggregate try again
//!   anything else                → the next hour; told again as unknown, or as given up when it took too long
//! ```

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fault::Classify as _;
use ledger::{DueInquiry, Finished, LedgerError};
use tokio::time::{Instant, timeout};

use super::{SOURCE_ANSWER, end, keep, told};
use crate::{
    engine::Engine,
    lanes::OpenLane,
    service::{Ending, Inquired, Inquiry, Lane, Service},
};

/// Evidence that an inquiry brought, in the form of an answer.
const SOURCE_INQUIRY: &str = "inquiry";
/// Evidence of something that is not ours to adopt.
const SOURCE_DIFFERS: &str = "differs";
/// However short its hours, a lane does not ask more often.
const LEAST: Duration = Duration::from_secs(1);
/// For a lane without hours.
const USUAL: Duration = Duration::from_secs(20 * 60);

/// One row about which it is asked now.
struct Asked<'a> {
    due: &'a DueInquiry,
    lane: &'a Lane,
    /// Just after the row was claimed: what has passed since then has passed on the ledger's clock too.
    begun: Instant,
}

impl Asked<'_> {
    /// The ledger's time, a little behind.
    fn now(&self) -> DateTime<Utc> {
        later(self.due.claimed_at, self.begun.elapsed())
    }

    fn sent_at(&self) -> DateTime<Utc> {
        self.due.sent_at.unwrap_or(self.due.claimed_at)
    }

    fn since_sent(&self, at: DateTime<Utc>) -> Duration {
        (at - self.sent_at()).to_std().unwrap_or_default()
    }

    /// From when on not finding it proves that it never happens; `None` when nothing ever proves it.
    fn proof_at(&self) -> Option<DateTime<Utc>> {
        self.due.dead_after.map(|dead_after| later(dead_after, self.lane.search_lag))
    }

    fn inquiry(&self) -> Inquiry {
        let now = self.now();
        Inquiry {
            number: u32::try_from(self.due.effect.tries).unwrap_or(0).max(1),
            sent_at: self.sent_at(),
            dead_after: self.due.dead_after.unwrap_or(DateTime::<Utc>::MAX_UTC),
            absence_is_proof: self.proof_at().is_some_and(|proof_at| proof_at <= now),
        }
    }

    /// How long until the next inquiry.
    fn next(&self) -> Duration {
        let proof = self.proof_at().map(|proof_at| self.since_sent(proof_at));
        next_inquiry(self.lane, self.since_sent(self.now()), proof)
    }
}

/// Asks what became of one call.
pub(super) async fn inquire<S: Service>(engine: &Engine<S>, due: DueInquiry, lane: &OpenLane) {
    let asked = Asked { due: &due, lane: &lane.spec, begun: Instant::now() };
    let node = &engine.0.context.node;
    node.at("inquiry.before").await;
    match seen(engine, &due).await {
        Ok(Some(ending)) => return tell(engine, &asked, ending).await,
        Ok(None) => {}
        Err(error) => return unread(&due, &error),
    }
    let Ok(Some(permit)) = timeout(engine.0.settings.lease_margin, lane.permit()).await else {
        return end(engine, &due.effect, Finished::Unknown(LEAST), None).await;
    };
    let inquiry = asked.inquiry();
    let question = engine.0.service.inquire(&engine.0.context, &due.effect, &inquiry);
    let limit = lane.spec.call_limit;
    let inquired = timeout(limit, question).await;
    drop(permit);
    let inquired = inquired.unwrap_or_else(|_| Inquired::Unclear(format!("no answer within {limit:?}")));
    metrics::counter!("quittance_inquiries_total", "kind" => due.effect.kind.clone(), "said" => word(&inquired))
        .increment(1);
    node.at("inquiry.after_answer").await;
    match inquired {
        Inquired::Found(answer) => {
            keep(engine, &due.effect, SOURCE_INQUIRY, &answer).await;
            tell(engine, &asked, Ending::Answered(answer)).await;
        }
        Inquired::Differs(what) => {
            keep(engine, &due.effect, SOURCE_DIFFERS, &what).await;
            tell(engine, &asked, Ending::Differs(what)).await;
        }
        // Somebody may have seen it while it was asked.
        Inquired::Absent if inquiry.absence_is_proof => match seen(engine, &due).await {
            Ok(ending) => tell(engine, &asked, ending.unwrap_or(Ending::Absent)).await,
            Err(error) => return unread(&due, &error),
        },
        Inquired::Absent => put_off(engine, &asked, &inquiry, "not there yet").await,
        Inquired::Unclear(why) => put_off(engine, &asked, &inquiry, &why).await,
    }
    node.at("inquiry.after_commit").await;
}

fn unread(due: &DueInquiry, error: &LedgerError) {
    let stream = &due.effect.id.stream;
    tracing::warn!(%error, %stream, class = ?error.class(), "evidence could not be read; it is asked when the lease ends");
}

fn word(inquired: &Inquired) -> &'static str {
    match inquired {
        Inquired::Found(_) => "found",
        Inquired::Absent => "absent",
        Inquired::Differs(_) => "differs",
        Inquired::Unclear(_) => "unclear",
    }
}

/// What somebody saw of the outcome already.
async fn seen<S: Service>(engine: &Engine<S>, due: &DueInquiry) -> Result<Option<Ending>, LedgerError> {
    super::seen(engine, &due.effect).await
}

/// What evidence says, the newest first; evidence of other sources is not in the form of an answer.
pub(super) fn read(evidence: Vec<ledger::Evidence>) -> Option<Ending> {
    let newest = |sources: &[&str]| {
        evidence.iter().rev().find(|seen| sources.contains(&seen.source.as_str())).map(|seen| seen.body.clone())
    };
    newest(&[SOURCE_ANSWER, SOURCE_INQUIRY])
        .map(Ending::Answered)
        .or_else(|| newest(&[SOURCE_DIFFERS]).map(Ending::Differs))
}

/// Nobody knows yet: the next hour, and the stream hears of it.
async fn put_off<S: Service>(engine: &Engine<S>, asked: &Asked<'_>, inquiry: &Inquiry, why: &str) {
    let effect = &asked.due.effect;
    let (now, next) = (asked.now(), asked.next());
    let passed = asked.since_sent(now);
    let reference = effect.reference.as_deref().unwrap_or_default();
    tracing::info!(kind = effect.kind, reference, number = inquiry.number, why, ?next, "outcome still unknown");
    let ending = if passed >= asked.lane.ask_for {
        Ending::GivenUp(format!("asked {} times in {} s; the last time: {why}", inquiry.number, passed.as_secs()))
    } else {
        Ending::Unknown { inquiry_due: later(now, next) }
    };
    tell(engine, asked, ending).await;
}

async fn tell<S: Service>(engine: &Engine<S>, asked: &Asked<'_>, ending: Ending) {
    let (to, outcome) = match &ending {
        Ending::Answered(answer) | Ending::Differs(answer) => (Finished::Done, Some(answer.clone())),
        Ending::Refused(_) | Ending::Absent => (Finished::Done, None),
        Ending::Unknown { .. } | Ending::GivenUp(_) => (Finished::Unknown(asked.next()), None),
    };
    let effect = asked.due.effect.clone();
    if !told(engine, effect.clone(), ending, to, outcome).await {
        // The stream waits for a person and hears nothing. Whatever was seen is kept, and the next one finds it there.
        end(engine, &effect, Finished::Unknown(asked.next()), None).await;
    }
}

/// The first inquiry after a silence that became one `passed` after sending.
pub(super) fn first_inquiry(lane: &Lane, passed: Duration) -> Duration {
    lane.inquiries.first().copied().unwrap_or(USUAL).saturating_sub(passed).max(LEAST)
}

/// How long until the next inquiry, `passed` after sending: at the lane's hours, when not finding it becomes proof, and
/// when asking has lasted long enough to tell somebody. After the last hour its multiples follow.
fn next_inquiry(lane: &Lane, passed: Duration, proof: Option<Duration>) -> Duration {
    let last = lane.inquiries.last().copied().filter(|last| !last.is_zero()).unwrap_or(USUAL);
    let rounds = u32::try_from(passed.as_nanos() / last.as_nanos()).unwrap_or(u32::MAX - 1) + 1;
    let planned = lane.inquiries.iter().copied().chain([last.saturating_mul(rounds), lane.ask_for]).chain(proof);
    planned.filter(|hour| *hour > passed).min().map_or(last, |hour| hour - passed).max(LEAST)
}

/// `passed` later, or the end of time.
pub(crate) fn later(at: DateTime<Utc>, passed: Duration) -> DateTime<Utc> {
    let passed = TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX);
    at.checked_add_signed(passed).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(hours: &[u64]) -> Lane {
        Lane {
            name: "outside",
            width: 1,
            call_limit: Duration::from_secs(30),
            quiet: Duration::from_secs(300),
            search_lag: Duration::from_secs(1200),
            inquiries: hours.iter().copied().map(Duration::from_secs).collect(),
            ask_for: Duration::from_secs(1800),
        }
    }

    /// Every hour, in seconds after sending, when each inquiry is made at its hour.
    fn hours(lane: &Lane, proof: Option<u64>, first: u64, count: usize) -> Vec<u64> {
        let mut passed = first;
        let proof = proof.map(Duration::from_secs);
        std::iter::repeat_with(|| {
            passed += next_inquiry(lane, Duration::from_secs(passed), proof).as_secs();
            passed
        })
        .take(count)
        .collect()
    }

    #[test]
    fn hours_are_kept_and_the_last_distance_repeats() {
        let gateway = lane(&[15, 30, 60, 120, 300, 600, 1200]);
        assert_eq!(hours(&gateway, None, 0, 10), [15, 30, 60, 120, 300, 600, 1200, 1800, 2400, 3600]);
        assert_eq!(hours(&gateway, None, 3600, 2), [4800, 6000]);
        let missed = hours(&gateway, None, 10_000, 1);
        assert_eq!(missed, [10_800], "hours that were missed are not made up for");
    }

    #[test]
    fn it_is_asked_when_absence_becomes_proof() {
        let gateway = lane(&[15, 30, 60, 120, 300, 600, 1200]);
        assert_eq!(hours(&gateway, Some(13), 0, 3), [13, 15, 30]);
        assert_eq!(hours(&gateway, Some(1500), 600, 4), [1200, 1500, 1800, 2400]);
    }

    #[test]
    fn it_is_never_asked_in_a_rush() {
        for hours in [&[][..], &[0], &[0, 0], &[1]] {
            let lane = lane(hours);
            for passed in [0, 1, 1799, 1800, 100_000_000_000] {
                assert!(next_inquiry(&lane, Duration::from_secs(passed), None) >= LEAST);
                assert!(first_inquiry(&lane, Duration::from_secs(passed)) >= LEAST);
            }
        }
        assert_eq!(first_inquiry(&lane(&[15]), Duration::from_secs(4)), Duration::from_secs(11));
        assert_eq!(first_inquiry(&lane(&[15]), Duration::from_secs(31)), LEAST, "its hour has passed");
    }

    #[test]
    fn answers_speak_before_differences_and_foreign_evidence_is_not_read() {
        let seen = |source: &str, body: &'static str| ledger::Evidence {
            source: source.to_owned(),
            body: bytes::Bytes::from_static(body.as_bytes()),
        };
        let answered = |body: &'static str| Some(Ending::Answered(bytes::Bytes::from_static(body.as_bytes())));
        assert_eq!(read(vec![]), None);
        assert_eq!(read(vec![seen("webhook", "w")]), None);
        assert_eq!(read(vec![seen("answer", "a"), seen("differs", "d")]), answered("a"));
        assert_eq!(read(vec![seen("answer", "a"), seen("inquiry", "i"), seen("webhook", "w")]), answered("i"));
        assert_eq!(read(vec![seen("differs", "d")]), Some(Ending::Differs(bytes::Bytes::from_static(b"d"))));
    }
}
