//! AuthService: a key for a token, and the token back.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::envelope::{Answer, Code, Objection};
use crate::erp::{sessions::Denied, store::Store};

const OBJECT: &str = "COMLGN";

/// `POST AuthService/GetToken`.
pub(super) fn get_token(store: &mut Store, api_key: Option<&str>, now: DateTime<Utc>) -> Answer {
    match store.sessions.log_on(api_key.unwrap_or_default(), now) {
        Ok((token, operator)) => {
            let result = json!({"Token": token, "Operator": operator, "Company": store.company.code});
            Answer::done(OBJECT, true, result, &[]).known()
        }
        Err(why) => denied(why, OBJECT).known(),
    }
}

/// `POST AuthService/ReleaseToken`.
pub(super) fn release_token(store: &mut Store, token: Option<&str>, now: DateTime<Utc>) -> Answer {
    match store.sessions.log_off(token.unwrap_or_default(), now) {
        Ok(()) => Answer::done(OBJECT, true, json!({}), &[]).known(),
        Err(why) => denied(why, OBJECT).known(),
    }
}

/// The refusal of a call without a good session.
pub(super) fn denied(why: Denied, object: &str) -> Answer {
    const GONE: &str = "The supplied UserID is invalid. Either you were not logged in; or your session has expired. \
                        You will need to logon again.";
    let (code, message) = match why {
        Denied::BadKey => (Code::BadApiKey, "Invalid API key"),
        Denied::NoSeat => (Code::LicenceExhausted, "Maximum number of users already logged in"),
        Denied::Unknown => (Code::TokenInvalid, GONE),
        Denied::Expired => (Code::TokenExpired, GONE),
        Denied::Evicted => (Code::SessionEvicted, GONE),
    };
    Answer::refused(object, Objection::plain(code, message))
}
