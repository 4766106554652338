//! Every operation against the sandbox's gateway over real HTTP, signed in each of the ways.

use std::sync::Arc;

use cybersource::{
    ApplicationOutcome, AuthorizationStatus, Client, ClientConfig, Scheme, Window, signature::DateHeader,
};
use fault::{Class, Classify};
use node::{Node, NodeBuilder, RealTransport};
use sandbox::{FaultRule, Listeners, Sandbox, SandboxConfig, WorldName, faults::FaultKind};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{authorize, capture, config, eur, reverse};

/// Both schemes, and both ways to send the date of the older one.
const SCHEMES: [Scheme; 3] =
    [Scheme::Jwt, Scheme::HttpSignature(DateHeader::Date), Scheme::HttpSignature(DateHeader::VcDate)];

/// A sandbox behind real sockets, for as long as the story lasts.
async fn served(set_up: SandboxConfig, story: impl AsyncFnOnce(&Sandbox, Node, ClientConfig)) {
    let node = NodeBuilder::real("test", Arc::new(RealTransport::new().unwrap())).build();
    let sandbox = Sandbox::new(set_up, node.clone());
    let listen = || TcpListener::bind("127.0.0.1:0");
    let gateway = listen().await.unwrap();
    let base_url = format!("http://{}", gateway.local_addr().unwrap());
    let (erp, shop, control) = (listen().await.unwrap(), listen().await.unwrap(), listen().await.unwrap());
    let stop = CancellationToken::new();
    let listeners = Listeners { gateway, erp, shop, control };
    let serving = node.spawn(sandbox::serve(sandbox.clone(), listeners, stop.clone()));
    story(&sandbox, node, config(&base_url)).await;
    stop.cancel();
    serving.await.unwrap().unwrap().unwrap();
}

/// A gateway whose index is never late.
fn prompt() -> SandboxConfig {
    let mut set_up = SandboxConfig::default();
    set_up.gateway.search_delay = chrono::TimeDelta::zero();
    set_up
}

#[tokio::test]
async fn money_is_held_taken_let_go_and_found_again_under_every_scheme() {
    for scheme in SCHEMES {
        served(prompt(), async |sandbox, node, config| {
            let from = node.now() - chrono::TimeDelta::minutes(1);
            let client = Client::new(node, &ClientConfig { scheme, ..config }).unwrap();
            let jti = sandbox.mint_token("visa").unwrap().jti;
            let told = client.authorize(&authorize(eur("99.99"), &jti)).await.unwrap();
            let taken = client.capture(&capture(&told.request_id, eur("99.99"))).await.unwrap();
            assert_eq!(taken.amount, Some(eur("99.99")));
            let other = client.authorize(&authorize(eur("20.00"), &jti)).await.unwrap();
            let gone = client.reverse(&reverse(&other.request_id, eur("20.00"))).await.unwrap();
            assert_eq!(gone.amount, Some(eur("20.00")));
            let found = client.search("OTC-1001-C1").await.unwrap();
            assert_eq!(found.transactions[0].outcome_of("ics_bill"), Some(ApplicationOutcome::Done));
            let detail = client.detail(&told.request_id).await.unwrap();
            assert_eq!(detail.summary.reference.as_deref(), Some("OTC-1001-A1"));
            assert!(detail.related.contains(&taken.request_id), "{detail:?}");
            let window = |offset| Window {
                prefix: Some("OTC-".to_owned()),
                from,
                to: from + chrono::TimeDelta::minutes(5),
                offset,
                limit: 3,
            };
            let first = client.search_window(&window(0)).await.unwrap();
            let rest = client.search_window(&window(3)).await.unwrap();
            assert_eq!((first.total, first.transactions.len(), rest.transactions.len()), (4, 3, 1));
            let none = client.search_window(&Window { prefix: Some("SHOP-".to_owned()), ..window(0) }).await.unwrap();
            assert_eq!((none.total, none.transactions.len()), (0, 0));
        })
        .await;
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_under_every_scheme() {
    for scheme in SCHEMES {
        served(prompt(), async |sandbox, node, config| {
            let secret = secrecy::SecretString::from("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=");
            let client = Client::new(node, &ClientConfig { scheme, secret, ..config }).unwrap();
            let error = client.search("OTC-1001-A1").await.unwrap_err();
            assert_eq!(error.class(), Class::Transient);
            assert!(sandbox.books().gateway.payments.is_empty());
        })
        .await;
    }
}

#[tokio::test]
async fn a_sale_takes_at_once() {
    served(prompt(), async |sandbox, node, config| {
        let client = Client::new(node, &config).unwrap();
        let jti = sandbox.mint_token("visa").unwrap().jti;
        let told = client.sale(&authorize(eur("12.00"), &jti)).await.unwrap();
        assert_eq!(told.status, AuthorizationStatus::Authorized { amount: eur("12.00") });
        let books = sandbox.books().gateway;
        assert_eq!((books.payments[0].captured_minor(), books.payments[0].held_minor()), (1200, 0));
        let found = client.search("OTC-1001-A1").await.unwrap();
        assert_eq!(found.transactions[0].outcome_of("ics_bill"), Some(ApplicationOutcome::Done));
    })
    .await;
}

#[tokio::test]
async fn an_account_that_takes_our_ids_refuses_one_twice_and_does_not_say_how_it_ended() {
    let mut set_up = prompt();
    set_up.gateway.refuses_repeated_transaction_id = true;
    served(set_up, async |sandbox, node, config| {
        let client = Client::new(node, &config).unwrap();
        let jti = sandbox.mint_token("visa").unwrap().jti;
        let ask =
            cybersource::Authorize { transaction_id: Some("OTC1001A1".to_owned()), ..authorize(eur("12.00"), &jti) };
        client.authorize(&ask).await.unwrap();
        let error = client.authorize(&ask).await.unwrap_err();
        assert_eq!(error.class(), Class::UnknownOutcome, "{error}");
        assert_eq!(sandbox.books().gateway.payments.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_answer_lost_on_a_real_socket_is_an_unknown_outcome() {
    served(prompt(), async |sandbox, node, config| {
        let client = Client::new(node, &config).unwrap();
        let jti = sandbox.mint_token("visa").unwrap().jti;
        assert!(sandbox.add_fault(FaultRule::once(WorldName::Gateway, "authorize", FaultKind::DropAfterApply)));
        let error = client.authorize(&authorize(eur("10.00"), &jti)).await.unwrap_err();
        assert_eq!(error.class(), Class::UnknownOutcome, "{error}");
        assert_eq!(sandbox.books().gateway.payments.len(), 1);
    })
    .await;
}
