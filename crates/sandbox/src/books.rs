//! What really happened: the judge of every test. Typed here, the same thing as JSON at `GET /_sim/books`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    erp::ErpBooks,
    faults::{FaultRecord, FaultTally},
    gateway::GatewayBooks,
    shop::ShopBooks,
};

/// The books of all worlds at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Books {
    /// The worlds' time.
    pub at: DateTime<Utc>,
    /// What the card gateway did with money.
    pub gateway: GatewayBooks,
    /// What the ERP did with orders.
    pub erp: ErpBooks,
    /// What the shop was told.
    pub shop: ShopBooks,
    /// Which faults were asked for and how often each fired.
    pub faults: Vec<FaultRecord>,
    /// How often each kind fired at each operation, rules that were forgotten included.
    #[serde(default)]
    pub tally: Vec<FaultTally>,
}
