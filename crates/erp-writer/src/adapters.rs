//! The ports over the SYSPRO client. SYSPRO's words end here: what leaves is a verdict.
//!
//! A call that writes makes its look-ups first and one write last. Nothing before the write can leave a document behind, so
//! whatever fails there is tried again later; the write itself says which of the three failures it was.

mod looking;

use std::{sync::Arc, time::Duration};

use contracts::r#type::v1::Personal;
use erp_domain::{order::Order, sales_order::Reason};
use fault::{Class, Classify as _};
use ids::Pair;
use node::Node;
use prost::Message as _;
use sealed::MasterKey;
use syspro::{
    Applied, Cancellation, Customer, Facade, FacadeConfig, Operator, OrderStatus, Outcome, Refusal, StatusChange,
    Syspro,
};
use tokio::time::Instant;

use crate::{
    config::{Auth, PairConfig, Policies, StockShort},
    error::CallError,
    mapping::{self, Site},
    operators::{OperatorLeases, Operators, Session},
    ports::{Answer, Erp, PersonKeys, Placement, PortFuture, SeenFuture, Verdict},
    screening,
};

/// Words of SYSPRO that are kept with a refusal.
const WORDS_CHARS_MAX: usize = 300;
/// A session that idled longer is renewed before a write.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// SYSPRO as the ERP of one pair.
pub struct SysproErp {
    operators: Operators,
    site: Site,
    policies: Policies,
    credit_authority: String,
    cancel_reason: Option<String>,
    master_key: MasterKey,
    has_sessions: bool,
    call_limit: Duration,
    post_limit: Duration,
}

impl SysproErp {
    /// SYSPRO behind its facade, as configured for a pair.
    pub fn over_facade(
        node: &Node,
        pair: Pair,
        config: &PairConfig,
        master_key: MasterKey,
        leases: Arc<dyn OperatorLeases>,
    ) -> Self {
        let facade = FacadeConfig {
            base_url: config.syspro.base_url.trim_end_matches('/').to_owned(),
            auth_mode: match config.syspro.auth {
                Auth::Token => syspro::AuthMode::Token,
                Auth::Key => syspro::AuthMode::Key,
            },
            query_limit: Duration::from_millis(config.syspro.query_limit_ms),
            post_limit: Duration::from_millis(config.syspro.post_limit_ms),
            idle_max: IDLE_MAX,
        };
        let client = |operator: &crate::config::OperatorConfig| -> Arc<dyn Syspro> {
            let operator = Operator { code: operator.name.clone(), api_key: operator.api_key.clone() };
            Arc::new(Facade::new(node.clone(), facade.clone(), operator))
        };
        let clients = config.syspro.operators.iter().map(client).collect();
        Self {
            operators: Operators::new(node, pair, leases, config.syspro.operator_lease(), clients)
                .at_most(config.syspro.operators_at_a_time()),
            site: Site { time_zone: config.time_zone, warehouse: config.warehouse.clone(), freight: config.freight },
            policies: config.policies,
            credit_authority: config.credit_authority.clone(),
            cancel_reason: config.cancel_reason.clone(),
            master_key,
            has_sessions: config.syspro.auth == Auth::Token,
            call_limit: config.syspro.call_limit(),
            post_limit: facade.post_limit,
        }
    }

    /// Opens what is personal; `None` when the person was erased.
    async fn person(&self, keys: &dyn PersonKeys, order: &Order) -> Result<Option<Personal>, CallError> {
        let subject = order.personal.subject;
        let Some(wrapped) = keys.wrapped_key(subject).await? else { return Ok(None) };
        let plain = self
            .master_key
            .unwrap(subject, &wrapped)
            .and_then(|key| key.open(subject, &order.personal.ciphertext))
            .map_err(CallError::Sealed)?;
        Personal::decode(plain.as_slice()).map(Some).map_err(|error| CallError::Request(error.to_string()))
    }

    async fn find_customer(
        &self,
        session: &Session,
        order: &Order,
        person: &Personal,
    ) -> Result<Result<Customer, Reason>, CallError> {
        let email = person.email.trim();
        let found = if !order.customer_code.is_empty() {
            session.syspro.customer(&order.customer_code).await?.into_iter().collect()
        } else if email.is_empty() {
            Vec::new()
        } else {
            session.syspro.customers_by_email(email).await?
        };
        Ok(screening::customer(found, order))
    }

