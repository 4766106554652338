//! What a domain event carries: ciphertext and whose it is.

use std::fmt;

use uuid::Uuid;

/// Sealed bytes of one person. No `Debug` of the content, no way in without the person's key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBox {
    /// The person.
    pub subject: Uuid,
    /// The person's key, wrapped, when a message carries it along; empty in a stored event.
    pub wrapped_key: Vec<u8>,
    /// Nonce and ciphertext.
    pub ciphertext: Vec<u8>,
}

impl fmt::Debug for SealedBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedBox({}, {} bytes)", self.subject, self.ciphertext.len())
    }
}
