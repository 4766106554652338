//! The wrong answers, in the words of the world that gives them.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::WorldName;

/// A status to answer with; nonsense becomes 500.
pub(super) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An error answer of this world.
pub(super) fn error(world: WorldName, status: StatusCode, now: DateTime<Utc>) -> Response<Bytes> {
    let body = match world {
        WorldName::Gateway => gateway_error(status, now),
        WorldName::Erp => erp_error(status),
        WorldName::Shop => json!({"error": status.canonical_reason()}),
    };
    json_response(status, &body)
}

/// An error answer after the work was done. The ERP's facade then says that it does not know: claiming "not applied" would be
/// a lie that no caller can survive, and none that was ever seen.
pub(super) fn error_after(world: WorldName, status: StatusCode, now: DateTime<Utc>) -> Response<Bytes> {
    match world {
        WorldName::Gateway | WorldName::Shop => error(world, status, now),
        WorldName::Erp => {
            let mut body = erp_error(status);
            body["Outcome"] = json!("Unknown");
            body["Retryable"] = json!(false);
            json_response(status, &body)
        }
    }
}

/// The answer of a world whose own upstream did not answer in time.
pub(super) fn timeout(world: WorldName, now: DateTime<Utc>) -> Response<Bytes> {
    match world {
        WorldName::Gateway => error(world, StatusCode::BAD_GATEWAY, now),
        WorldName::Erp | WorldName::Shop => error(world, StatusCode::GATEWAY_TIMEOUT, now),
    }
}

/// Status 200 and half a document.
pub(super) fn garbage() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"{\"id\":\"79197\xff\xfe, <html>"));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

pub(super) fn with_unknown_status(body: &mut Value) {
    for member in ["status", "Outcome"] {
        if let Some(value) = body.get_mut(member) {
            *value = json!("SOMETHING_NEW");
        }
    }
}

pub(super) fn with_extra_members(body: &mut Value) {
    if let Value::Object(members) = body {
        members.insert("xSandboxExtra".to_owned(), json!({"list": [1, "two", null], "nested": {"deep": true}}));
        for value in members.values_mut() {
            if let Value::Object(inner) = value {
                inner.insert("xSandboxExtra".to_owned(), json!("ignored by a tolerant reader"));
            }
        }
    }
}

/// The ERP's word for a failure inside it: nobody knows what was written.
pub(super) fn enet_exception() -> Response<Bytes> {
    let mut body = erp_error(StatusCode::BAD_GATEWAY);
    body["Message"] = json!("e.net exception raised: 100013");
    json_response(StatusCode::BAD_GATEWAY, &body)
}

/// A success that names nothing.
pub(super) fn without_order_number(body: &mut Value) {
    for place in ["/Result", ""] {
        if let Some(Value::Object(members)) = body.pointer_mut(place) {
            members.retain(|name, _| !["OrderNumber", "SalesOrder", "SalesOrderRaw"].contains(&name.as_str()));
        }
    }
}

/// The envelope of a success, with a count of items and no more.
pub(super) fn success_without_a_number() -> Response<Bytes> {
    let counts = json!({"ItemsProcessed": 1, "ItemsInvalid": 0, "ItemsRejectedWithWarnings": 0,
        "ItemsProcessedWithWarnings": 0});
    let body = json!({"Success": true, "Outcome": "Applied", "BusinessObject": "SORTOI", "Result": {}, "Warnings": [],
        "StatusOfItems": counts, "RequestId": "fault"});
    json_response(StatusCode::OK, &body)
}

fn gateway_error(status: StatusCode, now: DateTime<Utc>) -> Value {
    if status == StatusCode::UNAUTHORIZED {
        return json!({"response": {"rmsg": "Authentication Failed"}});
    }
    let (word, reason, message) = match status.as_u16() {
        502 => ("SERVER_ERROR", "SERVER_TIMEOUT", "Error - The request was received but there was a server timeout."),
        500..=599 => ("SERVER_ERROR", "SYSTEM_ERROR", "Error - General system failure."),
        429 => ("INVALID_REQUEST", "RATE_LIMITED", "Too many requests."),
        _ => ("INVALID_REQUEST", "INVALID_DATA", "Declined - One or more fields in the request contains invalid data"),
    };
    let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({"submitTimeUtc": at, "status": word, "reason": reason, "message": message, "details": []})
}

fn erp_error(status: StatusCode) -> Value {
    let (outcome, code, message) = match status.as_u16() {
        401 => ("NotApplied", "TOKEN_EXPIRED", "The token is no longer valid"),
        403 => ("NotApplied", "OPERATOR_DENIED", "The operator may not do this"),
        429 => ("NotApplied", "RATE_LIMIT", "Too many requests"),
        503 => ("NotApplied", "ENET_DOWN", "The e.net service does not answer"),
        504 => ("Unknown", "ENET_TIMEOUT", "The e.net service did not answer in time"),
        500..=599 => ("Unknown", "ENET_EXCEPTION", "The e.net service failed"),
        _ => ("NotApplied", "BAD_REQUEST", "The request could not be read"),
    };
    let retryable = matches!(status.as_u16(), 429 | 503);
    json!({"Success": false, "Outcome": outcome, "Code": code, "Message": message, "Errors": [], "Warnings": [],
        "Retryable": retryable, "RequestId": "fault"})
}

/// A JSON answer.
fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    response
}
