//! The part of the search language that integrators use: `field:value` with AND and OR, quotes, a trailing `*`, and a
//! range of times with date arithmetic such as `[NOW/DAY-7DAYS TO NOW/DAY+1DAY}`.

use chrono::{DateTime, NaiveTime, TimeDelta, Timelike, Utc};

/// What one row offers to a query.
pub(super) struct Row<'a> {
    pub(super) id: &'a str,
    pub(super) reference: &'a str,
    pub(super) reconciliation_id: &'a str,
    pub(super) merchant_id: &'a str,
    pub(super) submitted_at: DateTime<Utc>,
    pub(super) amount: String,
    pub(super) currency: &'a str,
    pub(super) prefix: &'a str,
    pub(super) suffix: &'a str,
}

/// Alternatives of terms that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query(Vec<Vec<Term>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Equals(Field, String),
    StartsWith(Field, String),
    Submitted { from: Bound, to: Bound },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Reference,
    ReconciliationId,
    MerchantId,
    Amount,
    Currency,
    Prefix,
    Suffix,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bound {
    /// None is unbounded.
    at: Option<DateTime<Utc>>,
    is_included: bool,
}

impl Query {
    /// Reads a query; `None` when it uses what this sandbox does not know, which is better said than answered wrongly.
    pub(super) fn parse(text: &str, now: DateTime<Utc>) -> Option<Self> {
        let mut alternatives = vec![Vec::new()];
        let mut wants_term = true;
        for word in words(text)? {
            match (word.as_str(), wants_term) {
                ("AND", false) => wants_term = true,
                ("OR", false) => {
                    alternatives.push(Vec::new());
                    wants_term = true;
                }
                ("AND" | "OR" | "NOT", _) => return None,
                (word, _) => {
                    // Two terms without a word between them are joined by OR out there; nobody means that.
                    if !wants_term {
                        return None;
                    }
                    alternatives.last_mut()?.push(term(word, now)?);
                    wants_term = false;
                }
            }
        }
        (!wants_term).then_some(Self(alternatives))
    }

    pub(super) fn accepts(&self, row: &Row<'_>) -> bool {
        self.0.iter().any(|terms| terms.iter().all(|term| term.accepts(row)))
    }

    /// The merchant references that any hit must carry one of; `None` when the query does not say.
    pub(super) fn references(&self) -> Option<Vec<&str>> {
        self.0
            .iter()
            .map(|terms| {
                terms.iter().find_map(|term| match term {
                    Term::Equals(Field::Reference, value) => Some(value.as_str()),
                    _ => None,
                })
            })
            .collect()
    }
}

impl Term {
    fn accepts(&self, row: &Row<'_>) -> bool {
        match self {
            Self::Equals(field, value) => field.of(row) == value,
            Self::StartsWith(field, start) => field.of(row).starts_with(start),
            Self::Submitted { from, to } => {
                let at = row.submitted_at;
                from.at.is_none_or(|bound| at > bound || (from.is_included && at == bound))
                    && to.at.is_none_or(|bound| at < bound || (to.is_included && at == bound))
            }
        }
    }
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "clientReferenceInformation.code" => Self::Reference,
            "reconciliationId" => Self::ReconciliationId,
            "merchantId" => Self::MerchantId,
            "orderInformation.amountDetails.totalAmount" => Self::Amount,
            "orderInformation.amountDetails.currency" => Self::Currency,
            "paymentInformation.card.prefix" => Self::Prefix,
            "paymentInformation.card.suffix" => Self::Suffix,
            _ => return None,
        })
    }

    fn of<'a>(self, row: &'a Row<'_>) -> &'a str {
        match self {
            Self::Id => row.id,
            Self::Reference => row.reference,
            Self::ReconciliationId => row.reconciliation_id,
            Self::MerchantId => row.merchant_id,
            Self::Amount => &row.amount,
            Self::Currency => row.currency,
            Self::Prefix => row.prefix,
            Self::Suffix => row.suffix,
        }
    }
}

/// Splits at spaces outside quotes and brackets.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut is_quoted, mut is_in_range, mut is_escaped) = (false, false, false);
    for letter in text.chars() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '[' | '{' if !is_quoted => is_in_range = true,
            ']' | '}' if !is_quoted => is_in_range = false,
            '(' | ')' if !is_quoted => return None,
            _ => {}
        }
        if letter == ' ' && !is_quoted && !is_in_range {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(letter);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    (!is_quoted && !is_in_range).then_some(words)
}

