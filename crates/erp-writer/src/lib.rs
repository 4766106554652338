//! `erp-writer`: the only crate that speaks to SYSPRO.
//!
//! | room | holds |
//! |---|---|
//! | [`inbound`] | messages of payment-svc → commands |
//! | [`erp_domain`] | what follows from them |
//! | [`codec`] | events, requests and answers as stored bytes |
//! | [`outbound`] | public events → messages |
//! | [`ports`], [`adapters`] | what SYSPRO is asked, and how |
//! | [`screening`] | what speaks against an order: rules over what SYSPRO told |
//! | [`mapping`] | order → sales order, the one file |
//! | [`operators`] | who may log on: leases, one call at a time |
//! | [`projections`] | what people read |

pub mod adapters;
pub mod codec;
pub mod config;
pub mod error;
mod hosted;
pub mod inbound;
pub mod mapping;
pub mod operators;
pub mod outbound;
pub mod ports;
pub mod projections;
pub mod screening;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use contracts::{MessageKind, query::v1::OrderSummary};
use erp_domain::sales_order::{Command, Effect, Operation, Reason, ScreenOutcome};
use fault::{Class, Classify as _};
use ids::{OrderId, Pair};
use ledger::{ClaimedEffect, StoredEvent};
use node::Node;
use runtime::{
    Aggregate as _, CallFuture, Called, CodecError, Context, DecideError, Decided, Ending, Inbound, Inquired, Inquiry,
    InquiryFuture, Lane, Outgoing, Past, Place, Profile, Routed, Service, Unreadable, decide_in,
};

use crate::{
    adapters::SysproErp,
    codec::{SCREEN, SalesOrders},
    error::CallError,
    ports::{Answer, Erp, Placement, Seen, Verdict},
};
pub use crate::{
    config::{Config, DEFAULTS, SECTION},
    inbound::LISTENS,
    operators::{MIGRATION, MemoryLeases, OperatorLeases, PostgresLeases},
};

/// The name of the service.
pub const NAME: &str = "erp-writer";
/// The lane to SYSPRO.
const LANE: &str = "syspro";
/// When it is asked what became of a post, counted from its sending: SYSPRO may still be at work.
const INQUIRIES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
];
/// How long it is asked before a person is told.
const ASK_FOR: Duration = Duration::from_secs(30 * 60);

/// The service.
pub struct ErpWriter {
    erps: BTreeMap<Pair, Arc<dyn Erp>>,
    lane: Lane,
}

/// The service as configured. Operators are leased from `leases` with the first calls.
///
/// # Errors
/// Every mistake in the configuration.
pub fn service(config: &Config, node: &Node, leases: Arc<dyn OperatorLeases>) -> Result<Arc<ErpWriter>, Vec<String>> {
    let mut mistakes = config.mistakes();
    let mut erps: BTreeMap<Pair, Arc<dyn Erp>> = BTreeMap::new();
    for (name, pair_config) in &config.pairs {
        match (name.parse::<Pair>(), config.master_key()) {
            (Ok(pair), Ok(master_key)) => {
                let erp = SysproErp::over_facade(node, pair.clone(), pair_config, master_key, leases.clone());
                erps.insert(pair, Arc::new(erp));
            }
            (Err(error), _) => mistakes.push(error.to_string()),
            (_, Err(error)) => mistakes.push(error),
        }
    }
    if !mistakes.is_empty() {
        mistakes.sort();
        mistakes.dedup();
        return Err(mistakes);
    }
    let width = config.pairs.values().map(|pair| pair.syspro.operators_at_a_time()).sum::<usize>().max(1);
    let call_limit =
        config.pairs.values().map(|pair| pair.syspro.call_limit()).max().unwrap_or(Duration::from_secs(120));
    let quiet = config.pairs.values().map(|pair| pair.syspro.quiet()).max().unwrap_or(call_limit * 2);
    Ok(Arc::new(ErpWriter::new(erps, width, call_limit, quiet)))
}

impl ErpWriter {
    /// A service over these ERPs, with so many calls at a time. After `quiet` nothing that was sent can take effect any more.
    pub fn new(erps: BTreeMap<Pair, Arc<dyn Erp>>, width: usize, call_limit: Duration, quiet: Duration) -> Self {
        let lane = Lane {
            name: LANE,
            width,
            call_limit,
            quiet,
            search_lag: Duration::ZERO,
            inquiries: INQUIRIES.to_vec(),
            ask_for: ASK_FOR,
        };
        Self { erps, lane }
    }

    async fn ask(&self, context: &Context, effect: &ClaimedEffect) -> Result<Answer, CallError> {
        let erp = self.erps.get(&effect.pair).ok_or_else(|| CallError::NoSuchPair(effect.pair.clone()))?;
        let asked = codec::effect(&effect.kind, &effect.request).map_err(|error| CallError::Request(error.0))?;
        let operator = effect.operator.as_deref();
        match asked {
            Effect::Screen { order, .. } => erp.screen(&context.ledger, &order).await,
            Effect::Place { order, customer, suspense, .. } => {
                erp.place(&context.ledger, &Placement { order, customer, suspense }, operator).await
            }
            Effect::Release { number, .. } => erp.release(&number, operator).await,
            Effect::Cancel { number, .. } => erp.cancel(&number, operator).await,
        }
    }

