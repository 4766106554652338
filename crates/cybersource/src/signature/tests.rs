//! Both schemes against the published vectors, byte for byte.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header;

use super::*;

/// The published vector's body, with the network's test card number, which never leaves this test.
const BODY: &str = concat!(
    r#"{"clientReferenceInformation":{"code":"ORDER-1001"},"#,
    r#""processingInformation":{"capture":false,"commerceIndicator":"internet"},"#,
    r#""paymentInformation":{"card":{"number":"4111111111111111","expirationMonth":"12","expirationYear":"2031"}},"#,
    r#""orderInformation":{"amountDetails":{"totalAmount":"102.21","currency":"USD"}}}"#,
);

const HEADER: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjNmMmI2YzFlLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwYzBkZSIsInR5cCI6IkpXVCJ9";
const CLAIMS: &[&str] = &[
    "eyJkaWdlc3QiOiJMclFGZUhsWkpDMTJOcjNZVGFzaFY2WEVFN3p1b0FCWFVveXZIMFJyUFUwPSIsImRpZ2VzdEFsZ29yaXRobSI6",
    "IlNIQS0yNTYiLCJleHAiOjE3OTE5NzAzMjAsImlhdCI6MTc5MTk3MDIwMCwiaXNzIjoic2ltX21lcmNoYW50XzAxIiwianRpIjoi",
    "MTExMTExMTEtMjIyMi00MzMzLTg0NDQtNTU1NTU1NTU1NTU1IiwicmVxdWVzdC1ob3N0IjoiYXBpdGVzdC5jeWJlcnNvdXJjZS5j",
    "b20iLCJyZXF1ZXN0LW1ldGhvZCI6IlBPU1QiLCJyZXF1ZXN0LXJlc291cmNlLXBhdGgiOiIvcHRzL3YyL3BheW1lbnRzIiwidi1j",
    "LWp3dC12ZXJzaW9uIjoiMiIsInYtYy1tZXJjaGFudC1pZCI6InNpbV9tZXJjaGFudF8wMSJ9",
];
const SIGNATURE: &str = "ans0NWoQ7N_y3cPYqhfBQXb_Nxq7dJC9wJ5pdifZ7C8";

fn signer(life: i64) -> Result<JwtSharedSecret, SignerError> {
    let secret = SecretString::from(STANDARD.encode((0..32).collect::<Vec<u8>>()));
    let key_id = "3f2b6c1e-0000-4000-8000-00000000c0de";
    JwtSharedSecret::new("sim_merchant_01", key_id, &secret, TimeDelta::seconds(life))
}

fn request(body: &[u8]) -> ToSign<'_> {
    ToSign {
        method: "POST",
        host: "apitest.cybersource.com",
        path_and_query: "/pts/v2/payments",
        body,
        now: DateTime::from_timestamp(1_791_970_200, 0).unwrap(),
        nonce: "11111111-2222-4333-8444-555555555555".parse().unwrap(),
    }
}

#[test]
fn the_published_vector_comes_out_byte_for_byte() {
    assert_eq!(BODY.len(), 311);
    let headers = signer(120).unwrap().sign(&request(BODY.as_bytes()));
    let expected = format!("Bearer {HEADER}.{}.{SIGNATURE}", CLAIMS.concat());
    assert_eq!(headers[header::AUTHORIZATION].to_str().unwrap(), expected);
}

#[test]
fn a_get_carries_no_digest() {
    let token = signer(120).unwrap().token(&request(b"")).to_string();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert!(!String::from_utf8(claims).unwrap().contains("digest"));
}

#[test]
fn neither_the_secret_nor_the_token_shows() {
    let signer = signer(120).unwrap();
    let headers = signer.sign(&request(BODY.as_bytes()));
    assert!(headers[header::AUTHORIZATION].is_sensitive());
    let shown = format!("{signer:?} {headers:?}");
    assert!(!shown.contains("AAEC") && !shown.contains("eyJ"), "{shown}");
}

#[test]
fn a_life_beyond_what_the_gateway_takes_is_refused() {
    for life in [0, -1, 121] {
        assert_eq!(signer(life).unwrap_err(), SignerError::Life(life));
    }
    let bad = JwtSharedSecret::new("m", "k", &SecretString::from("not base64!"), TimeDelta::seconds(60));
    assert_eq!(bad.unwrap_err(), SignerError::SecretNotBase64);
}

fn older(date: DateHeader) -> HttpSignature {
    let secret = SecretString::from(STANDARD.encode((0..32).collect::<Vec<u8>>()));
    HttpSignature::new("sim_merchant_01", "3f2b6c1e-0000-4000-8000-00000000c0de", &secret, date).unwrap()
}

