//! Proves who is calling: a signer turns the final bytes of a request into headers.
//!
//! What is signed is exactly what is sent. A path that is decoded, re-encoded or completed between signing and sending
//! is the commonest cause of a 401 that appears on some calls only.

use std::{collections::BTreeMap, fmt};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The longest life that the gateway accepts.
pub const LIFE_MAX: TimeDelta = TimeDelta::seconds(120);

/// The final bytes of a request, and what makes this signature fresh.
#[derive(Clone, Copy)]
pub struct ToSign<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The host as it stands in the `Host` header, with a port only when it is not the scheme's own.
    pub host: &'a str,
    /// Path and query exactly as sent.
    pub path_and_query: &'a str,
    /// The body exactly as sent.
    pub body: &'a [u8],
    /// The time of signing.
    pub now: DateTime<Utc>,
    /// A random id, used once.
    pub nonce: Uuid,
}

/// Turns final bytes into the headers that prove them.
pub trait Signer: Send + Sync {
    /// The headers to add. Values that could be used by whoever reads them are marked sensitive.
    fn sign(&self, request: &ToSign<'_>) -> HeaderMap;
}

/// Why a signer could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The secret is not base64. It is not shown.
    #[error("the shared secret is not base64 text")]
    SecretNotBase64,
    /// The life is not positive or longer than the gateway accepts.
    #[error("a signature lives from 1 to 120 seconds, not {0}")]
    Life(i64),
}

/// A JSON web token signed with the merchant's shared secret (HS256).
pub struct JwtSharedSecret {
    merchant: String,
    key_id: String,
    key: Zeroizing<Vec<u8>>,
    life: TimeDelta,
}

impl JwtSharedSecret {
    /// A signer for this merchant. `secret` is the base64 text of the vendor's key page.
    ///
    /// # Errors
    /// When the secret is not base64 or the life is not from 1 to 120 seconds.
    pub fn new(merchant: &str, key_id: &str, secret: &SecretString, life: TimeDelta) -> Result<Self, SignerError> {
        let key = STANDARD.decode(secret.expose_secret().trim()).map_err(|_| SignerError::SecretNotBase64)?;
        if key.is_empty() {
            return Err(SignerError::SecretNotBase64);
        }
        if life < TimeDelta::seconds(1) || life > LIFE_MAX {
            return Err(SignerError::Life(life.num_seconds()));
        }
        Ok(Self { merchant: merchant.to_owned(), key_id: key_id.to_owned(), key: Zeroizing::new(key), life })
    }

    fn token(&self, request: &ToSign<'_>) -> Zeroizing<String> {
        let header = BTreeMap::from([("alg", json!("HS256")), ("kid", json!(self.key_id)), ("typ", json!("JWT"))]);
        let issued = request.now.timestamp();
        let mut claims = BTreeMap::from([
            ("exp", json!(issued + self.life.num_seconds())),
            ("iat", json!(issued)),
            ("iss", json!(self.merchant)),
            ("jti", json!(request.nonce.hyphenated().to_string())),
            ("request-host", json!(request.host)),
            ("request-method", json!(request.method)),
            ("request-resource-path", json!(request.path_and_query)),
            ("v-c-jwt-version", json!("2")),
            ("v-c-merchant-id", json!(self.merchant)),
        ]);
        if !request.body.is_empty() {
            claims.insert("digest", json!(STANDARD.encode(Sha256::digest(request.body))));
            claims.insert("digestAlgorithm", json!("SHA-256"));
        }
        let mut token = Zeroizing::new(format!("{}.{}", part(header), part(claims)));
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { unreachable!("HMAC takes keys of any length") };
        let signature = mac.chain_update(token.as_bytes()).finalize().into_bytes();
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        token
    }
}

/// Members sorted, no spaces: equal input gives equal bytes.
fn part(members: BTreeMap<&str, Value>) -> String {
    let members: Vec<String> = members.into_iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    URL_SAFE_NO_PAD.encode(format!("{{{}}}", members.join(",")))
}

impl Signer for JwtSharedSecret {
    fn sign(&self, request: &ToSign<'_>) -> HeaderMap {
        let text = Zeroizing::new(format!("Bearer {}", *self.token(request)));
        let Ok(mut value) = HeaderValue::from_str(&text) else { unreachable!("base64url and dots are header text") };
        value.set_sensitive(true);
        HeaderMap::from_iter([(header::AUTHORIZATION, value)])
    }
}

impl fmt::Debug for JwtSharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSharedSecret").field("merchant", &self.merchant).field("key", &"***").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published vector's body, with the network's test card number, which never leaves this test.
    const BODY: &str = concat!(
        r#"{"clientReferenceInformation":{"code":"ORDER-1001"},"#,
        r#""processingInformation":{"capture":false,"commerceIndicator":"internet"},"#,
        r#""paymentInformation":{"card":{"number":"4111111111111111","expirationMonth":"12","expirationYear":"2031"}},"#,
        r#""orderInformation":{"amountDetails":{"totalAmount":"102.21","currency":"USD"}}}"#,
    );

    const HEADER: &str =
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IjNmMmI2YzFlLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwYzBkZSIsInR5cCI6IkpXVCJ9";
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
}
