//! The thin binary of `ingest-gateway`: orders in, outcomes out.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main::<ingest_gateway::IngestGateway>()
}
