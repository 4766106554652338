//! Whose order it is, and the key under which that person's data is sealed.
//!
//! A person is a UUID made from the normalised e-mail address (or customer code) under the pair's key: always the same
//! one, and it tells nothing. Their key is made once. It must be durable before anything is sealed with it: two first
//! orders at the same moment would otherwise seal under two keys, of which the ledger keeps one.
//!
//! A person who was erased keeps a row without a key. A later order of theirs is a new acquaintance: the same address
//! with the next generation number gives another UUID, so what was erased stays erased.

use bytes::Bytes;
use ids::Pair;
use ledger::{Commit, Ledger, LedgerError, SubjectKey};
use node::Node;
use sealed::{DataKey, MasterKey, PairKey, SealedBox, SealedError};
use uuid::Uuid;

/// How often one address may be erased and come back.
const GENERATIONS_MAX: u32 = 16;

/// Why a person's data could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// The ledger gave no answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A key in the ledger does not open under our master key, or the cipher refuses.
    #[error("a person's key cannot be used")]
    Sealed(#[from] SealedError),
    /// Erased more often than [`GENERATIONS_MAX`].
    #[error("a person was erased too often")]
    Generations,
}

/// Seals plain bytes for a person.
///
/// # Errors
/// See [`PersonError`].
pub async fn seal(
    node: &Node,
    ledger: &Ledger,
    master: &MasterKey,
    pair: &Pair,
    person: &str,
    plain: &[u8],
) -> Result<SealedBox, PersonError> {
    let pair_key = master.pair_key(pair.as_str());
    let (subject, key) = key_of(node, ledger, master, &pair_key, person).await?;
    let mut nonce = [0; 12];
    node.fill_random(&mut nonce);
    let ciphertext = key.seal(subject, plain, nonce)?;
    Ok(SealedBox { subject, wrapped_key: Vec::new(), ciphertext })
}

async fn key_of(
    node: &Node,
    ledger: &Ledger,
    master: &MasterKey,
    pair_key: &PairKey,
    person: &str,
) -> Result<(Uuid, DataKey), PersonError> {
    for generation in 0..GENERATIONS_MAX {
        let subject = match generation {
            0 => pair_key.subject(person),
            _ => pair_key.subject(&format!("{person}#{generation}")),
        };
        if let Some(known) = ledger.subject_key(subject).await? {
            return Ok((subject, master.unwrap(subject, &known.wrapped)?));
        }
        create(node, ledger, master, subject).await?;
        // Read back: somebody else may have been first, and a row that was erased stays without a key.
        if let Some(known) = ledger.subject_key(subject).await? {
            return Ok((subject, master.unwrap(subject, &known.wrapped)?));
        }
    }
    Err(PersonError::Generations)
}

async fn create(node: &Node, ledger: &Ledger, master: &MasterKey, subject: Uuid) -> Result<(), PersonError> {
    let (mut key, mut nonce) = ([0; 32], [0; 12]);
    node.fill_random(&mut key);
    node.fill_random(&mut nonce);
    let wrapped: Bytes = master.wrap(subject, &DataKey::new(&key)?, nonce)?.into();
    let commit = Commit { subject_keys: vec![SubjectKey { subject, wrapped }], ..Commit::default() };
    ledger.commit(commit).await?;
    Ok(())
}
