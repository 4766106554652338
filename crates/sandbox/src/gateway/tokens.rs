//! Transient tokens of the checkout page and stored tokens of the vault, for the named test cards.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use rand::{Rng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use super::cards::{TEST_CARDS, TestCard, test_card};

/// A transient token serves this long, any number of times.
pub const TRANSIENT_LIFE: TimeDelta = TimeDelta::minutes(15);
/// Letters and digits in a token id.
const JTI_LENGTH: usize = 64;
/// Above this many tokens the expired ones are forgotten.
const TOKENS_KEPT_MAX: usize = 100_000;
/// Tokens are made here and come back here; the key only shows that nobody wrote one by hand.
const TOKEN_KEY: &[u8] = b"sandbox transient token key";

/// Why no token was minted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no test card is called `{name}`; there are {known}")]
pub struct MintError {
    name: String,
    known: String,
}

/// A fresh transient token. A bearer secret for 15 minutes, so its text is not in its `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintedToken {
    /// The whole token, for `tokenInformation.transientTokenJwt`.
    pub jwt: String,
    /// Its id alone, for `tokenInformation.jti`.
    pub jti: String,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
    /// The brand's code.
    pub card_type: String,
    /// First six digits.
    pub prefix: String,
    /// Last four digits.
    pub suffix: String,
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintedToken")
            .field("expires_at", &self.expires_at)
            .field("card_type", &self.card_type)
            .field("suffix", &self.suffix)
            .finish_non_exhaustive()
    }
}

/// What became of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Card(&'static TestCard),
    Expired,
    Unknown,
}

/// Every token given out.
#[derive(Default)]
pub(super) struct Tokens {
    transient: BTreeMap<String, (DateTime<Utc>, &'static TestCard)>,
    stored: BTreeMap<String, &'static TestCard>,
}

impl Tokens {
    pub(super) fn mint(
        &mut self,
        name: &str,
        now: DateTime<Utc>,
        random: &mut StdRng,
    ) -> Result<MintedToken, MintError> {
        let card = card_named(name)?;
        let (jti, expires_at) = (token_id(random), now + TRANSIENT_LIFE);
        if self.transient.len() >= TOKENS_KEPT_MAX {
            self.transient.retain(|_, (expires_at, _)| *expires_at > now);
        }
        self.transient.insert(jti.clone(), (expires_at, card));
        Ok(MintedToken {
            jwt: jwt(card, &jti, now, expires_at),
            jti,
            expires_at,
            card_type: card.kind.to_owned(),
            prefix: card.prefix.to_owned(),
            suffix: card.suffix.to_owned(),
        })
    }

    pub(super) fn store(&mut self, name: &str, random: &mut StdRng) -> Result<String, MintError> {
        let card = card_named(name)?;
        let id = format!("{:032X}", random.random::<u128>());
        self.stored.insert(id.clone(), card);
        Ok(id)
    }

    pub(super) fn keep(&mut self, name: &str, id: &str) -> Result<(), MintError> {
        self.stored.insert(id.to_ascii_uppercase(), card_named(name)?);
        Ok(())
    }

    pub(super) fn by_jti(&self, jti: &str, now: DateTime<Utc>) -> Found {
        match self.transient.get(jti) {
            Some((expires_at, card)) if now < *expires_at => Found::Card(card),
            Some(_) => Found::Expired,
            None => Found::Unknown,
        }
    }

    /// Looks a whole token up: it must be one of ours, byte for byte signed by us.
    pub(super) fn by_jwt(&self, jwt: &str, now: DateTime<Utc>) -> Found {
        signed_jti(jwt).map_or(Found::Unknown, |jti| self.by_jti(&jti, now))
    }

    pub(super) fn stored(&self, id: &str) -> Found {
        // The vault compares ids without regard to case.
        self.stored.get(&id.to_ascii_uppercase()).map_or(Found::Unknown, |card| Found::Card(card))
    }
}

fn card_named(name: &str) -> Result<&'static TestCard, MintError> {
    test_card(name).ok_or_else(|| MintError {
        name: name.chars().take(40).collect(),
        known: TEST_CARDS.iter().map(|card| card.name).collect::<Vec<_>>().join(", "),
    })
}

/// 64 characters, every fourth at most a digit, so that no run of digits can be taken for a card number.
fn token_id(random: &mut StdRng) -> String {
    const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    (0..JTI_LENGTH)
        .map(|place| {
            if place % 4 == 0 {
                char::from(b'0' + random.random_range(0..10_u8))
            } else {
                char::from(LETTERS[random.random_range(0..LETTERS.len())])
            }
        })
        .collect()
}

fn jwt(card: &TestCard, jti: &str, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> String {
    let masked = format!("{}{}", "X".repeat(card.digits - card.suffix.len()), card.suffix);
    let header = json!({"kid": "zu", "alg": "HS256"});
    let claims = json!({
        "iss": "Flex/00", "exp": expires_at.timestamp(), "type": "mf-2.0.0", "iat": now.timestamp(), "jti": jti,
        "content": {"paymentInformation": {"card": {
            "number": {"maskedValue": masked, "bin": card.prefix, "detectedCardTypes": [card.kind]},
            "expirationMonth": {"value": "12"}, "expirationYear": {"value": "2031"}, "securityCode": {}}}},
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = mac(&signed).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())).unwrap_or_default();
    format!("{signed}.{signature}")
}

fn signed_jti(jwt: &str) -> Option<String> {
    let (signed, signature) = jwt.rsplit_once('.')?;
    mac(signed)?.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?).ok()?;
    Some(claims.get("jti")?.as_str()?.to_owned())
}

fn mac(text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN_KEY).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}
