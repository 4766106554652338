//! The service as the runtime drives it: every method says which room does the work.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use contracts::{MessageKind, query::v1::OrderSummary};
use fault::Classify as _;
use ledger::{ClaimedEffect, StoredEvent};
use node::Node;
use payment_domain::{Reason, payment::Operation};
use runtime::{
    Aggregate as _, CallFuture, Called, CodecError, Context, DecideError, Decided, Ending, Inbound, Inquired, Inquiry,
    InquiryFuture, Lane, Outgoing, Past, Place, Profile, Routed, Service, Unreadable, decide_in,
};

use crate::{
    Command, NAME,
    codec::{self, Compared, Heard, LadderStream, PaymentStream, SagaStream, SweepStream, What},
    config::Settings,
    error::CallError,
    inbound, outbound, person,
    ports::{CardGateway, Sought},
    sweeping, view,
};

/// The lane to the card gateway.
const GATEWAY_LANE: &str = "gateway";
/// The lane to the gateway's records: looking must not wait for money, nor money for looking.
const LOOK_LANE: &str = "gateway_records";
/// Looks at a time.
const LOOK_WIDTH: usize = 4;
/// The longest a look may take: a window of the sweep is many pages.
const LOOK_LIMIT: Duration = Duration::from_secs(120);
/// A call may take this much longer than the client's own limit, so that the client says what happened.
const CALL_GRACE: Duration = Duration::from_secs(1);
/// When the gateway is asked what became of a request after the first time, in seconds from its sending.
const INQUIRIES_S: [u64; 6] = [30, 60, 120, 300, 600, 1200];
/// How long it is asked before a person is told.
const ASK_FOR: Duration = Duration::from_secs(30 * 60);

/// The service.
pub struct PaymentService {
    settings: Settings,
    node: Node,
    gateway: Arc<dyn CardGateway>,
    known: sweeping::Known,
}

impl PaymentService {
    /// With this gateway.
    pub(crate) fn new(settings: Settings, node: Node, gateway: Arc<dyn CardGateway>) -> Self {
        Self { settings, node, gateway, known: sweeping::Known::default() }
    }

    fn now_ms(&self) -> i64 {
        self.node.now().timestamp_millis()
    }

    /// One call. What the gateway said is kept in one encoding, whatever was asked.
    async fn ask_gateway(&self, context: &Context, effect: &ClaimedEffect) -> Result<What, CallError> {
        match effect.kind.as_str() {
            outbound::AUTHORIZE => {
                let (reference, purpose) = codec::read_authorize(&effect.request)?;
                // Only what was never sent comes here, so an expired token is proof that nothing is held.
                if purpose.token.is_expired(self.now_ms()) {
                    return Err(CallError::TokenExpired);
                }
                let personal = person::open(&context.ledger, &self.settings.master, &purpose.personal).await?;
                self.gateway.authorize(&effect.pair, &reference, &purpose, &personal).await
            }
            outbound::CONFIRM => {
                let (_, purpose) = codec::read_authorize(&effect.request)?;
                self.gateway.confirm(&effect.pair, &purpose).await
            }
            outbound::TIMEOUT_REVERSE | outbound::TIMEOUT_VOID => {
                let operation = Operation::parse(&effect.kind).unwrap_or(Operation::TimeoutReverse);
                self.gateway.undo_by_id(&effect.pair, operation, &codec::read_timeout(&effect.request)?).await
            }
            outbound::CAPTURE => self.gateway.capture(&effect.pair, &codec::read_follow_on(&effect.request)?).await,
            outbound::AWAIT_CAPTURE => {
                self.gateway.await_capture(&effect.pair, &codec::read_follow_on(&effect.request)?).await
            }
            outbound::REVERSE => self.gateway.reverse(&effect.pair, &codec::read_follow_on(&effect.request)?).await,
            outbound::VOID => self.gateway.void(&effect.pair, &codec::read_follow_on(&effect.request)?).await,
            outbound::REFUND => self.gateway.refund(&effect.pair, &codec::read_follow_on(&effect.request)?).await,
            other => Err(CallError::NoSuchCall(other.to_owned())),
        }
    }

    async fn sweep(&self, context: &Context, effect: &ClaimedEffect) -> Result<Compared, CallError> {
        let window = codec::read_window(&effect.request)?;
        let pair = self.settings.pairs.get(&effect.pair);
        let pair = pair.ok_or_else(|| CallError::NoSuchPair(effect.pair.clone()))?;
        let of = (&effect.pair, pair.reference_prefix.as_str());
        sweeping::compare(self.gateway.as_ref(), &context.ledger, &self.known, of, window).await
    }

    /// One question about a call. What is found is kept in the encoding of the call's own answer.
    async fn seek(&self, effect: &ClaimedEffect) -> Result<Inquired, CallError> {
        let heard = |what| codec::write_answer(&Heard { at_ms: self.now_ms(), what });
        let question = inbound::question(effect)?;
        Ok(match self.gateway.inquire(&effect.pair, &question).await? {
            Sought::Found(what) => Inquired::Found(heard(what)),
            Sought::Absent => Inquired::Absent,
            Sought::Differs(what) => Inquired::Differs(heard(What::Refused(Reason::new("differs", what)))),
            Sought::Unclear(why) => Inquired::Unclear(why),
        })
    }

