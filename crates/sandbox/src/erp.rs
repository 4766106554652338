//! The ERP, not built yet: every request is answered with 404.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::world::{Reply, World};

/// How the ERP is set up.
#[derive(Debug, Clone, Default)]
pub struct ErpConfig {}

/// What the ERP really did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErpBooks {}

/// The ERP's whole state.
pub struct ErpWorld {}

impl ErpWorld {
    /// An ERP with its demo data.
    pub fn new(_config: ErpConfig) -> Self {
        Self {}
    }

    /// What it really did.
    pub fn books(&self) -> ErpBooks {
        ErpBooks::default()
    }
}

impl World for ErpWorld {
    fn handle(&mut self, _request: &Request<Bytes>, _now: DateTime<Utc>) -> Reply {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        Reply::now(response)
    }
}
