//! One signed call: the URL and the body are built once, signed and sent as they are, and the HTTP status is judged.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::TimeDelta;
use fault::{Class, Classify as _};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use node::{Limits, Node, TransportError};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    error::GatewayError,
    reader::{Answer, Document},
    signature::{DateHeader, HttpSignature, JwtSharedSecret, Signer, SignerError, ToSign},
    status::{self, Group, Operation, Outcome},
};

/// From connecting to the last byte of the answer. Long enough that a slow processor still answers itself.
const TOTAL_LIMIT: Duration = Duration::from_secs(30);
/// The life of a signature.
const SIGNATURE_LIFE: TimeDelta = TimeDelta::seconds(120);
/// How far clocks may be apart.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(30);

/// How requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// A JSON web token, which expires by itself.
    #[default]
    Jwt,
    /// HTTP Signature, which does not: the gateway judges its date.
    HttpSignature(DateHeader),
}

/// Where the gateway is and who we are there.
#[derive(Clone)]
pub struct ClientConfig {
    /// Scheme and host, such as `https://apitest.cybersource.com`.
    pub base_url: String,
    /// The merchant that transacts.
    pub merchant: String,
    /// The id of the shared secret.
    pub key_id: String,
    /// The shared secret, base64.
    pub secret: SecretString,
    /// How long a call may take and how much it may answer.
    pub limits: Limits,
    /// How requests are signed.
    pub scheme: Scheme,
    /// How long a signature is good, at most 120 s. With HTTP Signature this is what the gateway is known to tolerate.
    pub signature_life: TimeDelta,
    /// How far the gateway's clock and ours may be apart.
    pub clock_skew: TimeDelta,
}

impl ClientConfig {
    /// A configuration with the usual limits.
    pub fn new(base_url: &str, merchant: &str, key_id: &str, secret: SecretString) -> Self {
        Self {
            base_url: base_url.to_owned(),
            merchant: merchant.to_owned(),
            key_id: key_id.to_owned(),
            secret,
            limits: Limits::within(TOTAL_LIMIT),
            scheme: Scheme::default(),
            signature_life: SIGNATURE_LIFE,
            clock_skew: CLOCK_SKEW,
        }
    }

    /// How long after sending a request may still be accepted by the gateway, by clocks that differ.
    pub fn accepted_for(&self) -> TimeDelta {
        self.signature_life + self.clock_skew
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("base_url", &self.base_url)
            .field("merchant", &self.merchant)
            .field("key_id", &self.key_id)
            .field("secret", &"***")
            .field("limits", &self.limits)
            .field("scheme", &self.scheme)
            .field("signature_life", &self.signature_life)
            .field("clock_skew", &self.clock_skew)
            .finish()
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL is not scheme and host alone.
    #[error(
        "`{0}` is not the address of a card gateway: scheme and host alone, such as https://apitest.cybersource.com"
    )]
    BaseUrl(String),
    /// The secret or the life of signatures is wrong.
    #[error("the signing key of the card gateway is unusable")]
    Signer(#[source] SignerError),
}

/// A client of one merchant. Cloning shares it.
#[derive(Clone)]
pub struct Client {
    node: Node,
    base: Arc<str>,
    host: Arc<str>,
    signer: Arc<dyn Signer>,
    limits: Limits,
}

