//! Both schemes against published vectors, on a clock made for them.

use super::*;

const BODY: &str = concat!(
    r#"{"clientReferenceInformation":{"code":"ORDER-1001"},"processingInformation":{"capture":false,"commerceIndicator":"internet"},"#,
    r#""paymentInformation":{"card":{"number":"4111111111111111","expirationMonth":"12","expirationYear":"2031"}},"#,
    r#""orderInformation":{"amountDetails":{"totalAmount":"102.21","currency":"USD"}}}"#
);
const DATE: &str = "Wed, 14 Oct 2026 09:30:00 GMT";
const CUSTOMER: &str = "/tms/v2/customers/AB695DA801DD1BB6E05341588E0A3BDC";
const JWT: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IjNmMmI2YzFlLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwYzBkZSIsInR5cCI6IkpXVCJ9.",
    "eyJkaWdlc3QiOiJMclFGZUhsWkpDMTJOcjNZVGFzaFY2WEVFN3p1b0FCWFVveXZIMFJyUFUwPSIsImRpZ2VzdEFsZ29yaXRobSI6IlNIQS0yNTYiLCJleHAi",
    "OjE3OTE5NzAzMjAsImlhdCI6MTc5MTk3MDIwMCwiaXNzIjoic2ltX21lcmNoYW50XzAxIiwianRpIjoiMTExMTExMTEtMjIyMi00MzMzLTg0NDQtNTU1NTU1",
    "NTU1NTU1IiwicmVxdWVzdC1ob3N0IjoiYXBpdGVzdC5jeWJlcnNvdXJjZS5jb20iLCJyZXF1ZXN0LW1ldGhvZCI6IlBPU1QiLCJyZXF1ZXN0LXJlc291cmNl",
    "LXBhdGgiOiIvcHRzL3YyL3BheW1lbnRzIiwidi1jLWp3dC12ZXJzaW9uIjoiMiIsInYtYy1tZXJjaGFudC1pZCI6InNpbV9tZXJjaGFudF8wMSJ9.",
    "ans0NWoQ7N_y3cPYqhfBQXb_Nxq7dJC9wJ5pdifZ7C8"
);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_791_970_200 + seconds, 0).unwrap()
}

fn signed(method: &str, target: &str, body: &str, names: &str, signature: &str) -> Request<Bytes> {
    let date_name = if names.contains("v-c-date") { "v-c-date" } else { "date" };
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", "apitest.cybersource.com")
        .header(date_name, DATE)
        .header("v-c-merchant-id", "sim_merchant_01")
        .header(
            "signature",
            format!(
                r#"keyid="3f2b6c1e-0000-4000-8000-00000000c0de", algorithm="HmacSHA256", headers="{names}", signature="{signature}""#
            ),
        );
    if !body.is_empty() {
        request = request.header("digest", format!("SHA-256={}", digest(body.as_bytes())));
    }
    request.body(Bytes::from(body.to_owned())).unwrap()
}

fn verified(config: &GatewayConfig, request: &Request<Bytes>, now: DateTime<Utc>) -> Option<String> {
    match verdict(config, &mut SeenTokenIds::default(), request, now) {
        Verdict::Good(merchant) => Some(merchant),
        Verdict::Expired(_) | Verdict::Wrong => None,
    }
}

fn is_right(request: &Request<Bytes>) -> bool {
    verified(&GatewayConfig::default(), request, at(1)).as_deref() == Some("sim_merchant_01")
}

const WITH_BODY: &str = "host date request-target digest v-c-merchant-id";
const WITHOUT_BODY: &str = "host date request-target v-c-merchant-id";
const V1: &str = "hdMxE3bKym4b9eMfmpLwrlbFbmhB520+nPAWJzTD6ow=";

#[test]
fn published_http_signatures_verify() {
    assert_eq!(BODY.len(), 311);
    let reports = "/reporting/v3/report-downloads?organizationId=sim_merchant_01&reportDate=2026-10-13&reportName=PaymentBatchDetailReport_Daily_Classic";
    let vectors = [
        ("POST", "/pts/v2/payments", BODY, WITH_BODY, V1),
        (
            "POST",
            "/pts/v2/payments",
            BODY,
            "host v-c-date request-target digest v-c-merchant-id",
            "Nnx8+6ol32R+HwQkbM35S/GSJD9m+bKF3JsBpVDASPM=",
        ),
        ("GET", reports, "", WITHOUT_BODY, "kwfdKZRqMadp1m2JI8l8WSAY9KRhwwZUWR7Pw048MXQ="),
        ("DELETE", CUSTOMER, "", WITHOUT_BODY, "DHIGjUerk9duOXfPCIl0+fAFX39yJsfqVrZihVVM+hs="),
        (
            "PATCH",
            CUSTOMER,
            r#"{"buyerInformation":{"email":"a@b.example"}}"#,
            WITH_BODY,
            "X5L/a8vAY3axc1d6NXjHwOLAJmlS9MsuxaDHdGZMBls=",
        ),
        (
            "PUT",
            "/notification-subscriptions/v2/webhooks/x/status",
            r#"{"status":"ACTIVE"}"#,
            WITH_BODY,
            "mbY2qgSrGdS62EfFDXVApk2hqz0dJr0khkP9PWFOdeg=",
        ),
    ];
    for (method, target, body, names, signature) in vectors {
        assert!(is_right(&signed(method, target, body, names, signature)), "{method} {target} over {names}");
    }
}

