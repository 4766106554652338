//! The thin binary of `erp-writer`: SYSPRO.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main::<erp_writer::ErpWriter>()
}