    /// Reads, then judges. The first `Err` is a failure to read, the second a reason against the order.
    async fn look(
        &self,
        session: &Session,
        order: &Order,
        person: &Personal,
    ) -> Result<Result<(Customer, Vec<Reason>), Reason>, CallError> {
        let customer = match self.find_customer(session, order, person).await? {
            Ok(customer) => customer,
            Err(reason) => return Ok(Err(reason)),
        };
        let net_total = match self.dry_run(order, person, &customer) {
            Ok(net_total) => net_total,
            Err(problem) => return Ok(Err(unmappable(&problem))),
        };
        let of_credit = screening::credit(&customer, net_total, self.policies.credit);
        let mut found = Vec::new();
        if self.policies.stock_short != StockShort::Allow {
            for wanted in screening::wanted(order) {
                let item = session.syspro.stock(&wanted.sku, Some(&self.site.warehouse)).await?;
                found.push((wanted, item));
            }
        }
        let of_stock = screening::stock(&found, &self.site.warehouse, self.policies.stock_short);
        Ok(match (of_stock, of_credit) {
            (Err(reason), _) | (_, Err(reason)) => Err(reason),
            (Ok(stock), Ok(credit)) => Ok((customer, stock.into_iter().chain(credit).collect())),
        })
    }

    /// What SYSPRO cannot hold is found before money moves.
    fn dry_run(
        &self,
        order: &Order,
        person: &Personal,
        customer: &Customer,
    ) -> Result<rust_decimal::Decimal, mapping::Problem> {
        mapping::sales_order(
            order,
            person,
            &customer.code,
            erp_domain::sales_order::Suspense::AwaitingPayment,
            &self.site,
        )?;
        mapping::net_total(order)
    }

    async fn screened(&self, keys: &dyn PersonKeys, order: &Order) -> Result<Answer, CallError> {
        let Some(person) = self.person(keys, order).await? else { return Ok(nobody(erased())) };
        let session = self.operators.take(None, self.call_limit).await?;
        let verdict = match self.look(&session, order, &person).await? {
            Ok((customer, warnings)) => Verdict::Yes { sales_order: String::new(), customer: customer.code, warnings },
            Err(reason) => Verdict::No(reason),
        };
        Ok(answer(&session, verdict))
    }

    async fn placed(
        &self,
        keys: &dyn PersonKeys,
        placement: &Placement,
        as_operator: Option<&str>,
    ) -> Result<Answer, CallError> {
        let started = Instant::now();
        let order = &placement.order;
        let Some(person) = self.person(keys, order).await? else { return Ok(nobody(erased())) };
        let session = self.operators.take(as_operator, self.call_limit).await?;
        let customer = match &placement.customer {
            Some(code) => code.clone(),
            None => match self.find_customer(&session, order, &person).await? {
                Ok(customer) => customer.code,
                Err(reason) => return Ok(answer(&session, Verdict::No(reason))),
            },
        };
        let document = match mapping::sales_order(order, &person, &customer, placement.suspense, &self.site) {
            Ok(document) => document,
            Err(problem) => return Ok(answer(&session, Verdict::No(unmappable(&problem)))),
        };
        self.still_time(started)?;
        let added = session.syspro.add_sales_order(&document).await;
        written(&session, added, |applied| {
            let back_order =
                applied.result.back_order_comment.map(|comment| Reason::new("back_order", words(&comment)));
            let remarks = applied.warnings.iter().map(|warning| Reason::new("remark", words(&warning.message)));
            Verdict::Yes {
                sales_order: applied.result.order_number,
                customer,
                warnings: back_order.into_iter().chain(remarks).collect(),
            }
        })
    }

    async fn released(&self, sales_order: &str, as_operator: Option<&str>) -> Result<Answer, CallError> {
        let started = Instant::now();
        let session = self.operators.take(as_operator, self.call_limit).await?;
        self.still_time(started)?;
        // Only out of suspense: an order that a person has moved meanwhile is not ours to move.
        let change = StatusChange {
            order_number: sales_order.to_owned(),
            expected_status: OrderStatus::Suspense,
            new_status: OrderStatus::Open,
            credit_authority: self.credit_authority.clone(),
        };
        let changed = session.syspro.change_status(&change).await;
        written(&session, changed, |_| done(sales_order))
    }

