//! What the business rules object to, before any transport gives it a code.

/// Which rule was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    CustomerNotFound,
    CustomerOnHold,
    CreditLimit,
    DuplicatePo,
    DuplicateCustomer,
    StockNotFound,
    StockOnHold,
    WarehouseInvalid,
    InsufficientStock,
    TaxCodeInvalid,
    ZeroPrice,
    OrderNotFound,
    OrderLocked,
    StatusConflict,
    WarningRejected,
    /// Everything that has no code of its own.
    Other,
}

/// One objection. A document with any of them writes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) rule: Rule,
    pub(crate) message: String,
    pub(crate) element: &'static str,
    pub(crate) value: String,
    pub(crate) line: Option<u32>,
}

impl Problem {
    /// An objection to an element of the header.
    pub(crate) fn new(rule: Rule, element: &'static str, value: impl Into<String>, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), element, value: value.into(), line: None }
    }

    /// The same, on this line.
    pub(crate) fn on_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// The ERP's own number for it, where one is known.
    pub(crate) fn number(&self) -> Option<&'static str> {
        (self.rule == Rule::StockNotFound).then_some("240004")
    }
}

/// Something worth saying that stops nothing, unless the caller wants warnings to stop it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) number: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) element: &'static str,
    pub(crate) line: Option<u32>,
}

/// What a warning does to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum WarningMode {
    /// It rejects it.
    #[default]
    Reject,
    /// It is accepted and the warning told.
    Return,
    /// It is accepted and the warning kept quiet.
    Ignore,
}

/// Why a document was not written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Refused {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem], warnings: Vec::new() }
    }
}