    async fn make(&self, context: &Context, effect: &ClaimedEffect) -> Called {
        if effect.kind == outbound::SWEEP {
            return match self.sweep(context, effect).await {
                Ok(compared) => Called::Answered(codec::write_compared(&compared)),
                Err(error) => Called::Failed { class: error.class(), why: error.chain() },
            };
        }
        match self.ask_gateway(context, effect).await {
            Ok(what) => Called::Answered(codec::write_answer(&Heard { at_ms: self.now_ms(), what })),
            Err(error) => Called::Failed { class: error.class(), why: error.chain() },
        }
    }
}

impl Service for PaymentService {
    type Command = Command;

    fn name(&self) -> &'static str {
        NAME
    }

    fn listens_to(&self) -> &'static [&'static MessageKind] {
        inbound::LISTENS
    }

    fn stream_kinds(&self) -> &'static [&'static str] {
        &[SagaStream::KIND, PaymentStream::KIND, LadderStream::KIND, SweepStream::KIND]
    }

    fn lanes(&self) -> Vec<Lane> {
        let pairs = || self.settings.pairs.values();
        let call_limit = pairs().map(|pair| pair.call_limit).max().unwrap_or_default() + CALL_GRACE;
        let quiet = pairs().map(|pair| pair.quiet).max().unwrap_or_default();
        let search_lag = pairs().map(|pair| pair.search_lag).max().unwrap_or_default();
        let inquiries = runtime::inquiry_hours(self.settings.inquiry_after, &INQUIRIES_S);
        let look = |name, width| Lane {
            name,
            width,
            call_limit: LOOK_LIMIT,
            quiet: Duration::ZERO,
            search_lag: Duration::ZERO,
            inquiries: inquiries.clone(),
            ask_for: ASK_FOR,
        };
        vec![
            look(LOOK_LANE, LOOK_WIDTH),
            Lane {
                name: GATEWAY_LANE,
                width: pairs().map(|pair| pair.width).sum::<usize>().max(1),
                call_limit,
                quiet,
                search_lag,
                inquiries: inquiries.clone(),
                // Never given up before absence could be proven.
                ask_for: ASK_FOR.max(quiet + search_lag + ASK_FOR / 6),
            },
        ]
    }

    fn effect_kinds(&self) -> &'static [&'static str] {
        outbound::EFFECT_KINDS
    }

    fn profile(&self, kind: &str) -> Option<Profile> {
        if outbound::WRITES.contains(&kind) {
            return Some(Profile { lane: GATEWAY_LANE, writes: true });
        }
        let is_look = kind == outbound::SWEEP || outbound::LOOKS.contains(&kind);
        is_look.then_some(Profile { lane: LOOK_LANE, writes: false })
    }

    fn undoes(&self, kind: &str) -> bool {
        outbound::WRITES.contains(&kind) && ![outbound::AUTHORIZE, outbound::CAPTURE].contains(&kind)
    }

    fn inbound(&self, message: &Inbound) -> Result<Routed<Command>, Unreadable> {
        inbound::route(message, &self.settings, self.now_ms())
    }

    fn decide(
        &self,
        place: &Place,
        past: Past<'_>,
        command: Command,
        now: DateTime<Utc>,
    ) -> Result<Decided<Command>, DecideError> {
        match (place.kind, command) {
            (SagaStream::KIND, Command::Saga(command)) => decide_in::<SagaStream>(place, past, command, now),
            (PaymentStream::KIND, Command::Payment(command)) => decide_in::<PaymentStream>(place, past, command, now),
            (LadderStream::KIND, Command::Ladder(command)) => decide_in::<LadderStream>(place, past, command, now),
            (SweepStream::KIND, Command::Sweep(command)) => decide_in::<SweepStream>(place, past, command, now),
            (kind, _) => Err(DecideError::NoSuchKind(kind.to_owned())),
        }
    }

    fn publish(&self, place: &Place, event: &StoredEvent) -> Result<Outgoing, CodecError> {
        outbound::publish(place, event)
    }

    fn call<'a>(&'a self, context: &'a Context, effect: &'a ClaimedEffect) -> CallFuture<'a> {
        Box::pin(self.make(context, effect))
    }

    fn inquire<'a>(
        &'a self,
        _context: &'a Context,
        effect: &'a ClaimedEffect,
        _inquiry: &'a Inquiry,
    ) -> InquiryFuture<'a> {
        Box::pin(async move { self.seek(effect).await.unwrap_or_else(|error| Inquired::Unclear(error.chain())) })
    }

    fn answered(&self, effect: &ClaimedEffect, ending: Ending) -> Result<(Place, Command), Unreadable> {
        inbound::answered(effect, ending, self.now_ms())
    }

    fn fired(&self, effect: &ClaimedEffect) -> Result<(Place, Command), Unreadable> {
        inbound::fired(effect, self.now_ms())
    }

    fn describe(&self, place: &Place, event: &StoredEvent) -> String {
        view::describe(place, event)
    }

    fn summarize(&self, place: &Place, events: &[StoredEvent], summary: &mut OrderSummary) {
        view::summarize(place, events, summary);
    }
}
