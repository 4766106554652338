//! Takes card numbers out of what leaves the process for people's eyes: log lines and exported spans.
//!
//! The second line of defence. Types that hold secrets do not print them; this is for the vendor's error text
//! that repeats the request, and for the day somebody logs one field too many.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use opentelemetry::{Array, KeyValue, Value, trace::Status};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use tracing_subscriber::fmt::MakeWriter;

use crate::card;

/// The text with every card number masked; borrowed when there is none.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut done = 0;
    while let Some(found) = card::next(text.as_bytes(), done) {
        clean.push_str(&text[done..found.range.start]);
        clean.push_str(&found.masked.to_string());
        done = found.range.end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[done..]);
    Cow::Owned(clean)
}

/// Makes writers to an inner one that mask card numbers. The log formatter writes a whole line at once, so a
/// number is never split between two writes.
pub(crate) struct Redacting<M>(pub(crate) M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter(self.0.make_writer())
    }
}

pub(crate) struct RedactingWriter<W>(W);

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) => self.0.write_all(redact(text).as_bytes())?,
            Err(_) => self.0.write_all(redact(&String::from_utf8_lossy(line)).as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// An exporter that masks card numbers in everything a span says before handing it on.
#[derive(Debug)]
pub(crate) struct RedactingExporter<E>(pub(crate) E);

impl<E: SpanExporter> SpanExporter for RedactingExporter<E> {
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        batch.iter_mut().for_each(redact_span);
        self.0.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: std::time::Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn redact_span(span: &mut SpanData) {
    redact_name(&mut span.name);
    span.attributes.iter_mut().for_each(redact_attribute);
    for event in &mut span.events.events {
        redact_name(&mut event.name);
        event.attributes.iter_mut().for_each(redact_attribute);
    }
    if let Status::Error { description } = &mut span.status {
        redact_name(description);
    }
}

fn redact_name(name: &mut Cow<'static, str>) {
    if let Cow::Owned(clean) = redact(name) {
        *name = Cow::Owned(clean);
    }
}

fn redact_attribute(attribute: &mut KeyValue) {
    let clean = match &attribute.value {
        Value::String(text) => owned(text.as_str()).map(Value::from),
        // A number that is a card stops being a number.
        Value::I64(number) => owned(&number.to_string()).map(Value::from),
        Value::Array(Array::String(texts)) if texts.iter().any(|text| owned(text.as_str()).is_some()) => Some(
            Value::Array(Array::String(texts.iter().map(|text| redact(text.as_str()).into_owned().into()).collect())),
        ),
        _ => None,
    };
    if let Some(clean) = clean {
        attribute.value = clean;
    }
}

fn owned(text: &str) -> Option<String> {
    match redact(text) {
        Cow::Owned(clean) => Some(clean),
        Cow::Borrowed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_is_masked_and_the_rest_is_kept() {
        assert_eq!(redact("a 4111111111111111, b 3782-822463-10005."), "a ************1111, b ***********0005.");
        assert!(matches!(redact("order 4111111111111112 — ½"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_written_line_holds_no_card() {
        let mut line = RedactingWriter(Vec::new());
        writeln!(line, "declined: 4111 1111 1111 1111").unwrap();
        assert_eq!(line.0, b"declined: ************1111\n");
    }

    #[test]
    fn attributes_hold_no_card() {
        let mut text = KeyValue::new("why", "no 4111111111111111");
        redact_attribute(&mut text);
        assert_eq!(text.value.as_str(), "no ************1111");
        let mut number = KeyValue::new("n", 4_111_111_111_111_111_i64);
        redact_attribute(&mut number);
        assert_eq!(number.value.as_str(), "************1111");
    }
}
