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
