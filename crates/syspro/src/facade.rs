//! The port over the JSON facade `/APIServices/<Service>/<Operation>`, one file per operation.
//!
//! Everything they share is here and in two rooms: `session` holds the operator's one session, `wire` reads answers.

mod add_sales_order;
mod cancel_order;
mod change_status;
mod customer;
mod find_sales_orders;
mod sales_order;
mod session;
mod stock;
mod wire;

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Method, header};
use node::{Limits, Node, TransportError};
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Mutex;
use tracing::Instrument;

use crate::{
    outcome::{Code, Doubt, Outcome, ReadError, Refusal},
    port::{
        CallFuture, Cancellation, Customer, NewSalesOrder, OrderCancelled, OrderHeader, SalesOrder, SalesOrderAdded,
        StatusChange, StatusChanged, StockItem, Syspro,
    },
};
use session::Session;

/// How a program proves who it is; a setting of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthMode {
    /// It logs on with its key and shows a token.
    #[default]
    Token,
    /// It shows its key on every call; there are no sessions, so there is nothing to evict either.
    Key,
}

/// Where the facade is and how long it may take.
#[derive(Debug, Clone)]
pub struct FacadeConfig {
    /// Such as `http://127.0.0.1:9200`, without a slash at the end.
    pub base_url: String,
    /// How a program proves who it is.
    pub auth_mode: AuthMode,
    /// A question may take this long.
    pub query_limit: Duration,
    /// A write may take this long.
    pub post_limit: Duration,
    /// A session unused for longer is renewed before a write, because a write that finds it gone has an unknown outcome.
    pub idle_max: Duration,
}

impl FacadeConfig {
    /// The usual limits: 30 s for a question, 120 s for a write, a fresh session after 10 idle minutes.
    pub fn at(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            auth_mode: AuthMode::Token,
            query_limit: Duration::from_secs(30),
            post_limit: Duration::from_secs(120),
            idle_max: Duration::from_secs(600),
        }
    }
}

/// Who logs on. One operator is one session; whoever holds this holds the operator's lease.
#[derive(Clone)]
pub struct Operator {
    /// The operator's code.
    pub code: String,
    /// The key by which a program logs on as this operator.
    pub api_key: SecretString,
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").field("code", &self.code).field("api_key", &"***").finish()
    }
}

/// SYSPRO behind its facade, as one operator.
pub struct Facade {
    node: Node,
    config: FacadeConfig,
    operator: Operator,
    /// Held for the whole of a call: an operator's session bears one call at a time.
    session: Mutex<Session>,
}

impl Facade {
    /// A client that has not logged on yet; it does so with its first call.
    pub fn new(node: Node, config: FacadeConfig, operator: Operator) -> Self {
        Self { node, config, operator, session: Mutex::default() }
    }

    /// Asks a question. A session lost meanwhile is renewed, and the question repeated once.
    async fn read<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        service: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, ReadError> {
        let target = format!("/APIServices/{service}/{operation}{}", wire::query(query));
        let mut session = self.session.lock().await;
        let mut is_renewed = false;
        loop {
            let proof =
                session.proof(self, operation).await.map_err(|refusal| ReadError::Refused { operation, refusal })?;
            let answer = self.send(Method::GET, &target, Some(&proof), Bytes::new(), self.config.query_limit).await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(TransportError::NotSent { host, detail }) => {
                    let refusal = Refusal::new(Code::NotSent, Code::NotSent.on_read(), format!("{host}: {detail}"));
                    return Err(ReadError::Refused { operation, refusal });
                }
                Err(TransportError::MaybeSent { detail, .. }) => return Err(ReadError::NoAnswer { operation, detail }),
            };
            match wire::read(operation, &answer) {
                Err(ReadError::Refused { refusal, .. }) if refusal.code.is_session_lost() && !is_renewed => {
                    is_renewed = true;
                }
                Err(ReadError::Refused { refusal, .. }) if refusal.code == Code::NotFound => {
                    session.keep(proof);
                    return Ok(None);
                }
                // Lost twice in a row: somebody else logs on as this operator.
                Err(error @ ReadError::Refused { .. }) if is_renewed => return Err(error),
                outcome => {
                    session.keep(proof);
                    return outcome.map(Some);
                }
            }
        }
    }

    /// Sends a write, at most once.
    async fn write(&self, operation: &'static str, body: Result<Bytes, Refusal>) -> Outcome<Value> {
        let body = match body {
            Ok(body) => body,
            Err(refusal) => return Outcome::NotApplied(refusal),
        };
        let target = format!("/APIServices/SalesOrderService/{operation}");
        let mut session = self.session.lock().await;
        session.drop_idle(self.config.idle_max);
        let proof = match session.proof(self, operation).await {
            Ok(proof) => proof,
            // The write itself was not made, whatever became of the logon.
            Err(refusal) => return Outcome::NotApplied(refusal),
        };
        match self.send(Method::POST, &target, Some(&proof), body, self.config.post_limit).await {
            Ok(answer) => {
                let outcome = wire::written(operation, &answer);
                // After doubt the session is not trusted: the server may still be at work in it.
                if !matches!(outcome, Outcome::Unknown(_)) {
                    session.keep(proof);
                }
                outcome
            }
            Err(TransportError::NotSent { host, detail }) => {
                Outcome::NotApplied(Refusal::new(Code::NotSent, Code::NotSent.on_write(), format!("{host}: {detail}")))
            }
            Err(TransportError::MaybeSent { detail, .. }) => Outcome::Unknown(Doubt { operation, detail }),
        }
    }

    async fn send(
        &self,
        method: Method,
        target: &str,
        proof: Option<&session::Proof>,
        body: Bytes,
        limit: Duration,
    ) -> Result<node::Response, TransportError> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.config.base_url))
            .header(header::ACCEPT, "application/json");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(proof) = proof {
            let (name, value) = proof.header();
            request = request.header(name, value);
        }
        let request = request.body(body).map_err(|error| TransportError::NotSent {
            host: self.config.base_url.clone(),
            detail: error.to_string(),
        })?;
        self.node.http(request, Limits::within(limit)).await
    }

    fn span(&self, operation: &'static str) -> tracing::Span {
        tracing::info_span!("syspro", operation, operator = self.operator.code.as_str())
    }
}

