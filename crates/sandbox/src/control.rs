//! The control: JSON over HTTP for whoever runs a test or a demo from outside the process.
//!
//! | call | does |
//! |---|---|
//! | `GET /` | a page for people |
//! | `GET /_sim/books` | what each world really did |
//! | `POST /_sim/seed` | changes the ERP's data: `{"erp": [{"stock_shift": {…}}, …]}` |
//! | `POST /_sim/mischief` | lets something happen in the ERP just before a later call |
//! | `POST /_sim/faults` | adds fault rules (a list, or one) |
//! | `DELETE /_sim/faults` | forgets them |
//! | `POST /_sim/clock` | `{"advance_seconds": n}` |
//! | `POST /_sim/tokens` | `{"card": "visa"}`, optionally `"kind": "stored"` |
//! | `POST /_sim/reset` | starts all over |

mod page;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    FaultRule, Sandbox,
    erp::{Mischief, MischiefRule},
    faults::RULES_MAX,
};

/// The clock is moved by at most this much per call.
const ADVANCE_SECONDS_MAX: u64 = 400 * 24 * 3600;

/// Handles one request to the control.
pub(crate) fn handle(sandbox: &Sandbox, request: &Request<Bytes>) -> Response<Bytes> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => text(page::text(sandbox)),
        (&Method::GET, "/_sim/books") => json_of(StatusCode::OK, &json!(sandbox.books())),
        (&Method::POST, "/_sim/seed") => answered(seed(sandbox, request)),
        (&Method::POST, "/_sim/mischief") => answered(plan_mischief(sandbox, request)),
        (&Method::POST, "/_sim/faults") => answered(add_faults(sandbox, request)),
        (&Method::DELETE, "/_sim/faults") => {
            sandbox.clear_faults();
            done()
        }
        (&Method::POST, "/_sim/clock") => answered(advance(sandbox, request)),
        (&Method::POST, "/_sim/tokens") => answered(mint(sandbox, request)),
        (&Method::POST, "/_sim/reset") => {
            sandbox.reset();
            done()
        }
        _ => json_of(StatusCode::NOT_FOUND, &json!({"error": "no such call; GET / lists them"})),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    erp: Vec<Mischief>,
}

fn seed(sandbox: &Sandbox, request: &Request<Bytes>) -> Result<Value, String> {
    let Seed { erp } = read(request)?;
    for (place, change) in erp.iter().enumerate() {
        if !sandbox.with_erp(|world| world.strike(change)) {
            return Err(format!("change {place} is about something that does not exist; those before it were made"));
        }
    }
    Ok(json!({ "changed": erp.len() }))
}

fn plan_mischief(sandbox: &Sandbox, request: &Request<Bytes>) -> Result<Value, String> {
    let rules: Vec<MischiefRule> = read(request)?;
    let planned = rules.len();
    sandbox.with_erp(|world| rules.into_iter().for_each(|rule| world.plan(rule)));
    Ok(json!({ "planned": planned }))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Faults {
    Many(Vec<FaultRule>),
    One(FaultRule),
}

fn add_faults(sandbox: &Sandbox, request: &Request<Bytes>) -> Result<Value, String> {
    let rules = match read(request)? {
        Faults::Many(rules) => rules,
        Faults::One(rule) => vec![rule],
    };
    let added = rules.len();
    for rule in rules {
        let (kind, world, suits) = (rule.kind, rule.world, rule.kind.suits(rule.world));
        if !suits {
            return Err(format!("{kind:?} cannot happen in the world {world:?}"));
        }
        if !sandbox.add_fault(rule) {
            return Err(format!("there are already {RULES_MAX} fault rules; DELETE /_sim/faults forgets them"));
        }
    }
    Ok(json!({ "added": added }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

fn advance(sandbox: &Sandbox, request: &Request<Bytes>) -> Result<Value, String> {
    let Advance { advance_seconds } = read(request)?;
    if advance_seconds > ADVANCE_SECONDS_MAX {
        return Err(format!("the clock moves by at most {ADVANCE_SECONDS_MAX} seconds per call"));
    }
    sandbox.advance(Duration::from_secs(advance_seconds));
    Ok(json!({ "now": sandbox.now() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mint {
    card: String,
    #[serde(default)]
    kind: TokenKind,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum TokenKind {
    #[default]
    Transient,
    Stored,
}

fn mint(sandbox: &Sandbox, request: &Request<Bytes>) -> Result<Value, String> {
    let Mint { card, kind } = read(request)?;
    match kind {
        TokenKind::Transient => sandbox.mint_token(&card).map(|token| json!(token)),
        TokenKind::Stored => sandbox.mint_stored_token(&card).map(|id| json!({ "customer_id": id })),
    }
    .map_err(|error| error.to_string())
}

fn read<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, String> {
    serde_json::from_slice(request.body()).map_err(|error| format!("the body cannot be read: {error}"))
}

fn answered(outcome: Result<Value, String>) -> Response<Bytes> {
    match outcome {
        Ok(body) => json_of(StatusCode::OK, &body),
        Err(error) => json_of(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}

fn done() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json_of(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn text(page: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(page));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
