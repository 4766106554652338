//! Operators and sessions.

use bytes::Bytes;
use chrono::TimeDelta;
use http::{Request, StatusCode};
use serde_json::json;

use super::{Erp, order};
use crate::erp::{AuthMode, ErpConfig, Mischief, MischiefRule, SessionRules};

const LOOK: &str = "InventoryService/GetStockBalance?StockCode=GRILL-01";

#[test]
fn a_second_logon_of_the_same_operator_ends_the_first_session() {
    let mut erp = Erp::new();
    let first = erp.token.clone();
    let second = erp.log_on("sim-operator-key-1");
    assert_ne!(first, second);
    let (status, body) = erp.add(&order("WEB-1"));
    assert_eq!((status, &body["Code"]), (StatusCode::UNAUTHORIZED, &json!("SESSION_EVICTED")));
    assert_eq!(body["Outcome"], "NotApplied");
    assert_eq!(erp.world.books().orders, []);
    erp.token = second;
    erp.added(&order("WEB-1"));
    let counts = erp.world.books().sessions;
    assert_eq!((counts.logons, counts.evicted, counts.live), (2, 1, 1));
}

#[test]
fn a_session_falls_asleep_after_twenty_minutes() {
    let mut erp = Erp::new();
    for _ in 0..3 {
        erp.pass(TimeDelta::minutes(20));
        assert_eq!(erp.get(LOOK).0, StatusCode::OK);
    }
    erp.pass(TimeDelta::minutes(20) + TimeDelta::milliseconds(1));
    let (status, body) = erp.get(LOOK);
    assert_eq!((status, &body["Code"]), (StatusCode::UNAUTHORIZED, &json!("TOKEN_EXPIRED")));
}

#[test]
fn a_released_token_is_worth_nothing() {
    let mut erp = Erp::new();
    assert_eq!(erp.post("AuthService/ReleaseToken", &json!({})).0, StatusCode::OK);
    let (status, body) = erp.get(LOOK);
    assert_eq!((status, &body["Code"]), (StatusCode::UNAUTHORIZED, &json!("TOKEN_INVALID")));
    assert_eq!(erp.world.books().sessions.live, 0);
}

#[test]
fn a_wrong_key_is_refused() {
    let mut erp = Erp::new();
    let request = Request::post("http://erp/APIServices/AuthService/GetToken").header("X-Api-Key", "guess");
    let (status, body) = erp.send(request.body(Bytes::new()).unwrap());
    assert_eq!((status, &body["Code"]), (StatusCode::UNAUTHORIZED, &json!("BAD_API_KEY")));
}

#[test]
fn seats_run_out_until_somebody_has_been_idle_long_enough() {
    let sessions = SessionRules { seats: 1, ..SessionRules::default() };
    let mut erp = Erp::with(ErpConfig { sessions, ..ErpConfig::default() });
    let second = || {
        let request = Request::post("http://erp/APIServices/AuthService/GetToken");
        request.header("X-Api-Key", "sim-operator-key-2").body(Bytes::new()).unwrap()
    };
    let (status, body) = erp.send(second());
    assert_eq!((status, &body["Code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("LICENCE_EXHAUSTED")));
    assert_eq!(body["Retryable"], true);
    erp.pass(TimeDelta::minutes(11));
    assert_eq!(erp.send(second()).0, StatusCode::OK);
    assert_eq!(erp.get(LOOK).1["Code"], "SESSION_EVICTED");
}

#[test]
fn an_operator_without_a_licence_for_an_object_is_told_so() {
    let mut config = ErpConfig::default();
    config.operators[0].not_licensed.insert("SORTOI".to_owned());
    let mut erp = Erp::with(config);
    let (status, body) = erp.add(&order("WEB-1"));
    assert_eq!((status, &body["Code"]), (StatusCode::FORBIDDEN, &json!("BO_NOT_LICENSED")));
    assert_eq!(erp.get(LOOK).0, StatusCode::OK);
}

#[test]
fn a_session_can_be_made_to_end_before_the_second_order() {
    for (mischief, code) in [
        (Mischief::ExpireSession, "TOKEN_EXPIRED"),
        (Mischief::EvictSession, "SESSION_EVICTED"),
        (Mischief::Restart, "TOKEN_EXPIRED"),
    ] {
        let mut erp = Erp::new();
        erp.world.plan(MischiefRule { operation: "AddSalesOrder".to_owned(), matching: None, nth: 2, mischief });
        erp.added(&order("WEB-1"));
        assert_eq!(erp.add(&order("WEB-2")).1["Code"], code);
        assert_eq!(erp.world.books().orders.len(), 1);
    }
}

#[test]
fn a_key_on_every_call_needs_no_session() {
    let mut erp = Erp::with(ErpConfig { auth_mode: AuthMode::Key, ..ErpConfig::default() });
    let request = Request::get(format!("http://erp/APIServices/{LOOK}")).header("X-Api-Key", "sim-operator-key-3");
    assert_eq!(erp.send(request.body(Bytes::new()).unwrap()).0, StatusCode::OK);
    assert_eq!(erp.get(LOOK).1["Code"], "BAD_API_KEY");
}

#[test]
fn the_same_seed_gives_the_same_tokens() {
    assert_eq!(Erp::new().token, Erp::new().token);
    assert_ne!(Erp::new().token, Erp::with(ErpConfig { seed: 1, ..ErpConfig::default() }).token);
}
