//! What holds on a broker that behaves.

use std::{collections::BTreeSet, time::Duration};

use bus::{BusError, Consumer, Sizes, Topology, topology};
use bytes::Bytes;
use fault::{Class, Classify};
use tokio::time::Instant;

use crate::world::{
    ACK_WAIT, World, ack, command, commands, consumer, event, events, eventually, is_transient, message, next, silent,
    take, text, topology as usual,
};

pub async fn a_repeated_id_is_a_duplicate_at_the_same_sequence(world: World) {
    let world = world.with(&[]).await;
    let first = world.bus.publish(event("a")).await.unwrap();
    assert_eq!((first.bus_stream.as_str(), first.seq, first.is_duplicate), (topology::EVENTS, 1, false));
    let again = world.bus.publish(event("a")).await.unwrap();
    assert_eq!((again.bus_stream.as_str(), again.seq, again.is_duplicate), (topology::EVENTS, 1, true));
    let other = world.bus.publish(event("b")).await.unwrap();
    assert_eq!((other.seq, other.is_duplicate), (2, false));
}

pub async fn subject_headers_and_bytes_arrive_as_sent(world: World) {
    let shop = events("shop");
    let world = world.with(std::slice::from_ref(&shop)).await;
    let mut sent = event("a");
    sent.payload = Bytes::from_static(&[0, 1, 2, 255, b'\r', b'\n']);
    sent.headers.push(("ce-source".to_owned(), "/quittance/payment-svc ü".to_owned()));
    world.bus.publish(sent.clone()).await.unwrap();
    let got = next(&mut world.reader(&shop).await).await.message;
    assert_eq!((got.subject, got.payload, got.seq, got.delivered), (sent.subject, sent.payload, 1, 1));
    let expected = [("Nats-Msg-Id", "a"), ("ce-id", "a"), ("ce-source", "/quittance/payment-svc ü")];
    let headers: Vec<_> = got.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(headers, expected);
}

pub async fn an_unanswered_message_comes_again_and_an_acknowledged_one_does_not(world: World) {
    let shop = events("shop");
    let world = world.with(std::slice::from_ref(&shop)).await;
    world.publish(event("a")).await;
    let mut reader = world.reader(&shop).await;
    let first = next(&mut reader).await;
    let at = Instant::now();
    assert_eq!(first.message.delivered, 1);
    let second = next(&mut reader).await;
    assert_eq!((second.message.seq, second.message.delivered), (first.message.seq, 2));
    assert!(at.elapsed() >= ACK_WAIT.mul_f64(0.8), "{:?}", at.elapsed());
    ack(&*second.acker).await;
    silent(&mut reader).await;
}

pub async fn a_message_in_progress_is_left_alone(world: World) {
    let shop = events("shop");
    let world = world.with(std::slice::from_ref(&shop)).await;
    world.publish(event("a")).await;
    let mut reader = world.reader(&shop).await;
    let delivery = next(&mut reader).await;
    let mut tick = tokio::time::interval(ACK_WAIT / 3);
    for _ in 0..7 {
        tokio::select! {
            biased;
            _ = tick.tick() => delivery.acker.in_progress().await.unwrap(),
            again = reader.next() => panic!("came again: {:?}", again.message),
        }
    }
    ack(&*delivery.acker).await;
    silent(&mut reader).await;
}

pub async fn a_nak_brings_the_message_back_after_its_delay(world: World) {
    let shop = events("shop");
    let world = world.with(std::slice::from_ref(&shop)).await;
    world.publish(event("a")).await;
    let mut reader = world.reader(&shop).await;
    let delay = ACK_WAIT * 2;
    let at = Instant::now();
    next(&mut reader).await.acker.nak(delay).await.unwrap();
    let again = next(&mut reader).await;
    assert_eq!(again.message.delivered, 2);
    assert!(at.elapsed() >= delay.mul_f64(0.9), "{:?}", at.elapsed());
    again.acker.nak(Duration::ZERO).await.unwrap();
    let third = next(&mut reader).await;
    assert_eq!(third.message.delivered, 3);
    ack(&*third.acker).await;
}

