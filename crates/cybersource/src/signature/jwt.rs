//! The vendor's own scheme: a JSON web token with a digest of the body, signed with the shared secret.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue, header};
use secrecy::SecretString;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{LIFE_MAX, Signer, SignerError, ToSign, digest, hmac, key_of};

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
        let key = key_of(secret)?;
        if life < TimeDelta::seconds(1) || life > LIFE_MAX {
            return Err(SignerError::Life(life.num_seconds()));
        }
        Ok(Self { merchant: merchant.to_owned(), key_id: key_id.to_owned(), key, life })
    }

    pub(super) fn token(&self, request: &ToSign<'_>) -> Zeroizing<String> {
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
            claims.insert("digest", json!(digest(request.body)));
            claims.insert("digestAlgorithm", json!("SHA-256"));
        }
        let mut token = Zeroizing::new(format!("{}.{}", part(header), part(claims)));
        let signature = hmac(&self.key, token.as_bytes());
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