fn term(word: &str, now: DateTime<Utc>) -> Option<Term> {
    let (name, value) = word.split_once(':')?;
    if name == "submitTimeUtc" {
        return range(value, now);
    }
    let field = Field::named(name)?;
    if let Some(quoted) = value.strip_prefix('"') {
        return Some(Term::Equals(field, unescaped(quoted.strip_suffix('"')?)));
    }
    match value.strip_suffix('*') {
        _ if value.is_empty() => None,
        Some(start) if !start.contains('*') => Some(Term::StartsWith(field, unescaped(start))),
        Some(_) => None,
        None if value.contains('*') => None,
        None => Some(Term::Equals(field, unescaped(value))),
    }
}

fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain
}

fn range(value: &str, now: DateTime<Utc>) -> Option<Term> {
    let is_from_included = value.starts_with('[');
    let is_to_included = value.ends_with(']');
    let inner = value.strip_prefix(['[', '{'])?.strip_suffix([']', '}'])?;
    let (from, to) = inner.split_once(" TO ")?;
    let bound = |text: &str, is_included| Some(Bound { at: moment(text.trim(), now)?, is_included });
    Some(Term::Submitted { from: bound(from, is_from_included)?, to: bound(to, is_to_included)? })
}

/// `*`, an ISO time, or NOW with arithmetic. The outer `Option` is about reading, the inner about being bounded.
fn moment(text: &str, now: DateTime<Utc>) -> Option<Option<DateTime<Utc>>> {
    if text == "*" {
        return Some(None);
    }
    let Some(mut rest) = text.strip_prefix("NOW") else {
        return DateTime::parse_from_rfc3339(text).ok().map(|at| Some(at.with_timezone(&Utc)));
    };
    let mut at = now;
    while !rest.is_empty() {
        let (sign, tail) = rest.split_at(1);
        let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
        let letters = tail[digits..].bytes().take_while(u8::is_ascii_uppercase).count();
        let (number, unit) = (&tail[..digits], tail[digits..digits + letters].trim_end_matches('S'));
        rest = &tail[digits + letters..];
        at = match sign {
            "/" if number.is_empty() => floor(at, unit)?,
            "+" => at.checked_add_signed(span(number, unit)?)?,
            "-" => at.checked_sub_signed(span(number, unit)?)?,
            _ => return None,
        };
    }
    Some(Some(at))
}

fn span(number: &str, unit: &str) -> Option<TimeDelta> {
    let number: i64 = number.parse().ok()?;
    match unit {
        "SECOND" => TimeDelta::try_seconds(number),
        "MINUTE" => TimeDelta::try_minutes(number),
        "HOUR" => TimeDelta::try_hours(number),
        "DAY" => TimeDelta::try_days(number),
        "MONTH" => TimeDelta::try_days(number.checked_mul(30)?),
        _ => None,
    }
}

fn floor(at: DateTime<Utc>, unit: &str) -> Option<DateTime<Utc>> {
    let at = at.with_nanosecond(0)?;
    match unit {
        "SECOND" => Some(at),
        "MINUTE" => at.with_second(0),
        "HOUR" => at.with_second(0)?.with_minute(0),
        "DAY" => at.with_time(NaiveTime::MIN).single(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_791_970_200, 0).unwrap()
    }

    fn row(reference: &str) -> Row<'_> {
        Row {
            id: "7919702000000000000001",
            reference,
            reconciliation_id: "R1",
            merchant_id: "sim_merchant_01",
            submitted_at: now(),
            amount: "102.21".to_owned(),
            currency: "USD",
            prefix: "411111",
            suffix: "1111",
        }
    }

    fn finds(query: &str) -> bool {
        Query::parse(query, now()).unwrap().accepts(&row("DEMO-1-A1"))
    }

    #[test]
    fn the_published_query_finds_its_row() {
        assert!(finds("clientReferenceInformation.code:DEMO-1-A1 AND submitTimeUtc:[NOW/DAY-7DAYS TO NOW/DAY+1DAY}"));
        assert!(finds("clientReferenceInformation.code:\"DEMO-1-A1\""));
        assert!(finds("clientReferenceInformation.code:DEMO\\-1\\-A1"));
        assert!(finds("clientReferenceInformation.code:DEMO* AND orderInformation.amountDetails.totalAmount:102.21"));
        assert!(finds("id:1 OR clientReferenceInformation.code:DEMO-1-A1"));
        assert!(!finds("clientReferenceInformation.code:DEMO-1-A2"));
        assert!(!finds("clientReferenceInformation.code:DEMO-1-A1 AND submitTimeUtc:[NOW+1SECOND TO *]"));
        assert!(!finds("clientReferenceInformation.code:DEMO-1-A1 AND merchantId:another"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in
            ["", "ORDER-1", "transactionId:T1", "id:1 AND", "NOT id:1", "(id:1)", "id:1 id:2", "submitTimeUtc:[NOW"]
        {
            assert_eq!(Query::parse(query, now()), None, "{query}");
        }
    }
}