pub async fn every_consumer_of_events_gets_every_event(world: World) {
    let (shop, desk) = (events("shop"), events("desk"));
    let world = world.with(&[shop.clone(), desk.clone()]).await;
    for id in ["a", "b", "c"] {
        world.publish(event(id)).await;
    }
    for consumer in [&shop, &desk] {
        let mut reader = world.reader(consumer).await;
        for id in ["a", "b", "c"] {
            assert_eq!(take(&mut reader).await, id);
        }
    }
}

pub async fn two_readers_share_one_consumer(world: World) {
    let erp = commands("erp");
    let world = world.with(std::slice::from_ref(&erp)).await;
    let (mut one, mut two) = (world.reader(&erp).await, world.reader(&erp).await);
    let sent: BTreeSet<String> = (0..40).map(|n| format!("c{n}")).collect();
    for id in &sent {
        world.publish(command(id)).await;
    }
    let mut got = BTreeSet::new();
    while got.len() < sent.len() {
        let delivery = tokio::select! {
            biased;
            delivery = next(&mut one) => delivery,
            delivery = next(&mut two) => delivery,
        };
        // A message that lay in one reader's hands while we asked the other may come again; nothing else may.
        assert!(got.insert(text(&delivery)) || delivery.message.delivered > 1);
        ack(&*delivery.acker).await;
    }
    assert_eq!(got, sent);
}

pub async fn a_consumer_gets_only_what_its_filters_name(world: World) {
    let both = consumer("both", topology::EVENTS, &["otc.*.payment.event.captured.v1", "otc.*.order.event.>"]);
    let world = world.with(std::slice::from_ref(&both)).await;
    for (subject, id) in [
        ("otc.demo.payment.event.authorized.v1", "no1"),
        ("otc.demo.payment.event.captured.v1", "a"),
        ("otc.other.order.event.accepted.v1", "b"),
        ("otc.demo.payment.event.captured.v2", "no2"),
        ("otc.demo.erp.event.order_placed.v1", "no3"),
        ("otc.demo.payment.event.captured.v1", "c"),
    ] {
        world.publish(message(subject, id, id.as_bytes())).await;
    }
    let mut reader = world.reader(&both).await;
    for id in ["a", "b", "c"] {
        assert_eq!(take(&mut reader).await, id);
    }
    silent(&mut reader).await;
}

pub async fn an_acknowledged_command_leaves_the_queue_and_an_event_stays(world: World) {
    let (erp, shop) = (commands("erp"), events("shop"));
    let world = world.with(&[erp.clone(), shop.clone()]).await;
    world.publish(command("c")).await;
    world.publish(event("e")).await;
    assert_eq!(world.bus.id_at(topology::COMMANDS, 1).await.unwrap().as_deref(), Some("c"));
    take(&mut world.reader(&erp).await).await;
    take(&mut world.reader(&shop).await).await;
    eventually("the command is gone", async || {
        world.bus.id_at(topology::COMMANDS, 1).await.unwrap().is_none().then_some(())
    })
    .await;
    assert_eq!(world.bus.id_at(topology::EVENTS, 1).await.unwrap().as_deref(), Some("e"));
    assert_eq!(world.bus.mark(topology::COMMANDS).await.unwrap().unwrap().last_seq, 1);
}

pub async fn unanswered_messages_are_bounded(world: World) {
    let narrow = Consumer { max_ack_pending: 2, ack_wait: Duration::from_secs(30), ..events("narrow") };
    let world = world.with(std::slice::from_ref(&narrow)).await;
    for id in ["a", "b", "c"] {
        world.publish(event(id)).await;
    }
    let mut reader = world.reader(&narrow).await;
    let (one, two) = (next(&mut reader).await, next(&mut reader).await);
    silent(&mut reader).await;
    ack(&*one.acker).await;
    let three = next(&mut reader).await;
    assert_eq!((text(&two), text(&three)), ("b".to_owned(), "c".to_owned()));
}

