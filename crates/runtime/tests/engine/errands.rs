//! A service that runs errands, and an outside that does as it is told and remembers what was asked of it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contracts::{Contract as _, MessageKind, order::v1 as wire, query::v1::OrderSummary};
use fault::Class;
use ids::{OrderId, Pair, StreamId};
use ledger::{ClaimedEffect, NewEvent, StoredEvent};
use runtime::{
    Call, CallFuture, Called, CodecError, Context, DecideError, Decided, Ending, Inbound, Inquired, Inquiry,
    InquiryFuture, Lane, Outgoing, Past, Place, Profile, Routed, Service, Unreadable, Wish,
};
use tokio::time::Instant;

pub const NAME: &str = "errands";
/// Where all this happens.
pub const KIND: &str = "errand";
/// The one call: it writes.
pub const FETCH: &str = "fetch";
/// The one timer.
pub const BELL: &str = "timer.bell";
pub const LISTENS: &[&MessageKind] = &[wire::OrderRefused::KIND];

pub const CALL_LIMIT: Duration = Duration::from_secs(30);
pub const QUIET: Duration = Duration::from_secs(200);
pub const LAG: Duration = Duration::from_secs(100);
pub const ASK_FOR: Duration = Duration::from_secs(1800);
/// Calls at a time.
pub const WIDTH: usize = 4;

/// What the outside does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Answers(&'static str),
    /// The same, after a while.
    AnswersAfter(Duration, &'static str),
    /// Takes it and never answers.
    Hangs,
    /// The connection breaks.
    Breaks,
    /// Nothing left this machine.
    Unreachable,
}

/// What was asked, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub at: Instant,
    pub reference: String,
    pub operator: Option<String>,
    pub inquiry: Inquiry,
}

#[derive(Default)]
pub struct Books {
    /// What it does with the next calls; afterwards it answers "done".
    pub deeds: VecDeque<Deed>,
    /// What it says to the next questions; the last is said again and again.
    pub says: VecDeque<Inquired>,
    /// How long it takes to say so.
    pub thinks_for: Duration,
    pub calls: Vec<(Instant, String)>,
    pub questions: Vec<Question>,
    /// The next messages make the service panic.
    pub panics: u32,
    /// What it does when there is no plan for the call.
    pub otherwise: Option<Deed>,
    /// Calls and questions that are with it now, and the most that ever were.
    pub with_it: (usize, usize),
}

/// The outside; cloning shares it.
#[derive(Clone, Default)]
pub struct Outside(Arc<Mutex<Books>>);

impl Outside {
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().expect("nobody panics with the books in hand")
    }

    /// Somebody comes in; who leaves, drops it.
    fn come_in(&self) -> Visit {
        let (now, most) = &mut self.books().with_it;
        *now += 1;
        *most = (*most).max(*now);
        Visit(self.clone())
    }

    pub fn will(&self, deeds: impl IntoIterator<Item = Deed>) {
        self.books().deeds.extend(deeds);
    }

    pub fn says(&self, says: impl IntoIterator<Item = Inquired>) {
        self.books().says = says.into_iter().collect();
    }

    /// References of all calls that reached it.
    pub fn called(&self) -> Vec<String> {
        self.books().calls.iter().map(|(_, reference)| reference.clone()).collect()
    }

    pub fn questions(&self) -> Vec<Question> {
        self.books().questions.clone()
    }
}

struct Visit(Outside);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.books().with_it.0 -= 1;
    }
}

#[derive(Debug, Clone)]
pub enum Command {
    /// Make a call.
    Run,
    /// A call came to its end.
    Ended {
        reference: String,
        ending: Ending,
    },
    /// Set a timer.
    Wait {
        long: Duration,
    },
    Rang,
    /// Tell everybody something.
    Say,
}

pub struct Errands {
    pub outside: Outside,
}

pub fn place(stream: StreamId, pair: Pair) -> Place {
    Place { stream, pair, order: OrderId(stream.0), kind: KIND }
}

/// How often each thing was done, from the events.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    runs: usize,
    waits: usize,
}

fn event(kind: &str, body: impl Into<Bytes>, is_public: bool, at: DateTime<Utc>) -> NewEvent {
    NewEvent { kind: kind.to_owned(), shape: 1, at, meta: Bytes::new(), body: body.into(), is_public }
}

fn ended(ending: &Ending) -> (&'static str, Bytes) {
    match ending {
        Ending::Answered(answer) => ("answered", answer.clone()),
        Ending::Refused(why) => ("refused", Bytes::from(why.clone())),
        Ending::Unknown { inquiry_due } => ("unknown", Bytes::from(inquiry_due.to_rfc3339())),
        Ending::Absent => ("absent", Bytes::new()),
        Ending::Differs(what) => ("differs", what.clone()),
        Ending::GivenUp(why) => ("given_up", Bytes::from(why.clone())),
    }
}

impl Service for Errands {
    type Command = Command;