impl Client {
    /// A client that signs with the merchant's shared secret, by the configured scheme.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(node: Node, config: &ClientConfig) -> Result<Self, ConfigError> {
        let (merchant, key_id, secret) = (&config.merchant, &config.key_id, &config.secret);
        let signer: Result<Arc<dyn Signer>, SignerError> = match config.scheme {
            Scheme::Jwt => {
                JwtSharedSecret::new(merchant, key_id, secret, config.signature_life).map(|it| Arc::new(it) as _)
            }
            Scheme::HttpSignature(date) => {
                HttpSignature::new(merchant, key_id, secret, date).map(|it| Arc::new(it) as _)
            }
        };
        Self::with_signer(node, config, signer.map_err(ConfigError::Signer)?)
    }

    /// A client with a signer of the caller's.
    ///
    /// # Errors
    /// When the base URL cannot be used.
    pub fn with_signer(node: Node, config: &ClientConfig, signer: Arc<dyn Signer>) -> Result<Self, ConfigError> {
        let bad = || ConfigError::BaseUrl(config.base_url.clone());
        let uri: Uri = config.base_url.parse().map_err(|_| bad())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(bad()) };
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        if !is_bare || !matches!(scheme, "http" | "https") {
            return Err(bad());
        }
        // The transport names the host without the scheme's own port, so the signature must too.
        let own_port = if scheme == "https" { ":443" } else { ":80" };
        let host = authority.as_str().strip_suffix(own_port).unwrap_or(authority.as_str());
        let base = format!("{scheme}://{host}");
        Ok(Self { node, base: base.into(), host: host.into(), signer, limits: config.limits })
    }

    /// Sends a body and gives the answer when its HTTP status is a success.
    pub(crate) async fn post(&self, call: Call<'_>, body: &Value) -> Result<Answer, GatewayError> {
        self.send(Method::POST, call, Bytes::from(body.to_string())).await
    }

    /// Asks without a body and gives the answer when its HTTP status is a success.
    pub(crate) async fn get(&self, call: Call<'_>) -> Result<Answer, GatewayError> {
        self.send(Method::GET, call, Bytes::new()).await
    }

    async fn send(&self, method: Method, call: Call<'_>, body: Bytes) -> Result<Answer, GatewayError> {
        let request = self.signed(method, &call, body)?;
        let (operation, reference) = (call.operation, call.reference);
        let response = match self.node.http(request, self.limits).await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(operation, reference, %error, "the card gateway gave no answer");
                return Err(match error {
                    TransportError::NotSent { .. } => GatewayError::NotSent(error),
                    TransportError::MaybeSent { .. } => {
                        GatewayError::NoAnswer { reference: reference.to_owned(), source: error }
                    }
                });
            }
        };
        let answer = Answer::new(reference, response);
        let (status, correlation) = (answer.status().as_u16(), answer.correlation());
        tracing::debug!(operation, reference, status, correlation, "the card gateway answered");
        judged(answer)
    }

    fn signed(&self, method: Method, call: &Call<'_>, body: Bytes) -> Result<node::Request, GatewayError> {
        let headers = self.signer.sign(&ToSign {
            method: method.as_str(),
            host: &self.host,
            path_and_query: &call.path,
            body: &body,
            now: self.node.now(),
            nonce: self.node.new_nonce(),
        });
        let has_body = !body.is_empty();
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{}", self.base, call.path))
            .header(header::ACCEPT, HeaderValue::from_static(call.accept))
            .body(body)
            .map_err(|error| GatewayError::Unbuildable(error.to_string()))?;
        if has_body {
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request.headers_mut().extend(headers);
        Ok(request)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What one call is.
pub(crate) struct Call<'a> {
    /// For logs.
    pub(crate) operation: &'static str,
    /// Our name for the attempt.
    pub(crate) reference: &'a str,
    /// Path and query, exactly as sent.
    pub(crate) path: String,
    pub(crate) accept: &'static str,
}

impl<'a> Call<'a> {
    /// A call that moves money.
    pub(crate) fn pts(operation: &'static str, reference: &'a str, path: String) -> Self {
        Self { operation, reference, path, accept: "application/hal+json" }
    }

    /// A question.
    pub(crate) fn tss(operation: &'static str, reference: &'a str, path: String) -> Self {
        Self { operation, reference, path, accept: "application/json;charset=utf-8" }
    }
}

/// The one place that turns HTTP statuses into errors.
fn judged(answer: Answer) -> Result<Answer, GatewayError> {
    let reference = answer.reference().to_owned();
    let correlation = answer.correlation().to_owned();
    match answer.status() {
        status if status.is_success() => Ok(answer),
        StatusCode::BAD_REQUEST => Err(refused(&answer)),
        StatusCode::UNAUTHORIZED => Err(GatewayError::Unauthenticated { correlation }),
        StatusCode::FORBIDDEN => Err(GatewayError::Forbidden { correlation }),
        StatusCode::NOT_FOUND => Err(GatewayError::NotFound { reference }),
        StatusCode::TOO_MANY_REQUESTS => Err(GatewayError::RateLimited),
        status if matches!(status.as_u16(), 500 | 502 | 503 | 504) => {
            let reason = answer.reason().unwrap_or_default();
            Err(GatewayError::ServerFailed { reference, status: status.as_u16(), reason })
        }
        status => Err(GatewayError::UnexpectedStatus { reference, status: status.as_u16() }),
    }
}

/// A 400, or a success that refuses, by its reason. Without a readable reason nothing is known: it could be one of those
/// that are no refusals.
pub(crate) fn refused(answer: &Answer) -> GatewayError {
    let reference = answer.reference().to_owned();
    let Some(reason) = answer.reason() else { return answer.unreadable("a refusal without a reason") };
    match status::reason(&reason).map(|row| row.group) {
        Some(Group::Unknown | Group::Approved) if reason == "DUPLICATE_REQUEST" => {
            GatewayError::Duplicate { reference }
        }
        Some(Group::Unknown | Group::Approved) => GatewayError::ProcessorUnavailable { reference },
        Some(Group::Buyer | Group::Merchant | Group::Risk | Group::State | Group::Integration) => {
            GatewayError::Refused { reference, reason, fields: answer.fields() }
        }
        None => GatewayError::UnknownReason { reference, reason },
    }
}

/// The error of an answer whose status tells nothing: whatever reason it names, nobody knows what was done.
pub(crate) fn not_told(answer: &Answer) -> GatewayError {
    let error = refused(answer);
    match error.class() {
        Class::UnknownOutcome => error,
        Class::Transient | Class::Permanent => {
            GatewayError::ProcessorUnavailable { reference: answer.reference().to_owned() }
        }
    }
}

/// The id and the document of a follow-on that was done as asked; everything else is an error of its class.
pub(crate) fn done(operation: Operation, answer: &Answer) -> Result<(String, Document<'_>), GatewayError> {
    let document = answer.document()?;
    let word = document.text("status").ok_or_else(|| answer.unreadable("no status"))?;
    let request_id = document.text("id");
    match status::judge(operation, &word, answer.reason().as_deref()).outcome {
        Outcome::Done => Ok((request_id.ok_or_else(|| answer.unreadable("no id"))?, document)),
        Outcome::Declined | Outcome::Refused | Outcome::HeldYetRefused => Err(refused(answer)),
        Outcome::NotTold if answer.reason().is_some() => Err(not_told(answer)),
        Outcome::UnknownStatus if status::is_word_of(operation, &word) => Err(refused(answer)),
        Outcome::NotTold
        | Outcome::UnknownStatus
        | Outcome::Partly
        | Outcome::HeldForReview
        | Outcome::Review
        | Outcome::ProofWanted => Err(answer.unknown_status(&word, &request_id.unwrap_or_default())),
    }
}

/// A reference as the gateway stores and finds it again.
pub(crate) fn checked_reference(reference: &str) -> Result<&str, GatewayError> {
    plain(reference, crate::REFERENCE_MAX, "merchant reference")
}

/// The id by which a request of ours can be undone although its answer never came.
pub(crate) fn checked_transaction_id(id: &str) -> Result<&str, GatewayError> {
    plain(id, crate::TRANSACTION_ID_MAX, "transaction id")
}

fn plain<'a>(text: &'a str, length_max: usize, what: &str) -> Result<&'a str, GatewayError> {
    // Letters, digits and these signs stay themselves in JSON and in the search language.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.is_empty() || text.len() > length_max || !text.chars().all(is_plain) {
        let shown: String = text.chars().take(length_max).collect();
        return Err(GatewayError::Unbuildable(format!("`{shown}` is no {what}")));
    }
    Ok(text)
}

/// How every request names itself.
pub(crate) fn reference_information(reference: &str, transaction_id: Option<&str>) -> Result<Value, GatewayError> {
    let mut information = json!({"code": checked_reference(reference)?});
    if let Some(id) = transaction_id {
        information["transactionId"] = json!(checked_transaction_id(id)?);
    }
    Ok(information)
}

/// A request id as a segment of a path.
pub(crate) fn checked_id(id: &str) -> Result<&str, GatewayError> {
    if id.is_empty() || id.len() > 40 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(GatewayError::Unbuildable("a request id is letters and digits".to_owned()));
    }
    Ok(id)
}
