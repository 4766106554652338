//! Carries the trace context from one process to the next as a W3C `traceparent`.
//!
//! Uses a propagator of its own and not the global one: with a global one that nobody has set, nothing is
//! injected and nothing says so.

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::{OpenTelemetrySpanExt, SetParentError};

const TRACEPARENT: &str = "traceparent";

/// The trace context of the current span as a W3C `traceparent`; nothing when traces are off.
pub fn inject_context() -> Option<String> {
    let context = Span::current().context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = Carrier(None);
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.0
}

/// Makes a span the child of a remote one. Call it between creating the span and entering it; a missing or
/// malformed `traceparent` leaves the span the root of a trace of its own.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = Carrier(Some(traceparent.to_owned()));
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    if !context.span().span_context().is_valid() {
        return;
    }
    // The other failures mean that traces are off, or that this span is not kept.
    if let Err(SetParentError::AlreadyStarted) = span.set_parent(context) {
        tracing::debug!("a span was entered before its parent was set; the trace is cut here");
    }
}

/// One header, in the shape the propagator wants.
struct Carrier(Option<String>);

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = Some(value);
        }
    }
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        if key == TRACEPARENT { self.0.as_deref() } else { None }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const REMOTE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_trace_id_survives_the_journey() {
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let subscriber = tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("handle");
            set_parent(&span, Some(REMOTE));
            let onward = span.in_scope(inject_context).unwrap();
            assert!(onward.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{onward}");
            assert_ne!(onward, REMOTE, "the next hop must see our span, not the one before it");
        });
    }

    #[test]
    fn nonsense_is_ignored() {
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let subscriber = tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer));
        tracing::subscriber::with_default(subscriber, || {
            for nonsense in [None, Some(""), Some("00-0-0-0"), Some("\u{1F600}")] {
                let span = tracing::info_span!("handle");
                set_parent(&span, nonsense);
                assert!(span.in_scope(inject_context).is_some());
            }
        });
    }

    #[test]
    fn without_traces_there_is_no_context() {
        let span = tracing::info_span!("handle");
        set_parent(&span, Some(REMOTE));
        assert_eq!(span.in_scope(inject_context), None);
    }
}