    async fn look(&self, context: &Context, effect: &ClaimedEffect) -> Result<Seen, CallError> {
        let erp = self.erps.get(&effect.pair).ok_or_else(|| CallError::NoSuchPair(effect.pair.clone()))?;
        let asked = codec::effect(&effect.kind, &effect.request).map_err(|error| CallError::Request(error.0))?;
        let operator = effect.operator.as_deref();
        match asked {
            Effect::Screen { .. } => Ok(Seen::Unclear("a question leaves nothing behind".to_owned())),
            Effect::Place { order, customer, suspense, .. } => {
                erp.look_for_placed(&context.ledger, &Placement { order, customer, suspense }, operator).await
            }
            Effect::Release { number, .. } => erp.look_for_released(&number, operator).await,
            Effect::Cancel { number, .. } => erp.look_for_cancelled(&number, operator).await,
        }
    }

    /// A status is changed from the one that is expected, so a late change and its repeat are one; a document is added twice.
    fn absence_proves(&self, effect: &ClaimedEffect) -> bool {
        let is_added = effect.kind == Operation::Place.as_str();
        !is_added || self.erps.get(&effect.pair).is_some_and(|erp| erp.absence_proves())
    }
}

/// What SYSPRO says to a repeat of what was done already.
const CONFLICTS: [syspro::Code; 2] = [syspro::Code::DuplicatePo, syspro::Code::StatusConflict];

/// A repeat that meets what it was to bring about shows that an earlier attempt did it after all: it is looked up, never
/// taken for a refusal.
fn meets_itself(effect: &ClaimedEffect, answer: &Answer) -> bool {
    let Verdict::No(reason) = &answer.verdict else { return false };
    if !CONFLICTS.iter().any(|code| code.text() == reason.code) {
        return false;
    }
    match codec::effect(&effect.kind, &effect.request) {
        Ok(Effect::Place { attempt, .. } | Effect::Release { attempt, .. } | Effect::Cancel { attempt, .. }) => {
            attempt > 1
        }
        Ok(Effect::Screen { .. }) | Err(_) => false,
    }
}

/// What a person could do when nobody can tell.
fn advice(operation: Operation) -> &'static str {
    match operation {
        Operation::Place => {
            "look in SYSPRO for a sales order under the order's purchase order number; it is taken over when it appears"
        }
        Operation::Release => "look at the sales order in SYSPRO and release it there if it still stands in suspense",
        Operation::Cancel => "look at the sales order in SYSPRO and cancel it there if it still stands",
    }
}

/// Every cause of an error in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn writing(operation: Option<Operation>) -> Result<Operation, Unreadable> {
    operation.ok_or_else(|| Unreadable("reads have no unknown outcome".to_owned()))
}

/// The end of a call as a command.
fn told(effect: &ClaimedEffect, ending: Ending) -> Result<Command, Unreadable> {
    let asked = codec::effect(&effect.kind, &effect.request)?;
    let (attempt, operation) = match &asked {
        Effect::Screen { attempt, .. } => (*attempt, None),
        Effect::Place { attempt, .. } => (*attempt, Some(Operation::Place)),
        Effect::Release { attempt, .. } => (*attempt, Some(Operation::Release)),
        Effect::Cancel { attempt, .. } => (*attempt, Some(Operation::Cancel)),
    };
    let answer = match ending {
        Ending::Answered(bytes) => codec::answer_from(&bytes)?,
        Ending::Refused(why) => {
            Answer { operator: String::new(), verdict: Verdict::No(Reason::new("erp_refused", why)) }
        }
        Ending::Unknown { inquiry_due } => {
            let operation = writing(operation)?;
            let reference = effect.reference.clone().unwrap_or_default();
            return Ok(Command::RecordUnknown {
                operation,
                attempt,
                reference,
                inquiry_due_at_ms: inquiry_due.timestamp_millis(),
            });
        }
        Ending::Absent => return Ok(Command::RecordAbsent { operation: writing(operation)?, attempt }),
        Ending::Differs(seen) => {
            let operation = writing(operation)?;
            return match codec::answer_from(&seen)?.verdict {
                Verdict::No(reason) => Ok(Command::RecordUnresolved { operation, attempt, reason }),
                Verdict::Yes { .. } => Err(Unreadable("a difference that is none".to_owned())),
            };
        }
        Ending::GivenUp(why) => {
            let operation = writing(operation)?;
            let reason = Reason::new("no_answer", format!("{why}; {}", advice(operation)));
            return Ok(Command::RecordUnresolved { operation, attempt, reason });
        }
    };
    let operator = answer.operator;
    Ok(match (operation, answer.verdict) {
        (None, Verdict::Yes { customer, warnings, .. }) => {
            Command::RecordScreen { attempt, outcome: ScreenOutcome::Passed { customer, warnings } }
        }
        (None, Verdict::No(reason)) => Command::RecordScreen { attempt, outcome: ScreenOutcome::Failed { reason } },
        (Some(Operation::Place), Verdict::Yes { sales_order, customer, .. }) => {
            Command::RecordPlaced { attempt, number: sales_order, customer, operator }
        }
        (Some(Operation::Release), Verdict::Yes { .. }) => Command::RecordReleased { attempt, operator },
        (Some(Operation::Cancel), Verdict::Yes { .. }) => Command::RecordCancelled { attempt, operator },
        (Some(operation), Verdict::No(reason)) => Command::RecordRefused { operation, attempt, reason },
    })
}

