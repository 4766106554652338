//! The published table of amounts that make the gateway behave in a chosen way, so that a person at a checkout can
//! play every ending. Amounts of currencies with two decimals only; an ordinary price that happens to end so is hit too.

use std::time::Duration;

/// What an amount (or a test card) does to an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Declined by the issuer: a 201 like any other answer.
    Decline {
        /// The gateway's word.
        reason: &'static str,
        /// The processor's two digits.
        response_code: &'static str,
        /// The gateway's sentence.
        message: &'static str,
    },
    /// Money is held, a person must look first.
    Review,
    /// Money is held although the risk rules said no.
    RiskDecline,
    /// Only half is approved.
    Partial,
    /// 502 SERVER_TIMEOUT although the payment was made.
    TimeoutRecorded,
    /// 502 SERVER_TIMEOUT and no payment was made.
    TimeoutNotRecorded,
    /// The payment is made and no answer ever comes.
    Silence,
    /// The payment is made and the answer comes after most callers have given up.
    Late(Duration),
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// The cents that the amount ends in.
    pub cents: u8,
    /// What happens, for people.
    pub title: &'static str,
    /// What happens.
    pub effect: Effect,
}

const fn decline(cents: u8, reason: &'static str, response_code: &'static str, message: &'static str) -> Trigger {
    Trigger { cents, title: reason, effect: Effect::Decline { reason, response_code, message } }
}

/// An expired card, by the table or by its own date.
pub(super) const EXPIRED: Effect = Effect::Decline {
    reason: "EXPIRED_CARD",
    response_code: "54",
    message: "Decline - expired card, or the expiration date does not match the issuer's",
};

/// All triggers.
pub const TRIGGERS: &[Trigger] = &[
    decline(5, "PROCESSOR_DECLINED", "05", "Decline - general decline of the card by the processor"),
    Trigger { cents: 10, title: "PARTIAL_AUTHORIZED: half of the amount", effect: Effect::Partial },
    decline(43, "STOLEN_LOST_CARD", "43", "Decline - stolen or lost card"),
    decline(51, "INSUFFICIENT_FUND", "51", "Decline - insufficient funds in the account"),
    Trigger { cents: 54, title: "EXPIRED_CARD", effect: EXPIRED },
    Trigger { cents: 80, title: "AUTHORIZED_PENDING_REVIEW", effect: Effect::Review },
    Trigger { cents: 81, title: "AUTHORIZED_RISK_DECLINED: the hold stands", effect: Effect::RiskDecline },
    Trigger { cents: 91, title: "502 SERVER_TIMEOUT, payment made", effect: Effect::TimeoutRecorded },
    Trigger { cents: 92, title: "502 SERVER_TIMEOUT, no payment", effect: Effect::TimeoutNotRecorded },
    Trigger { cents: 96, title: "payment made, never an answer", effect: Effect::Silence },
    Trigger { cents: 97, title: "payment made, answer after 35 s", effect: Effect::Late(Duration::from_secs(35)) },
];

/// The effect of these cents.
pub(super) fn by_cents(cents: u8) -> Option<Effect> {
    TRIGGERS.iter().find(|trigger| trigger.cents == cents).map(|trigger| trigger.effect)
}

/// The effect of an amount, when its currency has cents.
pub(super) fn by_amount(amount: money::Amount) -> Option<Effect> {
    if amount.currency().exponent() != 2 {
        return None;
    }
    by_cents(u8::try_from(amount.minor().rem_euclid(100)).ok()?)
}
