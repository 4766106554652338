//! The facade's codes and what each one proves.

use fault::Class;

/// What a code of the facade means; two are our own, for calls that never left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the facade's own codes; the table below says what each one proves")]
pub enum Code {
    BadRequest,
    BadScale,
    FieldTooLong,
    MissingField,
    WarningModeUnsupported,
    TokenInvalid,
    TokenExpired,
    SessionEvicted,
    BadApiKey,
    BoNotLicensed,
    OperatorDenied,
    EsignatureRequired,
    NotFound,
    DuplicatePo,
    DuplicateCustomer,
    DuplicateApInvoice,
    DuplicateUnapplied,
    OrderLocked,
    StatusConflict,
    CustomerNotFound,
    CustomerOnHold,
    CreditLimit,
    StockNotFound,
    StockOnHold,
    WarehouseInvalid,
    InsufficientStock,
    TaxCodeInvalid,
    ZeroPrice,
    NotNumeric,
    PeriodClosed,
    FuturePeriod,
    LedgerNotFound,
    LedgerOnHold,
    JournalUnbalanced,
    PaymentNotDistributed,
    InvoiceNotFound,
    SupplierNotFound,
    WarningRejected,
    BusinessError,
    RateLimit,
    EnetException,
    BadResponse,
    EnetTimeout,
    LicenceExhausted,
    EnetDown,
    /// Ours: no byte of the request left this machine.
    NotSent,
    /// Ours: no session could be had, so the call itself was not made.
    NoSession,
    /// A code that this table does not know.
    Other,
}

struct Row {
    text: &'static str,
    code: Code,
    /// What it proves as the answer to a write.
    on_write: Class,
}

const fn row(text: &'static str, code: Code, on_write: Class) -> Row {
    Row { text, code, on_write }
}

use Class::{Permanent, Transient, UnknownOutcome};

/// Every code. A person's repair (a licence, a key, an operator's rights, a locked order) makes the same call work later, so
/// those are transient: compensating an order because a licence ran out would be wrong. A session lost during a write proves
/// nothing about the write.
const TABLE: &[Row] = &[
    row("BAD_REQUEST", Code::BadRequest, Permanent),
    row("BAD_SCALE", Code::BadScale, Permanent),
    row("FIELD_TOO_LONG", Code::FieldTooLong, Permanent),
    row("MISSING_FIELD", Code::MissingField, Permanent),
    row("WARNING_MODE_UNSUPPORTED", Code::WarningModeUnsupported, Permanent),
    row("TOKEN_INVALID", Code::TokenInvalid, UnknownOutcome),
    row("TOKEN_EXPIRED", Code::TokenExpired, UnknownOutcome),
    row("SESSION_EVICTED", Code::SessionEvicted, UnknownOutcome),
    row("BAD_API_KEY", Code::BadApiKey, Transient),
    row("BO_NOT_LICENSED", Code::BoNotLicensed, Transient),
    row("OPERATOR_DENIED", Code::OperatorDenied, Transient),
    row("ESIGNATURE_REQUIRED", Code::EsignatureRequired, Transient),
    row("NOT_FOUND", Code::NotFound, Permanent),
    row("DUPLICATE_PO", Code::DuplicatePo, Permanent),
    row("DUPLICATE_CUSTOMER", Code::DuplicateCustomer, Permanent),
    row("DUPLICATE_AP_INVOICE", Code::DuplicateApInvoice, Permanent),
    row("DUPLICATE_UNAPPLIED", Code::DuplicateUnapplied, Permanent),
    row("ORDER_LOCKED", Code::OrderLocked, Transient),
    row("STATUS_CONFLICT", Code::StatusConflict, Permanent),
    row("CUSTOMER_NOT_FOUND", Code::CustomerNotFound, Permanent),
    row("CUSTOMER_ON_HOLD", Code::CustomerOnHold, Permanent),
    row("CREDIT_LIMIT", Code::CreditLimit, Permanent),
    row("STOCK_NOT_FOUND", Code::StockNotFound, Permanent),
    row("STOCK_ON_HOLD", Code::StockOnHold, Permanent),
    row("WAREHOUSE_INVALID", Code::WarehouseInvalid, Permanent),
    row("INSUFFICIENT_STOCK", Code::InsufficientStock, Permanent),
    row("TAX_CODE_INVALID", Code::TaxCodeInvalid, Permanent),
    row("ZERO_PRICE", Code::ZeroPrice, Permanent),
    row("NOT_NUMERIC", Code::NotNumeric, Permanent),
    row("PERIOD_CLOSED", Code::PeriodClosed, Permanent),
    row("FUTURE_PERIOD", Code::FuturePeriod, Permanent),
    row("LEDGER_NOT_FOUND", Code::LedgerNotFound, Permanent),
    row("LEDGER_ON_HOLD", Code::LedgerOnHold, Permanent),
    row("JOURNAL_UNBALANCED", Code::JournalUnbalanced, Permanent),
    row("PAYMENT_NOT_DISTRIBUTED", Code::PaymentNotDistributed, Permanent),
    row("INVOICE_NOT_FOUND", Code::InvoiceNotFound, Permanent),
    row("SUPPLIER_NOT_FOUND", Code::SupplierNotFound, Permanent),
    row("WARNING_REJECTED", Code::WarningRejected, Permanent),
    row("BUSINESS_ERROR", Code::BusinessError, Permanent),
    row("RATE_LIMIT", Code::RateLimit, Transient),
    row("ENET_EXCEPTION", Code::EnetException, UnknownOutcome),
    row("BAD_RESPONSE", Code::BadResponse, UnknownOutcome),
    row("ENET_TIMEOUT", Code::EnetTimeout, UnknownOutcome),
    row("LICENCE_EXHAUSTED", Code::LicenceExhausted, Transient),
    row("ENET_DOWN", Code::EnetDown, Transient),
    row("NOT_SENT", Code::NotSent, Transient),
    row("NO_SESSION", Code::NoSession, Transient),
];

