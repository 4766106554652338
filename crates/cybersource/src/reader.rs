//! Reads an answer: members by path, unknown ones ignored, amounts exact.

use chrono::{DateTime, Utc};
use http::StatusCode;
use money::{Amount, Currency};
use serde_json::Value;

use crate::error::GatewayError;

/// An answer of the gateway. Has no `Debug`: it may echo tokens.
pub(crate) struct Answer {
    reference: String,
    status: StatusCode,
    correlation: String,
    body: Option<Value>,
}

impl Answer {
    pub(crate) fn new(reference: &str, response: node::Response) -> Self {
        let correlation = response.headers().get("v-c-correlation-id").and_then(|value| value.to_str().ok());
        Self {
            reference: reference.to_owned(),
            status: response.status(),
            correlation: correlation.unwrap_or("-").to_owned(),
            body: serde_json::from_slice(response.body()).ok().filter(Value::is_object),
        }
    }

    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn correlation(&self) -> &str {
        &self.correlation
    }

    /// An answer that lacks what it must hold.
    pub(crate) fn unreadable(&self, what: impl Into<String>) -> GatewayError {
        GatewayError::Unreadable { reference: self.reference.clone(), what: what.into() }
    }

    /// A status word nobody told us about.
    pub(crate) fn unknown_status(&self, status: &str, request_id: &str) -> GatewayError {
        GatewayError::UnknownStatus {
            reference: self.reference.clone(),
            status: status.chars().take(60).collect(),
            request_id: request_id.to_owned(),
        }
    }

    /// The document, which a success must have.
    pub(crate) fn document(&self) -> Result<Document<'_>, GatewayError> {
        self.body.as_ref().map(Document).ok_or_else(|| self.unreadable("not a JSON object"))
    }

    /// The vendor's word for a refusal, wherever this product puts it.
    pub(crate) fn reason(&self) -> Option<String> {
        let document = Document(self.body.as_ref()?);
        ["reason", "errorInformation/reason", "errors/0/type"].into_iter().find_map(|path| document.text(path))
    }

    /// The fields a refusal names.
    pub(crate) fn fields(&self) -> Vec<String> {
        let Some(document) = self.body.as_ref().map(Document) else { return Vec::new() };
        let details = ["details", "errorInformation/details"].into_iter().find_map(|path| document.value(path));
        let details = details.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        details.iter().filter_map(|detail| Document(detail).text("field")).take(20).collect()
    }
}

/// A JSON document read by paths such as `orderInformation/amountDetails/currency`.
#[derive(Clone, Copy)]
pub(crate) struct Document<'a>(pub(crate) &'a Value);

impl<'a> Document<'a> {
    pub(crate) fn value(self, path: &str) -> Option<&'a Value> {
        path.split('/').try_fold(self.0, |value, name| match value {
            Value::Array(entries) => name.parse::<usize>().ok().and_then(|index| entries.get(index)),
            other => other.get(name),
        })
    }

    /// A text that is not blank.
    pub(crate) fn text(self, path: &str) -> Option<String> {
        let text = self.value(path)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A time.
    pub(crate) fn time(self, path: &str) -> Option<DateTime<Utc>> {
        self.text(path)?.parse().ok()
    }

    /// The entries of a list.
    pub(crate) fn entries(self, path: &str) -> impl Iterator<Item = Document<'a>> {
        self.value(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter().map(Document)
    }

    /// An amount as it is told, in the currency it is told in. `None` when there is none; an error when there is one
    /// that is no amount. `otherwise` is the currency when the answer repeats none.
    pub(crate) fn amount(
        self,
        path: &str,
        currency: &str,
        otherwise: Option<Currency>,
    ) -> Result<Option<Amount>, String> {
        let Some(number) = self.value(path) else { return Ok(None) };
        let text = match number {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        // The currency is echoed in the case it was sent in.
        let told = match self.text(currency) {
            Some(code) => Some(code.to_ascii_uppercase().parse::<Currency>().map_err(|error| error.to_string())?),
            None => otherwise,
        };
        let Some(told) = told else { return Err(format!("{path} has no currency")) };
        Amount::parse(&text, told).map(Some).map_err(|error| error.to_string())
    }
}