    fn name(&self) -> &'static str {
        NAME
    }

    fn listens_to(&self) -> &'static [&'static MessageKind] {
        LISTENS
    }

    fn stream_kinds(&self) -> &'static [&'static str] {
        &[KIND]
    }

    fn lanes(&self) -> Vec<Lane> {
        let outside = Lane {
            name: "outside",
            width: WIDTH,
            call_limit: CALL_LIMIT,
            quiet: QUIET,
            search_lag: LAG,
            inquiries: [15, 60, 600].map(Duration::from_secs).to_vec(),
            ask_for: ASK_FOR,
        };
        // A lane whose calls may take an hour: its patience is its own.
        let slow = Lane { name: "slow", call_limit: Duration::from_secs(3600), ..outside.clone() };
        vec![outside, slow]
    }

    fn effect_kinds(&self) -> &'static [&'static str] {
        &[FETCH, BELL]
    }

    fn profile(&self, kind: &str) -> Option<Profile> {
        (kind == FETCH).then_some(Profile { lane: "outside", writes: true })
    }

    fn operator(&self, _pair: &Pair) -> Option<String> {
        Some("op7".to_owned())
    }

    fn inbound(&self, message: &Inbound) -> Result<Routed<Command>, Unreadable> {
        let mut books = self.outside.books();
        if books.panics > 0 {
            books.panics -= 1;
            drop(books);
            panic!("as the test asked");
        }
        let place = place(message.envelope.order.stream(), message.pair.clone());
        Ok(Routed::Command { place, command: Command::Say, subject_keys: Vec::new() })
    }

    fn decide(
        &self,
        place: &Place,
        past: Past<'_>,
        command: Command,
        now: DateTime<Utc>,
    ) -> Result<Decided<Command>, DecideError> {
        let mut done = past.state.as_ref().and_then(|state| state.downcast_ref::<Done>()).copied().unwrap_or_default();
        done.runs += past.events.iter().filter(|event| event.kind == "ran").count();
        done.waits += past.events.iter().filter(|event| event.kind == "waits").count();
        let (mut events, mut wishes) = (Vec::new(), Vec::new());
        let runs = match &command {
            Command::Run => true,
            Command::Ended { ending, reference } => {
                let (kind, body) = ended(ending);
                events.push(event(kind, body, false, now));
                // Proven not to have happened: that, and nothing else, allows another attempt.
                *ending == Ending::Absent && !reference.is_empty()
            }
            Command::Wait { .. } | Command::Rang | Command::Say => false,
        };
        if runs {
            done.runs += 1;
            let call = Call {
                kind: FETCH,
                reference: format!("{}/{}", place.stream, done.runs),
                request: Bytes::from_static(b"please"),
            };
            wishes.push((events.len(), Wish::Call(call)));
            events.push(event("ran", Bytes::new(), false, now));
        }
        match command {
            Command::Wait { long } => {
                done.waits += 1;
                let name = format!("bell{}", done.waits);
                wishes.push((0, Wish::Timer { name, kind: BELL, request: Bytes::new(), after: long }));
                events.push(event("waits", Bytes::new(), false, now));
            }
            Command::Rang => events.push(event("rang", Bytes::new(), false, now)),
            Command::Say => events.push(event("said", Bytes::new(), true, now)),
            Command::Run | Command::Ended { .. } => {}
        }
        Ok(Decided { events, wishes, state: Arc::new(done) })
    }

    fn publish(&self, place: &Place, _event: &StoredEvent) -> Result<Outgoing, CodecError> {
        Ok(Outgoing::new(&wire::OrderCompleted { order_id: place.order.to_string(), ..Default::default() }))
    }

    fn call<'a>(&'a self, _context: &'a Context, effect: &'a ClaimedEffect) -> CallFuture<'a> {
        Box::pin(async move {
            let _visit = self.outside.come_in();
            let deed = {
                let mut books = self.outside.books();
                let planned = books.deeds.pop_front().or(books.otherwise);
                let deed = planned.unwrap_or(Deed::Answers("done"));
                if deed != Deed::Unreachable {
                    let reference = effect.reference.clone().unwrap_or_default();
                    books.calls.push((Instant::now(), reference));
                }
                deed
            };
            let failed = |class, why: &str| Called::Failed { class, why: why.to_owned() };
            match deed {
                Deed::Answers(answer) => Called::Answered(Bytes::from_static(answer.as_bytes())),
                Deed::AnswersAfter(long, answer) => {
                    tokio::time::sleep(long).await;
                    Called::Answered(Bytes::from_static(answer.as_bytes()))
                }
                Deed::Hangs => std::future::pending().await,
                Deed::Breaks => failed(Class::UnknownOutcome, "the connection broke"),
                Deed::Unreachable => failed(Class::Transient, "nobody is there"),
            }
        })
    }

    fn inquire<'a>(
        &'a self,
        _context: &'a Context,
        effect: &'a ClaimedEffect,
        inquiry: &'a Inquiry,
    ) -> InquiryFuture<'a> {
        Box::pin(async move {
            let _visit = self.outside.come_in();
            let (said, thinks_for) = {
                let mut books = self.outside.books();
                let reference = effect.reference.clone().unwrap_or_default();
                let (operator, inquiry) = (effect.operator.clone(), inquiry.clone());
                books.questions.push(Question { at: Instant::now(), reference, operator, inquiry });
                let said = if books.says.len() > 1 { books.says.pop_front() } else { books.says.front().cloned() };
                (said.unwrap_or(Inquired::Absent), books.thinks_for)
            };
            tokio::time::sleep(thinks_for).await;
            said
        })
    }

    fn answered(&self, effect: &ClaimedEffect, ending: Ending) -> Result<(Place, Command), Unreadable> {
        let reference = effect.reference.clone().unwrap_or_default();
        Ok((place(effect.id.stream, effect.pair.clone()), Command::Ended { reference, ending }))
    }

    fn fired(&self, effect: &ClaimedEffect) -> Result<(Place, Command), Unreadable> {
        Ok((place(effect.id.stream, effect.pair.clone()), Command::Rang))
    }

    fn describe(&self, _place: &Place, event: &StoredEvent) -> String {
        event.kind.clone()
    }

    fn summarize(&self, _place: &Place, _events: &[StoredEvent], _summary: &mut OrderSummary) {}
}
