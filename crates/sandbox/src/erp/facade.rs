//! The JSON facade over the business objects: routing, sessions, and one file per service.
//!
//! It is a thin layer: it checks shapes (widths, scales, missing fields) before anything is asked of the ERP, and it
//! protects nobody against sending the same thing twice.

mod add_sales_order;
mod auth;
mod customers;
mod envelope;
mod fields;
mod inventory;
mod sales_orders;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, header};

pub(crate) use self::envelope::Answer;
use self::{
    envelope::{Code, Objection},
    fields::Query,
};
use super::{
    AuthMode,
    sessions::{Denied, Operator},
    store::Store,
};

/// One call of an operator whose session was good.
pub(super) struct Call<'a> {
    store: &'a mut Store,
    operator: &'a str,
    now: DateTime<Utc>,
    query: Query,
    body: &'a Bytes,
}

/// An operation of the facade.
struct Operation {
    service: &'static str,
    name: &'static str,
    method: Method,
    /// The business object behind it, for licences and envelopes.
    object: &'static str,
    work: fn(&mut Call<'_>) -> Answer,
}

static OPERATIONS: [Operation; 8] = [
    Operation {
        service: "CustomerService",
        name: "GetCustomer",
        method: Method::GET,
        object: "ARSQRY",
        work: customers::get,
    },
    Operation {
        service: "CustomerService",
        name: "FindCustomers",
        method: Method::GET,
        object: "COMFND",
        work: customers::find,
    },
    Operation {
        service: "CustomerService",
        name: "AddCustomer",
        method: Method::POST,
        object: "ARSSCS",
        work: customers::add,
    },
    Operation {
        service: "InventoryService",
        name: "GetStockBalance",
        method: Method::GET,
        object: "INVQRY",
        work: inventory::balance,
    },
    Operation {
        service: "SalesOrderService",
        name: "AddSalesOrder",
        method: Method::POST,
        object: "SORTOI",
        work: add_sales_order::add,
    },
    Operation {
        service: "SalesOrderService",
        name: "UpdateSalesOrder",
        method: Method::POST,
        object: "SORTOI",
        work: sales_orders::update,
    },
    Operation {
        service: "SalesOrderService",
        name: "GetSalesOrder",
        method: Method::GET,
        object: "SORQRY",
        work: sales_orders::get,
    },
    Operation {
        service: "SalesOrderService",
        name: "FindSalesOrders",
        method: Method::GET,
        object: "SORQSO",
        work: sales_orders::find,
    },
];

/// The names of all operations but those of the session.
pub(crate) fn operation_names() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|operation| operation.name)
}

/// What a path names.
enum Named {
    Token,
    Operation(&'static Operation),
    Nothing,
}

fn named(path: &str) -> Named {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let (Some("APIServices"), Some(service), Some(name), None) =
        (segments.next(), segments.next(), segments.next(), segments.next())
    else {
        return Named::Nothing;
    };
    if service == "AuthService" {
        return Named::Token;
    }
    OPERATIONS.iter().find(|it| it.service == service && it.name == name).map_or(Named::Nothing, Named::Operation)
}

/// The operator behind a request; nobody for a call that needs none. What is refused here was not worked on.
pub(crate) fn admit(
    store: &mut Store,
    mode: AuthMode,
    request: &Request<Bytes>,
    now: DateTime<Utc>,
) -> Result<String, Answer> {
    let Named::Operation(operation) = named(request.uri().path()) else { return Ok(String::new()) };
    match operator(store, mode, request, now) {
        Ok(operator) => Ok(operator.code),
        Err(denied) => Err(auth::denied(denied, operation.object).known()),
    }
}

/// Answers one request of an operator who was let in.
pub(crate) fn answer(store: &mut Store, operator: &str, request: &Request<Bytes>, now: DateTime<Utc>) -> Answer {
    let path = request.uri().path();
    let operation = match named(path) {
        Named::Nothing => return unknown(path),
        Named::Token => {
            return match (request.method(), path.rsplit('/').next().unwrap_or_default()) {
                (&Method::POST, "GetToken") => auth::get_token(store, header_text(request, "x-api-key"), now),
                (&Method::POST, "ReleaseToken") => auth::release_token(store, bearer(request), now),
                _ => unknown(path),
            };
        }
        Named::Operation(operation) => operation,
    };
    let is_licensed =
        store.sessions.operator(operator).is_some_and(|operator| !operator.not_licensed.contains(operation.object));
    if !is_licensed {
        let message = "e.net exception raised: 100000";
        return Answer::refused(operation.object, Objection::plain(Code::BoNotLicensed, message)).known();
    }
    if request.method() != operation.method {
        let message = format!("{} is called with {}", operation.name, operation.method);
        return Answer::refused(operation.object, Objection::plain(Code::BadRequest, message)).known();
    }
    let query = Query::read(request.uri().query().unwrap_or_default());
    let mut call = Call { store, operator, now, query, body: request.body() };
    (operation.work)(&mut call).known()
}

/// The operator whose session this request shows, without using the session.
pub(crate) fn caller(store: &Store, request: &Request<Bytes>) -> Option<String> {
    store.sessions.operator_of(bearer(request)?).map(str::to_owned)
}

fn operator(
    store: &mut Store,
    mode: AuthMode,
    request: &Request<Bytes>,
    now: DateTime<Utc>,
) -> Result<Operator, Denied> {
    match mode {
        AuthMode::Key => {
            let key = header_text(request, "x-api-key").unwrap_or_default();
            store.sessions.operator_of_key(key).cloned().ok_or(Denied::BadKey)
        }
        AuthMode::Token => {
            let code = store.sessions.touch(bearer(request).unwrap_or_default(), now)?;
            store.sessions.operator(&code).cloned().ok_or(Denied::Unknown)
        }
    }
}

fn unknown(path: &str) -> Answer {
    Answer::refused("", Objection::plain(Code::NotFound, format!("no operation at {path}")))
}

fn bearer(request: &Request<Bytes>) -> Option<&str> {
    header_text(request, header::AUTHORIZATION.as_str())?.strip_prefix("Bearer ").map(str::trim)
}

fn header_text<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
