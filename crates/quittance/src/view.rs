//! How orders look in a terminal.

use chrono::{DateTime, SecondsFormat, Utc};
use comfy_table::{ContentArrangement, Table, presets};
use contracts::query::v1::{OrderRecord, OrderSummary};

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    table
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

/// A moment, to the second; a dash for none.
pub(crate) fn moment(ms: i64) -> String {
    match DateTime::<Utc>::from_timestamp_millis(ms) {
        Some(at) if ms > 0 => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        _ => "–".to_owned(),
    }
}

/// One line per order.
pub(crate) fn orders(orders: &[OrderSummary]) -> String {
    let mut table = table(&[
        "order",
        "shop",
        "state",
        "total",
        "held",
        "captured",
        "reversed",
        "SYSPRO order",
        "status",
        "waits for, or why",
    ]);
    for order in orders {
        let waits = match (order.waits_for.as_str(), order.due_at_ms) {
            ("", _) => order.reason.clone(),
            (what, 0) => what.to_owned(),
            (what, due) => format!("until {}: {what}", moment(due)),
        };
        let name = if order.order_number.is_empty() { &order.order_id } else { &order.order_number };
        table.add_row([
            name.as_str(),
            or_dash(&order.shop),
            or_dash(&order.state),
            or_dash(&order.total),
            or_dash(&order.held),
            or_dash(&order.captured),
            or_dash(&order.reversed),
            or_dash(&order.sales_order),
            or_dash(&order.sales_order_status),
            or_dash(&shortened(&waits, 56)),
        ]);
    }
    table.to_string()
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// The whole story of one order over all services, by time.
pub(crate) fn order(records: &[OrderRecord]) -> String {
    let mut summary = OrderSummary::default();
    for record in records {
        runtime::query::merge(&mut summary, record.summary.clone().unwrap_or_default());
    }
    let mut text = format!(
        "order {}   {}\npair {}, shop {}\nstate {}   total {}, held {}, captured {}, reversed {}\nSYSPRO order {}, status {}\n",
        or_dash(&summary.order_number),
        summary.order_id,
        or_dash(&summary.pair),
        or_dash(&summary.shop),
        or_dash(&summary.state),
        or_dash(&summary.total),
        or_dash(&summary.held),
        or_dash(&summary.captured),
        or_dash(&summary.reversed),
        or_dash(&summary.sales_order),
        or_dash(&summary.sales_order_status),
    );
    if !summary.reason.is_empty() {
        text.push_str(&format!("reason: {}\n", summary.reason));
    }
    if !summary.waits_for.is_empty() {
        text.push_str(&format!("waits for {} until {}\n", summary.waits_for, moment(summary.due_at_ms)));
    }
    text.push_str(&format!("\n{}\n", timeline(records)));
    let calls = calls(records);
    if !calls.is_empty() {
        text.push_str(&format!("\ncalls, questions and timers\n{calls}\n"));
    }
    text
}

fn timeline(records: &[OrderRecord]) -> Table {
    let mut rows = Vec::new();
    for record in records {
        for stream in &record.streams {
            for event in &stream.events {
                rows.push((event.at_ms, record.service.clone(), format!("{} {}", stream.kind, event.version), event));
            }
        }
    }
    rows.sort_by(|a, b| (a.0, &a.1, &a.2).cmp(&(b.0, &b.1, &b.2)));
    let mut table = table(&["at", "service", "stream", "event", "what"]);
    for (at, service, stream, event) in rows {
        let at = DateTime::<Utc>::from_timestamp_millis(at)
            .map_or_else(String::new, |at| at.format("%H:%M:%S%.3f").to_string());
        table.add_row([at, service, stream, event.kind.clone(), shortened(&event.detail, 120)]);
    }
    table
}

fn calls(records: &[OrderRecord]) -> String {
    let mut table = table(&["service", "what", "state", "tries", "reference", "sent", "due"]);
    let mut any = false;
    for record in records {
        for effect in record.streams.iter().flat_map(|stream| &stream.effects) {
            any = true;
            let due = if effect.state == "done" { "–".to_owned() } else { moment(effect.due_at_ms) };
            table.add_row([
                record.service.clone(),
                effect.kind.clone(),
                effect.state.clone(),
                effect.tries.to_string(),
                effect.reference.clone(),
                moment(effect.sent_at_ms),
                due,
            ]);
        }
    }
    if any { table.to_string() } else { String::new() }
}
