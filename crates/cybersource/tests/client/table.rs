//! The one table of words: every row, and what stands in none.

use std::collections::BTreeSet;

use cybersource::{
    SchemeAdvice,
    status::{
        Family, Group, Operation, Outcome, REASONS, Retry, SCHEME_RULES, SCHEME_TRIES_MAX, STATUSES, advice,
        is_retriable, judge, reason, reason_of_code,
    },
};
use fault::Class;

/// The words of a decline, as the vendor lists them.
const DECLINES: &str = "AVS_FAILED CONTACT_PROCESSOR EXPIRED_CARD PROCESSOR_DECLINED INSUFFICIENT_FUND STOLEN_LOST_CARD \
    ISSUER_UNAVAILABLE UNAUTHORIZED_CARD CVN_NOT_MATCH EXCEEDS_CREDIT_LIMIT INVALID_CVN BLOCKED_BY_CARDHOLDER DECLINED_CHECK \
    BLACKLISTED_CUSTOMER SUSPENDED_ACCOUNT PAYMENT_REFUSED CV_FAILED INVALID_ACCOUNT GENERAL_DECLINE \
    INVALID_MERCHANT_CONFIGURATION DECISION_PROFILE_REJECT DECISION_PROFILE_REVIEW SCORE_EXCEEDS_THRESHOLD \
    PENDING_AUTHENTICATION CONSUMER_AUTHENTICATION_REQUIRED CONSUMER_AUTHENTICATION_FAILED ACH_VERIFICATION_FAILED \
    ALLOWABLE_PIN_RETRIES_EXCEEDED PROCESSOR_ERROR CUSTOMER_WATCHLIST_MATCH ADDRESS_COUNTRY_WATCHLIST_MATCH \
    EMAIL_COUNTRY_WATCHLIST_MATCH IP_COUNTRY_WATCHLIST_MATCH DAGGREJECTED DAGGDENIED DSYSREJECTED";
/// The words of a refusal and of a server's failure.
const REFUSALS: &str = "MISSING_FIELD INVALID_DATA DUPLICATE_REQUEST INVALID_CARD INVALID_CARD_TYPE CARD_TYPE_NOT_ACCEPTED \
    INVALID_MERCHANT_CONFIGURATION PROCESSOR_UNAVAILABLE INVALID_AMOUNT INVALID_PAYMENT_ID NOT_SUPPORTED \
    EXCEEDS_AUTH_AMOUNT AUTH_ALREADY_REVERSED TRANSACTION_ALREADY_SETTLED MISSING_AUTH \
    TRANSACTION_ALREADY_REVERSED_OR_SETTLED CAPTURE_ALREADY_VOIDED ACCOUNT_NOT_ALLOWED_CREDIT NOT_VOIDABLE \
    SYSTEM_ERROR SERVER_TIMEOUT SERVICE_TIMEOUT";
const CODES: &[u16] = &[
    100, 101, 102, 104, 110, 150, 151, 152, 200, 201, 202, 203, 204, 205, 207, 208, 209, 210, 211, 220, 221, 222, 223,
    230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 246, 247, 248, 250, 251, 254, 400, 475, 476,
    478, 480, 481, 520, 700, 701, 702, 703,
];

#[test]
fn every_documented_reason_stands_in_the_table_and_no_other() {
    let documented: BTreeSet<&str> = DECLINES.split_whitespace().chain(REFUSALS.split_whitespace()).collect();
    let rows: Vec<&str> = REASONS.iter().map(|row| row.word).filter(|word| !word.is_empty()).collect();
    assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), documented);
    assert_eq!(rows.len(), documented.len(), "each word once");
    let mut codes: Vec<u16> = REASONS.iter().flat_map(|row| row.codes).copied().collect();
    codes.sort_unstable();
    assert_eq!(codes, CODES, "each number once");
    for row in REASONS {
        assert!(!row.word.is_empty() || !row.codes.is_empty());
    }
}

