//! The card gateway: Cybersource's REST operations on one ledger of amounts, faithful and not idempotent on purpose.
//!
//! Authorize and sale, capture, authorization reversal, void, refund, both by the caller's own id, search and detail.
//! Requests are signed in either of two ways and verified by code of this crate alone. Sending a payment twice makes two
//! payments, as it does out there.

mod answer;
mod authentic;
mod authorize;
pub mod books;
pub mod cards;
mod fields;
mod follow_on;
mod give_back;
mod merchant;
mod notes;
mod plant;
mod refusal;
mod search;
mod source;
mod state;
mod time;
mod timeout;
pub mod tokens;
pub mod triggers;

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

pub use authentic::SignatureChecks;
pub use books::{
    FollowOn, GatewayBooks, LateRequest, OrderMoney, Origin, PaymentRecord, PaymentStatus, RefusedRequest,
};
pub use merchant::{Account, DEFAULT_KEY_ID, DEFAULT_MERCHANT, DEFAULT_SECRET, IDS_KEY_ID, IDS_MERCHANT, MerchantKey};
pub use plant::{Plant, PlantKind, Planted};
pub use time::Calendar;

use crate::{
    gateway::{
        authentic::{SeenTokenIds, Verdict},
        give_back::Target,
        notes::Notes,
        refusal::Refusal,
        state::State,
        tokens::{MintError, MintedToken, Tokens},
    },
    world::{Caller, Delivery, Reply, View, World},
};

/// How the gateway is set up.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Who may call.
    pub merchants: Vec<MerchantKey>,
    /// How strictly signatures are judged.
    pub signatures: SignatureChecks,
    /// A request is found by search and detail only after this long.
    pub search_delay: TimeDelta,
    /// Whether amounts act by [`triggers::TRIGGERS`]. Test cards act in any case.
    pub are_triggers_on: bool,
    /// Every account takes transaction ids, whatever is said of it in `merchants`.
    pub refuses_repeated_transaction_id: bool,
    /// A silent request can be undone by its transaction id only this long after it came.
    pub timeout_wait: TimeDelta,
    /// When batches close and holds end.
    pub calendar: Calendar,
    /// A request is worked on at most this long after it came; then it is given up.
    pub processing_limit: TimeDelta,
    /// The account refuses a merchant reference used within the last 15 minutes.
    pub blocks_duplicate_reference: bool,
    /// The account may capture one authorization in parts.
    pub allows_multiple_captures: bool,
    /// The account may reverse less than the whole.
    pub allows_partial_reversals: bool,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            merchants: vec![MerchantKey::default(), MerchantKey::with_transaction_ids()],
            signatures: SignatureChecks::default(),
            search_delay: TimeDelta::seconds(5),
            are_triggers_on: true,
            refuses_repeated_transaction_id: false,
            timeout_wait: TimeDelta::zero(),
            calendar: Calendar::default(),
            processing_limit: TimeDelta::seconds(150),
            blocks_duplicate_reference: false,
            allows_multiple_captures: false,
            allows_partial_reversals: false,
        }
    }
}

impl GatewayConfig {
    /// The gateway of tests and of the demo, for which nobody waits minutes: signatures live 5 s, clocks differ by 1 s,
    /// a request is worked on for 5 s at most, and the search is 2 s behind.
    pub fn brisk() -> Self {
        Self {
            signatures: SignatureChecks::living(TimeDelta::seconds(5), TimeDelta::seconds(1)),
            search_delay: TimeDelta::seconds(2),
            processing_limit: TimeDelta::seconds(5),
            ..Self::default()
        }
    }
}

/// The gateway's whole state.
pub struct GatewayWorld {
    config: GatewayConfig,
    seed: u64,
    state: State,
    tokens: Tokens,
    seen_token_ids: SeenTokenIds,
    calls: BTreeMap<String, u64>,
    notes: Notes,
    view: View,
    random: StdRng,
    clock_offset: TimeDelta,
}

/// An answer on its way out.
struct Answer {
    status: StatusCode,
    body: Value,
    delivery: Delivery,
}

impl Answer {
    fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, body, delivery: Delivery::Now }
    }
}

impl GatewayWorld {
    /// A gateway without payments; `seed` decides its numbers.
    pub fn new(config: GatewayConfig, seed: u64) -> Self {
        Self {
            config,
            seed,
            state: State::default(),
            tokens: Tokens::default(),
            seen_token_ids: SeenTokenIds::default(),
            calls: BTreeMap::new(),
            notes: Notes::default(),
            view: View::Present,
            random: StdRng::seed_from_u64(seed),
            clock_offset: TimeDelta::zero(),
        }
    }