impl Service for ErpWriter {
    type Command = Command;

    fn name(&self) -> &'static str {
        NAME
    }

    fn listens_to(&self) -> &'static [&'static MessageKind] {
        LISTENS
    }

    fn stream_kinds(&self) -> &'static [&'static str] {
        &[SalesOrders::KIND]
    }

    fn lanes(&self) -> Vec<Lane> {
        vec![self.lane.clone()]
    }

    fn effect_kinds(&self) -> &'static [&'static str] {
        &[SCREEN, "place", "release", "cancel"]
    }

    fn profile(&self, kind: &str) -> Option<Profile> {
        if kind == SCREEN {
            return Some(Profile { lane: LANE, writes: false });
        }
        Operation::parse(kind).map(|_| Profile { lane: LANE, writes: true })
    }

    fn undoes(&self, kind: &str) -> bool {
        Operation::parse(kind) == Some(Operation::Cancel)
    }

    fn operator(&self, pair: &Pair) -> Option<String> {
        self.erps.get(pair)?.operator()
    }

    fn inbound(&self, message: &Inbound) -> Result<Routed<Command>, Unreadable> {
        inbound::route(message)
    }

    fn decide(
        &self,
        place: &Place,
        past: Past<'_>,
        command: Command,
        now: DateTime<Utc>,
    ) -> Result<Decided<Command>, DecideError> {
        match place.kind {
            SalesOrders::KIND => decide_in::<SalesOrders>(place, past, command, now),
            other => Err(DecideError::NoSuchKind(other.to_owned())),
        }
    }

    fn publish(&self, place: &Place, event: &StoredEvent) -> Result<Outgoing, CodecError> {
        let decoded = codec::decode(&event.kind, event.shape, &event.body)?;
        outbound::message(place.order, &decoded).ok_or_else(|| CodecError::Corrupt {
            kind: event.kind.clone(),
            why: "a private event was to be published".to_owned(),
        })
    }

    fn call<'a>(&'a self, context: &'a Context, effect: &'a ClaimedEffect) -> CallFuture<'a> {
        Box::pin(async move {
            match self.ask(context, effect).await {
                Ok(answer) if meets_itself(effect, &answer) => Called::Failed {
                    class: Class::UnknownOutcome,
                    why: "SYSPRO holds it already: an earlier attempt was done after all".to_owned(),
                },
                Ok(answer) => Called::Answered(codec::answer_to(&answer).into()),
                Err(error) => Called::Failed { class: error.class(), why: chain(&error) },
            }
        })
    }

    fn inquire<'a>(
        &'a self,
        context: &'a Context,
        effect: &'a ClaimedEffect,
        inquiry: &'a Inquiry,
    ) -> InquiryFuture<'a> {
        Box::pin(async move {
            match self.look(context, effect).await {
                Ok(Seen::Done(answer)) => Inquired::Found(codec::answer_to(&answer).into()),
                Ok(Seen::NotDone) if inquiry.absence_is_proof && !self.absence_proves(effect) => Inquired::Unclear(
                    "it is not there, but without sessions nothing proves that it cannot come any more".to_owned(),
                ),
                Ok(Seen::NotDone) => Inquired::Absent,
                Ok(Seen::Differs(reason)) => {
                    let answer = Answer { operator: String::new(), verdict: Verdict::No(reason) };
                    Inquired::Differs(codec::answer_to(&answer).into())
                }
                Ok(Seen::Unclear(why)) => Inquired::Unclear(why),
                Err(error) => Inquired::Unclear(chain(&error)),
            }
        })
    }

    fn answered(&self, effect: &ClaimedEffect, ending: Ending) -> Result<(Place, Command), Unreadable> {
        Ok((inbound::place_of(&effect.pair, OrderId(effect.id.stream.0)), told(effect, ending)?))
    }

    fn fired(&self, effect: &ClaimedEffect) -> Result<(Place, Command), Unreadable> {
        Err(Unreadable(format!("erp-writer sets no timers, and here is `{}`", effect.kind)))
    }

    fn describe(&self, _place: &Place, event: &StoredEvent) -> String {
        match codec::decode(&event.kind, event.shape, &event.body) {
            Ok(event) => projections::words(&event),
            Err(error) => error.to_string(),
        }
    }

    fn summarize(&self, _place: &Place, events: &[StoredEvent], summary: &mut OrderSummary) {
        let events: Vec<_> =
            events.iter().filter_map(|event| codec::decode(&event.kind, event.shape, &event.body).ok()).collect();
        projections::summarize(&events, summary);
    }
}
