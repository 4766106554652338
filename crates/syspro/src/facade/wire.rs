//! Reads the facade's answers. Classification happens here, once for all operations, from the table of codes.

use fault::Class;
use http::StatusCode;
use node::Response;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::outcome::{Applied, Code, Doubt, LineRefusal, Outcome, ReadError, Refusal, Warning};

/// An unreadable answer is quoted no further than this, and only its shape.
const WORD_CHARS_MAX: usize = 40;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    outcome: Option<String>,
    code: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Objection>,
    #[serde(default)]
    warnings: Vec<Warning>,
    result: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Objection {
    #[serde(default)]
    message: String,
    #[serde(default)]
    element: Option<String>,
    #[serde(default)]
    line: Option<u32>,
}

impl Envelope {
    fn parse(answer: &Response) -> Option<Self> {
        serde_json::from_slice(answer.body()).ok()
    }

    fn code(&self) -> Code {
        Code::from_text(self.code.as_deref().unwrap_or_default())
    }

    fn refusal(self, class: Class) -> Refusal {
        let code = self.code();
        let lines = self
            .errors
            .into_iter()
            .map(|error| LineRefusal {
                line: error.line,
                element: error.element.unwrap_or_default(),
                message: error.message,
            })
            .collect();
        let code_text =
            self.code.map_or_else(|| code.text().to_owned(), |text| text.chars().take(WORD_CHARS_MAX).collect());
        Refusal { code_text, lines, ..Refusal::new(code, class, self.message) }
    }
}

/// The answer to a question.
pub(super) fn read<T: DeserializeOwned>(operation: &'static str, answer: &Response) -> Result<T, ReadError> {
    let status = answer.status();
    if status == StatusCode::OK {
        return serde_json::from_slice(answer.body())
            .map_err(|error| ReadError::Unreadable { operation, detail: shape_of(&error) });
    }
    match Envelope::parse(answer).filter(|envelope| envelope.code.is_some()) {
        Some(envelope) => {
            let class = if status.is_server_error() { Class::Transient } else { envelope.code().on_read() };
            Err(ReadError::Refused { operation, refusal: envelope.refusal(class) })
        }
        None => Err(ReadError::Unreadable { operation, detail: format!("status {status} without a code") }),
    }
}

/// The answer to a logon: an envelope, but nothing that could be done twice.
pub(super) fn granted<T: DeserializeOwned>(operation: &'static str, answer: &Response) -> Result<T, ReadError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Grant<T> {
        result: T,
    }
    read::<Grant<T>>(operation, answer).map(|grant| grant.result)
}

/// The answer to a write. Anything that is not plainly a yes or plainly a no is a doubt.
pub(super) fn written(operation: &'static str, answer: &Response) -> Outcome<Value> {
    let status = answer.status();
    let doubt = |detail: String| Outcome::Unknown(Doubt { operation, detail });
    let Some(envelope) = Envelope::parse(answer) else {
        return doubt(format!("status {status} with a body that cannot be read"));
    };
    match (envelope.outcome.as_deref(), status) {
        (Some("Applied"), StatusCode::OK) => match envelope.result {
            Some(result) => Outcome::Applied(Applied { result, warnings: envelope.warnings }),
            None => doubt("applied, but without a result".to_owned()),
        },
        (Some("NotApplied"), status) => match class_of(envelope.code(), status) {
            Class::UnknownOutcome => doubt(format!("status {status}, {}", envelope.refusal(Class::UnknownOutcome))),
            class => Outcome::NotApplied(envelope.refusal(class)),
        },
        (word, status) => {
            let word: String = word.unwrap_or("none").chars().take(WORD_CHARS_MAX).collect();
            doubt(format!("status {status} with outcome {word}"))
        }
    }
}

