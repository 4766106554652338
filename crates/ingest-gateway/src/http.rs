//! The shop API: routes, who is calling, limits, and what is common to all answers.
//!
//! Everything after the last byte of a request runs in a task of the node. A caller who hangs up right after sending has
//! sent an order: it is accepted like any other.

pub mod openapi;
mod orders;
pub mod problem;
mod shops;
pub mod view;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use node::Node;
use runtime::Engine;
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use self::problem::Problem;
use crate::{IngestGateway, cards, config::Shop, error::IntakeError};

/// The largest body.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Time to receive a body.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// What every handler needs.
#[derive(Clone)]
struct App {
    engine: Engine<IngestGateway>,
    handlers: Arc<Semaphore>,
    waiters: Arc<Semaphore>,
}

/// The shop API of one engine.
pub fn router(engine: Engine<IngestGateway>) -> Router {
    let settings = engine.service().settings();
    let app = App {
        handlers: Arc::new(Semaphore::new(settings.handlers_max)),
        waiters: Arc::new(Semaphore::new(settings.waiters_max)),
        engine,
    };
    Router::new()
        .route("/v1/orders", post(orders::post).get(orders::find))
        .route("/v1/orders/{id}", get(orders::get))
        .route("/v1/shops/{shop}/orders", post(shops::post))
        .route("/openapi.json", get(openapi::get))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_like_this)
        .with_state(app)
}

async fn nowhere() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "no-such-route", "Nothing is here").into_response()
}

async fn not_like_this(State(_): State<App>) -> Response {
    let problem =
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This address does not take that method");
    problem.into_response()
}

impl App {
    fn node(&self) -> &Node {
        &self.engine.context().node
    }

    /// The shop whose API key this is. Keys are looked up by their hash, so the time it takes tells nothing of them.
    fn shop_of(&self, headers: &HeaderMap) -> Result<Arc<Shop>, Problem> {
        let unknown = || {
            Problem::new(StatusCode::UNAUTHORIZED, "unknown-key", "An API key is wanted")
                .detail("Send the shop's key as `Authorization: Bearer <key>`.")
        };
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(unknown)?;
        let (scheme, key) = given.split_once(' ').ok_or_else(unknown)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unknown());
        }
        let hash: [u8; 32] = Sha256::digest(key.trim().as_bytes()).into();
        self.engine.service().settings().by_key.get(&hash).cloned().ok_or_else(unknown)
    }

    /// Room for one request, or an answer that says when to come again.
    fn room(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.handlers.clone().try_acquire_owned().map_err(|_| {
            metrics::counter!("quittance_intake_overloaded_total").increment(1);
            Problem::busy("Too many requests are being worked on. Nothing of yours was stored: send it again.")
        })
    }

    /// Runs work to its end, whether or not the caller stays.
    async fn run<T: Send + 'static>(
        &self,
        room: OwnedSemaphorePermit,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        let node = self.node().clone();
        self.node().spawn(async move {
            let done = work.await;
            drop(room);
            // A caller who hung up has no use for it.
            let _ = reply.send(done);
            node.at("intake.after_reply").await;
        });
        answer.await.map_err(|_| {
            Problem::busy(
                "The service is stopping. Whether the request was taken is not known: send the same one again.",
            )
        })
    }
}

/// The span of one offer, in the caller's trace when it names one.
fn span(shop: &Shop, headers: &HeaderMap) -> tracing::Span {
    let span = tracing::info_span!("intake", shop = %shop.id, pair = %shop.pair);
    telemetry::set_parent(&span, headers.get("traceparent").and_then(|value| value.to_str().ok()));
    span
}

/// The whole body, within size and time.
async fn body(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded-body", "Encoded bodies are not taken");
        return Err(problem.detail("Send the body as it is, without Content-Encoding."));
    }
    let too_large = || {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
            .detail(format!("At most {BODY_BYTES_MAX} bytes are taken."))
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_WITHIN, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_limit(&error) => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "broken-body", "The body did not arrive whole")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "slow-body", "The body did not arrive in time")),
    }
}

fn is_limit(error: &axum::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.to_string().contains("length limit exceeded") {
            return true;
        }
        next = cause.source();
    }
    false
}

/// Refuses a card number in headers or address.
fn no_card_around(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let texts = headers.iter().filter(|(name, _)| *name != header::AUTHORIZATION);
    for (name, value) in texts {
        if let Ok(text) = value.to_str()
            && cards::is_in_text(text)
        {
            return Err(Problem::card(&format!("the header {name}")));
        }
    }
    let address = uri.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
    if cards::is_in_text(address) || cards::is_in_text(&percent_decoded(address)) {
        return Err(Problem::card("the address"));
    }
    Ok(())
}

/// `%41` and `+` as the characters they stand for; what is broken stays.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = || bytes.get(at + 1..at + 3).and_then(|two| hex::decode(two).ok());
        match byte {
            b'%' => match hex() {
                Some(decoded) => {
                    out.extend(decoded);
                    at += 3;
                    continue;
                }
                None => out.push(b'%'),
            },
            b'+' => out.push(b' '),
            other => out.push(*other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        let mut chain = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            chain = format!("{chain}: {next}");
            cause = next.source();
        }
        if error.may_pass() {
            tracing::warn!(error = chain, "a request could not be worked on");
            // It may have been stored when the ledger's answer was lost; the same request again settles it.
            return Self::busy(
                "The order could not be stored for sure. Send the same request again: it is taken once.",
            );
        }
        tracing::error!(error = chain, "a request failed for a reason that somebody must look at");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "Something is wrong here, not with your request")
    }
}
