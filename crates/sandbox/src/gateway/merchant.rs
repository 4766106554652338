//! Who may call, and what kind of account each merchant has.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The merchant of the laptop world. Its account knows no ids of the caller's.
pub const DEFAULT_MERCHANT: &str = "sim_merchant_01";
/// Its key id.
pub const DEFAULT_KEY_ID: &str = "3f2b6c1e-0000-4000-8000-00000000c0de";
/// Its secret: the bytes 00 to 1f in base64.
pub const DEFAULT_SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// A second merchant, with the same secret, whose account takes the caller's ids.
pub const IDS_MERCHANT: &str = "sim_merchant_02";
/// Its key id.
pub const IDS_KEY_ID: &str = "3f2b6c1e-0000-4000-8000-00000000c1d5";

/// What a merchant's account can do about a request that was never answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// Only search it. Time-out reversals and voids are refused, and a repeated `transactionId` means nothing.
    #[default]
    SearchOnly,
    /// A `transactionId` is taken once in 180 days, and by it a silent request can be undone.
    TransactionIds,
}

/// A merchant's shared secret and its account.
#[derive(Clone, PartialEq, Eq)]
pub struct MerchantKey {
    /// The merchant that signs with it and transacts.
    pub merchant_id: String,
    /// The key's id.
    pub key_id: String,
    /// The secret in base64.
    pub secret: String,
    /// What kind of account it has.
    pub account: Account,
}

impl MerchantKey {
    /// The second merchant of the laptop world.
    pub fn with_transaction_ids() -> Self {
        Self {
            merchant_id: IDS_MERCHANT.to_owned(),
            key_id: IDS_KEY_ID.to_owned(),
            account: Account::TransactionIds,
            ..Self::default()
        }
    }
}

impl Default for MerchantKey {
    fn default() -> Self {
        Self {
            merchant_id: DEFAULT_MERCHANT.to_owned(),
            key_id: DEFAULT_KEY_ID.to_owned(),
            secret: DEFAULT_SECRET.to_owned(),
            account: Account::default(),
        }
    }
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MerchantKey")
            .field("merchant_id", &self.merchant_id)
            .field("key_id", &self.key_id)
            .field("secret", &"***")
            .field("account", &self.account)
            .finish()
    }
}
