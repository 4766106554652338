//! An order, and what may be told about it.

use std::sync::Arc;

use decider::{Decider, fold};
use ids::{MerchantReference, OrderId};
use money::Amount;
use sealed::SealedBox;

use super::super::*;
use crate::{CardToken, Reason, TokenMode};

pub const NOW: i64 = 1_791_970_200_000;

pub fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

pub fn order() -> OrderId {
    "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap()
}

pub fn reference(verb: char) -> MerchantReference {
    ids::merchant_reference("demo", order().0, verb, 1)
}

/// An order whose token lives for this long.
pub fn start_with(token_lives_ms: i64, policies: Policies) -> Command {
    let facts = OrderFacts {
        order: order(),
        shop: "shop-1".to_owned(),
        order_number: "1001".to_owned(),
        total: eur(10_221),
        token: CardToken {
            mode: TokenMode::Transient,
            token: "1D1S6J".to_owned(),
            brand: "visa".to_owned(),
            last_four: "1111".to_owned(),
            expires_at_ms: Some(NOW + token_lives_ms),
            claim: None,
            authentication: None,
        },
        personal: SealedBox { subject: order().0, wrapped_key: Vec::new(), ciphertext: vec![7; 40] },
        contract_order: vec![1, 2, 3],
        reference_prefix: "demo".to_owned(),
        is_captured_by_shop: false,
    };
    Command::Start { facts: Arc::new(facts), policies, now_ms: NOW }
}

pub fn start() -> Command {
    start_with(900_000, Policies::default())
}

pub fn screened() -> Command {
    Command::RecordScreened { customer_code: "C001".to_owned(), warnings: Vec::new(), now_ms: NOW + 100 }
}

pub fn screen_failed() -> Command {
    Command::RecordScreenFailed { reason: Reason::new("stock_short", "2 short of SKU-1") }
}

pub fn deadline() -> Command {
    Command::ScreeningDeadline { now_ms: NOW + 30_000 }
}

pub fn held() -> Command {
    Command::RecordHeld { held: eur(10_221), amiss: None, at_ms: NOW + 500 }
}

pub fn held_amiss() -> Command {
    let reason = Reason::new("partial_approval", "half");
    Command::RecordHeld { held: eur(5_110), amiss: Some(Amiss::Partial(reason)), at_ms: NOW + 500 }
}

pub fn under_review() -> Command {
    Command::RecordUnderReview { held: Some(eur(10_221)), at_ms: NOW + 500 }
}

pub fn declined() -> Command {
    Command::RecordDeclined { reason: Reason::new("INSUFFICIENT_FUND", "insufficient funds"), at_ms: NOW + 500 }
}

pub fn placed() -> Command {
    Command::RecordPlaced { sales_order: "000871".to_owned(), customer_code: "C001".to_owned() }
}

pub fn place_refused() -> Command {
    Command::RecordPlaceRefused { reason: Reason::new("erp_refused", "customer on hold") }
}

pub fn captured() -> Command {
    Command::RecordCaptured { captured: eur(10_221), reference: reference('C'), gateway_request_id: "7920".to_owned() }
}

pub fn captured_otherwise() -> Command {
    Command::RecordCaptured { captured: eur(10_000), reference: reference('C'), gateway_request_id: "7920".to_owned() }
}

pub fn capture_refused() -> Command {
    Command::RecordCaptureRefused { reason: Reason::new("MISSING_AUTH", "the authorization is gone") }
}

pub fn released() -> Command {
    Command::RecordReleased { sales_order: "000871".to_owned() }
}

pub fn release_refused() -> Command {
    Command::RecordReleaseRefused { reason: Reason::new("erp_refused", "period closed") }
}

pub fn reversed() -> Command {
    Command::RecordReversed { reversed: eur(10_221) }
}

pub fn reversal_refused() -> Command {
    Command::RecordReversalRefused { reason: Reason::new("OTC-PAY-002", "no") }
}

pub fn sales_order_cancelled() -> Command {
    Command::RecordSalesOrderCancelled { sales_order: "000871".to_owned() }
}

pub fn cancel_refused() -> Command {
    Command::RecordCancelRefused { reason: Reason::new("erp_refused", "already dispatched") }
}

pub fn unknown(step: Step) -> Command {
    Command::RecordUnknown { step, reference: format!("ref-{}", step.word()), inquiry_due_ms: NOW + 15_000 }
}

/// The saga after these commands.
pub fn given(commands: impl IntoIterator<Item = Command>) -> OrderToCash {
    commands.into_iter().fold(OrderToCash::default(), |state, command| {
        let events = OrderToCash::decide(&state, command).unwrap();
        fold::<OrderToCash>(state, &events)
    })
}

/// What one more command comes to.
pub struct Then {
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
    pub state: OrderToCash,
}

impl Then {
    pub fn kinds(&self) -> Vec<&'static str> {
        self.events.iter().map(Event::kind).collect()
    }

    /// Effects in short, for comparing lists.
    pub fn asks(&self) -> Vec<String> {
        self.effects.iter().map(short).collect()
    }
}

fn short(effect: &Effect) -> String {
    match effect {
        Effect::Send(question, _) => format!("send {}", question.name()),
        Effect::Tell(command) => format!("tell {}", command.name()),
        Effect::StartTimer(timer, after) => format!("start {} in {} ms", timer.name(), after.as_millis()),
        Effect::CancelTimer(timer) => format!("cancel {}", timer.name()),
        Effect::Settle(question) => format!("settle {}", question.name()),
    }
}

pub fn when(state: &OrderToCash, command: Command) -> Then {
    let events = OrderToCash::decide(state, command).unwrap();
    let mut after = state.clone();
    let mut effects = Vec::new();
    for event in &events {
        after = OrderToCash::evolve(after, event);
        effects.extend(OrderToCash::react(&after, event));
    }
    Then { events, effects, state: after }
}

/// Policies of a pair that keeps unpaid orders open for an hour.
pub fn open() -> Policies {
    Policies { open_for_ms: 3_600_000, ..Policies::default() }
}

pub fn another(number: u32) -> Command {
    let token = CardToken {
        mode: TokenMode::Transient,
        token: "2E2T7K".to_owned(),
        brand: "visa".to_owned(),
        last_four: "2222".to_owned(),
        expires_at_ms: Some(NOW + 3_600_000),
        claim: None,
        authentication: None,
    };
    let personal = SealedBox { subject: order().0, wrapped_key: Vec::new(), ciphertext: vec![8; 40] };
    Command::AddPayment { number, token, personal }
}

pub fn not_found() -> Command {
    Command::RecordDeclined { reason: Reason::new(NOT_FOUND, "never answered"), at_ms: NOW + 900_000 }
}

pub fn taken() -> Command {
    Command::RecordTaken { captured: eur(10_221), reference: reference('A'), gateway_request_id: "7920".to_owned() }
}

pub fn needs_person(step: Step) -> Command {
    Command::RecordNeedsPerson { step, reason: Reason::new("OTC-PAY-007", "look at the report") }
}
