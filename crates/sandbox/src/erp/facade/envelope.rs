//! The facade's answers: success and error envelopes, codes and their HTTP statuses.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::erp::problem::{Problem, Refused, Rule, Warning};

/// What a refusal is called on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    BadRequest,
    BadScale,
    FieldTooLong,
    MissingField,
    NotNumeric,
    TokenInvalid,
    TokenExpired,
    SessionEvicted,
    BadApiKey,
    BoNotLicensed,
    NotFound,
    LicenceExhausted,
    /// A rule of the ERP was broken.
    Rule(Rule),
}

impl Code {
    /// Its text and its HTTP status: the one table of them.
    pub(crate) fn wire(self) -> (&'static str, StatusCode) {
        match self {
            Self::BadRequest => ("BAD_REQUEST", StatusCode::BAD_REQUEST),
            Self::BadScale => ("BAD_SCALE", StatusCode::BAD_REQUEST),
            Self::FieldTooLong => ("FIELD_TOO_LONG", StatusCode::BAD_REQUEST),
            Self::MissingField => ("MISSING_FIELD", StatusCode::BAD_REQUEST),
            Self::NotNumeric => ("NOT_NUMERIC", StatusCode::UNPROCESSABLE_ENTITY),
            Self::TokenInvalid => ("TOKEN_INVALID", StatusCode::UNAUTHORIZED),
            Self::TokenExpired => ("TOKEN_EXPIRED", StatusCode::UNAUTHORIZED),
            Self::SessionEvicted => ("SESSION_EVICTED", StatusCode::UNAUTHORIZED),
            Self::BadApiKey => ("BAD_API_KEY", StatusCode::UNAUTHORIZED),
            Self::BoNotLicensed => ("BO_NOT_LICENSED", StatusCode::FORBIDDEN),
            Self::NotFound | Self::Rule(Rule::OrderNotFound) => ("NOT_FOUND", StatusCode::NOT_FOUND),
            Self::LicenceExhausted => ("LICENCE_EXHAUSTED", StatusCode::SERVICE_UNAVAILABLE),
            Self::Rule(Rule::DuplicatePo) => ("DUPLICATE_PO", StatusCode::CONFLICT),
            Self::Rule(Rule::DuplicateCustomer) => ("DUPLICATE_CUSTOMER", StatusCode::CONFLICT),
            Self::Rule(Rule::OrderLocked) => ("ORDER_LOCKED", StatusCode::CONFLICT),
            Self::Rule(Rule::StatusConflict) => ("STATUS_CONFLICT", StatusCode::CONFLICT),
            Self::Rule(rule) => (business(rule), StatusCode::UNPROCESSABLE_ENTITY),
        }
    }
}

fn business(rule: Rule) -> &'static str {
    match rule {
        Rule::CustomerNotFound => "CUSTOMER_NOT_FOUND",
        Rule::CustomerOnHold => "CUSTOMER_ON_HOLD",
        Rule::CreditLimit => "CREDIT_LIMIT",
        Rule::StockNotFound => "STOCK_NOT_FOUND",
        Rule::StockOnHold => "STOCK_ON_HOLD",
        Rule::WarehouseInvalid => "WAREHOUSE_INVALID",
        Rule::InsufficientStock => "INSUFFICIENT_STOCK",
        Rule::TaxCodeInvalid => "TAX_CODE_INVALID",
        Rule::ZeroPrice => "ZERO_PRICE",
        Rule::WarningRejected => "WARNING_REJECTED",
        // The first five have a status of their own above.
        Rule::DuplicatePo
        | Rule::DuplicateCustomer
        | Rule::OrderNotFound
        | Rule::OrderLocked
        | Rule::StatusConflict
        | Rule::Other => "BUSINESS_ERROR",
    }
}

/// One entry of `Errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Objection {
    pub(crate) code: Code,
    number: Option<&'static str>,
    message: String,
    element: String,
    value: String,
    line: Option<u32>,
}

impl Objection {
    /// An objection to the call as a whole.
    pub(crate) fn plain(code: Code, message: impl Into<String>) -> Self {
        Self { code, number: None, message: message.into(), element: String::new(), value: String::new(), line: None }
    }