/// The published vectors: method, path and query, body, digest, signature.
const VECTORS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "POST",
        "/pts/v2/payments",
        BODY,
        "LrQFeHlZJC12Nr3YTashV6XEE7zuoABXUoyvH0RrPU0=",
        "hdMxE3bKym4b9eMfmpLwrlbFbmhB520+nPAWJzTD6ow=",
    ),
    (
        "GET",
        "/reporting/v3/report-downloads?organizationId=sim_merchant_01&reportDate=2026-10-13&reportName=PaymentBatchDetailReport_Daily_Classic",
        "",
        "",
        "kwfdKZRqMadp1m2JI8l8WSAY9KRhwwZUWR7Pw048MXQ=",
    ),
    (
        "DELETE",
        "/tms/v2/customers/AB695DA801DD1BB6E05341588E0A3BDC",
        "",
        "",
        "DHIGjUerk9duOXfPCIl0+fAFX39yJsfqVrZihVVM+hs=",
    ),
    (
        "PATCH",
        "/tms/v2/customers/AB695DA801DD1BB6E05341588E0A3BDC",
        r#"{"buyerInformation":{"email":"a@b.example"}}"#,
        "DJBS7a3Dm3gMdVX8rBDfKqrYf7Cp69kw32kSxj2WQIo=",
        "X5L/a8vAY3axc1d6NXjHwOLAJmlS9MsuxaDHdGZMBls=",
    ),
    (
        "PUT",
        "/notification-subscriptions/v2/webhooks/x/status",
        r#"{"status":"ACTIVE"}"#,
        "Jk4o9CSsLwBzjuEcQYrJoWZtf0SUD1EquanhBXEaLzk=",
        "mbY2qgSrGdS62EfFDXVApk2hqz0dJr0khkP9PWFOdeg=",
    ),
];

#[test]
fn the_published_vectors_of_the_older_scheme_come_out_byte_for_byte() {
    for (method, path_and_query, body, digest, signature) in VECTORS {
        let request = ToSign { method, path_and_query, ..request(body.as_bytes()) };
        let headers = older(DateHeader::Date).sign(&request);
        let names = if body.is_empty() {
            "host date request-target v-c-merchant-id"
        } else {
            "host date request-target digest v-c-merchant-id"
        };
        let expected = format!(
            r#"keyid="3f2b6c1e-0000-4000-8000-00000000c0de", algorithm="HmacSHA256", headers="{names}", signature="{signature}""#
        );
        assert_eq!(headers["signature"], expected, "{method} {path_and_query}");
        assert_eq!(headers["date"], "Wed, 14 Oct 2026 09:30:00 GMT");
        assert_eq!(headers["v-c-merchant-id"], "sim_merchant_01");
        let told = headers.get("digest").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(told, (!body.is_empty()).then(|| format!("SHA-256={digest}")));
        assert!(!headers.contains_key(header::AUTHORIZATION));
    }
}

#[test]
fn the_vendors_own_date_header_is_signed_in_its_place() {
    let headers = older(DateHeader::VcDate).sign(&request(BODY.as_bytes()));
    let proof = headers["signature"].to_str().unwrap();
    assert!(proof.contains(r#"headers="host v-c-date request-target digest v-c-merchant-id""#), "{proof}");
    assert!(proof.ends_with(r#"signature="Nnx8+6ol32R+HwQkbM35S/GSJD9m+bKF3JsBpVDASPM=""#), "{proof}");
    assert_eq!(headers["v-c-date"], "Wed, 14 Oct 2026 09:30:00 GMT");
    assert!(!headers.contains_key("date"));
}

#[test]
fn the_target_is_never_in_parentheses_which_the_gateway_refuses() {
    // The vector with parentheses: what we sign must not be it.
    let headers = older(DateHeader::Date).sign(&request(BODY.as_bytes()));
    let told = headers["signature"].to_str().unwrap();
    assert!(!told.contains("(request-target)") && !told.contains("uMlGPfAvCOslgU0H5vzAedj3ZfK"), "{told}");
}

#[test]
fn the_older_scheme_shows_neither_secret_nor_signature_and_takes_header_text_only() {
    let signer = older(DateHeader::Date);
    let shown = format!("{signer:?} {:?}", signer.sign(&request(BODY.as_bytes())));
    assert!(!shown.contains("AAEC") && !shown.contains("hdMxE3"), "{shown}");
    let secret = SecretString::from("AAEC");
    for (merchant, key_id) in [("", "k"), ("m", ""), ("m\n", "k"), ("m", "a\"b"), ("a b", "k")] {
        let error = HttpSignature::new(merchant, key_id, &secret, DateHeader::Date).unwrap_err();
        assert_eq!(error, SignerError::NotHeaderText);
    }
    let bad = HttpSignature::new("m", "k", &SecretString::from("not base64!"), DateHeader::Date);
    assert_eq!(bad.unwrap_err(), SignerError::SecretNotBase64);
}
