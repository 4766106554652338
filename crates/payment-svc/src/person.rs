//! Opens the sealed personal part of an order for the length of one call.

use contracts::r#type::v1::Personal;
use ledger::Ledger;
use prost::Message as _;
use sealed::{MasterKey, SealedBox};

use crate::error::CallError;

/// The personal part. Never stored, never logged: it lives as long as the call that needs it.
pub(crate) async fn open(ledger: &Ledger, master: &MasterKey, sealed: &SealedBox) -> Result<Personal, CallError> {
    let key = ledger.subject_key(sealed.subject).await.map_err(CallError::Ledger)?.ok_or(CallError::Erased)?;
    let key = master.unwrap(sealed.subject, &key.wrapped).map_err(CallError::Sealed)?;
    let plain = key.open(sealed.subject, &sealed.ciphertext).map_err(CallError::Sealed)?;
    Personal::decode(plain.as_slice()).map_err(|error| CallError::Unreadable(error.to_string()))
}
