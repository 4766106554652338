//! HTTP Signature: an HMAC over named header lines. The vendor's older scheme, kept for accounts whose keys know no other.
//!
//! It has no expiry of its own: the gateway judges the date, so a request is good for as long as its clock tolerates.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{Signer, SignerError, ToSign, digest, hmac, key_of};

/// How the date is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateHeader {
    /// As `Date`, like the vendor's own clients.
    #[default]
    Date,
    /// As `v-c-date`, for paths on which a proxy rewrites `Date`.
    VcDate,
}

impl DateHeader {
    fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::VcDate => "v-c-date",
        }
    }
}

/// A signature over header lines with the merchant's shared secret.
pub struct HttpSignature {
    merchant: String,
    key_id: String,
    key: Zeroizing<Vec<u8>>,
    date: DateHeader,
}

impl HttpSignature {
    /// A signer for this merchant. `secret` is the base64 text of the vendor's key page.
    ///
    /// # Errors
    /// When the secret is not base64, or a name cannot stand in a header.
    pub fn new(merchant: &str, key_id: &str, secret: &SecretString, date: DateHeader) -> Result<Self, SignerError> {
        let key = key_of(secret)?;
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
        if !is_plain(merchant) || !is_plain(key_id) {
            return Err(SignerError::NotHeaderText);
        }
        Ok(Self { merchant: merchant.to_owned(), key_id: key_id.to_owned(), key, date })
    }

    /// The lines that are signed, and their names, both in order.
    fn lines(&self, request: &ToSign<'_>, date: &str) -> (String, String) {
        let target = format!("{} {}", request.method.to_ascii_lowercase(), request.path_and_query);
        let mut lines = vec![("host", request.host.to_owned()), (self.date.name(), date.to_owned())];
        lines.push(("request-target", target));
        if has_digest(request) {
            lines.push(("digest", format!("SHA-256={}", digest(request.body))));
        }
        lines.push(("v-c-merchant-id", self.merchant.clone()));
        let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
        let text: Vec<String> = lines.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        (text.join("\n"), names.join(" "))
    }
}

/// Only what has no body goes without a digest.
fn has_digest(request: &ToSign<'_>) -> bool {
    !request.body.is_empty() || matches!(request.method, "POST" | "PUT" | "PATCH")
}

/// RFC 1123, such as `Wed, 14 Oct 2026 09:30:00 GMT`.
fn date_text(request: &ToSign<'_>) -> String {
    request.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

impl Signer for HttpSignature {
    fn sign(&self, request: &ToSign<'_>) -> HeaderMap {
        let date = date_text(request);
        let (lines, names) = self.lines(request, &date);
        let signature = STANDARD.encode(hmac(&self.key, lines.as_bytes()));
        let proof = Zeroizing::new(format!(
            r#"keyid="{}", algorithm="HmacSHA256", headers="{names}", signature="{signature}""#,
            self.key_id
        ));
        let value = |text: &str| {
            let Ok(value) = HeaderValue::from_str(text) else { unreachable!("base64, dates and checked names") };
            value
        };
        let mut proof = value(&proof);
        proof.set_sensitive(true);
        let mut headers = HeaderMap::from_iter([
            (HeaderName::from_static("signature"), proof),
            (HeaderName::from_static("v-c-merchant-id"), value(&self.merchant)),
        ]);
        match self.date {
            DateHeader::Date => headers.insert(header::DATE, value(&date)),
            DateHeader::VcDate => headers.insert(HeaderName::from_static("v-c-date"), value(&date)),
        };
        if has_digest(request) {
            headers.insert(HeaderName::from_static("digest"), value(&format!("SHA-256={}", digest(request.body))));
        }
        headers
    }
}

impl fmt::Debug for HttpSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSignature").field("merchant", &self.merchant).field("key", &"***").finish_non_exhaustive()
    }
}