    /// What it really did until now.
    pub fn books(&mut self, now: DateTime<Utc>) -> GatewayBooks {
        let calendar = self.config.calendar;
        for payment in self.state.payments_mut() {
            calendar.settle(&mut payment.record, now);
        }
        let payments = self.state.payments().map(|payment| payment.record.clone()).collect();
        let (refused, late, batches) = (self.notes.refused(), self.notes.late(), self.notes.batches());
        GatewayBooks { payments, calls: self.calls.clone(), refused, late, batches }
    }

    /// Closes the batch now: what waits in it goes to the processor and can no more be voided. Returns how many items.
    pub fn close_batch(&mut self, now: DateTime<Utc>) -> usize {
        self.books(now);
        self.notes.closed(now);
        self.state.close_batch(now)
    }

    /// Changes what kind of account a merchant has; false when there is no such merchant.
    pub fn set_account(&mut self, merchant: &str, account: Account) -> bool {
        let mut is_known = false;
        for key in self.config.merchants.iter_mut().filter(|key| key.merchant_id == merchant) {
            (key.account, is_known) = (account, true);
        }
        is_known
    }

    fn takes_transaction_ids(&self, merchant: &str) -> bool {
        self.config.refuses_repeated_transaction_id
            || self
                .config
                .merchants
                .iter()
                .any(|key| key.merchant_id == merchant && key.account == Account::TransactionIds)
    }

    /// How far this world's time is ahead of its callers' clocks, by which signatures are judged.
    pub fn set_clock_offset(&mut self, offset: TimeDelta) {
        self.clock_offset = offset;
    }

    /// Mints a transient token.
    ///
    /// # Errors
    /// When no test card has this name.
    pub fn mint_transient(&mut self, card: &str, now: DateTime<Utc>) -> Result<MintedToken, MintError> {
        self.tokens.mint(card, now, &mut self.random)
    }

    /// Mints a stored token.
    ///
    /// # Errors
    /// When no test card has this name.
    pub fn mint_stored(&mut self, card: &str) -> Result<String, MintError> {
        self.tokens.store(card, &mut self.random)
    }

    /// Lets the vault know a named test card under this id.
    ///
    /// # Errors
    /// When no test card has this name.
    pub fn keep_stored(&mut self, card: &str, id: &str) -> Result<(), MintError> {
        self.tokens.keep(card, id)
    }

    fn answer(&mut self, request: &Request<Bytes>, merchant: &str, now: DateTime<Utc>) -> Answer {
        let path = request.uri().path();
        let (target, id) = (path.split('/').nth(3).unwrap_or_default(), path.split('/').nth(4).unwrap_or_default());
        let operation = operation_name(request.method(), path);
        if operation == "detail" {
            return self.detail(merchant, id, now);
        }
        let target = Target::named(target);
        let outcome = match serde_json::from_slice::<Value>(request.body()) {
            Ok(body) if body.is_object() => match (operation, target) {
                ("authorize", _) => self.authorize(merchant, &body, now),
                ("capture", _) => self.capture(merchant, id, &body, now),
                ("reverse", _) => self.reverse(merchant, id, &body, now),
                ("refund", Some(target)) => self.refund(merchant, (target, id), &body, now),
                ("void", Some(target)) => self.void(merchant, (target, id), &body, now),
                ("timeout_reverse", _) => self.timeout_reverse(merchant, &body, now),
                ("timeout_void", _) => self.timeout_void(merchant, &body, now),
                ("search", _) => self.search(merchant, &body, now),
                _ => return not_found(),
            },
            _ if operation == "other" => return not_found(),
            _ => Err(Refusal::because("INVALID_DATA", "Declined - The request body is not a JSON object")),
        };
        outcome.unwrap_or_else(|refusal| {
            if operation != "search" {
                self.notes.refuse(operation, request, refusal.reason(), now);
            }
            Answer { status: StatusCode::BAD_REQUEST, ..Answer::created(refusal.body(now)) }
        })
    }

    /// The two account switches that refuse what was sent before. Off by default, as they are out there.
    fn refuse_repeats(
        &mut self,
        merchant: &str,
        reference: &str,
        transaction_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if self.config.blocks_duplicate_reference && self.state.is_recent_reference(merchant, reference, now) {
            let message = "Declined - The merchant reference was used within the last 15 minutes";
            return Err(Refusal::because("DUPLICATE_REQUEST", message));
        }
        let is_repeated = self.takes_transaction_ids(merchant)
            && transaction_id.is_some_and(|id| !self.state.note_transaction_id(merchant, id, now));
        if is_repeated {
            let message = "Declined - The transaction id has already been used in the last 60 days";
            return Err(Refusal::because("DUPLICATE_REQUEST", message));
        }
        Ok(())
    }

    fn reconciliation_id(&mut self) -> String {
        // Letters between the digits, so that no run of digits looks like a card number.
        let number = self.random.random_range(0..100_000_000_u32);
        format!("{number:08}QX{:06X}", self.random.random_range(0..0x0100_0000_u32))
    }