/// The bytes of a write's body. Ours to get right, so a failure is a refusal that never left.
fn body_of(document: &impl Serialize, more: &[(&str, Value)]) -> Result<Bytes, Refusal> {
    let failed = |detail: String| Refusal::new(Code::BadRequest, Code::BadRequest.on_write(), detail);
    let mut value = serde_json::to_value(document).map_err(|error| failed(error.to_string()))?;
    let Value::Object(members) = &mut value else { return Err(failed("the document is not an object".to_owned())) };
    for (name, member) in more {
        members.insert((*name).to_owned(), member.clone());
    }
    Ok(Bytes::from(value.to_string()))
}

impl Syspro for Facade {
    fn operator(&self) -> &str {
        &self.operator.code
    }

    fn log_on(&self) -> CallFuture<'_, Result<(), ReadError>> {
        let call = async move { self.session.lock().await.renew(self).await };
        Box::pin(call.instrument(self.span("GetToken")))
    }

    fn log_off(&self) -> CallFuture<'_, ()> {
        let call = async move { self.session.lock().await.release(self).await };
        Box::pin(call.instrument(self.span("ReleaseToken")))
    }

    fn customer<'a>(&'a self, code: &'a str) -> CallFuture<'a, Result<Option<Customer>, ReadError>> {
        Box::pin(customer::by_code(self, code).instrument(self.span(customer::GET)))
    }

    fn customers_by_email<'a>(&'a self, email: &'a str) -> CallFuture<'a, Result<Vec<Customer>, ReadError>> {
        Box::pin(customer::by_email(self, email).instrument(self.span(customer::FIND)))
    }

    fn stock<'a>(
        &'a self,
        stock_code: &'a str,
        warehouse: Option<&'a str>,
    ) -> CallFuture<'a, Result<Option<StockItem>, ReadError>> {
        Box::pin(stock::balance(self, stock_code, warehouse).instrument(self.span(stock::OPERATION)))
    }

    fn add_sales_order<'a>(&'a self, order: &'a NewSalesOrder) -> CallFuture<'a, Outcome<SalesOrderAdded>> {
        Box::pin(add_sales_order::add(self, order).instrument(self.span(add_sales_order::OPERATION)))
    }

    fn find_sales_orders<'a>(
        &'a self,
        customer: &'a str,
        customer_po: &'a str,
    ) -> CallFuture<'a, Result<Vec<OrderHeader>, ReadError>> {
        Box::pin(
            find_sales_orders::by_po(self, customer, customer_po).instrument(self.span(find_sales_orders::OPERATION)),
        )
    }

    fn sales_order<'a>(&'a self, number: &'a str) -> CallFuture<'a, Result<Option<SalesOrder>, ReadError>> {
        Box::pin(sales_order::by_number(self, number).instrument(self.span(sales_order::OPERATION)))
    }

    fn change_status<'a>(&'a self, change: &'a StatusChange) -> CallFuture<'a, Outcome<StatusChanged>> {
        Box::pin(change_status::change(self, change).instrument(self.span("ChangeStatus")))
    }

    fn cancel_order<'a>(&'a self, cancellation: &'a Cancellation) -> CallFuture<'a, Outcome<OrderCancelled>> {
        Box::pin(cancel_order::cancel(self, cancellation).instrument(self.span("CancelOrder")))
    }
}
