//! Keys: one per person, one above them all, one per pair for look-ups by personal data.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// A key of the wrong length.
    #[error("a key must have 32 bytes")]
    KeyLength,
    /// Wrong key, wrong person, or altered bytes; deliberately no more detail.
    #[error("sealed data cannot be opened with this key")]
    CannotOpen,
    /// The cipher refused to seal.
    #[error("data cannot be sealed")]
    CannotSeal,
}

type Bytes32 = Zeroizing<[u8; 32]>;

fn key_of(bytes: &[u8]) -> Result<Bytes32, SealedError> {
    <[u8; 32]>::try_from(bytes).map(Zeroizing::new).map_err(|_| SealedError::KeyLength)
}

/// Nonce, then ciphertext and tag. The subject is authenticated, so a box cannot be passed off as another person's.
fn seal(key: &Bytes32, nonce: [u8; NONCE_LEN], subject: Uuid, plain: &[u8]) -> Result<Vec<u8>, SealedError> {
    let cipher =
        UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| SealedError::CannotSeal)?;
    let mut sealed = plain.to_vec();
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(subject.as_bytes()), &mut sealed)
        .map_err(|_| SealedError::CannotSeal)?;
    let mut out = nonce.to_vec();
    out.append(&mut sealed);
    Ok(out)
}

fn open(key: &Bytes32, subject: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealedError> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(SealedError::CannotOpen)?;
    let nonce = <[u8; NONCE_LEN]>::try_from(nonce).map_err(|_| SealedError::CannotOpen)?;
    let cipher =
        UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| SealedError::CannotOpen)?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    let length = cipher
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(subject.as_bytes()), &mut buffer)
        .map_err(|_| SealedError::CannotOpen)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// The key above all persons' keys. Comes from configuration, never from a database.
#[derive(Clone)]
pub struct MasterKey(Bytes32);

/// The key of one person.
#[derive(Clone)]
pub struct DataKey(Bytes32);

/// The key under which personal data becomes a look-up key (an e-mail address, a customer).
#[derive(Clone)]
pub struct PairKey(Bytes32);

macro_rules! hidden {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(hidden)"))
            }
        }
    )*};
}
hidden!(MasterKey, DataKey, PairKey);

impl MasterKey {
    /// From 32 bytes.
    ///
    /// # Errors
    /// When it has another length.
    pub fn new(bytes: &[u8]) -> Result<Self, SealedError> {
        key_of(bytes).map(Self)
    }

    /// Wraps a person's key for storage and transport.
    ///
    /// # Errors
    /// When the cipher refuses.
    pub fn wrap(&self, subject: Uuid, key: &DataKey, nonce: [u8; NONCE_LEN]) -> Result<Vec<u8>, SealedError> {
        seal(&self.0, nonce, subject, key.0.as_slice())
    }

    /// Unwraps a person's key.
    ///
    /// # Errors
    /// When it was wrapped by another master key, for another person, or was altered.
    pub fn unwrap(&self, subject: Uuid, wrapped: &[u8]) -> Result<DataKey, SealedError> {
        let plain = open(&self.0, subject, wrapped)?;
        key_of(&plain).map(DataKey)
    }

    /// The look-up key of a pair, derived: one secret to keep instead of one per pair.
    pub fn pair_key(&self, pair: &str) -> PairKey {
        PairKey(Zeroizing::new(mac(&self.0, &[b"pair key", pair.as_bytes()])))
    }
}

impl DataKey {
    /// From 32 random bytes.
    ///
    /// # Errors
    /// When it has another length.
    pub fn new(bytes: &[u8]) -> Result<Self, SealedError> {
        key_of(bytes).map(Self)
    }

    /// Seals plain bytes for `subject`. A nonce must be fresh and random for every call.
    ///
    /// # Errors
    /// When the cipher refuses.
    pub fn seal(&self, subject: Uuid, plain: &[u8], nonce: [u8; NONCE_LEN]) -> Result<Vec<u8>, SealedError> {
        seal(&self.0, nonce, subject, plain)
    }

    /// Opens sealed bytes; the plain text is wiped when dropped.
    ///
    /// # Errors
    /// When the key, the person or the bytes are not the right ones.
    pub fn open(&self, subject: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealedError> {
        open(&self.0, subject, sealed)
    }
}

impl PairKey {
    /// A look-up key for personal data: HMAC-SHA256 over the kind and the normalised text, as hex.
    pub fn lookup(&self, kind: &str, text: &str) -> String {
        mac(&self.0, &[kind.as_bytes(), text.as_bytes()]).iter().fold(String::with_capacity(64), |mut hex, byte| {
            use fmt::Write as _;
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The person behind a normalised e-mail address or customer code: always the same UUID, telling nothing.
    pub fn subject(&self, text: &str) -> Uuid {
        let digest = mac(&self.0, &[b"subject", text.as_bytes()]);
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

fn mac(key: &Bytes32, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length: this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_slice()) else { return [0; 32] };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person() -> Uuid {
        Uuid::from_u128(7)
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_for_the_same_person_only(plain: Vec<u8>, key: [u8; 32], nonce: [u8; 12]) {
            let key = DataKey::new(&key).unwrap();
            let sealed = key.seal(person(), &plain, nonce).unwrap();
            let opened = key.open(person(), &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            prop_assert!(key.open(Uuid::from_u128(8), &sealed).is_err());
        }
    }

    #[test]
    fn a_wrapped_key_opens_under_its_master_only() {
        let master = MasterKey::new(&[1; 32]).unwrap();
        let wrapped = master.wrap(person(), &DataKey::new(&[9; 32]).unwrap(), [3; 12]).unwrap();
        assert_eq!(master.unwrap(person(), &wrapped).unwrap().0.as_slice(), &[9; 32]);
        assert!(MasterKey::new(&[2; 32]).unwrap().unwrap(person(), &wrapped).is_err());
    }

    #[test]
    fn look_ups_tell_kinds_and_pairs_apart() {
        let master = MasterKey::new(&[1; 32]).unwrap();
        let (a, b) = (master.pair_key("a"), master.pair_key("b"));
        assert_eq!(a.lookup("email", "x@y"), a.lookup("email", "x@y"));
        assert_ne!(a.lookup("email", "x@y"), a.lookup("name", "x@y"));
        assert_ne!(a.lookup("email", "x@y"), b.lookup("email", "x@y"));
    }
}
