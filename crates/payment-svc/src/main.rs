//! The thin binary of `payment-svc`: the saga and the card gateway.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main::<payment_svc::PaymentService>()
}
