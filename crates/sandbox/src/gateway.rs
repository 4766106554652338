//! The card gateway: Cybersource's REST operations on one ledger of amounts, faithful and not idempotent on purpose.
//!
//! Authorize and sale, capture, authorization reversal, search and detail. Requests are signed in either of two ways and
//! verified by code of this crate alone. Sending a payment twice makes two payments, as it does out there.

mod answer;
mod authentic;
mod authorize;
pub mod books;
pub mod cards;
mod fields;
mod follow_on;
mod refusal;
mod search;
mod source;
mod state;
pub mod tokens;
pub mod triggers;

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

pub use authentic::SignatureChecks;
pub use books::{FollowOn, GatewayBooks, PaymentRecord, PaymentStatus};

use crate::{
    gateway::{
        authentic::SeenTokenIds,
        refusal::Refusal,
        state::State,
        tokens::{MintError, MintedToken, Tokens},
    },
    world::{Delivery, Reply, World},
};

/// The merchant of the laptop world.
pub const DEFAULT_MERCHANT: &str = "sim_merchant_01";
/// Its key id.
pub const DEFAULT_KEY_ID: &str = "3f2b6c1e-0000-4000-8000-00000000c0de";
/// Its secret: the bytes 00 to 1f in base64.
pub const DEFAULT_SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A merchant's shared secret.
#[derive(Clone, PartialEq, Eq)]
pub struct MerchantKey {
    /// The merchant that signs with it and transacts.
    pub merchant_id: String,
    /// The key's id.
    pub key_id: String,
    /// The secret in base64.
    pub secret: String,
}

impl Default for MerchantKey {
    fn default() -> Self {
        Self {
            merchant_id: DEFAULT_MERCHANT.to_owned(),
            key_id: DEFAULT_KEY_ID.to_owned(),
            secret: DEFAULT_SECRET.to_owned(),
        }
    }
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MerchantKey")
            .field("merchant_id", &self.merchant_id)
            .field("key_id", &self.key_id)
            .field("secret", &"***")
            .finish()
    }
}

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
    /// The account is on Visa Platform Connect: a repeated `transactionId` is refused.
    pub refuses_repeated_transaction_id: bool,
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
            merchants: vec![MerchantKey::default()],
            signatures: SignatureChecks::default(),
            search_delay: TimeDelta::seconds(5),
            are_triggers_on: true,
            refuses_repeated_transaction_id: false,
            blocks_duplicate_reference: false,
            allows_multiple_captures: false,
            allows_partial_reversals: false,
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
            random: StdRng::seed_from_u64(seed),
            clock_offset: TimeDelta::zero(),
        }
    }

    /// What it really did.
    pub fn books(&self) -> GatewayBooks {
        let payments = self.state.payments().map(|payment| payment.record.clone()).collect();
        GatewayBooks { payments, calls: self.calls.clone() }
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

    fn answer(&mut self, request: &Request<Bytes>, now: DateTime<Utc>) -> Answer {
        let callers_now = now - self.clock_offset;
        let Some(merchant) = authentic::merchant(&self.config, &mut self.seen_token_ids, request, callers_now) else {
            // One body for every cause, as out there: a wrong key learns nothing.
            let body = json!({"response": {"rmsg": "Authentication Failed"}});
            return Answer { status: StatusCode::UNAUTHORIZED, ..Answer::created(body) };
        };
        let path = request.uri().path();
        let third = || path.split('/').nth(4).unwrap_or_default();
        let operation = operation_name(request.method(), path);
        if operation == "detail" {
            return self.detail(&merchant, third(), now);
        }
        if operation == "other" {
            let body = json!({"response": {"rmsg": "Resource not found"}});
            return Answer { status: StatusCode::NOT_FOUND, ..Answer::created(body) };
        }
        let outcome = match serde_json::from_slice::<Value>(request.body()) {
            Ok(body) if body.is_object() => match operation {
                "capture" => self.capture(&merchant, third(), &body, now),
                "reverse" => self.reverse(&merchant, third(), &body, now),
                "search" => self.search(&merchant, &body, now),
                _ => self.authorize(&merchant, &body, now),
            },
            _ => Err(Refusal::because("INVALID_DATA", "Declined - The request body is not a JSON object")),
        };
        outcome
            .unwrap_or_else(|refusal| Answer { status: StatusCode::BAD_REQUEST, ..Answer::created(refusal.body(now)) })
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
        let is_repeated = self.config.refuses_repeated_transaction_id
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
    fn handle(&mut self, request: &Request<Bytes>, now: DateTime<Utc>) -> Reply {
        let operation = operation_name(request.method(), request.uri().path());
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        let answer = self.answer(request, now);
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

/// The word by which fault rules and books name an operation.
pub(crate) fn operation_name(method: &Method, path: &str) -> &'static str {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (method, segments.as_slice()) {
        (&Method::POST, ["pts", "v2", "payments"]) => "authorize",
        (&Method::POST, ["pts", "v2", "payments", _, "captures"]) => "capture",
        (&Method::POST, ["pts", "v2", "payments", _, "reversals"]) => "reverse",
        (&Method::POST, ["tss", "v2", "searches"]) => "search",
        (&Method::GET, ["tss", "v2", "transactions", _]) => "detail",
        _ => "other",
    }
}
