//! Silences at the sandbox's gateway, asked about: what was done is found, what was not is absent, what differs is told.

use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use contracts::r#type::v1::Personal;
use ids::MerchantReference;
use ledger::{Append, ClaimedEffect, Commit, Head, MemoryLedger, MemoryState, NewEvent};
use payment_domain::{
    ladder::Command as Ladder,
    payment::{Event, Operation, Purpose},
    sweep::{Command as Sweep, Counts, Window},
};
use payment_svc::{
    Command,
    adapters::CybersourceGateway,
    codec::{self, FollowOn, Heard, PaymentStream, Timeout, What},
    ports::CardGateway as _,
};
use runtime::{Aggregate as _, Called, Context, Ending, Inquired, Inquiry, Service as _};
use sandbox::{FaultRule, WorldName, faults::FaultKind};

use super::{World, config, effect, eur, gateway, order_id, pair};

fn reference(verb: char, number: u32) -> MerchantReference {
    ids::merchant_reference("demo", order_id().0, verb, number)
}

async fn context(world: &World) -> Context {
    Context { node: world.node.clone(), ledger: MemoryLedger::attach(MemoryState::new(), world.node.clone()) }
}

async fn ask(world: &World, effect: &ClaimedEffect) -> Inquired {
    let at = DateTime::UNIX_EPOCH;
    let inquiry = Inquiry { number: 1, sent_at: at, dead_after: at, absence_is_proof: true };
    world.service.inquire(&context(world).await, effect, &inquiry).await
}

fn authorization(purpose: &Purpose) -> ClaimedEffect {
    let reference = reference('A', 1);
    effect("authorize", order_id().stream_of("payment"), codec::write_authorize(&reference, purpose))
}

fn follow_on(verb: char, total: &str, target: &str) -> FollowOn {
    gateway::follow_on(verb, total, target)
}

async fn authorize(world: &World, purpose: &Purpose) -> Result<What, payment_svc::error::CallError> {
    let gateway = CybersourceGateway::from_config(&config(), &world.node).unwrap();
    gateway.authorize(&pair(), &reference('A', 1), purpose, &Personal::default()).await
}

fn heard(inquired: Inquired) -> What {
    match inquired {
        Inquired::Found(answer) => codec::read_answer(&answer).unwrap().what,
        other => panic!("{other:?}"),
    }
}

fn fault(world: &World, operation: &str, kind: FaultKind) {
    assert!(world.sandbox.add_fault(FaultRule::once(WorldName::Gateway, operation, kind)));
}

