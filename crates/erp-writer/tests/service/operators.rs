//! No lease, no logon; one call at a time per operator; replicas never exceed operators.

use std::time::Duration;

use erp_writer::ports::Erp as _;
use fault::Class;
use node::Weather;

use crate::world::{class, config, order, world, yes};

#[tokio::test(start_paused = true)]
async fn calls_share_the_operators_and_log_on_once_each() {
    let world = world();
    world.network.set_weather(Weather { delay_ms_max: 40, ..Weather::default() });
    let process = world.process("one");
    let orders: Vec<_> = (0..12).map(|n| order(&format!("W-{n}"), &[("GRILL-01", "1")])).collect();
    let mut calls = Vec::new();
    for order in &orders {
        calls.push(world.place(&process, order, Some("WEB001")));
    }
    for call in futures(calls).await {
        yes(call);
    }
    let books = world.sandbox.books().erp;
    assert_eq!(books.orders.len(), 12);
    assert_eq!(books.answers.get("AddSalesOrder OK"), Some(&12));
    assert_eq!(books.calls.get("GetToken").copied(), Some(3), "each operator logs on once: {:?}", books.calls);
}

/// All of them at once, on one task.
async fn futures<T>(calls: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut calls: Vec<_> = calls.into_iter().map(|call| (Box::pin(call), None)).collect();
    std::future::poll_fn(|cx| {
        for (call, done) in &mut calls {
            if done.is_none()
                && let std::task::Poll::Ready(output) = call.as_mut().poll(cx)
            {
                *done = Some(output);
            }
        }
        if calls.iter().all(|(_, done)| done.is_some()) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    calls.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_made_as_the_operator_that_was_announced() {
    let world = world();
    let process = world.process("one");
    assert_eq!(process.erp.operator(), None, "nothing is leased before it is needed");
    let first = order("W-1", &[("GRILL-01", "1")]);
    let answer = world.place_as(&process, &first, Some("WEB001"), Some("QT2")).await.unwrap();
    assert_eq!(answer.operator, "QT2");
    assert_eq!(world.booked("W-1")[0].history[0].operator, "QT2");
    assert_eq!(process.erp.operator().as_deref(), Some("QT2"));
}

#[tokio::test(start_paused = true)]
async fn an_operator_of_another_process_is_left_alone_until_it_is_given_back() {
    let world = world();
    let mut one_operator = config("");
    one_operator.pairs.get_mut("demo").unwrap().syspro.operators.truncate(1);
    let (one, two) = (world.process_with("one", &one_operator), world.process_with("other", &one_operator));
    let order = |n: u32| order(&format!("W-{n}"), &[("GRILL-01", "1")]);
    yes(world.place(&one, &order(1), Some("WEB001")).await);
    assert_eq!(class(world.place(&two, &order(2), Some("WEB001")).await), Class::Transient);
    assert_eq!(class(world.place_as(&two, &order(2), Some("WEB001"), Some("QT1")).await), Class::Transient);
    one.node.stop();
    assert!(one.node.drained(Duration::from_secs(10)).await);
    assert_eq!(class(world.place(&one, &order(3), Some("WEB001")).await), Class::Transient);
    tokio::time::advance(Duration::from_secs(1)).await;
    yes(world.place(&two, &order(2), Some("WEB001")).await);
    assert_eq!(world.sandbox.books().erp.orders.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_operators_of_a_dead_process_come_back_when_their_leases_end() {
    let world = world();
    let (one, two) = (world.process("one"), world.process("other"));
    let lease = config("").pairs["demo"].syspro.operator_lease();
    for n in 1..4 {
        // All three, by name.
        let placed = world
            .place_as(&one, &order(&format!("W-{n}"), &[("GRILL-01", "1")]), Some("WEB001"), Some(&format!("QT{n}")))
            .await;
        yes(placed);
    }
    // While it lives, its leases are renewed.
    tokio::time::advance(lease / 2).await;
    tokio::time::sleep_until(tokio::time::Instant::now() + lease).await;
    let waiting = order("W-9", &[("GRILL-01", "1")]);
    assert_eq!(class(world.place(&two, &waiting, Some("WEB001")).await), Class::Transient);
    one.node.kill();
    tokio::time::advance(lease + Duration::from_secs(1)).await;
    yes(world.place(&two, &waiting, Some("WEB001")).await);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_too_long_logs_on_afresh() {
    let world = world();
    let one = world.process("one");
    let lease = config("").pairs["demo"].syspro.operator_lease();
    yes(world.place(&one, &order("W-1", &[("GRILL-01", "1")]), Some("WEB001")).await);
    // Its renewals do not run while it stands still, and another process takes the operator meanwhile.
    tokio::time::advance(lease + Duration::from_secs(1)).await;
    let two = world.process("other");
    yes(world.place_as(&two, &order("W-2", &[("GRILL-01", "1")]), Some("WEB001"), Some("QT1")).await);
    assert_eq!(
        class(world.place_as(&one, &order("W-3", &[("GRILL-01", "1")]), Some("WEB001"), Some("QT1")).await),
        Class::Transient
    );
    // Another operator is free, and serves.
    yes(world.place(&one, &order("W-3", &[("GRILL-01", "1")]), Some("WEB001")).await);
    assert_eq!(world.sandbox.books().erp.orders.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn without_a_fresh_logon_an_operator_that_was_lost_makes_no_call() {
    let world = world();
    let mut one_operator = config("");
    one_operator.pairs.get_mut("demo").unwrap().syspro.operators.truncate(1);
    let one = world.process_with("one", &one_operator);
    let lease = one_operator.pairs["demo"].syspro.operator_lease();
    yes(world.place(&one, &order("W-1", &[("GRILL-01", "1")]), Some("WEB001")).await);
    tokio::time::advance(lease + Duration::from_secs(1)).await;
    let two = world.process_with("other", &one_operator);
    yes(world.place(&two, &order("W-2", &[("GRILL-01", "1")]), Some("WEB001")).await);
    assert_eq!(class(world.place(&one, &order("W-3", &[("GRILL-01", "1")]), Some("WEB001")).await), Class::Transient);
    two.node.stop();
    assert!(two.node.drained(Duration::from_secs(10)).await);
    tokio::time::advance(Duration::from_secs(1)).await;
    // SYSPRO cannot be reached for the logon; when it can, the logon comes first all the same.
    world.network.set_weather(Weather { refused: 1000, ..Weather::default() });
    assert_eq!(class(world.place(&one, &order("W-3", &[("GRILL-01", "1")]), Some("WEB001")).await), Class::Transient);
    world.network.set_weather(Weather::default());
    let logons = || world.sandbox.books().erp.calls.get("GetToken").copied().unwrap_or(0);
    let before = logons();
    yes(world.place(&one, &order("W-3", &[("GRILL-01", "1")]), Some("WEB001")).await);
    assert_eq!(logons(), before + 1, "the session from before the loss is not used again");
}

#[tokio::test(start_paused = true)]
async fn a_process_leaves_operators_to_others_when_told_to() {
    let world = world();
    world.network.set_weather(Weather { delay_ms_max: 40, ..Weather::default() });
    let mut capped = config("");
    capped.pairs.get_mut("demo").unwrap().syspro.operators_per_process = Some(1);
    let process = world.process_with("one", &capped);
    let orders: Vec<_> = (0..6).map(|n| order(&format!("W-{n}"), &[("GRILL-01", "1")])).collect();
    let calls = orders.iter().map(|order| world.place(&process, order, Some("WEB001"))).collect();
    for call in futures(calls).await {
        yes(call);
    }
    assert_eq!(world.sandbox.books().erp.calls.get("GetToken").copied(), Some(1));
    // What was written as another operator is looked up as that one all the same.
    let named = world.place_as(&process, &order("W-9", &[("GRILL-01", "1")]), Some("WEB001"), Some("QT3")).await;
    assert_eq!(named.unwrap().operator, "QT3");
}
