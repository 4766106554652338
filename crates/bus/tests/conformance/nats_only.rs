//! What only a real connection can show.

use std::time::Duration;

use bus::{BusConfig, BusError, JetStreamBus, topology};
use fault::{Class, Classify};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    nats::Server,
    world::{Broker, PATIENCE, World, command, commands, event, events, eventually, node, take, topology as usual},
};

fn server(world: &World) -> &Server {
    match &world.broker {
        Broker::JetStream(server) => server,
        Broker::Twin(_) => panic!("a real server was started"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_older_than_2_10_is_refused_in_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let node = node();
    node.spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let hello = b"INFO {\"server_id\":\"X\",\"version\":\"2.9.10\",\"proto\":1,\"headers\":true,\"max_payload\":1048576}\r\n";
            socket.write_all(hello).await.unwrap();
            let mut line = [0_u8; 4096];
            while socket.read(&mut line).await.is_ok_and(|count| count > 0) {
                if socket.write_all(b"PONG\r\n").await.is_err() {
                    break;
                }
            }
        }
    });
    let refusal = JetStreamBus::connect(node.clone(), BusConfig::new(url, "bus-test")).await.err().unwrap();
    assert_eq!(refusal, BusError::TooOld { version: "2.9.10".to_owned() });
    assert!(refusal.to_string().contains("2.10"), "{refusal}");
    assert_eq!(refusal.class(), Class::Permanent);
    node.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_not_there_yet_is_waited_for() {
    let mut world = World::jetstream().await;
    world.stop();
    let url = server(&world).url();
    let bus = JetStreamBus::connect(world.node.clone(), BusConfig::new(url, "late")).await.unwrap();
    assert!(!bus.is_connected());
    assert_eq!(bus.publish(event("a")).await.unwrap_err(), BusError::Disconnected);
    world.start();
    eventually("the bus is connected", async || bus.is_connected().then_some(())).await;
    bus.apply(&usual(&[])).await.unwrap();
    bus.publish(event("a")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_survives_its_stream_being_deleted_under_it_while_connected() {
    let (shop, erp) = (events("shop"), commands("erp"));
    let all = [shop.clone(), erp.clone()];
    let world = World::jetstream().await.with(&all).await;
    let url = server(&world).url();
    let raw = async_nats::jetstream::new(async_nats::connect(url).await.unwrap());
    let (mut reader, mut queue) = (world.reader(&shop).await, world.reader(&erp).await);
    world.publish(event("a")).await;
    world.publish(command("a")).await;
    assert_eq!((take(&mut reader).await, take(&mut queue).await), ("a".to_owned(), "a".to_owned()));
    raw.delete_stream(topology::EVENTS).await.unwrap();
    raw.get_stream(topology::COMMANDS).await.unwrap().delete_consumer("erp").await.unwrap();
    world.apply(&usual(&all)).await;
    world.publish(event("b")).await;
    world.publish(command("b")).await;
    assert_eq!((take(&mut reader).await, take(&mut queue).await), ("b".to_owned(), "b".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_reads_too_little_is_not_read_until_it_is_put_right() {
    let shop = events("shop");
    let mut narrow = shop.clone();
    narrow.filters = vec!["otc.*.order.event.cancelled.v1".to_owned()];
    let world = World::jetstream().await.with(&[narrow]).await;
    world.publish(event("a")).await;
    let mut reader = world.reader(&shop).await;
    assert!(tokio::time::timeout(Duration::from_millis(500), reader.next()).await.is_err());
    world.apply(&usual(std::slice::from_ref(&shop))).await;
    world.publish(event("b")).await;
    let got = tokio::time::timeout(PATIENCE, async { while take(&mut reader).await != "b" {} });
    got.await.expect("the reader goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_falls_silent_is_noticed_and_taken_up_again() {
    let shop = events("shop");
    let world = World::jetstream().await.with(std::slice::from_ref(&shop)).await;
    let mut reader = world.reader(&shop).await;
    world.publish(event("a")).await;
    assert_eq!(take(&mut reader).await, "a");
    server(&world).pause();
    let refusal = world.bus.publish(event("b")).await.unwrap_err();
    assert_eq!(refusal.class(), Class::Transient, "{refusal}");
    eventually("the silence is noticed", async || (!world.bus.is_connected()).then_some(())).await;
    server(&world).resume();
    world.publish(event("b")).await;
    let got = tokio::time::timeout(PATIENCE, async { while take(&mut reader).await != "b" {} });
    got.await.expect("the reader goes on");
}
