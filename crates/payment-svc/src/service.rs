//! The service as the runtime drives it: every method says which room does the work.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use contracts::{MessageKind, query::v1::OrderSummary};
use fault::Classify as _;
use ledger::{ClaimedEffect, StoredEvent};
use node::Node;
use runtime::{
    Aggregate as _, CallFuture, Called, CodecError, Context, DecideError, Decided, Ending, Inbound, Lane, Outgoing,
    Past, Place, Profile, Routed, Service, Unreadable, decide_in,
};

use crate::{
    Command, NAME,
    codec::{self, Heard, PaymentStream, SagaStream, What},
    config::Settings,
    error::CallError,
    inbound, outbound, person,
    ports::CardGateway,
    view,
};

/// The lane to the card gateway.
const GATEWAY_LANE: &str = "gateway";
/// A call may take this much longer than the client's own limit, so that the client says what happened.
const CALL_GRACE: Duration = Duration::from_secs(1);
/// How far clocks may be apart.
const SKEW: Duration = Duration::from_secs(30);
/// How long the gateway may still work on a request that it has taken in.
const PROCESSING: Duration = Duration::from_secs(150);
/// How far the gateway's search may be behind.
const SEARCH_LAG: Duration = Duration::from_secs(20 * 60);
/// When the gateway is asked what became of a request after the first time, in seconds from its sending.
const INQUIRIES_S: [u64; 6] = [30, 60, 120, 300, 600, 1200];
/// How long it is asked before a person is told.
const ASK_FOR: Duration = Duration::from_secs(30 * 60);

/// The service.
pub struct PaymentService {
    settings: Settings,
    node: Node,
    gateway: Arc<dyn CardGateway>,
}

impl PaymentService {
    /// With this gateway.
    pub(crate) fn new(settings: Settings, node: Node, gateway: Arc<dyn CardGateway>) -> Self {
        Self { settings, node, gateway }
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
            outbound::CAPTURE => self.gateway.capture(&effect.pair, &codec::read_follow_on(&effect.request)?).await,
            outbound::REVERSE => self.gateway.reverse(&effect.pair, &codec::read_follow_on(&effect.request)?).await,
            other => Err(CallError::NoSuchCall(other.to_owned())),
        }
    }

    async fn make(&self, context: &Context, effect: &ClaimedEffect) -> Called {
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
        &[SagaStream::KIND, PaymentStream::KIND]
    }

    fn lanes(&self) -> Vec<Lane> {
        let pairs = || self.settings.pairs.values();
        let call_limit = pairs().map(|pair| pair.call_limit).max().unwrap_or_default() + CALL_GRACE;
        // A frozen sender can do harm for as long as its signature is good, and the gateway for as long as it is at it.
        let signature_life = pairs().map(|pair| pair.signature_life).max().unwrap_or_default();
        vec![Lane {
            name: GATEWAY_LANE,
            width: pairs().map(|pair| pair.width).sum::<usize>().max(1),
            call_limit,
            quiet: signature_life + SKEW + PROCESSING,
            search_lag: SEARCH_LAG,
            inquiries: runtime::inquiry_hours(self.settings.inquiry_after, &INQUIRIES_S),
            ask_for: ASK_FOR,
        }]
    }

    fn effect_kinds(&self) -> &'static [&'static str] {
        outbound::EFFECT_KINDS
    }

    fn profile(&self, kind: &str) -> Option<Profile> {
        let is_call = [outbound::AUTHORIZE, outbound::CAPTURE, outbound::REVERSE].contains(&kind);
        is_call.then_some(Profile { lane: GATEWAY_LANE, writes: true })
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
            (kind, _) => Err(DecideError::NoSuchKind(kind.to_owned())),
        }
    }

    fn publish(&self, place: &Place, event: &StoredEvent) -> Result<Outgoing, CodecError> {
        outbound::publish(place, event)
    }

    fn call<'a>(&'a self, context: &'a Context, effect: &'a ClaimedEffect) -> CallFuture<'a> {
        Box::pin(self.make(context, effect))
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
