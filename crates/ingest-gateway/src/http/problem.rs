//! Problems (RFC 9457), in the caller's words. What we know beyond that goes to the log.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::canonical::FieldError;

/// When to come again after a 503.
const RETRY_AFTER_S: &str = "2";

/// What went wrong. Boxed, because it travels as the error of nearly everything here.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Parts>);

/// A problem as the caller reads it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Parts {
    /// A name for machines.
    #[serde(rename = "type")]
    kind: String,
    /// In a few words.
    title: String,
    /// The status code.
    status: u16,
    /// In more words.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Every field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The fields that differ from the order that stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    /// The order that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
}

impl Problem {
    /// A problem by its name.
    pub fn new(status: StatusCode, name: &str, title: &str) -> Self {
        Self(Box::new(Parts {
            kind: format!("urn:quittance:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: None,
            errors: Vec::new(),
            fields: Vec::new(),
            order: None,
        }))
    }

    /// Says more.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Fields that are wrong.
    pub fn wrong(errors: Vec<FieldError>) -> Self {
        let count = errors.len();
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-order", "The order cannot be taken as it is");
        problem.0.errors = errors;
        problem.detail(format!("{count} field(s) need attention. Nothing was stored."))
    }

    /// A body that is no JSON.
    pub fn unreadable(why: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable-body", "The body is not the JSON that is wanted here")
            .detail(why)
    }

    /// An order with other content stands.
    pub fn differs(order: String, order_number: &str, fields: Vec<String>) -> Self {
        let names = fields.join(", ");
        let mut problem =
            Self::new(StatusCode::CONFLICT, "order-differs", "The order was taken before with other content");
        problem.0.order = Some(order);
        problem.0.fields = fields;
        problem.detail(format!("Order {order_number} stands and differs in: {names}. It was not changed."))
    }

    /// A card token that serves another order.
    pub fn token_used(order_number: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "token-used", "The card token serves another order")
            .detail(format!("Order {order_number} was placed with it. Let the buyer enter the card again."))
    }

    /// A card number where none may be. The place is named, the number is not.
    pub fn card(place: &str) -> Self {
        metrics::counter!("quittance_intake_cards_refused_total").increment(1);
        tracing::warn!(place, "a card number was refused; nothing of the request is kept");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "card-number", "There is a card number in the request").detail(format!(
            "What looks like a card number stands in {place}. Card numbers are never taken: send the token of the checkout \
             page. Nothing was stored or written to a log."
        ))
    }

    /// Come again a little later.
    pub fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Come again in a moment").detail(detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
