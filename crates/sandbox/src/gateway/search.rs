//! `POST /tss/v2/searches` and `GET /tss/v2/transactions/{id}`: what an inquiry sees, some seconds late.

mod query;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Answer, GatewayWorld,
    answer::utc,
    books::PaymentStatus,
    fields::Fields,
    give_back::balance,
    refusal::Refusal,
    state::{Part, Payment},
};
use crate::world::View;
use query::{Query, Row};

/// Rows per answer when the caller does not say.
const LIMIT_DEFAULT: usize = 20;
/// Rows per answer at most.
const LIMIT_MAX: usize = 2500;

impl GatewayWorld {
    pub(super) fn search(&mut self, merchant: &str, body: &Value, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let mut fields = Fields::of(body);
        let (text, sort) = (fields.text("query", 2000), fields.text("sort", 200).unwrap_or("submitTimeUtc:desc"));
        let mut number = |path: &str| match fields.member(path) {
            None => None,
            Some(value) => value.as_u64().and_then(|n| usize::try_from(n).ok()).or_else(|| {
                fields.invalid(path);
                None
            }),
        };
        let (limit, offset) = (number("limit"), number("offset").unwrap_or(0));
        let (name, timezone) = (fields.text("name", 100), fields.text("timezone", 60));
        if text.is_none() {
            fields.missing("query");
        }
        fields.checked()?;
        let query = Query::parse(text.unwrap_or_default(), now).ok_or_else(|| Refusal::invalid("query"))?;
        let is_ascending = match sort.split(',').next() {
            Some("submitTimeUtc:asc" | "id:asc") => true,
            Some("submitTimeUtc:desc" | "id:desc") => false,
            _ => return Err(Refusal::invalid("sort")),
        };
        let mut rows = self.visible(merchant, &query, now);
        if !is_ascending {
            rows.reverse();
        }
        let (limit, total) = (limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX), rows.len());
        let page: Vec<Value> =
            rows.into_iter().skip(offset).take(limit).map(|(payment, part)| summary(payment, part)).collect();
        let search_id = self.random_uuid();
        Ok(Answer::created(json!({
            "searchId": search_id, "save": false, "name": name, "timezone": timezone, "query": text, "offset": offset,
            "limit": limit, "count": page.len(), "totalCount": total, "submitTimeUtc": utc(now),
            "_embedded": {"transactionSummaries": page},
            "_links": {"self": {"href": format!("/tss/v2/searches/{search_id}"), "method": "GET"}},
        })))
    }

    /// What the index shows, oldest first.
    fn visible(&self, merchant: &str, query: &Query, now: DateTime<Utc>) -> Vec<(&Payment, Part)> {
        let ids: Vec<&str> = match query.references() {
            Some(references) => {
                let mut ids: Vec<&str> =
                    references.iter().flat_map(|code| self.state.ids_by_reference(code)).map(String::as_str).collect();
                ids.sort_unstable();
                ids.dedup();
                ids
            }
            None => self.state.ids().collect(),
        };
        ids.into_iter()
            .filter_map(|id| self.state.entry(id).map(|(payment, part)| (id, payment, part)))
            .filter(|(_, payment, part)| payment.record.merchant_id == merchant && self.is_indexed(payment, *part, now))
            .filter(|(id, payment, part)| query.accepts(&row(id, payment, *part)))
            .map(|(_, payment, part)| (payment, part))
            .collect()
    }

    fn is_indexed(&self, payment: &Payment, part: Part, now: DateTime<Utc>) -> bool {
        match self.view {
            View::Present => payment.at(part) + self.config.search_delay <= now,
            View::Behind(lag) => payment.at(part) + lag.max(self.config.search_delay) <= now,
            View::Nothing => false,
            View::Stale => part == Part::Payment && payment.record.at + self.config.search_delay <= now,
        }
    }

    /// Whether the index has taken in what happened at this moment to something that it shows.
    fn is_seen(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        match self.view {
            View::Present => at + self.config.search_delay <= now,
            View::Behind(lag) => at + lag.max(self.config.search_delay) <= now,
            View::Nothing | View::Stale => false,
        }
    }

    pub(super) fn detail(&mut self, merchant: &str, id: &str, now: DateTime<Utc>) -> Answer {
        let found = self
            .state
            .entry(id)
            .filter(|(payment, part)| payment.record.merchant_id == merchant && self.is_indexed(payment, *part, now));
        let Some((payment, _)) = found else {
            let body = json!({"submitTimeUtc": utc(now), "status": "NOT_FOUND", "reason": "NOT_FOUND",
                "message": "The requested resource was not found", "details": []});
            return Answer { status: StatusCode::NOT_FOUND, ..Answer::created(body) };
        };
        let payment_id = payment.record.id.clone();
        self.settle(&payment_id, now);
        match self.state.entry(id) {
            Some((payment, part)) => {
                Answer { status: StatusCode::OK, ..Answer::created(self.whole(id, payment, part, now)) }
            }
            None => Answer::created(Value::Null),
        }
    }

    fn whole(&self, id: &str, payment: &Payment, part: Part, now: DateTime<Utc>) -> Value {
        let record = &payment.record;
        let mut body = summary(payment, part);
        body["rootId"] = json!(record.id);
        body["reconciliationId"] = json!(payment.reconciliation_id);
        // The one status of the record lags behind like the index does.
        body["applicationInformation"]["status"] = json!(self.status_word(payment, part, now));
        let details = &mut body["orderInformation"]["amountDetails"];
        if part == Part::Payment && record.authorized_minor > 0 {
            details["authorizedAmount"] = json!(payment.number(record.authorized_minor));
        }
        let capture = match part {
            Part::Capture(index) => record.captures.get(index),
            Part::Payment => record.captures.iter().find(|capture| capture.id == record.id),
            Part::Reversal(_) | Part::Refund(_) | Part::Void(_) => None,
        };
        if let Some(capture) = capture {
            let balance = if self.view == View::Stale { capture.amount_minor } else { balance(payment, capture) };
            details["refundBalance"] = json!(payment.number(balance));
        }
        body["processorInformation"] = json!({"approvalCode": body["processorInformation"]["approvalCode"],
            "responseCode": payment.response_code, "networkTransactionId": payment.network_id});
        body["_links"] = json!({"self": {"href": format!("/tss/v2/transactions/{id}"), "method": "GET"},
            "relatedTransactions": self.related(payment, id, now)});
        body
    }

    fn status_word(&self, payment: &Payment, part: Part, now: DateTime<Utc>) -> &'static str {
        let record = &payment.record;
        let is_seen = |at: Option<DateTime<Utc>>| at.is_some_and(|at| self.is_seen(at, now));
        let item = match part {
            Part::Reversal(_) => return "REVERSED",
            Part::Void(_) => return "VOIDED",
            Part::Capture(_) | Part::Refund(_) => payment.follow_on(part),
            Part::Payment => record.captures.iter().find(|capture| capture.id == record.id),
        };
        match item {
            Some(item) if is_seen(item.voided_at) => "VOIDED",
            Some(item) if is_seen(item.batched_at) => "TRANSMITTED",
            Some(_) if part != Part::Payment => "PENDING",
            _ if record.reversals.iter().any(|reversal| self.is_seen(reversal.at, now)) => "REVERSED",
            _ => record.status.as_str(),
        }
    }

    /// What else belongs to this payment, as far as the index has it.
    fn related(&self, payment: &Payment, id: &str, now: DateTime<Utc>) -> Vec<Value> {
        let record = &payment.record;
        let follow_ons = record.follow_ons().filter(|follow_on| follow_on.id != record.id);
        std::iter::once((&record.id, record.at))
            .chain(follow_ons.map(|follow_on| (&follow_on.id, follow_on.at)))
            .filter(|(other, at)| *other != id && (*other == &record.id || self.is_seen(*at, now)))
            .map(|(other, _)| json!({"href": format!("/tss/v2/transactions/{other}"), "method": "GET"}))
            .collect()
    }
}

