//! The judge: what the gateway and SYSPRO really did, against what the story and our ledgers say.

use contracts::query::v1::OrderSummary;
use sandbox::Books;

use super::story::Chapter;
use crate::orders::decimal;

/// What the outside did for one order, in minor units of EUR.
#[derive(Default)]
struct Done {
    payments: usize,
    authorized: i64,
    captured: i64,
    reversed: i64,
    sales_orders: Vec<(String, String)>,
}

impl Done {
    fn held(&self) -> i64 {
        self.authorized - self.captured - self.reversed
    }
}

fn done(chapter: &Chapter, books: &Books) -> Done {
    let mut done = Done::default();
    // All attempts of an order share everything before the verb.
    let prefix = chapter.id.parse::<ids::OrderId>().map(|id| ids::merchant_reference("demo", id.0, 'A', 0).to_string());
    let prefix = prefix.unwrap_or_default();
    let prefix = prefix.trim_end_matches("A0");
    for payment in books.gateway.by_prefix(prefix).filter(|_| !prefix.is_empty()) {
        done.payments += 1;
        done.authorized += payment.authorized_minor;
        done.captured += payment.captured_minor();
        done.reversed += payment.reversed_minor();
    }
    let placed = books.erp.orders.iter().filter(|order| order.customer_po == chapter.customer_po);
    done.sales_orders = placed.map(|order| (order.number.clone(), order.status.clone())).collect();
    done
}

/// Everything in which the books differ from the story or from our ledgers.
pub(super) fn judge(chapters: &[Chapter], summaries: &[OrderSummary], books: &Books) -> Vec<String> {
    let mut wrongs = Vec::new();
    for (chapter, summary) in chapters.iter().zip(summaries) {
        let mut wrong = |text: String| wrongs.push(format!("order {}: {text}", chapter.number));
        let done = done(chapter, books);
        let ends = &chapter.ends;
        if summary.state != ends.state {
            wrong(format!("the ledgers say {}, the story {}", summary.state, ends.state));
        }
        if done.payments != ends.payments {
            wrong(format!("{} requests for money at the gateway instead of {}", done.payments, ends.payments));
        }
        let sums = [
            ("still held", done.held(), ends.authorized - ends.captured - ends.reversed, &summary.held),
            ("captured", done.captured, ends.captured, &summary.captured),
            ("reversed", done.reversed, ends.reversed, &summary.reversed),
        ];
        if done.authorized != ends.authorized {
            wrong(format!("{} authorized instead of {}", decimal(done.authorized), decimal(ends.authorized)));
        }
        for (what, there, told, ours) in sums {
            if there != told {
                wrong(format!("{} {what} at the gateway instead of {}", decimal(there), decimal(told)));
            }
            let shown = if there == 0 { String::new() } else { format!("{} EUR", decimal(there)) };
            if shown != **ours && !(there == 0 && ours.starts_with("0.00")) {
                wrong(format!("{what}: the ledgers show `{ours}`, the gateway's books `{shown}`"));
            }
        }
        let told: Vec<(String, String)> =
            ends.sales_order_status.iter().map(|status| (summary.sales_order.clone(), (*status).to_owned())).collect();
        let same = done.sales_orders.len() == told.len()
            && done
                .sales_orders
                .iter()
                .zip(&told)
                .all(|(there, told)| same_number(&there.0, &told.0) && there.1 == told.1);
        if !same {
            wrong(format!("SYSPRO has {:?}, the ledgers and the story {told:?}", done.sales_orders));
        }
        if ends.sales_order_status.unwrap_or_default() != summary.sales_order_status {
            wrong(format!("the ledgers show the sales order in status `{}`", summary.sales_order_status));
        }
    }
    wrongs
}

/// SYSPRO pads its numbers with zeros or not, by the place they stand in.
fn same_number(one: &str, other: &str) -> bool {
    one.trim_start_matches('0') == other.trim_start_matches('0')
}

/// What the books add up to, when all is well.
pub(super) fn praise(chapters: &[Chapter], books: &Books) -> String {
    let all: Vec<Done> = chapters.iter().map(|chapter| done(chapter, books)).collect();
    let sum = |of: fn(&Done) -> i64| decimal(all.iter().map(of).sum());
    let orders: usize = all.iter().map(|done| done.sales_orders.len()).sum();
    format!(
        "The books of the gateway and of SYSPRO agree with it to the cent: {} EUR authorized,\n{} captured, {} reversed, {} still held; {orders} sales orders.",
        sum(|done| done.authorized),
        sum(|done| done.captured),
        sum(|done| done.reversed),
        sum(Done::held),
    )
}
