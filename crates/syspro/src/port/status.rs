//! Where a sales order stands, by SYSPRO's one-letter codes.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where a sales order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderStatus {
    /// `0`: open in somebody's editor, locked.
    InProcess,
    /// `1`: open.
    Open,
    /// `2`: open back order.
    OpenBackOrder,
    /// `3`: released back order.
    ReleasedBackOrder,
    /// `4`: in the warehouse.
    InWarehouse,
    /// `8`: ready to invoice.
    ReadyToInvoice,
    /// `9`: complete.
    Complete,
    /// `F`: forward order.
    Forward,
    /// `S`: in suspense; goods do not leave.
    Suspense,
    /// `\`, also `/` and `*`: cancelled.
    Cancelled,
    /// Anything else a site may use, as it came.
    Other(String),
}

impl OrderStatus {
    /// The one-letter code.
    pub fn code(&self) -> &str {
        match self {
            Self::InProcess => "0",
            Self::Open => "1",
            Self::OpenBackOrder => "2",
            Self::ReleasedBackOrder => "3",
            Self::InWarehouse => "4",
            Self::ReadyToInvoice => "8",
            Self::Complete => "9",
            Self::Forward => "F",
            Self::Suspense => "S",
            Self::Cancelled => "\\",
            Self::Other(code) => code,
        }
    }

    /// The status with this code.
    pub fn from_code(code: &str) -> Self {
        match code.trim() {
            "0" => Self::InProcess,
            "1" => Self::Open,
            "2" => Self::OpenBackOrder,
            "3" => Self::ReleasedBackOrder,
            "4" => Self::InWarehouse,
            "8" => Self::ReadyToInvoice,
            "9" => Self::Complete,
            "F" => Self::Forward,
            "S" => Self::Suspense,
            "\\" | "/" | "*" => Self::Cancelled,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for OrderStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for OrderStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|code| Self::from_code(&code))
    }
}