impl Code {
    /// The code behind a text; [`Code::Other`] for one that nobody told us of.
    pub fn from_text(text: &str) -> Self {
        TABLE.iter().find(|row| row.text == text).map_or(Self::Other, |row| row.code)
    }

    /// The facade's text.
    pub fn text(self) -> &'static str {
        TABLE.iter().find(|row| row.code == self).map_or("OTHER", |row| row.text)
    }

    /// What this code proves as the answer to a write. Unknown codes prove nothing by themselves.
    pub fn on_write(self) -> Class {
        TABLE.iter().find(|row| row.code == self).map_or(UnknownOutcome, |row| row.on_write)
    }

    /// What it means as the answer to a question: what is unknown of a write is merely unanswered here.
    pub fn on_read(self) -> Class {
        match self.on_write() {
            Permanent => Permanent,
            Transient | UnknownOutcome => Transient,
        }
    }

    /// The session is gone; a new one can be had.
    pub fn is_session_lost(self) -> bool {
        matches!(self, Self::TokenInvalid | Self::TokenExpired | Self::SessionEvicted)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_stands_in_the_table_once() {
        let texts: BTreeSet<_> = TABLE.iter().map(|row| row.text).collect();
        let codes: BTreeSet<_> = TABLE.iter().map(|row| row.code).collect();
        assert_eq!((texts.len(), codes.len()), (TABLE.len(), TABLE.len()));
        // The enum ends with `Other`, whose number is the count of those before it.
        assert_eq!(TABLE.len(), Code::Other as usize);
        assert!(TABLE.iter().all(|row| Code::from_text(row.text) == row.code && row.code.text() == row.text));
    }

    #[test]
    fn a_code_nobody_knows_proves_nothing() {
        assert_eq!(Code::from_text("NEW_IN_2031"), Code::Other);
        assert_eq!(Code::Other.on_write(), UnknownOutcome);
    }
}
