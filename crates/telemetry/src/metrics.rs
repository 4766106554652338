//! Counts and times of this process, kept until somebody asks for them at `/metrics`.
//!
//! No listener of its own: the health server of the runtime serves the text.

use std::{sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// From a quick local commit to a gateway that gives up.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
/// Samples of a histogram pile up until they are folded in; unscraped processes must not grow.
const UPKEEP_EVERY: Duration = Duration::from_secs(10);

/// All metrics of this process in the Prometheus text format; empty before `init`.
pub fn render_metrics() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Installs the recorder, once in a process.
pub(crate) fn install() {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let recorder = match builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS) {
            Ok(builder) => builder.build_recorder(),
            Err(_) => PrometheusBuilder::new().build_recorder(),
        };
        let handle = recorder.handle();
        // Somebody else's recorder stays, and ours shows nothing: a test, never a service.
        if metrics::set_global_recorder(recorder).is_ok() {
            keep(handle.clone());
        }
        handle
    });
}

/// Folds samples in for as long as the process lives. A thread and not a task: it belongs to the process, not to
/// one of the nodes in it, and must outlive any of their runtimes.
fn keep(handle: PrometheusHandle) {
    let thread = std::thread::Builder::new().name("metrics-upkeep".to_owned()).stack_size(64 * 1024);
    let started = thread.spawn(move || {
        loop {
            std::thread::park_timeout(UPKEEP_EVERY);
            handle.run_upkeep();
        }
    });
    if let Err(error) = started {
        tracing::warn!(%error, "metrics are folded in only when they are read");
    }
}
