//! Messages, endings and timers as commands; decisions as wishes; one whole authorization by hand.

use contracts::{
    erp::v1::{ErpOutcomeUnknown, OrderScreened, SalesOrderPlaced},
    order::v1::OrderPaid,
};
use fault::Class;
use ledger::{Commit, InboxRow, MemoryLedger, MemoryState, SubjectKey};
use payment_domain::order_to_cash::Command as Saga;
use payment_svc::Command;
use runtime::{Called, Context, Decided, Ending, Past, Place, Routed, Service as _, Wish};

use super::{World, effect, eur, message, order_id, pair, person, sealed, start};

fn routed(world: &World, inbound: &runtime::Inbound) -> (Place, Command, Vec<SubjectKey>) {
    match world.service.inbound(inbound).unwrap() {
        Routed::Command { place, command, subject_keys } => (place, command, subject_keys),
        Routed::Ignored => panic!("ignored"),
    }
}

fn decided(world: &World, place: &Place, command: Command, before: Option<&Decided<Command>>) -> Decided<Command> {
    let past = Past { state: before.map(|decided| decided.state.clone()), events: &[] };
    world.service.decide(place, past, command, world.node.now()).unwrap()
}

fn call(decided: &Decided<Command>) -> runtime::Call {
    decided
        .wishes
        .iter()
        .find_map(|(_, wish)| if let Wish::Call(call) = wish { Some(call.clone()) } else { None })
        .unwrap()
}

fn tell(decided: Decided<Command>) -> (Place, Command) {
    decided
        .wishes
        .into_iter()
        .find_map(|(_, wish)| if let Wish::Tell { place, command } = wish { Some((place, command)) } else { None })
        .unwrap()
}

async fn context(world: &World) -> Context {
    let ledger = MemoryLedger::attach(MemoryState::new(), world.node.clone());
    let key = SubjectKey { subject: person(), wrapped: sealed().wrapped_key };
    let inbox = Some(InboxRow { stream: order_id().stream(), message_id: "x".to_owned() });
    ledger.commit(Commit { subject_keys: vec![key], inbox, ..Commit::default() }).await.unwrap();
    Context { node: world.node.clone(), ledger }
}

#[tokio::test(start_paused = true)]
async fn a_start_opens_the_saga_and_hands_the_key_over_apart() {
    let world = World::new();
    let (place, command, keys) = routed(&world, &start(world.order("190.56", "visa"), world.node.now()));
    assert_eq!((place.stream, place.kind), (order_id().stream(), "order_to_cash"));
    assert_eq!(keys.len(), 1);
    let opened = decided(&world, &place, command, None);
    assert_eq!(
        opened.events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(),
        ["opened", "screen_requested"]
    );
    let wrapped = sealed().wrapped_key;
    for event in &opened.events {
        assert!(!event.body.windows(wrapped.len()).any(|window| *window == wrapped[..]), "the wrapped key is stored");
    }
    let names: Vec<&str> = opened
        .wishes
        .iter()
        .map(|(_, wish)| match wish {
            Wish::Send { name, .. } => name,
            Wish::Timer { name, .. } => name.as_str(),
            _ => "?",
        })
        .collect();
    assert_eq!(names, ["screen", "screening_deadline"]);
}

