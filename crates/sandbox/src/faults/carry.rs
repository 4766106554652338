//! Carries a fault out: what is worked on, and what is said about it.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, Response, StatusCode};
use serde_json::Value;

use super::{FaultKind, answers};
use crate::{
    WorldName,
    world::{Delivery, Reply, View, World},
};

/// How slowly an answer drips.
const DRIP: Duration = Duration::from_secs(1);

/// One call under a fault, and what the world really said while it worked.
struct Stage<'a> {
    world: &'a mut dyn World,
    request: &'a Request<Bytes>,
    now: DateTime<Utc>,
    said: Vec<String>,
}

impl Stage<'_> {
    fn work(&mut self) -> Reply {
        let reply = self.world.handle(self.request, self.now);
        self.said.push(word_of(&reply.response));
        reply
    }

    fn work_twice(&mut self) -> Reply {
        // What comes twice is let in once: the doubling is behind the door.
        let caller = match self.world.admit(self.request, self.now) {
            Ok(caller) => caller,
            Err(refusal) => return refusal,
        };
        let first = self.world.work(self.request, &caller, self.now);
        let second = self.world.work(self.request, &caller, self.now);
        self.said.extend([word_of(&first.response), word_of(&second.response)]);
        first
    }

    fn look(&mut self, view: View) -> Reply {
        self.world.set_view(view);
        let reply = self.work();
        self.world.set_view(View::Present);
        reply
    }
}

/// Answers one call under a fault. Also tells in words what was done.
pub(crate) fn carry_out(
    kind: FaultKind,
    name: WorldName,
    now: DateTime<Utc>,
    world: &mut dyn World,
    request: &Request<Bytes>,
) -> (Reply, String) {
    let mut stage = Stage { world, request, now, said: Vec::new() };
    let reply = played(kind, name, &mut stage);
    let did = match &stage.said[..] {
        [] => "no work".to_owned(),
        said => format!("worked: {}", said.join(", then ")),
    };
    let did = format!("{did}; {}", sent(&reply));
    (reply, did)
}

fn played(kind: FaultKind, name: WorldName, stage: &mut Stage<'_>) -> Reply {
    let now = stage.now;
    let refused = |status: StatusCode| Reply::now(answers::error(name, status, now));
    match kind {
        // The waits before the work are the shell's: a state machine cannot wait.
        FaultKind::Latency(_) | FaultKind::SlowCommit(_) => stage.work(),
        FaultKind::AnswerLate(ms) => Reply { delivery: Delivery::After(Duration::from_millis(ms)), ..stage.work() },
        FaultKind::Hang => Reply { delivery: Delivery::Never, ..stage.work() },
        FaultKind::HangBeforeApply => nothing(Delivery::Never),
        FaultKind::DropBeforeApply => nothing(Delivery::Dropped),
        FaultKind::DropAfterApply => Reply { delivery: Delivery::Dropped, ..stage.work() },
        FaultKind::Twice => stage.work_twice(),
        FaultKind::ErrorBefore(status) => refused(answers::status(status)),
        FaultKind::ErrorAfter(status) => {
            instead(stage.work(), answers::error_after(name, answers::status(status), now))
        }
        FaultKind::OneByteASecond => Reply { delivery: Delivery::Drip(DRIP), ..stage.work() },
        FaultKind::HalfReply => Reply { delivery: Delivery::Half, ..stage.work() },
        FaultKind::Garbage => instead(stage.work(), answers::garbage()),
        FaultKind::GarbageNotApplied => Reply::now(answers::garbage()),
        FaultKind::UnknownStatus => altered(stage.work(), answers::with_unknown_status),
        FaultKind::RateLimited => refused(StatusCode::TOO_MANY_REQUESTS),
        FaultKind::Unauthorized => refused(StatusCode::UNAUTHORIZED),
        FaultKind::ServerTimeoutApplied => instead(stage.work(), answers::timeout(name, now)),
        FaultKind::ServerTimeoutNotApplied => Reply::now(answers::timeout(name, now)),
        FaultKind::ExtraMembers => altered(stage.work(), answers::with_extra_members),
        FaultKind::SignatureExpired => {
            stage.world.refuse_expired(stage.request, now).unwrap_or_else(|| refused(StatusCode::UNAUTHORIZED))
        }
        FaultKind::SearchBehind(ms) => {
            stage.look(View::Behind(TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX / 4))))
        }
        FaultKind::SearchAbsent => stage.look(View::Nothing),
        FaultKind::SearchStale => stage.look(View::Stale),
        FaultKind::SessionEvicted => {
            stage.world.evict(stage.request);
            stage.world.handle(stage.request, now)
        }
        FaultKind::SessionEvictedMidPost => {
            let done = stage.work();
            stage.world.evict(stage.request);
            Reply { delivery: Delivery::Dropped, ..done }
        }
        FaultKind::EnetException => instead(stage.work(), answers::enet_exception()),
        FaultKind::EnetExceptionNotApplied => Reply::now(answers::enet_exception()),
        FaultKind::NoOrderNumber => altered(stage.work(), answers::without_order_number),
        FaultKind::NoOrderNumberNotApplied => Reply::now(answers::success_without_a_number()),
    }
}

fn nothing(delivery: Delivery) -> Reply {
    Reply { response: Response::new(Bytes::new()), delivery }
}

fn instead(done: Reply, response: Response<Bytes>) -> Reply {
    Reply { response, ..done }
}

fn altered(mut done: Reply, alter: fn(&mut Value)) -> Reply {
    if let Ok(mut body) = serde_json::from_slice(done.response.body()) {
        alter(&mut body);
        *done.response.body_mut() = Bytes::from(body.to_string());
    }
    done
}

/// An answer in two words: its HTTP status and its own.
pub(crate) fn word_of(response: &Response<Bytes>) -> String {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let word = ["reason", "status", "Code", "Outcome"].iter().find_map(|member| body.get(member)?.as_str());
    format!("{} {}", response.status().as_u16(), word.unwrap_or_default()).trim_end().to_owned()
}

/// How an answer left, in words.
fn sent(reply: &Reply) -> String {
    match reply.delivery {
        Delivery::Now => format!("answered {}", word_of(&reply.response)),
        Delivery::After(wait) => format!("answered {} after {} ms", word_of(&reply.response), wait.as_millis()),
        Delivery::Never => "held without an answer".to_owned(),
        Delivery::Dropped => "closed without a byte".to_owned(),
        Delivery::Drip(_) => format!("answered {} byte by byte", word_of(&reply.response)),
        Delivery::Half => "closed after half of the answer".to_owned(),
    }
}