    fn random_uuid(&mut self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.random.random()).into_uuid()
    }
}

impl World for GatewayWorld {
    fn admit(&mut self, request: &Request<Bytes>, now: DateTime<Utc>) -> Result<Caller, Reply> {
        let operation = operation_name(request.method(), request.uri().path());
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        let callers_now = now - self.clock_offset;
        match authentic::verdict(&self.config, &mut self.seen_token_ids, request, callers_now) {
            Verdict::Good(merchant) => return Ok(Caller(merchant)),
            Verdict::Expired(expired_at) => self.notes.late_request(operation, request, expired_at, callers_now),
            Verdict::Wrong => {}
        }
        Err(self.reply(operation, unauthorized()))
    }

    fn work(&mut self, request: &Request<Bytes>, caller: &Caller, now: DateTime<Utc>) -> Reply {
        let operation = operation_name(request.method(), request.uri().path());
        let answer = self.answer(request, &caller.0, now);
        self.reply(operation, answer)
    }

    fn commit(
        &mut self,
        request: &Request<Bytes>,
        caller: &Caller,
        arrived: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Reply> {
        (now - arrived <= self.config.processing_limit).then(|| self.work(request, caller, now))
    }

    fn set_view(&mut self, view: View) {
        self.view = view;
    }

    fn refuse_expired(&mut self, request: &Request<Bytes>, now: DateTime<Utc>) -> Option<Reply> {
        let operation = operation_name(request.method(), request.uri().path());
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        let callers_now = now - self.clock_offset;
        self.notes.late_request(operation, request, callers_now, callers_now);
        Some(self.reply(operation, unauthorized()))
    }
}

impl GatewayWorld {
    fn reply(&mut self, operation: &str, answer: Answer) -> Reply {
        let mut response = Response::new(Bytes::from(answer.body.to_string()));
        *response.status_mut() = answer.status;
        let kind = if matches!(operation, "search" | "detail") {
            "application/json;charset=utf-8"
        } else {
            "application/hal+json"
        };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Ok(id) = HeaderValue::from_str(&self.random_uuid().to_string()) {
            response.headers_mut().insert("v-c-correlation-id", id);
        }
        Reply { response, delivery: answer.delivery }
    }
}

/// One body for every cause, as out there: a wrong key learns nothing.
fn unauthorized() -> Answer {
    let body = json!({"response": {"rmsg": "Authentication Failed"}});
    Answer { status: StatusCode::UNAUTHORIZED, ..Answer::created(body) }
}

fn not_found() -> Answer {
    let body = json!({"response": {"rmsg": "Resource not found"}});
    Answer { status: StatusCode::NOT_FOUND, ..Answer::created(body) }
}

/// What a request is about: its merchant reference or query, or else the gateway's id in its path.
pub(crate) fn about(request: &Request<Bytes>) -> String {
    let reference = notes::reference_of(request);
    if !reference.is_empty() {
        return reference;
    }
    request.uri().path().split('/').nth(4).unwrap_or_default().to_owned()
}

/// The operations that fault rules and books name, and the path of each.
pub const OPERATIONS: &[(&str, &str)] = &[
    ("authorize", "POST /pts/v2/payments"),
    ("capture", "POST /pts/v2/payments/{id}/captures"),
    ("reverse", "POST /pts/v2/payments/{id}/reversals"),
    ("void", "POST /pts/v2/{payments|captures|refunds}/{id}/voids"),
    ("refund", "POST /pts/v2/{payments|captures}/{id}/refunds"),
    ("timeout_reverse", "POST /pts/v2/reversals"),
    ("timeout_void", "POST /pts/v2/voids"),
    ("search", "POST /tss/v2/searches"),
    ("detail", "GET /tss/v2/transactions/{id}"),
];

/// The word by which fault rules and books name an operation.
pub(crate) fn operation_name(method: &Method, path: &str) -> &'static str {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (method, segments.as_slice()) {
        (&Method::POST, ["pts", "v2", "payments"]) => "authorize",
        (&Method::POST, ["pts", "v2", "payments", _, "captures"]) => "capture",
        (&Method::POST, ["pts", "v2", "payments", _, "reversals"]) => "reverse",
        (&Method::POST, ["pts", "v2", "payments" | "captures" | "refunds", _, "voids"]) => "void",
        (&Method::POST, ["pts", "v2", "payments" | "captures", _, "refunds"]) => "refund",
        (&Method::POST, ["pts", "v2", "reversals"]) => "timeout_reverse",
        (&Method::POST, ["pts", "v2", "voids"]) => "timeout_void",
        (&Method::POST, ["tss", "v2", "searches"]) => "search",
        (&Method::GET, ["tss", "v2", "transactions", _]) => "detail",
        _ => "other",
    }
}
