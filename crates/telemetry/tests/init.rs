//! The whole of it started in one process, as a service does.

use telemetry::TelemetryConfig;

fn config() -> TelemetryConfig {
    TelemetryConfig {
        service: "test".to_owned(),
        // Nobody listens there; ending must not hang or fail.
        otlp_endpoint: Some("http://127.0.0.1:9".to_owned()),
        log_json: true,
        filter: "error".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_is_harmless_and_spans_do_not_follow_the_log_filter() {
    let first = telemetry::init(config());
    let second = telemetry::init(config());
    metrics::counter!("orders_total", "shop" => "a").increment(2);
    metrics::histogram!("call_seconds").record(0.003);
    let text = telemetry::render_metrics();
    assert!(text.contains("orders_total{shop=\"a\"} 2"), "{text}");
    assert!(text.contains("call_seconds_bucket{le=\"0.005\"} 1"), "{text}");

    let span = tracing::info_span!("handle");
    telemetry::set_parent(&span, Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    let onward = span.in_scope(telemetry::inject_context).unwrap();
    assert!(onward.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    drop(span);

    second.shutdown();
    first.shutdown();
}