    async fn cancelled(&self, sales_order: &str, as_operator: Option<&str>) -> Result<Answer, CallError> {
        let started = Instant::now();
        let session = self.operators.take(as_operator, self.call_limit).await?;
        self.still_time(started)?;
        let cancellation = Cancellation { order_number: sales_order.to_owned(), reason: self.cancel_reason.clone() };
        let cancelled = session.syspro.cancel_order(&cancellation).await;
        written(&session, cancelled, |_| done(sales_order))
    }

    /// A write begins only when its whole limit is left: cut off half way it would be a riddle.
    fn still_time(&self, started: Instant) -> Result<(), CallError> {
        if started.elapsed() + self.post_limit > self.call_limit { Err(CallError::TooLate) } else { Ok(()) }
    }
}

/// The outcome of a write, one of three.
fn written<T>(
    session: &Session,
    outcome: Outcome<T>,
    yes: impl FnOnce(Applied<T>) -> Verdict,
) -> Result<Answer, CallError> {
    match outcome {
        Outcome::Applied(applied) => Ok(answer(session, yes(applied))),
        Outcome::NotApplied(refusal) => match refusal.class() {
            Class::Permanent => Ok(answer(session, Verdict::No(refused(&refusal)))),
            Class::Transient | Class::UnknownOutcome => Err(CallError::NotYet(refusal)),
        },
        Outcome::Unknown(doubt) => Err(CallError::Doubt(doubt)),
    }
}

fn answer(session: &Session, verdict: Verdict) -> Answer {
    Answer { operator: session.syspro.operator().to_owned(), verdict }
}

/// A no that SYSPRO was not needed for.
fn nobody(reason: Reason) -> Answer {
    Answer { operator: String::new(), verdict: Verdict::No(reason) }
}

fn done(sales_order: &str) -> Verdict {
    Verdict::Yes { sales_order: sales_order.to_owned(), customer: String::new(), warnings: Vec::new() }
}

fn erased() -> Reason {
    Reason::new("person_erased", "the personal data of this order was erased")
}

fn unmappable(problem: &mapping::Problem) -> Reason {
    Reason::new("not_representable", words(&problem.to_string()))
}

/// SYSPRO's refusal: its code, and all objections in its words.
fn refused(refusal: &Refusal) -> Reason {
    let mut text = refusal.message.clone();
    for line in refusal.lines.iter().filter(|line| line.message != refusal.message) {
        text = format!("{text}; {}", line.message);
    }
    Reason::new(refusal.code_text.clone(), words(&text))
}

fn words(text: &str) -> String {
    text.chars().take(WORDS_CHARS_MAX).collect()
}

impl Erp for SysproErp {
    fn screen<'a>(&'a self, keys: &'a dyn PersonKeys, order: &'a Order) -> PortFuture<'a> {
        Box::pin(self.screened(keys, order))
    }

    fn place<'a>(
        &'a self,
        keys: &'a dyn PersonKeys,
        placement: &'a Placement,
        as_operator: Option<&'a str>,
    ) -> PortFuture<'a> {
        Box::pin(self.placed(keys, placement, as_operator))
    }

    fn release<'a>(&'a self, sales_order: &'a str, as_operator: Option<&'a str>) -> PortFuture<'a> {
        Box::pin(self.released(sales_order, as_operator))
    }

    fn cancel<'a>(&'a self, sales_order: &'a str, as_operator: Option<&'a str>) -> PortFuture<'a> {
        Box::pin(self.cancelled(sales_order, as_operator))
    }

    fn look_for_placed<'a>(
        &'a self,
        keys: &'a dyn PersonKeys,
        placement: &'a Placement,
        as_operator: Option<&'a str>,
    ) -> SeenFuture<'a> {
        Box::pin(self.saw_placed(keys, placement, as_operator))
    }

    fn look_for_released<'a>(&'a self, sales_order: &'a str, as_operator: Option<&'a str>) -> SeenFuture<'a> {
        Box::pin(self.saw_status(sales_order, as_operator, looking::released))
    }

    fn look_for_cancelled<'a>(&'a self, sales_order: &'a str, as_operator: Option<&'a str>) -> SeenFuture<'a> {
        Box::pin(self.saw_status(sales_order, as_operator, looking::cancelled))
    }

    fn absence_proves(&self) -> bool {
        self.has_sessions
    }

    fn operator(&self) -> Option<String> {
        self.operators.next()
    }
}
