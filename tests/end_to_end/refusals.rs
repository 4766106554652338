//! Orders that end without money, and requests that are no orders.

use serde_json::{Value, json};
use system_tests::{
    check, database,
    orders::{self, Story},
};

use crate::{LIMIT, cluster, judged, payments, told};

/// A test number of a brand that everybody knows, complete and valid by its check digit.
const CARD: &str = "4111111111111111";
/// As it stands on a packet: thirteen digits, right check digit, no card.
const EAN: &str = "4006381333931";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decline_leaves_nothing_behind() {
    let cluster = cluster().await;
    let order = told(&cluster, "1", Story::Declined).await;
    assert_eq!((&order["state"], &order["is_final"]), (&json!("declined"), &json!(true)));
    assert!(order["reason"]["text"].is_string(), "{order}");
    let books = cluster.sandbox.books();
    assert!(books.erp.orders.is_empty(), "no sales order for a declined card");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_stock_is_refused_before_any_money_moves() {
    let cluster = cluster().await;
    let order = told(&cluster, "1", Story::Short).await;
    assert_eq!(order["state"], "refused");
    let shortage = &order["reason"]["shortages"][0];
    assert_eq!((&shortage["sku"], &shortage["asked"]), (&json!("RARE-09"), &json!("5")), "{order}");
    assert!(shortage["available"].is_string() && shortage["warehouse"].is_string(), "{order}");
    let books = cluster.sandbox.books();
    assert_eq!(books.gateway.calls.get("authorize"), None, "the gateway was not even asked");
    assert!(books.gateway.payments.is_empty() && books.erp.orders.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_syspro_refuses_for_good_gives_the_money_back() {
    let cluster = cluster().await;
    let order = told(&cluster, "1", Story::Refused).await;
    assert_eq!(order["state"], "cancelled");
    assert_eq!(order["reversed"]["amount"], "124.83");
    let payments = payments(&cluster, order["order_id"].as_str().unwrap());
    assert_eq!((payments.len(), payments[0].authorized_minor), (1, 12_483));
    assert_eq!((payments[0].reversed_minor(), payments[0].held_minor()), (12_483, 0));
    let live = cluster.sandbox.books().erp.orders.into_iter().filter(|order| order.status != "\\").count();
    assert_eq!(live, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_order_twice_is_one_order_and_another_amount_is_none() {
    let cluster = cluster().await;
    let order = orders::order(&cluster.sandbox, "1", Story::Good);
    let (first, second) = tokio::join!(cluster.post(&order), cluster.post(&order));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.id(), second.id(), "two requests at once");
    let id = first.id();
    judged(&cluster, "1", Story::Good, &id).await;
    let again = cluster.post(&order).await.unwrap();
    assert_eq!((again.status, again.id()), (200, id.clone()));
    let key = [("content-type", "application/json"), ("idempotency-key", "k-1")];
    let keyed = cluster.send("POST", "/v1/orders", &key, order.to_string()).await.unwrap();
    assert_eq!(keyed.id(), id);

    let token = order["payment"]["token"].as_str().unwrap();
    let mut other = orders::with("1", "GRILL-01", "2", "100.00", token);
    other["shipping"]["amount"] = json!("5.90");
    other["total"] = json!("125.83");
    let before = database::row_counts(&cluster).await;
    let refused = cluster.post(&other).await.unwrap();
    assert_eq!(refused.status, 409, "{}", refused.body);
    let fields: Vec<&str> = refused.body["fields"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    assert!(fields.contains(&"total") && fields.iter().any(|f| f.starts_with("shipping")), "{fields:?}");
    assert_eq!(database::row_counts(&cluster).await, before);
    let sagas = database::number(
        &cluster,
        system_tests::Name::Payment,
        "select count(*) from stream where kind = 'order_to_cash'",
    );
    assert_eq!(sagas.await, 1);
    assert_eq!(cluster.sandbox.books().gateway.payments.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_number_is_refused_and_stands_nowhere_but_an_article_number_may() {
    let cluster = cluster().await;
    cluster.sandbox.keep_stored_token("visa", EAN).unwrap();
    let with = |number: &str, payment: Value| {
        let mut order = orders::with(number, "GRILL-01", "2", "100.00", "");
        order["payment"] = payment;
        order
    };
    let mut in_the_name = orders::order(&cluster.sandbox, "3", Story::Good);
    in_the_name["bill_to"]["last_name"] = json!(format!("Sample {CARD}"));
    let spaced = "4111 1111 1111 1111";
    for order in [
        with("1", json!({"mode": "stored", "token": CARD})),
        with("2", json!({"mode": "transient", "token": spaced})),
        in_the_name,
    ] {
        let refused = cluster.post(&order).await.unwrap();
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert_eq!(refused.body["type"], "urn:quittance:problem:card-number");
        assert!(!refused.body.to_string().contains("1111"), "{}", refused.body);
    }
    let accepted = cluster.post(&with("4", json!({"mode": "stored", "token": EAN}))).await.unwrap();
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    let summary = check::rests(&cluster, &accepted.id(), LIMIT).await;
    assert_eq!(summary.state, "completed", "{}", summary.reason);
    for digits in [CARD, spaced] {
        assert_eq!(database::columns_with(&cluster, digits).await, Vec::<String>::new());
    }
    // The search itself finds what is there.
    assert!(!database::columns_with(&cluster, EAN).await.is_empty());
}
