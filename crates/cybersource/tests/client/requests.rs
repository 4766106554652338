//! What is sent, and what never shows.

use cybersource::{Client, ClientConfig, ConfigError, GatewayError, PaymentSource};
use fault::{Class, Classify};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{SECRET, answer, authorize, canned, capture, eur, reverse};

async fn sent(payment: PaymentSource) -> (http::HeaderMap, Value) {
    let (client, wire) = canned(Ok(answer(401, "")));
    let ask = cybersource::Authorize { payment, ..authorize(eur("102.20"), "") };
    client.authorize(&ask).await.unwrap_err();
    let request = wire.sent.lock().unwrap().take().unwrap();
    assert_eq!(request.uri(), "https://apitest.cybersource.com/pts/v2/payments");
    (request.headers().clone(), serde_json::from_slice(request.body()).unwrap())
}

#[tokio::test]
async fn an_authorization_carries_the_token_and_holds_money_only() {
    let (headers, body) = sent(PaymentSource::TransientJti(SecretString::from("1D1S6JTOKEN"))).await;
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers["authorization"].is_sensitive());
    assert_eq!(
        body,
        json!({
            "clientReferenceInformation": {"code": "OTC-1001-A1"},
            "processingInformation": {"capture": false, "commerceIndicator": "internet"},
            "tokenInformation": {"jti": "1D1S6JTOKEN"},
            "orderInformation": {
                "amountDetails": {"totalAmount": "102.20", "currency": "EUR"},
                "billTo": {"firstName": "Ada", "lastName": "Sample", "address1": "1 Test Way", "locality": "Cork",
                    "country": "IE", "email": "ada@example.test"},
            },
            "deviceInformation": {"ipAddress": "198.51.100.7"},
        })
    );
}

#[tokio::test]
async fn a_stored_token_says_that_the_customer_is_there() {
    let (_, body) = sent(PaymentSource::Stored(SecretString::from("5A1E"))).await;
    assert_eq!(body["paymentInformation"], json!({"customer": {"id": "5A1E"}}));
    let initiator = &body["processingInformation"]["authorizationOptions"]["initiator"];
    assert_eq!(initiator, &json!({"type": "customer", "storedCredentialUsed": true}));
    assert!(body.get("tokenInformation").is_none());
}

#[tokio::test]
async fn neither_tokens_nor_people_show_in_debug_or_errors() {
    let ask = authorize(eur("1.00"), "1D1S6JTOKEN");
    let shown = format!("{ask:?} {:?} {:?}", ask.bill_to, ask.device);
    for secret in ["1D1S6J", "Ada", "ada@", "198.51", "Test Way"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    // An answer that echoes the token must not carry it into an error.
    let (client, _) = canned(Ok(answer(201, r#"{"id":"1","tokenInformation":{"jti":"1D1S6JTOKEN"}}"#)));
    let error = client.authorize(&ask).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("1D1S6J"));
}

#[tokio::test]
async fn what_would_not_be_found_again_is_never_sent() {
    for reference in ["", "A B", "A\"B", "A/B", "ä", &"A".repeat(51)] {
        let (client, wire) = canned(Ok(answer(201, "")));
        let ask = cybersource::Authorize { reference: (*reference).to_owned(), ..authorize(eur("1.00"), "J") };
        let error = client.authorize(&ask).await.unwrap_err();
        assert!(matches!(error, GatewayError::Unbuildable(_)), "{error}");
        assert_eq!(error.class(), Class::Permanent);
        assert!(wire.sent.lock().unwrap().is_none());
    }
    let (client, _) = canned(Ok(answer(201, "")));
    assert_eq!(client.capture(&capture("../x", eur("1.00"))).await.unwrap_err().class(), Class::Permanent);
    assert_eq!(client.reverse(&reverse("", eur("1.00"))).await.unwrap_err().class(), Class::Permanent);
}

#[tokio::test]
async fn only_scheme_and_host_make_an_address() {
    let (_, wire) = canned(Ok(answer(201, "")));
    let node = node::NodeBuilder::real("test", wire).build();
    let make = |base: &str| Client::new(node.clone(), &ClientConfig::new(base, "m", "k", SecretString::from(SECRET)));
    for base in ["", "apitest.cybersource.com", "https://h/path", "https://u:p@h", "ftp://h", "https://h?x=1"] {
        assert!(matches!(make(base).unwrap_err(), ConfigError::BaseUrl(_)), "{base}");
    }
    assert!(make("https://h:443/").is_ok() && make("http://127.0.0.1:9100").is_ok());
}