fn row<'a>(id: &'a str, payment: &'a Payment, part: Part) -> Row<'a> {
    let record = &payment.record;
    let follow_on = payment.follow_on(part);
    Row {
        id,
        reference: follow_on.map_or(&record.reference, |follow_on| &follow_on.reference),
        reconciliation_id: &payment.reconciliation_id,
        merchant_id: &record.merchant_id,
        submitted_at: payment.at(part),
        amount: payment.number(follow_on.map_or(record.requested_minor, |follow_on| follow_on.amount_minor)),
        currency: &record.currency,
        prefix: &record.card_prefix,
        suffix: &record.card_suffix,
    }
}

fn summary(payment: &Payment, part: Part) -> Value {
    let record = &payment.record;
    let follow_on = payment.follow_on(part);
    let id = follow_on.map_or(&record.id, |follow_on| &follow_on.id);
    let applications = applications(payment, part);
    let first = &applications[0];
    let is_approved = record.status != PaymentStatus::Declined;
    json!({
        "id": id, "submitTimeUtc": utc(payment.at(part)), "merchantId": record.merchant_id,
        "applicationInformation": {"reasonCode": first["reasonCode"], "rCode": first["rCode"], "rFlag": first["rFlag"],
            "applications": applications},
        "clientReferenceInformation": {"code": follow_on.map_or(&record.reference, |follow_on| &follow_on.reference)},
        "orderInformation": {"amountDetails": {"currency": record.currency,
            "totalAmount": payment.number(follow_on.map_or(record.requested_minor, |follow_on| follow_on.amount_minor))}},
        "processorInformation": {"approvalCode": is_approved.then_some("831000")},
        "paymentInformation": {"card": {"prefix": record.card_prefix, "suffix": record.card_suffix, "type": record.card_type}},
        "_links": {"transactionDetail": {"href": format!("/tss/v2/transactions/{id}"), "method": "GET"}},
    })
}

