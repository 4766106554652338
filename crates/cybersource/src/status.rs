//! What every word and number of the gateway means: the one table.
//!
//! [`STATUSES`] says what a status is, [`REASONS`] what a reason adds, [`judge`] puts the two together, [`SCHEME_RULES`]
//! holds what the card schemes say about trying again. A word that stands in no row is [`Outcome::UnknownStatus`]: neither
//! success nor failure is guessed, an inquiry and a person decide.

use fault::Class;

use crate::authorize::SchemeAdvice;

/// What was asked of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// To hold money.
    Authorize,
    /// To hold and take money in one.
    Sale,
    /// To take held money.
    Capture,
    /// To let go of held money.
    Reverse,
    /// To give taken money back.
    Refund,
    /// To withdraw a request before its batch.
    Void,
    /// To let go of whatever a silent authorization holds.
    TimeoutReverse,
    /// To withdraw whatever a silent request did.
    TimeoutVoid,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Authorize,
        Self::Sale,
        Self::Capture,
        Self::Reverse,
        Self::Refund,
        Self::Void,
        Self::TimeoutReverse,
        Self::TimeoutVoid,
    ];

    fn family(self) -> Family {
        match self {
            Self::Authorize | Self::Sale => Family::Payment,
            Self::Capture => Family::Capture,
            Self::Reverse | Self::TimeoutReverse => Family::Reversal,
            Self::Refund => Family::Refund,
            Self::Void | Self::TimeoutVoid => Family::Void,
        }
    }
}

/// Operations that share their status words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Authorizations and sales.
    Payment,
    /// Captures.
    Capture,
    /// Reversals, by the gateway's id or ours.
    Reversal,
    /// Refunds.
    Refund,
    /// Voids, by the gateway's id or ours.
    Void,
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done as asked.
    Done,
    /// Money is held, less than was asked.
    Partly,
    /// Money is held, and a person looks at it first.
    HeldForReview,
    /// A person looks first; whether money is held is told by the amount.
    Review,
    /// Money is held although the answer is no: it must be let go.
    HeldYetRefused,
    /// The buyer must prove who they are first; nothing is held.
    ProofWanted,
    /// The issuer or the gateway said no; nothing happened.
    Declined,
    /// The request was not taken; nothing happened.
    Refused,
    /// The gateway says itself that it does not know, or in words that decide nothing.
    NotTold,
    /// A word that stands in no table.
    UnknownStatus,
}

/// When the same thing may be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Never: a hard decline, or something that is already so.
    Never,
    /// After the buyer changed something: another card, another code, a proof.
    Changed,
    /// After a person mended the account, the configuration or the request.
    Mended,
    /// Only when an inquiry has shown that it did not happen.
    AfterInquiry,
    /// When an inquiry has shown that it did not happen, the same thing may work later.
    Later,
}

/// Whose matter a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Nobody's: approved.
    Approved,
    /// Nobody knows what happened.
    Unknown,
    /// The buyer's.
    Buyer,
    /// The merchant's account or configuration.
    Merchant,
    /// Risk rules.
    Risk,
    /// The state of the original.
    State,
    /// Our request is wrong.
    Integration,
}

/// A status word of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRow {
    /// Where it is said.
    pub family: Family,
    /// The word.
    pub word: &'static str,
    /// What it says, before the reason is looked at.
    pub outcome: Outcome,
}

/// A reason, by word and by number. Answers carry words, records and reports carry numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonRow {
    /// The word; blank where only numbers exist.
    pub word: &'static str,
    /// The numbers.
    pub codes: &'static [u16],
    /// Whose matter it is.
    pub group: Group,
    /// When it may be tried again.
    pub retry: Retry,
    /// The issuer approved before the gateway said no: money may be held.
    pub may_hold: bool,
}

impl ReasonRow {
    /// What is known when an answer carries it. A record of the gateway that carries it is a plain failure instead.
    pub fn class(&self) -> Option<Class> {
        match self.group {
            Group::Approved => None,
            Group::Unknown => Some(Class::UnknownOutcome),
            Group::Buyer | Group::Merchant | Group::Risk | Group::State | Group::Integration => Some(Class::Permanent),
        }
    }

    /// Whether another try with this card is out of the question.
    pub fn is_hard(&self) -> bool {
        self.group == Group::Buyer && self.retry == Retry::Never
    }
}

/// What an answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// What it says.
    pub outcome: Outcome,
    /// Which failure it is; none when it is no failure.
    pub class: Option<Class>,
    /// When it may be tried again; none when there is nothing to try again.
    pub retry: Option<Retry>,
}

