//! How a shop hears what became of its order.

use std::sync::{
    Arc,
    atomic::{AtomicU16, AtomicU32, Ordering::SeqCst},
};

use contracts::{
    order::v1::{OrderCompleted, OrderDeclined, OrderOpened, OrderRefused},
    r#type::v1::{Reason, Shortage},
};
use serde_json::json;

use crate::world::{World, eur, order, wait_for};

#[tokio::test(start_paused = true)]
async fn a_shop_is_told_once_with_a_right_signature() {
    let world = World::start().await;
    let id = world.post(&order("1001")).await.order();
    world.saga_says(id, 1, &OrderOpened::default()).await;
    let done = OrderCompleted { order_id: id.to_string(), sales_order: "000123".to_owned(), captured: eur(6550) };
    world.saga_says(id, 2, &done).await;
    wait_for("shop_told", || async { world.stored().contains(&"shop_told".to_owned()).then_some(()) }).await;
    let books = world.sandbox.books().shop;
    assert_eq!(books.accepted().count(), 1);
    let callback = &books.callbacks[0];
    assert!(callback.is_signature_ok && callback.shop == "lamp-shop", "{callback:?}");
    assert_eq!(callback.body["event"], "order.completed");
    assert_eq!(callback.body["order_number"], "1001");
    assert_eq!(callback.body["captured"], json!({"amount": "65.50", "currency": "EUR"}));
    assert_eq!(callback.event_id, format!("{id}/2"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_its_reason() {
    let world = World::start().await;
    let id = world.post(&order("1001")).await.order();
    let shortage = Shortage {
        sku: "LAMP-01".to_owned(),
        warehouse: "MAIN".to_owned(),
        asked: "2".to_owned(),
        available: "1".to_owned(),
    };
    let reason =
        Reason { code: "stock_short".to_owned(), text: "LAMP-01 is short".to_owned(), shortages: vec![shortage] };
    world.saga_says(id, 1, &OrderRefused { order_id: id.to_string(), reason: Some(reason) }).await;
    let body = world.until(id, "refused").await;
    assert_eq!(body["reason"]["shortages"][0]["available"], "1");
    wait_for("shop_told", || async { world.stored().contains(&"shop_told".to_owned()).then_some(()) }).await;
    assert_eq!(world.sandbox.books().shop.callbacks[0].body["reason"]["code"], "stock_short");
}

#[tokio::test(start_paused = true)]
async fn news_that_comes_twice_tells_the_shop_once() {
    let world = World::start().await;
    let id = world.post(&order("1001")).await.order();
    for _ in 0..2 {
        world.saga_says(id, 2, &OrderDeclined::default()).await;
    }
    world.saga_says(id, 1, &OrderOpened::default()).await;
    wait_for("shop_told", || async { world.stored().contains(&"shop_told".to_owned()).then_some(()) }).await;
    wait_for("late news", || async { world.stored().contains(&"opened".to_owned()).then_some(()) }).await;
    assert_eq!(world.until(id, "declined").await["is_final"], json!(true));
    assert_eq!(world.sandbox.books().shop.callbacks.len(), 1);
}

/// A shop that answers with a status of our choice.
struct Moody(Arc<AtomicU16>, Arc<AtomicU32>);

impl node::Handler for Moody {
    fn handle(&self, _request: node::Request) -> node::HttpFuture<'static, Option<node::Response>> {
        self.1.fetch_add(1, SeqCst);
        let mut response = node::Response::default();
        *response.status_mut() = self.0.load(SeqCst).try_into().unwrap();
        Box::pin(async move { Some(response) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_shop_in_trouble_is_called_again_until_it_answers() {
    let world = World::start().await;
    let (status, calls) = (Arc::new(500.into()), Arc::default());
    world.network.serve("shop.example", Arc::new(Moody(Arc::clone(&status), Arc::clone(&calls))));
    let id = world.post(&order("1001")).await.order();
    world.saga_says(id, 1, &OrderDeclined::default()).await;
    let called = |times: u32| {
        let calls = calls.clone();
        wait_for("calls", move || {
            let calls = calls.clone();
            async move { (calls.load(SeqCst) >= times).then_some(()) }
        })
    };
    called(3).await;
    assert!(!world.stored().contains(&"shop_told".to_owned()));
    status.store(404, SeqCst);
    called(4).await;
    status.store(200, SeqCst);
    wait_for("shop_told", || async { world.stored().contains(&"shop_told".to_owned()).then_some(()) }).await;
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_is_gone_is_not_called_again() {
    let world = World::start().await;
    let calls = Arc::default();
    world.network.serve("shop.example", Arc::new(Moody(Arc::new(410.into()), Arc::clone(&calls))));
    let id = world.post(&order("1001")).await.order();
    world.saga_says(id, 1, &OrderDeclined::default()).await;
    wait_for("shop_untold", || async { world.stored().contains(&"shop_untold".to_owned()).then_some(()) }).await;
    assert_eq!(calls.load(SeqCst), 1);
    assert_eq!(world.until(id, "declined").await["is_final"], json!(true));
}
