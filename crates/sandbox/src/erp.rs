//! The ERP: SYSPRO's business rules on one state store, spoken to through the JSON facade.
//!
//! The business objects (`customers`, `stock`, `orders`, `sessions`) know nothing of JSON; [`facade`] is the one place
//! that does, so that another transport can share the store. There is no request id and no protection against doubles
//! but the ERP's own: an order whose customer already has that purchase order number is refused.

mod books;
mod customers;
mod demo;
mod facade;
mod mischief;
mod orders;
mod problem;
mod sessions;
mod stock;
mod store;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::Request;
use serde_json::{Value, json};

pub use self::{
    books::{ChangeRecord, CustomerRecord, ErpBooks, LineRecord, OrderRecord, SessionCounts, StockRecord},
    mischief::{Mischief, MischiefRule},
    sessions::{Operator, SessionRules},
    store::Company,
};
use self::{customers::Customers, orders::Orders, sessions::Sessions, stock::Stock, store::Store};
use crate::world::{Caller, Reply, View, World};

/// How a program proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthMode {
    /// It logs on with its key and shows a token.
    #[default]
    Token,
    /// It shows its key on every call; there are no sessions.
    Key,
}

/// How the ERP is set up. The default is the demo company.
#[derive(Debug, Clone)]
pub struct ErpConfig {
    /// Decides the session tokens.
    pub seed: u64,
    /// The company's choices.
    pub company: Company,
    /// Who may log on.
    pub operators: Vec<Operator>,
    /// How long sessions last.
    pub sessions: SessionRules,
    /// How a program proves who it is.
    pub auth_mode: AuthMode,
    /// A post is worked on at most this long after it came; then it is given up.
    pub processing_limit: TimeDelta,
}

impl Default for ErpConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            company: demo::company(),
            operators: demo::operators(),
            sessions: SessionRules::default(),
            auth_mode: AuthMode::Token,
            processing_limit: TimeDelta::seconds(240),
        }
    }
}

/// The ERP's whole state.
pub struct ErpWorld {
    store: Store,
    auth_mode: AuthMode,
    processing_limit: TimeDelta,
    mischief: mischief::Plan,
    calls: BTreeMap<String, u64>,
    answers: BTreeMap<String, u64>,
    requests: u64,
}

impl ErpWorld {
    /// An ERP with the demo company's customers and items.
    pub fn new(config: ErpConfig) -> Self {
        let mut store = Store {
            company: config.company,
            customers: Customers::default(),
            stock: Stock::default(),
            orders: Orders::after(demo::LAST_ORDER),
            sessions: Sessions::new(config.operators, config.sessions, config.seed),
            view: View::Present,
        };
        demo::fill(&mut store);
        Self {
            store,
            auth_mode: config.auth_mode,
            processing_limit: config.processing_limit,
            mischief: mischief::Plan::default(),
            calls: BTreeMap::new(),
            answers: BTreeMap::new(),
            requests: 0,
        }
    }

    /// What it really did.
    pub fn books(&self) -> ErpBooks {
        ErpBooks {
            calls: self.calls.clone(),
            answers: self.answers.clone(),
            mischief: self.mischief.struck().to_vec(),
            ..books::of(&self.store)
        }
    }

    /// Lets something happen just before a later call.
    pub fn plan(&mut self, rule: MischiefRule) {
        self.mischief.add(rule);
    }

    /// Lets something happen now; session accidents need a call to strike and are planned instead. False when the
    /// thing it is about does not exist.
    pub fn strike(&mut self, mischief: &Mischief) -> bool {
        mischief::strike(&mut self.store, mischief, None)
    }
}

impl World for ErpWorld {
    fn admit(&mut self, request: &Request<Bytes>, now: DateTime<Utc>) -> Result<Caller, Reply> {
        for mischief in self.mischief.due(operation_of(request), request) {
            let caller = facade::caller(&self.store, request);
            mischief::strike(&mut self.store, &mischief, caller.as_deref());
        }
        match facade::admit(&mut self.store, self.auth_mode, request, now) {
            Ok(operator) => Ok(Caller(operator)),
            Err(refusal) => Err(self.told(request, refusal)),
        }
    }

    fn work(&mut self, request: &Request<Bytes>, caller: &Caller, now: DateTime<Utc>) -> Reply {
        let answer = facade::answer(&mut self.store, &caller.0, request, now);
        self.told(request, answer)
    }

    fn refuses(&mut self, request: &Request<Bytes>, caller: &Caller, now: DateTime<Utc>) -> Option<Reply> {
        let mut body: Value = serde_json::from_slice(request.body()).ok().filter(Value::is_object)?;
        let options = &mut body["Options"];
        if !options.is_object() {
            *options = json!({});
        }
        options["ValidateOnly"] = json!(true);
        let (parts, _) = request.clone().into_parts();
        let trial = Request::from_parts(parts, Bytes::from(body.to_string()));
        let answer = facade::answer(&mut self.store, &caller.0, &trial, now);
        (answer.code != "OK").then(|| self.told(request, answer))
    }

    fn commit(
        &mut self,
        request: &Request<Bytes>,
        caller: &Caller,
        arrived: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Reply> {
        if now - arrived > self.processing_limit {
            return None;
        }
        // Doubles were looked for when the request came; what was written since is not seen by what is already at work.
        self.store.orders.looks_for_doubles = false;
        let reply = self.work(request, caller, now);
        self.store.orders.looks_for_doubles = true;
        Some(reply)
    }

    fn set_view(&mut self, view: View) {
        self.store.view = view;
    }

    fn evict(&mut self, request: &Request<Bytes>) {
        if let Some(operator) = facade::caller(&self.store, request) {
            self.store.sessions.end_operator(&operator, sessions::Ended::Evicted);
        }
    }
}

impl ErpWorld {
    /// Counts an answer on its way out.
    fn told(&mut self, request: &Request<Bytes>, answer: facade::Answer) -> Reply {
        self.requests += 1;
        // Paths are the caller's to invent; only operations that exist get a row of their own.
        let operation = if answer.is_known_operation { operation_of(request) } else { "other" };
        count(&mut self.calls, operation);
        count(&mut self.answers, &format!("{operation} {}", answer.code));
        Reply::now(answer.into_response(self.requests))
    }
}

/// What a request is about: its purchase order number, its order number, its customer.
pub(crate) fn about(request: &Request<Bytes>) -> String {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let named =
        ["CustomerPoNumber", "OrderNumber", "CustomerCode", "Email"].iter().find_map(|name| body.get(name)?.as_str());
    let text = named.or(request.uri().query()).unwrap_or_default();
    text.chars().take(120).collect()
}

/// The operations that fault rules name.
pub fn operations() -> impl Iterator<Item = &'static str> {
    ["GetToken", "ReleaseToken"].into_iter().chain(facade::operation_names())
}

fn operation_of(request: &Request<Bytes>) -> &str {
    request.uri().path().rsplit('/').next().unwrap_or_default()
}

fn count(rows: &mut BTreeMap<String, u64>, key: &str) {
    match rows.get_mut(key) {
        Some(row) => *row += 1,
        None => {
            rows.insert(key.to_owned(), 1);
        }
    }
}