/// What a code proves, given the status it came with. An unknown code is believed only where the facade says "not applied" with
/// a status that means it looked at the request and declined it.
fn class_of(code: Code, status: StatusCode) -> Class {
    let is_believable = status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE;
    match code.on_write() {
        _ if !is_believable => Class::UnknownOutcome,
        Class::UnknownOutcome
            if code == Code::Other && status.is_client_error() && status != StatusCode::UNAUTHORIZED =>
        {
            Class::Permanent
        }
        class => class,
    }
}

/// The place and kind of a JSON error without the text around it, which may be personal.
pub(super) fn shape_of(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column())
}

/// Reads the result of a write that was applied. A result that cannot be read leaves us without its key: a doubt.
pub(super) fn result<T: DeserializeOwned>(operation: &'static str, result: Value) -> Result<T, Doubt> {
    serde_json::from_value(result).map_err(|error| Doubt {
        operation,
        detail: format!("applied, but the result is unreadable: {}", shape_of(&error)),
    })
}

/// `?a=b&c=d` with everything escaped that RFC 3986 does not leave alone.
pub(super) fn query(parameters: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        let mut response = Response::new(Bytes::from(body.to_owned()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    }

    fn class(status: u16, body: &str) -> Option<Class> {
        match written("AddSalesOrder", &answer(status, body)) {
            Outcome::Applied(_) => None,
            Outcome::NotApplied(refusal) => Some(fault::Classify::class(&refusal)),
            Outcome::Unknown(_) => Some(Class::UnknownOutcome),
        }
    }

    fn refusal(outcome: &str, code: &str) -> String {
        json!({"Success": false, "Outcome": outcome, "Code": code, "Message": "m"}).to_string()
    }

    #[test]
    fn a_write_is_applied_only_when_it_says_so() {
        assert_eq!(class(200, r#"{"Success":true,"Outcome":"Applied","Result":{}}"#), None);
        for body in ["", "{", "[]", "{}", r#"{"Outcome":"Applied"}"#, r#"{"Outcome":"Validated","Result":{}}"#] {
            assert_eq!(class(200, body), Some(Class::UnknownOutcome), "{body}");
        }
        assert_eq!(class(500, r#"{"Outcome":"Applied","Result":{}}"#), Some(Class::UnknownOutcome));
        assert_eq!(class(200, r#"{"Outcome":"SOMETHING_NEW","Result":{}}"#), Some(Class::UnknownOutcome));
    }

    #[test]
    fn a_write_is_refused_only_when_it_is_surely_not_done() {
        for (status, code, expected) in [
            (422, "INSUFFICIENT_STOCK", Class::Permanent),
            (409, "DUPLICATE_PO", Class::Permanent),
            (409, "ORDER_LOCKED", Class::Transient),
            (429, "RATE_LIMIT", Class::Transient),
            (503, "LICENCE_EXHAUSTED", Class::Transient),
            (403, "BO_NOT_LICENSED", Class::Transient),
            (422, "NEW_IN_2031", Class::Permanent),
            (401, "TOKEN_EXPIRED", Class::UnknownOutcome),
            (401, "SESSION_EVICTED", Class::UnknownOutcome),
            (401, "NEW_IN_2031", Class::UnknownOutcome),
            (503, "NEW_IN_2031", Class::UnknownOutcome),
            (502, "ENET_EXCEPTION", Class::UnknownOutcome),
            (504, "ENET_TIMEOUT", Class::UnknownOutcome),
            (500, "BUSINESS_ERROR", Class::UnknownOutcome),
        ] {
            assert_eq!(class(status, &refusal("NotApplied", code)), Some(expected), "{status} {code}");
        }
        assert_eq!(class(422, &refusal("Unknown", "INSUFFICIENT_STOCK")), Some(Class::UnknownOutcome));
        assert_eq!(class(404, "<html>not here</html>"), Some(Class::UnknownOutcome));
    }

    #[test]
    fn queries_are_escaped() {
        assert_eq!(
            query(&[("Email", "ada+1@example.test"), ("Name", "Žak & co")]),
            "?Email=ada%2B1%40example.test&Name=%C5%BDak%20%26%20co"
        );
        assert_eq!(query(&[]), "");
    }
}
