//! Requests that the gateway refuses without making anything: 400 with the reason at the top level.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A member of the request that is missing or malformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) field: String,
    pub(super) reason: &'static str,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    reason: &'static str,
    message: &'static str,
    problems: Vec<Problem>,
}

impl Refusal {
    /// Refused for the state of the original or the account; no member of the request is to blame.
    pub(super) fn because(reason: &'static str, message: &'static str) -> Self {
        Self { reason, message, problems: Vec::new() }
    }

    /// Refused for what the request holds. Missing members are named before malformed ones.
    pub(super) fn of_fields(problems: Vec<Problem>) -> Self {
        let is_missing = problems.iter().any(|problem| problem.reason == "MISSING_FIELD");
        let (reason, message) = if is_missing {
            ("MISSING_FIELD", "Declined - The request is missing one or more fields")
        } else {
            ("INVALID_DATA", "Declined - One or more fields in the request contains invalid data")
        };
        Self { reason, message, problems }
    }

    /// Refused for one malformed member.
    pub(super) fn invalid(field: &str) -> Self {
        Self::of_fields(vec![Problem { field: field.to_owned(), reason: "INVALID_DATA" }])
    }

    pub(super) fn reason(&self) -> &'static str {
        self.reason
    }

    pub(super) fn body(&self, now: DateTime<Utc>) -> Value {
        let details: Vec<Value> =
            self.problems.iter().map(|problem| json!({"field": problem.field, "reason": problem.reason})).collect();
        json!({"submitTimeUtc": super::answer::utc(now), "status": "INVALID_REQUEST", "reason": self.reason,
            "message": self.message, "details": details})
    }
}