    /// An objection to one element.
    pub(crate) fn to(code: Code, element: &str, value: &str, line: Option<u32>, message: impl Into<String>) -> Self {
        // What is echoed is cut: a value refused for its length must not come back whole.
        let value = value.chars().take(60).collect();
        Self { element: element.to_owned(), value, line, ..Self::plain(code, message) }
    }

    fn to_json(&self) -> Value {
        json!({"Number": self.number, "Message": self.message, "Element": self.element, "Value": self.value, "Line": self.line})
    }
}

impl From<Problem> for Objection {
    fn from(problem: Problem) -> Self {
        let number = problem.number();
        Self {
            number,
            ..Self::to(Code::Rule(problem.rule), problem.element, &problem.value, problem.line, problem.message)
        }
    }
}

/// An answer before it is bytes.
pub(crate) struct Answer {
    status: StatusCode,
    body: Map<String, Value>,
    /// The code of a refusal; `OK` otherwise.
    pub(crate) code: &'static str,
    /// The operation exists.
    pub(crate) is_known_operation: bool,
    is_envelope: bool,
}

impl Answer {
    /// The plain answer to a question.
    pub(crate) fn found(body: Map<String, Value>) -> Self {
        Self { status: StatusCode::OK, body, code: "OK", is_known_operation: false, is_envelope: false }
    }

    /// A write that was applied, or validated only.
    pub(crate) fn done(object: &str, is_applied: bool, result: Value, warnings: &[Warning]) -> Self {
        let outcome = if is_applied { "Applied" } else { "Validated" };
        let counts = json!({"ItemsProcessed": 1, "ItemsInvalid": 0, "ItemsRejectedWithWarnings": 0,
            "ItemsProcessedWithWarnings": u8::from(!warnings.is_empty())});
        let body = members([
            ("Success", json!(true)),
            ("Outcome", json!(outcome)),
            ("BusinessObject", json!(object)),
            ("Result", result),
            ("Warnings", warnings_json(warnings)),
            ("StatusOfItems", counts),
        ]);
        Self { is_envelope: true, ..Self::found(body) }
    }

    /// A refusal for one reason.
    pub(crate) fn refused(object: &str, objection: Objection) -> Self {
        Self::refused_for(object, vec![objection], &[])
    }

    /// A refusal for all these reasons; the first gives the code. Nothing was written.
    pub(crate) fn refused_for(object: &str, objections: Vec<Objection>, warnings: &[Warning]) -> Self {
        assert!(!objections.is_empty(), "a refusal has a reason");
        let first = &objections[0];
        let (code, status) = first.code.wire();
        let is_retryable = status == StatusCode::SERVICE_UNAVAILABLE;
        let errors: Vec<Value> = objections.iter().map(Objection::to_json).collect();
        let body = members([
            ("Success", json!(false)),
            ("Outcome", json!("NotApplied")),
            ("BusinessObject", json!(object)),
            ("Code", json!(code)),
            ("Message", json!(first.message)),
            ("Errors", json!(errors)),
            ("Warnings", warnings_json(warnings)),
            ("Retryable", json!(is_retryable)),
        ]);
        Self { status, code, is_envelope: true, ..Self::found(body) }
    }

    /// A refusal by the business rules.
    pub(crate) fn by_rules(object: &str, refused: Refused) -> Self {
        let objections = refused.problems.into_iter().map(Objection::from).collect();
        Self::refused_for(object, objections, &refused.warnings)
    }

    /// The same answer, of an operation that exists.
    pub(crate) fn known(mut self) -> Self {
        self.is_known_operation = true;
        self
    }

    /// The bytes. `request_number` names the request in envelopes.
    pub(crate) fn into_response(mut self, request_number: u64) -> Response<Bytes> {
        if self.is_envelope {
            self.body.insert("RequestId".to_owned(), json!(format!("{request_number:04x}")));
        }
        let mut response = Response::new(Bytes::from(Value::Object(self.body).to_string()));
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        response
    }
}

/// An object of these members.
pub(crate) fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn warnings_json(warnings: &[Warning]) -> Value {
    let one = |warning: &Warning| json!({"Number": warning.number, "Message": warning.message, "Element": warning.element, "Line": warning.line});
    Value::Array(warnings.iter().map(one).collect())
}