const fn status(family: Family, word: &'static str, outcome: Outcome) -> StatusRow {
    StatusRow { family, word, outcome }
}

const fn row(word: &'static str, codes: &'static [u16], group: Group, retry: Retry) -> ReasonRow {
    ReasonRow { word, codes, group, retry, may_hold: false }
}

const fn soft(word: &'static str, codes: &'static [u16]) -> ReasonRow {
    ReasonRow { word, codes, group: Group::Risk, retry: Retry::Changed, may_hold: true }
}

/// Every status word.
pub const STATUSES: &[StatusRow] = &[
    status(Family::Payment, "AUTHORIZED", Outcome::Done),
    status(Family::Payment, "PARTIAL_AUTHORIZED", Outcome::Partly),
    status(Family::Payment, "AUTHORIZED_PENDING_REVIEW", Outcome::HeldForReview),
    status(Family::Payment, "AUTHORIZED_RISK_DECLINED", Outcome::HeldYetRefused),
    status(Family::Payment, "PENDING_AUTHENTICATION", Outcome::ProofWanted),
    status(Family::Payment, "PENDING_REVIEW", Outcome::Review),
    status(Family::Payment, "DECLINED", Outcome::Declined),
    status(Family::Payment, "INVALID_REQUEST", Outcome::Refused),
    status(Family::Payment, "SERVER_ERROR", Outcome::NotTold),
    status(Family::Capture, "PENDING", Outcome::Done),
    status(Family::Capture, "TRANSMITTED", Outcome::Done),
    status(Family::Capture, "INVALID_REQUEST", Outcome::Refused),
    status(Family::Capture, "SERVER_ERROR", Outcome::NotTold),
    status(Family::Reversal, "REVERSED", Outcome::Done),
    status(Family::Reversal, "INVALID_REQUEST", Outcome::Refused),
    status(Family::Reversal, "SERVER_ERROR", Outcome::NotTold),
    status(Family::Refund, "PENDING", Outcome::Done),
    status(Family::Refund, "DECLINED", Outcome::Declined),
    status(Family::Refund, "INVALID_REQUEST", Outcome::Refused),
    status(Family::Refund, "SERVER_ERROR", Outcome::NotTold),
    status(Family::Void, "VOIDED", Outcome::Done),
    // Documented without a meaning: the record tells whether the void took effect.
    status(Family::Void, "CANCELLED", Outcome::NotTold),
    status(Family::Void, "FAILED", Outcome::Declined),
    status(Family::Void, "INVALID_REQUEST", Outcome::Refused),
    status(Family::Void, "SERVER_ERROR", Outcome::NotTold),
];