fn applications(payment: &Payment, part: Part) -> Vec<Value> {
    let application = |name: &str, (reason_code, r_code, r_flag): (&str, &str, &str)| {
        json!({"name": name, "reasonCode": reason_code, "rCode": r_code, "rFlag": r_flag,
            "reconciliationId": payment.reconciliation_id,
            "rMessage": payment.message.unwrap_or("Request was processed successfully.")})
    };
    const DONE: (&str, &str, &str) = ("100", "1", "SOK");
    match part {
        Part::Capture(_) => vec![application("ics_bill", DONE)],
        Part::Reversal(_) => vec![application("ics_auth_reversal", DONE)],
        Part::Refund(_) => vec![application("ics_credit", DONE)],
        Part::Void(_) => vec![application("ics_void", DONE)],
        Part::Payment => {
            let record = &payment.record;
            let mut applications = match record.status {
                PaymentStatus::Authorized => vec![application("ics_auth", DONE)],
                PaymentStatus::PartialAuthorized => vec![application("ics_auth", ("110", "1", "SPARTIALAPPROVAL"))],
                PaymentStatus::AuthorizedPendingReview => {
                    vec![application("ics_decision", ("480", "0", "DREVIEW")), application("ics_auth", DONE)]
                }
                PaymentStatus::AuthorizedRiskDeclined => {
                    vec![application("ics_decision", ("481", "0", "DREJECT")), application("ics_auth", DONE)]
                }
                PaymentStatus::Declined => {
                    vec![application("ics_auth", (reason_code(record.reason.as_deref()), "0", "DCARDREFUSED"))]
                }
            };
            if record.captures.iter().any(|capture| capture.id == record.id) {
                applications.push(application("ics_bill", DONE));
            }
            applications
        }
    }
}

/// The number behind a word; numbers appear only here.
fn reason_code(reason: Option<&str>) -> &'static str {
    match reason {
        Some("EXPIRED_CARD") => "202",
        Some("INSUFFICIENT_FUND") => "204",
        Some("STOLEN_LOST_CARD") => "205",
        _ => "203",
    }
}
