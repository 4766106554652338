//! Orders that are taken, and the same order again.

use std::time::Duration;

use contracts::order::v1::{OrderAuthorized, OrderCompleted, OrderOpened, OrderUnderReview};
use http::StatusCode;
use serde_json::json;

use crate::world::{KEY, OTHER_KEY, World, eur, order, post, post_with};

#[tokio::test(start_paused = true)]
async fn an_order_is_taken_and_found_again() {
    let world = World::start().await;
    let taken = world.post(&order("1001")).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    let id = taken.order();
    assert_eq!(taken.headers["location"], format!("/v1/orders/{id}"));
    assert_eq!(taken.body["state"], "accepted");
    for path in [format!("/v1/orders/{id}"), "/v1/orders?number=1001".to_owned()] {
        let found = world.get(&path).await;
        assert_eq!((found.status, found.order()), (StatusCode::OK, id));
        assert_eq!(found.body["total"], json!({"amount": "65.50", "currency": "EUR"}));
    }
    // The question to the saga is on the bus.
    crate::world::wait_for("StartOrder", || async {
        (world.broker.stored(bus::topology::COMMANDS) == Some(1)).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_same_order_again_is_the_same_order() {
    let world = World::start().await;
    let first = world.post(&order("1001")).await.order();
    for headers in [&[][..], &[("idempotency-key", "k1")], &[("idempotency-key", "\"k2\"")]] {
        let again = world.send(post_with(&order("1001"), headers)).await;
        assert_eq!((again.status, again.order()), (StatusCode::ACCEPTED, first));
    }
    // Also when its token has ended long ago.
    tokio::time::advance(Duration::from_secs(7200)).await;
    assert_eq!(world.post(&order("1001")).await.order(), first);
    assert_eq!(world.stored(), ["accepted"]);
    let late = world.post(&order("1002")).await;
    assert_eq!((late.status, late.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["payment.token"]));
}

#[tokio::test(start_paused = true)]
async fn the_same_number_with_another_amount_is_refused_naming_the_fields() {
    let world = World::start().await;
    let first = world.post(&order("1001")).await.order();
    let mut other = order("1001");
    other["lines"][0]["unit_price"] = json!("26.00");
    other["lines"][0]["total"] = json!("52.00");
    other["total"] = json!("67.50");
    other["bill_to"]["city"] = json!("York");
    let refused = world.post(&other).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.body["fields"], json!(["lines[0].unit_price", "lines[0].total", "total", "bill_to.city"]));
    assert_eq!(refused.body["order"], format!("/v1/orders/{first}"));
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    assert_eq!(world.stored(), ["accepted"]);
}

#[tokio::test(start_paused = true)]
async fn an_idempotency_key_serves_one_order() {
    let world = World::start().await;
    let key = [("idempotency-key", "k1")];
    assert_eq!(world.send(post_with(&order("1001"), &key)).await.status, StatusCode::ACCEPTED);
    let refused = world.send(post_with(&order("1002"), &key)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body["fields"].as_array().unwrap().contains(&json!("order_number")), "{}", refused.body);
}

#[tokio::test(start_paused = true)]
async fn a_card_token_serves_one_order() {
    let world = World::start().await;
    world.post(&order("1001")).await;
    let mut second = order("1002");
    second["payment"] = order("1001")["payment"].clone();
    for headers in [&[][..], &[("authorization", "Bearer other-shop-key")]] {
        let refused = world.send(post_with(&second, headers)).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body["detail"].as_str().unwrap().contains("Order 1001"), "{}", refused.body);
    }
    // A stored token is there to be used again.
    for number in ["1003", "1004"] {
        let mut stored = order(number);
        stored["payment"] = json!({"mode": "stored", "token": "3C0D1A77B5E94F2AE0630A18FC0A5B19"});
        assert_eq!(world.post(&stored).await.status, StatusCode::ACCEPTED);
    }
}

#[tokio::test(start_paused = true)]
async fn numbers_belong_to_a_shop_and_so_do_orders() {
    let world = World::start().await;
    let id = world.post(&order("1001")).await.order();
    let mut theirs = order("1001");
    theirs["payment"]["token"] = json!(crate::world::token("ANOTHER"));
    let other = world.send(post_with(&theirs, &[("authorization", "Bearer other-shop-key")])).await;
    assert_eq!(other.status, StatusCode::ACCEPTED);
    assert_ne!(other.order(), id);
    assert_eq!(world.get_as(&format!("/v1/orders/{id}"), OTHER_KEY).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get_as("/v1/orders?number=1001", KEY).await.order(), id);
}

#[tokio::test(start_paused = true)]
async fn news_of_the_saga_is_seen_and_wakes_a_caller_who_waits() {
    let world = World::start().await;
    let id = world.post(&order("1001")).await.order();
    world.saga_says(id, 1, &OrderOpened::default()).await;
    world.until(id, "screening").await;
    let waiting = tokio::time::Instant::now();
    let request = post_with(&order("1001"), &[("prefer", "respond-async, wait=20")]);
    let (answer, ()) = tokio::join!(world.send(request), async {
        world.saga_says(id, 2, &OrderAuthorized { order_id: id.to_string(), held: eur(6550) }).await;
        let done = OrderCompleted { order_id: id.to_string(), sales_order: "000123".to_owned(), captured: eur(6550) };
        world.saga_says(id, 3, &done).await;
    });
    assert_eq!((answer.status, &answer.body["state"]), (StatusCode::OK, &json!("completed")));
    assert_eq!(answer.body["captured"], json!({"amount": "65.50", "currency": "EUR"}));
    assert_eq!(answer.body["sales_order"], "000123");
    assert_eq!(answer.headers["preference-applied"], "wait=20");
    assert!(waiting.elapsed() < Duration::from_secs(5), "woken, not timed out");
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_in_time_and_is_cut_at_the_longest() {
    let world = World::start().await;
    let started = tokio::time::Instant::now();
    let answer = world.send(post_with(&order("1001"), &[("prefer", "wait=100000")])).await;
    assert_eq!((answer.status, &answer.body["state"]), (StatusCode::ACCEPTED, &json!("accepted")));
    assert_eq!(answer.headers["preference-applied"], "wait=30");
    let waited = started.elapsed();
    assert!(waited >= Duration::from_secs(30) && waited < Duration::from_secs(32), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn an_order_says_what_it_waits_for_and_until_when() {
    let world = World::start().await;
    let id = world.post(&order("1001")).await.order();
    let review = OrderUnderReview {
        order_id: id.to_string(),
        hold_ends_at_ms: 1_795_600_000_000,
        ..OrderUnderReview::default()
    };
    world.saga_says(id, 1, &review).await;
    let body = world.until(id, "under_review").await;
    assert_eq!(body["waiting"], json!({"for": "review", "until": "2026-11-25T09:46:40Z"}));
    assert_eq!(body["is_final"], json!(false));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_right_after_sending_has_sent_an_order() {
    let world = World::start().await;
    let mut handler = Box::pin(world.send(post(&order("1001"))));
    // One look at it, then it is gone.
    let _ = futures_util::poll!(handler.as_mut());
    drop(handler);
    let found = crate::world::wait_for("the order", || async {
        let found = world.get("/v1/orders?number=1001").await;
        (found.status == StatusCode::OK).then(|| found.order())
    })
    .await;
    assert_eq!(world.post(&order("1001")).await.order(), found);
    assert_eq!(world.stored(), ["accepted"]);
}

#[tokio::test(start_paused = true)]
async fn an_erased_person_comes_back_as_somebody_else() {
    let world = World::start().await;
    let subject = |stream: usize| {
        use prost::Message as _;
        let (_, event) = &world.disk.all_events()[stream];
        let body = contracts::intake::ledger::v1::Accepted::decode(event.body.clone()).unwrap();
        body.order.unwrap().personal.unwrap().subject.parse::<uuid::Uuid>().unwrap()
    };
    world.post(&order("1001")).await;
    world.post(&order("1002")).await;
    assert_eq!(subject(0), subject(1));
    world.disk.erase_subject(subject(0));
    assert_eq!(world.post(&order("1003")).await.status, StatusCode::ACCEPTED);
    assert_ne!(subject(0), subject(2));
}

#[tokio::test(start_paused = true)]
async fn nothing_personal_and_no_whole_token_is_stored() {
    let world = World::start().await;
    world.post(&order("1001")).await;
    let jwt = order("1001")["payment"]["token"].as_str().unwrap().to_owned();
    for (_, event) in world.disk.all_events() {
        let text = String::from_utf8_lossy(&event.body).into_owned();
        for secret in ["ada@", "Lovelace", "High St", jwt.split('.').nth(1).unwrap()] {
            assert!(!text.contains(secret), "{secret} is stored");
        }
        assert!(text.contains("TOKEN-1001"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_order_many_times_at_once_is_one_order() {
    let world = World::start().await;
    let answers = futures_util::future::join_all((0..16).map(|_| {
        let world = &world;
        async move { world.post(&order("1001")).await }
    }))
    .await;
    let ids: std::collections::BTreeSet<_> = answers.iter().map(crate::world::Answer::order).collect();
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED));
    assert_eq!((ids.len(), world.stored()), (1, vec!["accepted".to_owned()]));
}