/// Every reason.
pub const REASONS: &[ReasonRow] = &[
    // Approved.
    row("", &[100, 110], Group::Approved, Retry::Never),
    // Nobody knows.
    row("DUPLICATE_REQUEST", &[104], Group::Unknown, Retry::AfterInquiry),
    row("SYSTEM_ERROR", &[150], Group::Unknown, Retry::AfterInquiry),
    row("SERVER_TIMEOUT", &[151], Group::Unknown, Retry::AfterInquiry),
    row("SERVICE_TIMEOUT", &[152], Group::Unknown, Retry::AfterInquiry),
    row("ISSUER_UNAVAILABLE", &[207], Group::Unknown, Retry::Later),
    row("PROCESSOR_UNAVAILABLE", &[236], Group::Unknown, Retry::AfterInquiry),
    row("PROCESSOR_ERROR", &[], Group::Unknown, Retry::AfterInquiry),
    row("", &[250], Group::Unknown, Retry::AfterInquiry),
    // The buyer's: another card, another code, a proof.
    row("CONTACT_PROCESSOR", &[201], Group::Buyer, Retry::Changed),
    row("EXPIRED_CARD", &[202], Group::Buyer, Retry::Changed),
    row("PROCESSOR_DECLINED", &[203], Group::Buyer, Retry::Changed),
    row("INSUFFICIENT_FUND", &[204], Group::Buyer, Retry::Changed),
    row("UNAUTHORIZED_CARD", &[208], Group::Buyer, Retry::Changed),
    row("CVN_NOT_MATCH", &[209], Group::Buyer, Retry::Changed),
    row("INVALID_CVN", &[211], Group::Buyer, Retry::Changed),
    row("EXCEEDS_CREDIT_LIMIT", &[210], Group::Buyer, Retry::Changed),
    row("INVALID_ACCOUNT", &[231], Group::Buyer, Retry::Changed),
    row("CARD_TYPE_NOT_ACCEPTED", &[232], Group::Buyer, Retry::Changed),
    row("GENERAL_DECLINE", &[233], Group::Buyer, Retry::Changed),
    row("INVALID_CARD", &[], Group::Buyer, Retry::Changed),
    row("INVALID_CARD_TYPE", &[240], Group::Buyer, Retry::Changed),
    row("DECLINED_CHECK", &[], Group::Buyer, Retry::Changed),
    row("ACH_VERIFICATION_FAILED", &[], Group::Buyer, Retry::Changed),
    row("PENDING_AUTHENTICATION", &[], Group::Buyer, Retry::Changed),
    row("CONSUMER_AUTHENTICATION_REQUIRED", &[475, 478], Group::Buyer, Retry::Changed),
    row("CONSUMER_AUTHENTICATION_FAILED", &[476], Group::Buyer, Retry::Changed),
    row("", &[248, 251], Group::Buyer, Retry::Changed),
    // Hard declines: never again with this card.
    row("STOLEN_LOST_CARD", &[205], Group::Buyer, Retry::Never),
    row("BLOCKED_BY_CARDHOLDER", &[], Group::Buyer, Retry::Never),
    row("ALLOWABLE_PIN_RETRIES_EXCEEDED", &[], Group::Buyer, Retry::Never),
    // Risk. After a failed check of address or code the issuer's approval stands, and with it the hold.
    soft("AVS_FAILED", &[200]),
    soft("CV_FAILED", &[230]),
    soft("", &[520]),
    row("", &[220], Group::Risk, Retry::Changed),
    row("BLACKLISTED_CUSTOMER", &[221], Group::Risk, Retry::Changed),
    row("SUSPENDED_ACCOUNT", &[222], Group::Risk, Retry::Changed),
    row("PAYMENT_REFUSED", &[223], Group::Risk, Retry::Changed),
    row("SCORE_EXCEEDS_THRESHOLD", &[400], Group::Risk, Retry::Changed),
    row("DECISION_PROFILE_REVIEW", &[480], Group::Risk, Retry::Never),
    row("DECISION_PROFILE_REJECT", &[481], Group::Risk, Retry::Changed),
    row("CUSTOMER_WATCHLIST_MATCH", &[700], Group::Risk, Retry::Never),
    row("ADDRESS_COUNTRY_WATCHLIST_MATCH", &[701], Group::Risk, Retry::Never),
    row("EMAIL_COUNTRY_WATCHLIST_MATCH", &[702], Group::Risk, Retry::Never),
    row("IP_COUNTRY_WATCHLIST_MATCH", &[703], Group::Risk, Retry::Never),
    row("DAGGREJECTED", &[], Group::Risk, Retry::Changed),
    row("DAGGDENIED", &[], Group::Risk, Retry::Changed),
    row("DSYSREJECTED", &[], Group::Risk, Retry::Changed),
    // The merchant's account.
    row("INVALID_MERCHANT_CONFIGURATION", &[234], Group::Merchant, Retry::Mended),
    row("ACCOUNT_NOT_ALLOWED_CREDIT", &[254], Group::Merchant, Retry::Mended),
    row("NOT_SUPPORTED", &[], Group::Merchant, Retry::Mended),
    // The original's state.
    row("EXCEEDS_AUTH_AMOUNT", &[235], Group::State, Retry::Never),
    row("AUTH_ALREADY_REVERSED", &[237], Group::State, Retry::Never),
    row("TRANSACTION_ALREADY_SETTLED", &[238], Group::State, Retry::Never),
    row("INVALID_AMOUNT", &[239], Group::State, Retry::Never),
    row("MISSING_AUTH", &[242], Group::State, Retry::Never),
    row("TRANSACTION_ALREADY_REVERSED_OR_SETTLED", &[243], Group::State, Retry::Never),
    row("NOT_VOIDABLE", &[246], Group::State, Retry::Never),
    row("CAPTURE_ALREADY_VOIDED", &[247], Group::State, Retry::Never),
    // Our request.
    row("MISSING_FIELD", &[101], Group::Integration, Retry::Mended),
    row("INVALID_DATA", &[102], Group::Integration, Retry::Mended),
    row("INVALID_PAYMENT_ID", &[241], Group::Integration, Retry::Mended),
];

