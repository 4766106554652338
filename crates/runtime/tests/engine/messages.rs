//! Messages that fail, and what remains of it.

use std::time::Duration;

use bus::OutMessage;
use contracts::{Contract as _, envelope::Envelope, order::v1::OrderRefused, subjects};
use ids::{OrderId, StreamId};
use ledger::DeadLetter;
use prost::Message as _;

use crate::world::{World, pair, paused};

const HOUR: Duration = Duration::from_secs(3600);

/// Publishes one message for a stream, as another service would.
async fn publish(world: &World, stream: StreamId) {
    let (kind, order) = (OrderRefused::KIND, OrderId(stream.0));
    let envelope = Envelope {
        id: format!("{stream}/1/of-another"),
        ce_type: kind.ce_type.to_owned(),
        source: Envelope::source(&pair(), "another"),
        order,
        time: world.now(),
        stream,
        n: 1,
        shape: kind.shape,
        traceparent: None,
    };
    let message = || OutMessage {
        subject: subjects::subject(&pair(), kind),
        broker_id: envelope.id.clone(),
        headers: envelope.headers(kind),
        payload: OrderRefused { order_id: order.to_string(), ..OrderRefused::default() }.encode_to_vec().into(),
    };
    // The topology role may be at it still.
    testkit::within(HOUR, "a broker", async || world.bus().publish(message()).await.ok()).await;
}

async fn letters(world: &World) -> Vec<DeadLetter> {
    world.ledger().dead_letters(10).await.expect("it answers")
}

#[test]
fn a_panic_that_a_later_try_solved_is_no_dead_letter() {
    paused(async {
        let mut world = World::new();
        world.outside.books().panics = 1;
        let _process = world.start();
        let stream = world.new_stream();
        publish(&world, stream).await;
        let letter = testkit::within(HOUR, "a dead letter", async || letters(&world).await.pop()).await;
        assert_eq!((letter.class.as_str(), letter.failures), ("panic", 1));
        world.until(stream, "said").await;
        testkit::within(HOUR, "the end of the letter", async || letters(&world).await.is_empty().then_some(())).await;
        assert_eq!(world.ledger().pending().await.expect("it counts").dead_letters, 0);
        assert_eq!(world.kinds(stream), ["said"]);
    });
}

#[test]
fn a_message_that_makes_everybody_panic_stays_a_dead_letter() {
    paused(async {
        let mut world = World::new();
        world.outside.books().panics = u32::MAX;
        let _process = world.start();
        let stream = world.new_stream();
        publish(&world, stream).await;
        testkit::within(HOUR, "two panics", async || {
            letters(&world).await.iter().any(|letter| letter.failures == 2).then_some(())
        })
        .await;
        // It holds nobody up: the next message goes through.
        world.outside.books().panics = 0;
        let next = world.new_stream();
        publish(&world, next).await;
        world.until(next, "said").await;
        world.pass(HOUR).await;
        assert_eq!(letters(&world).await.len(), 1);
        assert_eq!(world.kinds(stream), Vec::<String>::new());
    });
}
