//! Starts what a process says about itself: log lines to standard error, spans to a collector, metrics.
//!
//! Nothing here can stop a service. A filter that cannot be read, or a collector that is not there, costs
//! visibility and says so; money keeps moving.

use std::{io, sync::Once};

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider},
};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, filter::Targets, fmt, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

use crate::redact::{Redacting, RedactingExporter};

/// Quiet in the log unless the filter asks for them: at `debug` they drown everything else.
const CHATTY: &str = "h2=warn,hyper=warn,hyper_util=warn,rustls=warn,tonic=warn,tower=warn,opentelemetry=warn";
/// Used when the given filter cannot be read.
const FILTER_DEFAULT: &str = "info";

/// What to show, and where.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// The name under which traces appear.
    pub service: String,
    /// Where spans go, over gRPC, as `http://collector:4317`. Without it no span is made at all, no trace context
    /// travels, and none is paid for.
    pub otlp_endpoint: Option<String>,
    /// One JSON object per line, for machines; plain text otherwise.
    pub log_json: bool,
    /// What the log shows, as `info,payment_svc=debug`. Exported spans do not depend on it.
    pub filter: String,
}

/// Keeps the exporter alive; sends what is left when dropped.
#[derive(Debug)]
#[must_use = "spans of the last seconds are lost unless the guard lives until the end"]
pub struct Guard(Option<SdkTracerProvider>);

impl Guard {
    /// Sends what is left and stops. Waits a few seconds at most, also for a collector that is gone; call it while
    /// the tokio runtime still runs, since the connection lives there.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        let Some(provider) = self.0.take() else { return };
        if let Err(error) = provider.shutdown() {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts logs, traces and metrics for this process. Only the first call counts; the guard of a later one is empty.
///
/// With an `otlp_endpoint` it must be called inside the tokio runtime, where the connection will live.
pub fn init(config: TelemetryConfig) -> Guard {
    static FIRST: Once = Once::new();
    let mut guard = Guard(None);
    FIRST.call_once(|| guard = start(&config));
    guard
}

fn start(config: &TelemetryConfig) -> Guard {
    crate::metrics::install();
    let (filter, filter_error) = log_filter(&config.filter);
    let (provider, exporter_error) = match provider(config) {
        Ok(provider) => (provider, None),
        Err(why) => (None, Some(why)),
    };
    let spans = provider.as_ref().map(|provider| span_layer(provider.tracer("quittance")));
    let installed =
        tracing_subscriber::registry().with(spans).with(log_layer(config.log_json).with_filter(filter)).try_init();
    // Said only now, when there is a log to say it in.
    if let Some(error) = filter_error {
        tracing::warn!(filter = config.filter, error, "the log filter cannot be read; showing `{FILTER_DEFAULT}`");
    }
    if let Some(error) = exporter_error {
        tracing::warn!(error, "no traces: the exporter did not start");
    }
    if installed.is_err() {
        tracing::debug!("another log was there first and stays");
    }
    Guard(provider)
}

fn log_filter(filter: &str) -> (EnvFilter, Option<String>) {
    match EnvFilter::try_new(format!("{CHATTY},{filter}")) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(format!("{CHATTY},{FILTER_DEFAULT}")), Some(error.to_string())),
    }
}

fn log_layer<S>(json: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = fmt::layer().with_writer(Redacting(io::stderr as fn() -> io::Stderr));
    if json { layer.json().flatten_event(true).boxed() } else { layer.boxed() }
}

/// Spans for the collector: `info` and above whatever the log shows, since a message's span that is filtered out
/// cuts its trace in two without a word. The exporter's own machinery is left out, or it would report on itself.
fn span_layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let own_machinery = ["h2", "hyper", "tonic", "tower", "opentelemetry"];
    let targets = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(own_machinery.map(|target| (target, LevelFilter::OFF)))
        .with_target("tower_http", LevelFilter::INFO);
    tracing_opentelemetry::layer().with_tracer(tracer).with_filter(targets)
}

fn provider(config: &TelemetryConfig) -> Result<Option<SdkTracerProvider>, String> {
    let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
    if tokio::runtime::Handle::try_current().is_err() {
        return Err("it needs the tokio runtime".to_owned());
    }
    let exporter =
        SpanExporter::builder().with_tonic().with_endpoint(endpoint).build().map_err(|error| error.to_string())?;
    let resource = Resource::builder().with_service_name(config.service.clone()).build();
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(RedactingExporter(exporter)).with_resource(resource).build();
    Ok(Some(provider))
}