#[test]
fn every_reason_is_found_by_its_word_and_by_its_numbers() {
    for row in REASONS {
        if !row.word.is_empty() {
            assert_eq!(reason(row.word), Some(row));
        }
        for code in row.codes {
            assert_eq!(reason_of_code(&code.to_string()), Some(row));
        }
    }
    assert_eq!((reason(""), reason("TOMORROW"), reason_of_code("999"), reason_of_code("x")), (None, None, None, None));
}

#[test]
fn every_status_of_every_operation_has_its_outcome() {
    let shown: Vec<String> =
        STATUSES.iter().map(|row| format!("{:?} {} {:?}", row.family, row.word, row.outcome)).collect();
    let expected = [
        "Payment AUTHORIZED Done",
        "Payment PARTIAL_AUTHORIZED Partly",
        "Payment AUTHORIZED_PENDING_REVIEW HeldForReview",
        "Payment AUTHORIZED_RISK_DECLINED HeldYetRefused",
        "Payment PENDING_AUTHENTICATION ProofWanted",
        "Payment PENDING_REVIEW Review",
        "Payment DECLINED Declined",
        "Payment INVALID_REQUEST Refused",
        "Payment SERVER_ERROR NotTold",
        "Capture PENDING Done",
        "Capture TRANSMITTED Done",
        "Capture INVALID_REQUEST Refused",
        "Capture SERVER_ERROR NotTold",
        "Reversal REVERSED Done",
        "Reversal INVALID_REQUEST Refused",
        "Reversal SERVER_ERROR NotTold",
        "Refund PENDING Done",
        "Refund DECLINED Declined",
        "Refund INVALID_REQUEST Refused",
        "Refund SERVER_ERROR NotTold",
        "Void VOIDED Done",
        "Void CANCELLED NotTold",
        "Void FAILED Declined",
        "Void INVALID_REQUEST Refused",
        "Void SERVER_ERROR NotTold",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn every_status_with_every_reason_comes_to_a_verdict_that_fits_its_row() {
    for operation in Operation::ALL {
        for status in STATUSES {
            let plain = judge(operation, status.word, None);
            for row in REASONS.iter().filter(|row| !row.word.is_empty()) {
                let told = judge(operation, status.word, Some(row.word));
                let is_no = matches!(plain.outcome, Outcome::Declined | Outcome::Refused)
                    || (plain.outcome == Outcome::NotTold
                        && matches!(told.outcome, Outcome::Declined | Outcome::Refused));
                match told.outcome {
                    // A reason changes nothing about what was done, is open or is unknown.
                    _ if !is_no && told.outcome == plain.outcome => assert_eq!(told.class, plain.class),
                    Outcome::NotTold => assert_eq!(told.class, Some(Class::UnknownOutcome)),
                    Outcome::HeldYetRefused => assert!(row.may_hold),
                    Outcome::Declined | Outcome::Refused => {
                        assert_eq!((told.class, told.retry), (Some(Class::Permanent), Some(row.retry)));
                        assert_ne!(row.group, Group::Unknown);
                    }
                    other => panic!("{operation:?} {} {} comes to {other:?}", status.word, row.word),
                }
            }
        }
    }
}

#[test]
fn what_stands_in_no_row_is_neither_yes_nor_no() {
    for operation in Operation::ALL {
        for (word, reason) in [
            ("SOMETHING_NEW", None),
            ("SOMETHING_NEW", Some("EXPIRED_CARD")),
            ("201", None),
            ("ACCEPTED", None),
            ("authorized", None),
            ("", None),
            ("INVALID_REQUEST", Some("A_REASON_OF_TOMORROW")),
        ] {
            let told = judge(operation, word, reason);
            assert_eq!(told.outcome, Outcome::UnknownStatus, "{operation:?} {word} {reason:?}");
            assert_eq!((told.class, told.retry), (Some(Class::UnknownOutcome), Some(Retry::AfterInquiry)));
        }
    }
    assert_eq!(judge(Operation::Authorize, "DECLINED", Some("TOMORROW")).outcome, Outcome::UnknownStatus);
    // A word of another operation is no word of this one.
    assert_eq!(judge(Operation::Capture, "AUTHORIZED", None).outcome, Outcome::UnknownStatus);
    assert_eq!(judge(Operation::Refund, "VOIDED", None).outcome, Outcome::UnknownStatus);
}

#[test]
fn a_soft_decline_may_hold_money_and_an_absent_issuer_decides_nothing() {
    for word in ["AVS_FAILED", "CV_FAILED"] {
        assert_eq!(judge(Operation::Authorize, "DECLINED", Some(word)).outcome, Outcome::HeldYetRefused);
        assert_eq!(judge(Operation::Refund, "DECLINED", Some(word)).outcome, Outcome::Declined);
    }
    let told = judge(Operation::Authorize, "DECLINED", Some("ISSUER_UNAVAILABLE"));
    assert_eq!((told.outcome, told.retry), (Outcome::NotTold, Some(Retry::Later)));
    assert!(!is_retriable(Class::UnknownOutcome, Retry::Later, SchemeAdvice::NotTold, 0), "the inquiry comes first");
    assert!(is_retriable(Class::Permanent, Retry::Later, SchemeAdvice::NotTold, 1));
}

#[test]
fn a_hard_decline_is_never_tried_again() {
    let hard: Vec<&str> = REASONS.iter().filter(|row| row.is_hard()).map(|row| row.word).collect();
    assert_eq!(hard, ["STOLEN_LOST_CARD", "BLOCKED_BY_CARDHOLDER", "ALLOWABLE_PIN_RETRIES_EXCEEDED"]);
    for class in [Class::Transient, Class::Permanent, Class::UnknownOutcome] {
        for advice in [SchemeAdvice::Never, SchemeAdvice::Limited, SchemeAdvice::NotTold] {
            assert!(!is_retriable(class, Retry::Never, advice, 0));
        }
    }
    // No reason of a buyer's card is tried again by a machine.
    for row in REASONS.iter().filter(|row| row.group == Group::Buyer) {
        assert!(!is_retriable(Class::Permanent, row.retry, SchemeAdvice::NotTold, 0), "{row:?}");
    }
}

#[test]
fn the_schemes_rules_hold_whatever_the_class() {
    let rules: Vec<_> = SCHEME_RULES.iter().map(|(category, _)| *category).collect();
    assert_eq!(rules, ["01", "02", "03", "04", "97", "98", "99"]);
    assert_eq!((advice(Some("01")), advice(Some("97"))), (SchemeAdvice::Never, SchemeAdvice::Limited));
    assert_eq!((advice(Some("42")), advice(None)), (SchemeAdvice::NotTold, SchemeAdvice::NotTold));
    for retry in [Retry::Never, Retry::Changed, Retry::Mended, Retry::AfterInquiry, Retry::Later] {
        assert!(!is_retriable(Class::Transient, retry, SchemeAdvice::Never, 0));
        assert!(!is_retriable(Class::Transient, retry, SchemeAdvice::Limited, SCHEME_TRIES_MAX));
        let is_worth_it = retry != Retry::Never;
        assert_eq!(is_retriable(Class::Transient, retry, SchemeAdvice::Limited, SCHEME_TRIES_MAX - 1), is_worth_it);
    }
}

#[test]
fn every_family_can_succeed_be_refused_and_be_silent() {
    for family in [Family::Payment, Family::Capture, Family::Reversal, Family::Refund, Family::Void] {
        for outcome in [Outcome::Done, Outcome::Refused, Outcome::NotTold] {
            assert!(
                STATUSES.iter().any(|row| row.family == family && row.outcome == outcome),
                "{family:?} {outcome:?}"
            );
        }
    }
}
