//! Orders in the simulated SYSPRO: its books are the judge.

use erp_writer::ports::Erp as _;
use fault::Class;
use node::Weather;
use sandbox::{
    erp::{Mischief, MischiefRule},
    faults::FaultKind,
};

use crate::world::{by_code, class, config, eur, no, order, personal, world, yes};

#[tokio::test(start_paused = true)]
async fn an_order_is_screened_placed_released_and_cancelled() {
    let world = world();
    let process = world.process("one");
    let order = order("W-1", &[("GRILL-01", "2"), ("TONGS-02", "3")]);
    let (customer, _, warnings) = yes(world.screen(&process, &order).await);
    assert_eq!((customer.as_str(), warnings.len()), ("WEB001", 0));
    let (_, number, _) = yes(world.place(&process, &order, Some(&customer)).await);
    let booked = world.booked("W-1");
    assert_eq!((booked[0].number.as_str(), booked[0].status.as_str()), (number.as_str(), "S"));
    assert_eq!(booked[0].net_total, "24.96");
    assert_eq!(booked[0].order_date.to_string(), "2026-10-14");
    yes(process.erp.release(&number, None).await);
    assert_eq!(world.booked("W-1")[0].status, "1");
    yes(process.erp.cancel(&number, None).await);
    assert_eq!(world.booked("W-1")[0].status, "\\");
}

#[tokio::test(start_paused = true)]
async fn gross_prices_arrive_net_and_exact() {
    let world = world();
    let process = world.process("one");
    let mut order = order("W-1", &[("CAJ-RAK-100", "7"), ("HRN-KUN-300-MO", "1.25")]);
    order.prices_include_tax = true;
    order.total = eur(2000 + 496);
    let (_, _, _) = yes(world.place(&process, &order, None).await);
    assert_eq!(world.booked("W-1")[0].net_total, "20.76");
}

#[tokio::test(start_paused = true)]
async fn everything_short_is_named_before_money_moves() {
    let world = world();
    let process = world.process("one");
    let short = order("W-1", &[("RARE-09", "2"), ("GRILL-01", "1"), ("RARE-09", "2")]);
    let reason = no(world.screen(&process, &short).await);
    assert_eq!(reason.code, "stock_short");
    assert_eq!(reason.text, "RARE-09 is short by 1: 4 asked, 3 available in MAIN");
    assert_eq!(reason.shortages.len(), 1);
    let hopeless = order("W-2", &[("NOPE", "1"), ("STOP-66", "1")]);
    let reason = no(world.screen(&process, &hopeless).await);
    assert_eq!((reason.code.as_str(), reason.shortages.len()), ("sku_unknown", 2));
    let relaxed = world.process_with("two", &config("policies = { stock_short = \"backorder\" }"));
    let (_, _, warnings) = yes(world.screen(&relaxed, &short).await);
    assert_eq!(warnings[0].code, "stock_short");
    let (_, _, warnings) = yes(world.place(&relaxed, &short, Some("WEB001")).await);
    assert!(warnings.iter().any(|warning| warning.code == "back_order"), "{warnings:?}");
}