async fn later(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn an_authorization_whose_answer_was_lost_is_found_and_one_that_never_arrived_is_absent() {
    let world = World::new();
    let purpose = gateway::purpose(&world, "50.00", "visa");
    fault(&world, "authorize", FaultKind::DropBeforeApply);
    authorize(&world, &purpose).await.unwrap_err();
    later(60).await;
    assert_eq!(ask(&world, &authorization(&purpose)).await, Inquired::Absent);
    fault(&world, "authorize", FaultKind::Hang);
    authorize(&world, &purpose).await.unwrap_err();
    later(60).await;
    let found = heard(ask(&world, &authorization(&purpose)).await);
    assert!(matches!(&found, What::Held { amount, .. } if *amount == eur("50.00")), "{found:?}");
    assert_eq!(world.sandbox.books().gateway.payments.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_decline_is_adopted_too_and_another_amount_is_not() {
    let world = World::new();
    let purpose = gateway::purpose(&world, "30.00", "visa_insufficient_fund");
    fault(&world, "authorize", FaultKind::DropAfterApply);
    authorize(&world, &purpose).await.unwrap_err();
    later(60).await;
    let found = heard(ask(&world, &authorization(&purpose)).await);
    assert!(matches!(&found, What::Refused(reason) if reason.code == "INSUFFICIENT_FUND"), "{found:?}");
    let world = World::new();
    let purpose = gateway::purpose(&world, "30.00", "visa");
    authorize(&world, &purpose).await.unwrap();
    later(60).await;
    let other = Purpose { amount: eur("31.00"), ..purpose };
    assert!(matches!(ask(&world, &authorization(&other)).await, Inquired::Differs(_)));
}

#[tokio::test(start_paused = true)]
async fn a_capture_whose_answer_was_lost_is_found() {
    let world = World::new();
    let What::Held { gateway_request_id, .. } =
        authorize(&world, &gateway::purpose(&world, "50.00", "visa")).await.unwrap()
    else {
        panic!("held")
    };
    let call = follow_on('C', "50.00", &gateway_request_id);
    fault(&world, "capture", FaultKind::Hang);
    let gateway = CybersourceGateway::from_config(&config(), &world.node).unwrap();
    gateway.capture(&pair(), &call).await.unwrap_err();
    later(60).await;
    let row = effect("capture", order_id().stream_of("payment"), codec::write_follow_on(&call));
    let found = heard(ask(&world, &row).await);
    assert!(matches!(&found, What::Captured { amount, .. } if *amount == eur("50.00")), "{found:?}");
    // Taken meanwhile: too late for a reversal, and the capture that stands in the way is ours.
    let too_late = gateway.reverse(&pair(), &follow_on('R', "50.00", &gateway_request_id)).await.unwrap();
    assert!(matches!(&too_late, What::MovedOn { .. }), "{too_late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_does_not_answer_the_question_leaves_it_open() {
    let world = World::new();
    let purpose = gateway::purpose(&world, "50.00", "visa");
    fault(&world, "search", FaultKind::ErrorBefore(503));
    assert!(matches!(ask(&world, &authorization(&purpose)).await, Inquired::Unclear(_)));
}

#[tokio::test(start_paused = true)]
async fn every_ending_of_every_call_is_a_command() {
    let world = World::new();
    let purpose = gateway::purpose(&world, "50.00", "visa");
    let timeout =
        Timeout { order: order_id(), reference: reference('T', 1), silent: reference('A', 1), amount: eur("50.00") };
    let stream = order_id().stream_of("payment");
    let follow = codec::write_follow_on(&follow_on('C', "50.00", "7919"));
    let rows = [
        authorization(&purpose),
        effect("capture", stream, follow.clone()),
        effect("reverse", stream, follow),
        effect("timeout_reverse", stream, codec::write_timeout(&timeout)),
        effect("timeout_void", stream, codec::write_timeout(&timeout)),
    ];
    let differs = codec::write_answer(&Heard { at_ms: 1, what: What::Refused(payment_domain::Reason::new("x", "y")) });
    for row in &rows {
        for ending in [Ending::Absent, Ending::Differs(differs.clone()), Ending::GivenUp("silence".to_owned())] {
            let (place, command) = world.service.answered(row, ending).unwrap();
            assert_eq!(place.stream, stream);
            assert!(matches!(command, Command::Payment(_)));
        }
    }
    let rung = FollowOn { ladder: 2, ..follow_on('R', "50.00", "7919") };
    let row = effect("void", order_id().stream_of("ladder/2"), codec::write_follow_on(&rung));
    let (place, command) = world.service.answered(&row, Ending::Absent).unwrap();
    assert_eq!(place.stream, order_id().stream_of("ladder/2"));
    assert!(matches!(command, Command::Ladder(Ladder::RecordAnswer { .. })));
}

async fn swept(world: &World, context: &Context) -> (Counts, usize) {
    let now = world.node.now().timestamp_millis();
    let window = Window { number: 1, from_ms: now - 900_000, to_ms: now };
    let row = effect("sweep", order_id().stream_of("sweep"), codec::write_window(window));
    let Called::Answered(answer) = world.service.call(context, &row).await else { panic!("no answer") };
    let (_, command) = world.service.answered(&row, Ending::Answered(answer)).unwrap();
    match command {
        Command::Sweep(Sweep::RecordSwept { counts, sightings, .. }) => (counts, sightings.len()),
        other => panic!("{other:?}"),
    }
}

async fn remember(context: &Context, events: &[Event]) {
    let new = |event: &Event| {
        let (kind, shape, body, is_public) = PaymentStream::encode(event);
        NewEvent { kind: kind.to_owned(), shape, at: DateTime::UNIX_EPOCH, meta: Bytes::new(), body, is_public }
    };
    let append = Append {
        stream: order_id().stream_of("payment"),
        pair: pair(),
        kind: PaymentStream::KIND.to_owned(),
        after: Head { version: 0, n: 0, hash: [0; 32] },
        events: events.iter().map(new).collect(),
    };
    context.ledger.commit(Commit { appends: vec![append], ..Commit::default() }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_sweep_counts_what_is_known_lists_what_is_not_and_leaves_others_alone() {
    let world = World::new();
    let purpose = gateway::purpose(&world, "50.00", "visa");
    authorize(&world, &purpose).await.unwrap();
    later(60).await;
    // Our prefix, but no attempt in our ledger.
    let (counts, told) = swept(&world, &context(&world).await).await;
    assert_eq!((counts.seen, counts.foreign, counts.is_complete, told), (1, 1, true, 0));
    assert_eq!(counts.named, [reference('A', 1).to_string()]);
    // Ours, written off and yet done: its payment hears of it.
    let asked = context(&world).await;
    let attempt = payment_domain::payment::Attempt { number: 1, reference: reference('A', 1), amount: eur("50.00") };
    let not_found = Event::NotFound { operation: Operation::Authorize, reference: reference('A', 1), at_ms: 1 };
    remember(&asked, &[Event::AuthorizationRequested { purpose, attempt }, not_found]).await;
    let (counts, told) = swept(&world, &asked).await;
    assert_eq!((counts.seen, counts.told, counts.foreign, told), (1, 1, 0, 1));
}