#[test]
fn parentheses_are_refused_unless_allowed() {
    let names = "host date (request-target) digest v-c-merchant-id";
    let request = signed("POST", "/pts/v2/payments", BODY, names, "uMlGPfAvCOslgU0H5vzAedj3ZfK/s5OvaNszRksli+s=");
    assert!(!is_right(&request));
    let lenient = GatewayConfig {
        signatures: SignatureChecks { accepts_parentheses: true, ..SignatureChecks::default() },
        ..GatewayConfig::default()
    };
    assert!(verified(&lenient, &request, at(1)).is_some());
}

#[test]
fn any_changed_part_breaks_a_http_signature() {
    let good = || signed("POST", "/pts/v2/payments", BODY, WITH_BODY, V1);
    let mut another_body = good();
    *another_body.body_mut() = Bytes::from(BODY.replace("102.21", "902.21"));
    let mut another_host = good();
    another_host.headers_mut().insert("host", "api.cybersource.com".parse().unwrap());
    let mut another_merchant = good();
    another_merchant.headers_mut().insert("v-c-merchant-id", "sim_merchant_02".parse().unwrap());
    let wrong = [
        another_body,
        another_host,
        another_merchant,
        signed("POST", "/pts/v2/payments/", BODY, WITH_BODY, V1),
        signed("PUT", "/pts/v2/payments", BODY, WITH_BODY, V1),
        signed("POST", "/pts/v2/payments", BODY, "host date request-target v-c-merchant-id", V1),
    ];
    assert!(wrong.iter().all(|request| !is_right(request)));
    assert!(verified(&GatewayConfig::default(), &good(), at(299)).is_some());
    assert!(verified(&GatewayConfig::default(), &good(), at(301)).is_none());
}

fn with_jwt(body: &str, token: &str) -> Request<Bytes> {
    Request::post("/pts/v2/payments")
        .header("host", "apitest.cybersource.com")
        .header("authorization", format!("Bearer {token}"))
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

#[test]
fn the_published_jwt_verifies() {
    assert!(is_right(&with_jwt(BODY, JWT)));
    let with_port = {
        let mut request = with_jwt(BODY, JWT);
        request.headers_mut().insert("host", "apitest.cybersource.com:9100".parse().unwrap());
        request
    };
    assert!(is_right(&with_port));
}

#[test]
fn a_jwt_is_bound_to_its_request_and_its_two_minutes() {
    assert!(!is_right(&with_jwt(&BODY.replace("102.21", "902.21"), JWT)));
    assert!(!is_right(&with_jwt(BODY, &format!("{}A", &JWT[..JWT.len() - 1]))));
    let mut another_path = with_jwt(BODY, JWT);
    *another_path.uri_mut() = "/pts/v2/payments/1/captures".parse().unwrap();
    assert!(!is_right(&another_path));
    let config = GatewayConfig::default();
    assert!(verified(&config, &with_jwt(BODY, JWT), at(119)).is_some());
    assert!(verified(&config, &with_jwt(BODY, JWT), at(120)).is_none());
    assert!(verified(&config, &with_jwt(BODY, JWT), at(-301)).is_none());
}

#[test]
fn a_jwt_serves_once() {
    let (config, mut seen) = (GatewayConfig::default(), SeenTokenIds::default());
    assert!(matches!(verdict(&config, &mut seen, &with_jwt(BODY, JWT), at(1)), Verdict::Good(_)));
    assert_eq!(verdict(&config, &mut seen, &with_jwt(BODY, JWT), at(2)), Verdict::Wrong);
}

#[test]
fn what_comes_too_late_is_told_from_what_is_wrong() {
    let config = GatewayConfig::default();
    let judged =
        |request: &Request<Bytes>, seconds| verdict(&config, &mut SeenTokenIds::default(), request, at(seconds));
    assert_eq!(judged(&with_jwt(BODY, JWT), 120), Verdict::Expired(at(120)));
    assert_eq!(judged(&with_jwt("{}", JWT), 120), Verdict::Wrong);
    assert_eq!(judged(&signed("POST", "/pts/v2/payments", BODY, WITH_BODY, V1), 301), Verdict::Expired(at(300)));
    let short = GatewayConfig::brisk();
    let verdict = verdict(&short, &mut SeenTokenIds::default(), &with_jwt(BODY, JWT), at(1));
    assert_eq!(verdict, Verdict::Wrong, "it claims more life than is allowed");
}

#[test]
fn nobody_signed_nothing() {
    assert!(!is_right(&Request::get("/tss/v2/transactions/1").header("host", "x").body(Bytes::new()).unwrap()));
}