#[tokio::test(start_paused = true)]
async fn the_customer_must_exist_and_may_order() {
    let world = world();
    let process = world.process("one");
    let plain = order("W-1", &[("GRILL-01", "1")]);
    let mut stranger = plain.clone();
    stranger.personal = personal("nobody@example.test");
    assert_eq!(no(world.screen(&process, &stranger).await).code, "customer_unknown");
    assert_eq!(no(world.place(&process, &stranger, None).await).code, "customer_unknown");
    assert_eq!(no(world.screen(&process, &by_code(plain.clone(), "NOBODY")).await).code, "customer_unknown");
    assert_eq!(no(world.screen(&process, &by_code(plain.clone(), "HOLD01")).await).code, "customer_on_hold");
    let usd = |amount: money::Amount| money::Amount::new(amount.minor(), "USD".parse().unwrap());
    let mut foreign = plain.clone();
    foreign.lines[0].tax = usd(foreign.lines[0].tax);
    foreign.lines[0].total = usd(foreign.lines[0].total);
    (foreign.tax, foreign.total, foreign.shipping) = (usd(eur(210)), usd(eur(1210)), None);
    assert_eq!(no(world.screen(&process, &foreign).await).code, "currency_differs");
    let mut erased = plain;
    erased.personal.subject = uuid::Uuid::from_u128(8);
    assert_eq!(no(world.screen(&process, &erased).await).code, "person_erased");
    assert_eq!(world.sandbox.books().erp.orders.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn credit_warns_and_syspro_has_the_last_word() {
    let world = world();
    let process = world.process("one");
    let mut dear = by_code(order("W-1", &[("GRILL-01", "1")]), "LIMIT1");
    (dear.lines[0].total, dear.lines[0].tax, dear.tax, dear.total) = (eur(20_000), eur(0), eur(0), eur(20_496));
    let (customer, _, warnings) = yes(world.screen(&process, &dear).await);
    assert_eq!((customer.as_str(), warnings[0].code.as_str()), ("LIMIT1", "credit_limit"));
    let refused = no(world.place(&process, &dear, Some("LIMIT1")).await);
    assert_eq!(refused.code, "CREDIT_LIMIT");
    let strict = world.process_with("two", &config("policies = { credit = \"refuse\" }"));
    assert_eq!(no(world.screen(&strict, &dear).await).code, "credit_limit");
}

#[tokio::test(start_paused = true)]
async fn what_syspro_cannot_hold_is_found_while_screening() {
    let world = world();
    let process = world.process("one");
    let mut odd = order("W-1", &[("GRILL-01", "1.1234567")]);
    assert_eq!(no(world.screen(&process, &odd).await).code, "not_representable");
    odd.lines[0].quantity = "1".to_owned();
    odd.customer_po = "P".repeat(31);
    assert_eq!(no(world.screen(&process, &odd).await).code, "not_representable");
    assert_eq!(no(world.place(&process, &odd, Some("WEB001")).await).code, "not_representable");
}

#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_is_a_doubt_and_is_made_once() {
    for kind in [FaultKind::DropAfterApply, FaultKind::Hang, FaultKind::Garbage, FaultKind::ServerTimeoutApplied] {
        let world = world();
        let process = world.process("one");
        world.fault("AddSalesOrder", kind);
        let order = order("W-1", &[("GRILL-01", "1")]);
        assert_eq!(class(world.place(&process, &order, Some("WEB001")).await), Class::UnknownOutcome, "{kind:?}");
        assert_eq!(world.booked("W-1").len(), 1);
        let again = no(world.place(&process, &order, Some("WEB001")).await);
        assert_eq!(again.code, "DUPLICATE_PO", "SYSPRO's own guard holds");
    }
}

#[tokio::test(start_paused = true)]
async fn what_certainly_did_not_happen_may_be_tried_again() {
    let world = world();
    let process = world.process("one");
    let order = order("W-1", &[("GRILL-01", "1")]);
    world.network.set_weather(Weather { refused: 1000, ..Weather::default() });
    assert_eq!(class(world.place(&process, &order, Some("WEB001")).await), Class::Transient);
    assert_eq!(class(world.screen(&process, &order).await), Class::Transient);
    world.network.set_weather(Weather::default());
    world.fault("FindCustomers", FaultKind::DropAfterApply);
    assert_eq!(class(world.place(&process, &order, None).await), Class::Transient, "a look-up leaves nothing behind");
    yes(world.place(&process, &order, None).await);
    assert_eq!(world.booked("W-1").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_lost_while_reading_is_renewed() {
    let world = world();
    let process = world.process("one");
    let rule = MischiefRule {
        operation: "GetStockBalance".to_owned(),
        matching: None,
        nth: 1,
        mischief: Mischief::EvictSession,
    };
    world.sandbox.with_erp(|erp| erp.plan(rule));
    yes(world.screen(&process, &order("W-1", &[("GRILL-01", "1")])).await);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_a_person_has_moved_is_not_ours_to_move() {
    let world = world();
    let process = world.process("one");
    let (_, number, _) = yes(world.place(&process, &order("W-1", &[("GRILL-01", "1")]), Some("WEB001")).await);
    yes(process.erp.release(&number, None).await);
    assert_eq!(no(process.erp.release(&number, None).await).code, "STATUS_CONFLICT");
    yes(process.erp.cancel(&number, None).await);
    assert_eq!(no(process.erp.cancel(&number, None).await).code, "STATUS_CONFLICT");
}
