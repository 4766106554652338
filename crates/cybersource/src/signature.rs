//! Proves who is calling: a signer turns the final bytes of a request into headers.
//!
//! What is signed is exactly what is sent. A path that is decoded, re-encoded or completed between signing and sending
//! is the commonest cause of a 401 that appears on some calls only.

mod http_signature;
mod jwt;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::{
    http_signature::{DateHeader, HttpSignature},
    jwt::JwtSharedSecret,
};

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
    /// The merchant or the key's id cannot stand in a header.
    #[error("the merchant and the key's id are letters, digits and signs without spaces or quotes")]
    NotHeaderText,
}

/// The bytes of a shared secret, from the base64 text of the vendor's key page.
fn key_of(secret: &SecretString) -> Result<Zeroizing<Vec<u8>>, SignerError> {
    let key = STANDARD.decode(secret.expose_secret().trim()).map_err(|_| SignerError::SecretNotBase64)?;
    if key.is_empty() { Err(SignerError::SecretNotBase64) } else { Ok(Zeroizing::new(key)) }
}

/// What proves the body: base64 of its SHA-256.
fn digest(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