/// What the schemes say about trying a declined card again, by response category.
pub const SCHEME_RULES: &[(&str, SchemeAdvice)] = &[
    ("01", SchemeAdvice::Never),
    ("02", SchemeAdvice::Limited),
    ("03", SchemeAdvice::Limited),
    ("04", SchemeAdvice::Limited),
    ("97", SchemeAdvice::Limited),
    ("98", SchemeAdvice::Limited),
    ("99", SchemeAdvice::Limited),
];
/// The most tries with one card and amount within [`SCHEME_DAYS`].
pub const SCHEME_TRIES_MAX: u32 = 15;
/// The days over which tries are counted.
pub const SCHEME_DAYS: u32 = 30;

/// What the schemes say to this response category. One that came later than we did promises nothing.
pub fn advice(category: Option<&str>) -> SchemeAdvice {
    let rule = SCHEME_RULES.iter().find(|(known, _)| Some(*known) == category);
    rule.map_or(SchemeAdvice::NotTold, |(_, advice)| *advice)
}

/// The row of a reason's word.
pub fn reason(word: &str) -> Option<&'static ReasonRow> {
    REASONS.iter().find(|row| !row.word.is_empty() && row.word == word)
}

/// The row of a reason's number, as records and reports carry it.
pub fn reason_of_code(code: &str) -> Option<&'static ReasonRow> {
    let code = code.trim().parse().ok()?;
    REASONS.iter().find(|row| row.codes.contains(&code))
}

/// Whether this operation has such a status.
pub fn is_word_of(operation: Operation, word: &str) -> bool {
    STATUSES.iter().any(|row| row.family == operation.family() && row.word == word)
}

/// What an answer comes to, from its status and its reason.
pub fn judge(operation: Operation, word: &str, reason_word: Option<&str>) -> Verdict {
    let row = STATUSES.iter().find(|row| row.family == operation.family() && row.word == word);
    let outcome = row.map_or(Outcome::UnknownStatus, |row| row.outcome);
    match outcome {
        Outcome::Done | Outcome::Partly | Outcome::HeldForReview | Outcome::Review => good(outcome),
        Outcome::HeldYetRefused | Outcome::ProofWanted => {
            Verdict { outcome, class: Some(Class::Permanent), retry: Some(Retry::Changed) }
        }
        Outcome::Declined | Outcome::Refused => denied(operation, outcome, reason_word),
        Outcome::NotTold | Outcome::UnknownStatus => open(outcome, Retry::AfterInquiry),
    }
}

/// Whether a machine may try the same thing again with the same card now. `tries` counts those of the last
/// [`SCHEME_DAYS`] days with this card and amount.
pub fn is_retriable(class: Class, retry: Retry, advice: SchemeAdvice, tries: u32) -> bool {
    let is_allowed = match advice {
        SchemeAdvice::Never => false,
        SchemeAdvice::Limited | SchemeAdvice::NotTold => tries < SCHEME_TRIES_MAX,
    };
    let is_worth_it = match (class, retry) {
        // The inquiry comes first, whatever the reason promises.
        (Class::UnknownOutcome, _) | (_, Retry::Never) => false,
        (Class::Transient, Retry::Changed | Retry::Mended | Retry::AfterInquiry | Retry::Later) => true,
        (Class::Permanent, Retry::Later) => true,
        (Class::Permanent, Retry::Changed | Retry::Mended | Retry::AfterInquiry) => false,
    };
    is_allowed && is_worth_it
}

fn good(outcome: Outcome) -> Verdict {
    Verdict { outcome, class: None, retry: None }
}

fn open(outcome: Outcome, retry: Retry) -> Verdict {
    Verdict { outcome, class: Some(Class::UnknownOutcome), retry: Some(retry) }
}

fn denied(operation: Operation, outcome: Outcome, reason_word: Option<&str>) -> Verdict {
    let Some(word) = reason_word else {
        // Declines without a reason were seen; a refusal without one is no refusal.
        return match (outcome, operation.family()) {
            (Outcome::Declined, Family::Payment) => {
                Verdict { outcome, class: Some(Class::Permanent), retry: Some(Retry::Changed) }
            }
            _ => open(Outcome::NotTold, Retry::AfterInquiry),
        };
    };
    let Some(row) = reason(word) else { return open(Outcome::UnknownStatus, Retry::AfterInquiry) };
    match (row.group, operation.family()) {
        (Group::Unknown | Group::Approved, _) => open(Outcome::NotTold, row.retry),
        (_, Family::Payment) if row.may_hold && outcome == Outcome::Declined => {
            Verdict { outcome: Outcome::HeldYetRefused, class: Some(Class::Permanent), retry: Some(row.retry) }
        }
        _ => Verdict { outcome, class: Some(Class::Permanent), retry: Some(row.retry) },
    }
}