pub async fn a_full_command_stream_refuses_and_takes_again_when_emptied(world: World) {
    let erp = commands("erp");
    let sizes = Sizes { command_bytes_max: 64 << 10, ..Sizes::default() };
    world.bus.apply(&Topology::new(sizes, vec![erp.clone()])).await.unwrap();
    let body = vec![7_u8; 10 << 10];
    let subject = "otc.demo.erp.command.place_order.v1";
    let mut stored = 0;
    let refusal = loop {
        match world.bus.publish(message(subject, &format!("c{stored}"), &body)).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 20, "the limit holds");
    };
    assert!(matches!(refusal, BusError::Full { .. }), "{refusal:?}");
    assert_eq!(refusal.class(), Class::Transient);
    assert_eq!(stored, 6);
    let mut reader = world.reader(&erp).await;
    ack(&*next(&mut reader).await.acker).await;
    world.publish(message(subject, "later", &body)).await;
}

pub async fn a_full_event_stream_drops_its_oldest(world: World) {
    let sizes = Sizes { event_bytes_max: 64 << 10, ..Sizes::default() };
    world.bus.apply(&Topology::new(sizes, Vec::new())).await.unwrap();
    let body = vec![7_u8; 10 << 10];
    for n in 1..=8 {
        world.bus.publish(message("otc.demo.order.event.accepted.v1", &format!("e{n}"), &body)).await.unwrap();
    }
    assert_eq!(world.bus.id_at(topology::EVENTS, 1).await.unwrap(), None);
    assert_eq!(world.bus.id_at(topology::EVENTS, 8).await.unwrap().as_deref(), Some("e8"));
    assert_eq!(world.bus.mark(topology::EVENTS).await.unwrap().unwrap().last_seq, 8);
}

pub async fn what_can_never_be_published_is_permanent(world: World) {
    let world = world.with(&[]).await;
    let huge = vec![0_u8; topology::MESSAGE_BYTES_MAX as usize + 1];
    let refusal = world.bus.publish(message("otc.demo.order.event.accepted.v1", "a", &huge)).await.unwrap_err();
    assert!(matches!(refusal, BusError::TooLarge { .. }), "{refusal:?}");
    assert_eq!(refusal.class(), Class::Permanent);
    for subject in ["", "otc..event", "otc.demo.order.event.*", "otc.demo.order.event.>", "otc.demo.a b", "otc.\r\n"] {
        let refusal = world.bus.publish(message(subject, "a", b"")).await.unwrap_err();
        assert!(matches!(refusal, BusError::InvalidSubject { .. }), "{refusal:?}");
        assert_eq!(refusal.class(), Class::Permanent);
    }
    let mut bad = event("a");
    bad.headers.push(("ce-source".to_owned(), "a\r\nNats-Msg-Id: b".to_owned()));
    let refusal = world.bus.publish(bad).await.unwrap_err();
    assert!(matches!(refusal, BusError::InvalidHeader { .. }), "{refusal:?}");
    assert_eq!(world.bus.mark(topology::EVENTS).await.unwrap().unwrap().last_seq, 0);
}

pub async fn without_a_stream_a_publish_fails_transiently(world: World) {
    assert!(is_transient(&world.bus.publish(event("a")).await));
    assert_eq!(world.bus.mark(topology::EVENTS).await.unwrap(), None);
    assert!(is_transient(&world.bus.id_at(topology::EVENTS, 1).await));
    let world = world.with(&[]).await;
    assert_eq!(world.bus.publish(event("a")).await.unwrap().seq, 1);
}