#[tokio::test(start_paused = true)]
async fn an_authorization_goes_out_and_comes_home() {
    let world = World::new();
    let context = context(&world).await;
    let (place, command, _) = routed(&world, &start(world.order("190.56", "visa"), world.node.now()));
    let opened = decided(&world, &place, command, None);
    let screened =
        OrderScreened { order_id: order_id().to_string(), customer_code: "C001".to_owned(), warnings: Vec::new() };
    let (place, command, _) = routed(&world, &message(&screened, world.node.now()));
    let (payment, command) = tell(decided(&world, &place, command, Some(&opened)));
    assert_eq!((payment.stream, payment.kind), (order_id().stream_of("payment"), "payment"));
    let asked = decided(&world, &payment, command, None);
    let call = call(&asked);
    assert_eq!(call.reference, ids::merchant_reference("demo", order_id().0, 'A', 1).as_str());
    let row = effect(call.kind, payment.stream, call.request.clone());
    let Called::Answered(answer) = world.service.call(&context, &row).await else { panic!("no answer") };
    let (home, command) = world.service.answered(&row, Ending::Answered(answer)).unwrap();
    assert_eq!(home, payment);
    let held = decided(&world, &home, command, Some(&asked));
    assert_eq!(held.events[0].kind, "authorized");
    let (saga, command) = tell(held);
    assert!(matches!(command, Command::Saga(Saga::RecordHeld { held, amiss: None, .. }) if held == eur("190.56")));
    assert_eq!(saga.stream, order_id().stream());
    assert_eq!(world.sandbox.books().gateway.payments.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_not_sent_and_an_erased_person_neither() {
    let world = World::new();
    let ledger = MemoryLedger::attach(MemoryState::new(), world.node.clone());
    let nobody = Context { node: world.node.clone(), ledger };
    let (place, command, _) = routed(&world, &start(world.order("10.00", "visa"), world.node.now()));
    let opened = decided(&world, &place, command, None);
    let (payment, command) =
        tell(decided(&world, &place, Command::Saga(Saga::ScreeningDeadline { now_ms: 0 }), Some(&opened)));
    let call = call(&decided(&world, &payment, command, None));
    let row = effect(call.kind, payment.stream, call.request);
    for (context, late) in [(&nobody, 0), (&context(&world).await, 3600)] {
        tokio::time::advance(std::time::Duration::from_secs(late)).await;
        let called = world.service.call(context, &row).await;
        assert!(matches!(called, Called::Failed { class: Class::Permanent, .. }), "{called:?}");
    }
    assert!(world.sandbox.books().gateway.calls.is_empty());
    let (_, command) = world.service.answered(&row, Ending::Refused("expired".to_owned())).unwrap();
    assert!(matches!(command, Command::Payment(_)));
}

#[tokio::test(start_paused = true)]
async fn what_erp_writer_tells_finds_its_saga() {
    let world = World::new();
    let placed = SalesOrderPlaced {
        order_id: order_id().to_string(),
        sales_order: "000871".to_owned(),
        customer_code: "C1".to_owned(),
    };
    let (place, command, _) = routed(&world, &message(&placed, world.node.now()));
    assert_eq!(place.stream, order_id().stream());
    assert!(matches!(command, Command::Saga(Saga::RecordPlaced { .. })));
    // Nobody opened it: refused, and nothing is created.
    let past = Past { state: None, events: &[] };
    assert!(world.service.decide(&place, past, command, world.node.now()).is_err());
    let odd = ErpOutcomeUnknown { operation: "dance".to_owned(), ..ErpOutcomeUnknown::default() };
    assert!(world.service.inbound(&message(&odd, world.node.now())).is_err());
    assert!(matches!(world.service.inbound(&message(&OrderPaid::default(), world.node.now())), Ok(Routed::Ignored)));
}

#[tokio::test(start_paused = true)]
async fn a_broken_start_is_unreadable_and_not_half_taken() {
    let world = World::new();
    let good = || world.order("10.00", "visa");
    let now = world.node.now();
    let mut foreign = start(good(), now);
    foreign.pair = "other".parse().unwrap();
    assert!(world.service.inbound(&foreign).is_err());
    for order in [
        contracts::r#type::v1::Order { order_id: "no".to_owned(), ..good() },
        contracts::r#type::v1::Order { total: None, ..good() },
        contracts::r#type::v1::Order { total: Some(eur("0.00").into()), ..good() },
        contracts::r#type::v1::Order { payment: None, ..good() },
        contracts::r#type::v1::Order { personal: None, ..good() },
    ] {
        assert!(world.service.inbound(&start(order, now)).is_err());
    }
    assert_eq!(pair(), "demo".parse().unwrap());
}

#[tokio::test(start_paused = true)]
async fn timers_fire_as_commands() {
    let world = World::new();
    for kind in [
        "timer.screening_deadline",
        "timer.review_deadline",
        "timer.open_until",
        "timer.hold_ending",
        "timer.hold_ended",
    ] {
        assert!(world.service.effect_kinds().contains(&kind));
        let (place, _) = world.service.fired(&effect(kind, order_id().stream(), bytes::Bytes::new())).unwrap();
        assert_eq!(place.stream, order_id().stream());
    }
    assert!(world.service.fired(&effect("timer.other", order_id().stream(), bytes::Bytes::new())).is_err());
}