pub async fn marks_and_ids_tell_what_is_stored(world: World) {
    let world = world.with(&[]).await;
    let empty = world.bus.mark(topology::EVENTS).await.unwrap().unwrap();
    assert_eq!(empty.last_seq, 0);
    for id in ["a", "b"] {
        world.bus.publish(event(id)).await.unwrap();
    }
    let filled = world.bus.mark(topology::EVENTS).await.unwrap().unwrap();
    assert_eq!((filled.created, filled.last_seq), (empty.created, 2));
    assert_eq!(world.bus.id_at(topology::EVENTS, 2).await.unwrap().as_deref(), Some("b"));
    assert_eq!(world.bus.id_at(topology::EVENTS, 3).await.unwrap(), None);
    // Applying what is there already changes nothing.
    world.bus.apply(&usual(&[])).await.unwrap();
    assert_eq!(world.bus.mark(topology::EVENTS).await.unwrap().unwrap(), filled);
}

pub async fn differences_name_what_lacks_and_apply_puts_it_right(world: World) {
    let shop = events("shop");
    let wanted = usual(std::slice::from_ref(&shop));
    let words = world.bus.differences(&wanted).await.unwrap();
    assert_eq!(words, ["stream OTC_EVENTS: missing", "stream OTC_COMMANDS: missing", "consumer shop: missing"]);
    world.bus.apply(&wanted).await.unwrap();
    assert_eq!(world.bus.differences(&wanted).await.unwrap(), Vec::<String>::new());

    let mut more = wanted.clone();
    more.streams[0].max_bytes = Some(16 << 20);
    more.streams[0].duplicate_window *= 2;
    more.consumers[0].filters.push("otc.*.payment.event.>".to_owned());
    more.consumers[0].ack_wait *= 2;
    more.consumers[0].max_ack_pending += 1;
    let words = world.bus.differences(&more).await.unwrap();
    let fields: Vec<_> = words.iter().map(|line| line.split(" is ").next().unwrap()).collect();
    let expected = [
        "stream OTC_EVENTS: max_bytes",
        "stream OTC_EVENTS: duplicate_window",
        "consumer shop: filters",
        "consumer shop: ack_wait",
        "consumer shop: max_ack_pending",
    ];
    assert_eq!(fields, expected);
    world.bus.apply(&more).await.unwrap();
    assert_eq!(world.bus.differences(&more).await.unwrap(), Vec::<String>::new());
    // What asks for less is content with more, and takes nothing back.
    assert_eq!(world.bus.differences(&wanted).await.unwrap(), Vec::<String>::new());
    world.bus.apply(&wanted).await.unwrap();
    assert_eq!(world.bus.differences(&more).await.unwrap(), Vec::<String>::new());
}

pub async fn overlapping_consumers_of_the_work_queue_are_refused(world: World) {
    let one = consumer("one", topology::COMMANDS, &["otc.*.erp.command.>"]);
    let two = consumer("two", topology::COMMANDS, &["otc.demo.erp.command.place_order.v1"]);
    let refusal = world.bus.apply(&usual(&[one, two])).await.unwrap_err();
    assert!(matches!(refusal, BusError::Refused { .. }), "{refusal:?}");
}

pub async fn hints_reach_who_listens(world: World) {
    let mut hints = world.bus.hints("otc-hint.payment").await.unwrap();
    let mut others = world.bus.hints("otc-hint.erp").await.unwrap();
    // The listener's request travels on another connection than the hint: hints may be lost until it has arrived.
    let got = eventually("a hint arrives", async || {
        world.bus.hint("otc-hint.payment", Bytes::from_static(b"stream 1")).await.unwrap();
        tokio::time::timeout(Duration::from_millis(200), hints.next()).await.ok()
    })
    .await;
    assert_eq!(got, Some(("otc-hint.payment".to_owned(), Bytes::from_static(b"stream 1"))));
    assert!(tokio::time::timeout(Duration::from_millis(200), others.next()).await.is_err());
}
