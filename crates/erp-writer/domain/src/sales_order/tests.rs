//! Given, when, then; the transition table; and what holds in every history.

mod unknown;

use std::{collections::BTreeSet, sync::Arc};

use decider::{Decider, fold};
use money::Amount;
use proptest::prelude::*;
use sealed::SealedBox;

use super::*;
use crate::order::{Charge, Line, Order};

fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

fn order() -> Arc<Order> {
    let subject = "01935e7a-1234-7abc-8def-0123456789ab".parse::<ids::OrderId>().unwrap().0;
    Arc::new(Order {
        shop: "lamp-shop".parse().unwrap(),
        order_number: "1001".to_owned(),
        customer_po: "L-1001".to_owned(),
        customer_code: String::new(),
        prices_include_tax: false,
        lines: vec![Line {
            sku: "LAMP-01".to_owned(),
            description: "Lamp".to_owned(),
            quantity: "2".to_owned(),
            tax: eur(1050),
            total: eur(5000),
        }],
        shipping: Some(Charge { name: "parcel".to_owned(), amount: eur(500), tax: eur(0) }),
        fees: Vec::new(),
        tax: eur(1050),
        total: eur(6550),
        personal: SealedBox { subject, wrapped_key: Vec::new(), ciphertext: vec![1, 2, 3] },
        placed_at_ms: 1_791_970_000_000,
    })
}

fn reason(code: &str) -> Reason {
    Reason::new(code, "in words")
}

fn payment() -> Payment {
    Payment {
        captured: eur(6550),
        merchant_reference: ids::MerchantReference::parse("demo-x-C1").unwrap(),
        gateway_request_id: "7000000000000000000001".to_owned(),
    }
}

fn screen() -> Command {
    Command::Screen { order: order() }
}
fn place() -> Command {
    Command::Place { order: order(), suspense: Suspense::AwaitingPayment }
}
fn book() -> Command {
    Command::Book { payment: payment() }
}
fn cancel() -> Command {
    Command::Cancel { reason: reason("shop_cancelled") }
}
fn passed(attempt: u32) -> Command {
    let outcome = ScreenOutcome::Passed { customer: "WEB001".to_owned(), warnings: Vec::new() };
    Command::RecordScreen { attempt, outcome }
}
fn failed(attempt: u32) -> Command {
    Command::RecordScreen { attempt, outcome: ScreenOutcome::Failed { reason: reason("stock_short") } }
}
fn placed(number: &str) -> Command {
    Command::RecordPlaced {
        attempt: 1,
        number: number.to_owned(),
        customer: "WEB001".to_owned(),
        operator: "QT1".to_owned(),
    }
}
fn released() -> Command {
    Command::RecordReleased { attempt: 1, operator: "QT1".to_owned() }
}
fn cancelled() -> Command {
    Command::RecordCancelled { attempt: 1, operator: "QT1".to_owned() }
}
fn refused(operation: Operation) -> Command {
    Command::RecordRefused { operation, attempt: 1, reason: reason("STATUS_CONFLICT") }
}
fn unknown(operation: Operation) -> Command {
    let reference = format!("stream/{}/1", operation.as_str());
    Command::RecordUnknown { operation, attempt: 1, reference, inquiry_due_at_ms: 7 }
}

fn absent(operation: Operation, attempt: u32) -> Command {
    Command::RecordAbsent { operation, attempt }
}
fn unresolved(operation: Operation) -> Command {
    Command::RecordUnresolved { operation, attempt: 1, reason: reason("total_differs") }
}

/// Lets commands happen one after the other; gives the state and every effect on the way.
fn after(commands: &[Command]) -> (SalesOrder, Vec<Effect>) {
    let (mut state, mut effects) = (SalesOrder::default(), Vec::new());
    for command in commands {
        let events = SalesOrderDecider::decide(&state, command.clone()).expect("a history of accepted commands");
        for event in &events {
            state = SalesOrderDecider::evolve(state, event);
            effects.extend(SalesOrderDecider::react(&state, event));
        }
    }
    (state, effects)
}

fn kinds(past: &[Command], command: Command) -> Vec<&'static str> {
    SalesOrderDecider::decide(&after(past).0, command).expect("not refused").iter().map(Event::kind).collect()
}

#[test]
fn a_good_order_is_screened_placed_and_released() {
    let (state, effects) = after(&[screen(), passed(1), place(), placed("016201"), book(), released()]);
    assert_eq!((state.name(), state.number.as_str()), ("released", "016201"));
    let customer = Some("WEB001".to_owned());
    let expected = vec![
        Effect::Screen { attempt: 1, order: order() },
        Effect::Place { attempt: 1, order: order(), customer, suspense: Suspense::AwaitingPayment },
        Effect::Release { attempt: 1, number: "016201".to_owned() },
    ];
    assert_eq!(effects, expected);
}

#[test]
fn an_order_that_was_never_screened_is_placed_after_a_look_up() {
    let (_, effects) = after(&[place()]);
    assert!(matches!(effects.as_slice(), [Effect::Place { customer: None, .. }]), "{effects:?}");
}

#[test]
fn a_customer_found_for_another_order_is_not_used() {
    let other = Arc::new(Order { customer_code: "WEB002".to_owned(), ..(*order()).clone() });
    let place = Command::Place { order: other.clone(), suspense: Suspense::UnderReview };
    let (state, effects) = after(&[screen(), passed(1), place]);
    assert_eq!(state.order, Some(other));
    assert!(matches!(effects.as_slice(), [_, Effect::Place { customer: None, .. }]), "{effects:?}");
}

#[test]
fn the_order_is_kept_once() {
    let (state, _) = after(&[screen(), passed(1)]);
    let events = SalesOrderDecider::decide(&state, place()).unwrap();
    assert!(matches!(events.as_slice(), [Event::PlaceAsked { order: None, .. }]), "{events:?}");
}

#[test]
fn screening_again_reads_again() {
    for outcome in [passed(1), failed(1)] {
        let (_, effects) = after(&[screen(), outcome, screen()]);
        assert!(matches!(effects.as_slice(), [_, Effect::Screen { attempt: 2, .. }]), "{effects:?}");
    }
    assert_eq!(kinds(&[screen()], screen()), [""; 0], "the reads are under way");
    assert_eq!(kinds(&[screen(), passed(1), screen()], failed(1)), [""; 0], "an overtaken attempt proves nothing");
}

#[test]
fn a_cancel_that_comes_first_lets_nothing_be_placed() {
    for past in [vec![], vec![screen()], vec![screen(), passed(1)], vec![screen(), failed(1)]] {
        let events = SalesOrderDecider::decide(&after(&past).0, cancel()).unwrap();
        assert!(matches!(events.as_slice(), [Event::Cancelled { number, .. }] if number.is_empty()), "{events:?}");
        let later: Vec<_> = past.into_iter().chain([cancel(), place()]).collect();
        assert!(!after(&later).1.iter().any(|effect| matches!(effect, Effect::Place { .. })));
    }
}

#[test]
fn a_cancel_waits_for_the_call_that_is_out_and_then_cancels() {
    for silence in [None, Some(unknown(Operation::Place))] {
        let past: Vec<_> = [place()].into_iter().chain(silence).chain([cancel()]).collect();
        assert_eq!(after(&past).0.name(), "placing");
        assert_eq!(kinds(&past, placed("016201")), ["placed", "cancel_asked"]);
        assert_eq!(kinds(&past, refused(Operation::Place)), ["place_refused", "cancelled"]);
    }
    let past = [place(), placed("016201"), book(), cancel()];
    assert_eq!(kinds(&past, released()), ["released", "cancel_asked"]);
    assert_eq!(kinds(&past, refused(Operation::Release)), ["release_refused", "cancel_asked"]);
}

#[test]
fn a_release_after_an_accepted_cancel_is_refused_once() {
    for past in [
        vec![cancel()],
        vec![place(), cancel()],
        vec![place(), placed("016201"), cancel()],
        vec![place(), placed("016201"), cancel(), cancelled()],
        vec![place(), placed("016201"), cancel(), refused(Operation::Cancel)],
    ] {
        let events = SalesOrderDecider::decide(&after(&past).0, book()).unwrap();
        let [Event::ReleaseRefused { attempt: 0, reason, .. }] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(reason.code, "cancelled");
        let again: Vec<_> = past.into_iter().chain([book()]).collect();
        assert_eq!(kinds(&again, book()), [""; 0]);
    }
}

#[test]
fn an_order_released_before_the_cancel_is_told_apart_from_a_release_after_it() {
    let past = [place(), placed("016201"), book(), released(), cancel()];
    assert_eq!(kinds(&past[..4], book()), [""; 0]);
    assert_eq!(kinds(&past, book()), ["release_refused"]);
}

#[test]
fn silence_is_recorded_once_and_a_late_answer_is_taken() {
    let past = [place(), unknown(Operation::Place)];
    assert_eq!(kinds(&past[..1], unknown(Operation::Place)), ["outcome_unknown"]);
    assert_eq!(kinds(&past, unknown(Operation::Place)), [""; 0]);
    assert_eq!(kinds(&past, place()), [""; 0], "nothing is repeated");
    assert_eq!(kinds(&past, placed("016201")), ["placed"]);
    assert_eq!(kinds(&past, refused(Operation::Place)), ["place_refused"]);
    assert_eq!(kinds(&[place(), placed("016201")], unknown(Operation::Place)), [""; 0], "the answer was faster");
}

#[test]
fn repeated_outcomes_are_nothing_new() {
    let whole = [screen(), passed(1), place(), placed("016201"), book(), released()];
    let (state, _) = after(&whole);
    for command in &whole[1..] {
        assert_eq!(SalesOrderDecider::decide(&state, command.clone()), Ok(Vec::new()), "{}", command.name());
    }
}

#[test]
fn a_second_number_for_one_order_is_refused() {
    let (state, _) = after(&[place(), placed("016201")]);
    let expected = Rejection::AnotherNumber { known: "016201".to_owned(), told: "016202".to_owned() };
    assert_eq!(SalesOrderDecider::decide(&state, placed("016202")), Err(expected));
}

#[test]
fn a_release_before_placing_is_refused_and_may_be_asked_again_after_it() {
    assert_eq!(kinds(&[], book()), ["release_refused"]);
    assert_eq!(kinds(&[book(), place(), placed("016201")], book()), ["release_asked"]);
}

/// Every (state, command) pair, one line each.
fn transition_table() -> String {
    let up_to = |past: &[Command]| past.to_vec();
    let standing = [place(), placed("016201")];
    let and = |more: &[Command]| standing.iter().chain(more).cloned().collect::<Vec<_>>();
    let states = [
        ("fresh", up_to(&[])),
        ("screening", up_to(&[screen()])),
        ("screened", up_to(&[screen(), passed(1)])),
        ("screen_failed", up_to(&[screen(), failed(1)])),
        ("placing", up_to(&[place()])),
        ("placing, unknown", up_to(&[place(), unknown(Operation::Place)])),
        ("placing, cancel waits", up_to(&[place(), cancel()])),
        ("placing, unknown, cancel waits", up_to(&[place(), unknown(Operation::Place), cancel()])),
        ("placed", and(&[])),
        ("refused", up_to(&[place(), refused(Operation::Place)])),
        ("releasing", and(&[book()])),
        ("releasing, unknown", and(&[book(), unknown(Operation::Release)])),
        ("releasing, cancel waits", and(&[book(), cancel()])),
        ("released", and(&[book(), released()])),
        ("release_refused", and(&[book(), refused(Operation::Release)])),
        ("cancelling", and(&[cancel()])),
        ("cancelling, unknown", and(&[cancel(), unknown(Operation::Cancel)])),
        ("cancelling, released before", and(&[book(), released(), cancel()])),
        ("cancelled", and(&[cancel(), cancelled()])),
        ("cancelled, never placed", up_to(&[cancel()])),
        ("cancel_refused", and(&[cancel(), refused(Operation::Cancel)])),
    ];
    let mut table = String::new();
    for (name, past) in &states {
        let (state, _) = after(past);
        assert!(name.starts_with(state.name()), "{name} is {}", state.name());
        for (command_name, command) in every_command() {
            let outcome = match SalesOrderDecider::decide(&state, command) {
                Ok(events) if events.is_empty() => "nothing new".to_owned(),
                Ok(events) => events.iter().map(Event::kind).collect::<Vec<_>>().join(", "),
                Err(Rejection::OutOfTurn { .. }) => "rejected: out of turn".to_owned(),
                Err(Rejection::AnotherNumber { .. }) => "rejected: another number".to_owned(),
            };
            table.push_str(&format!("{name:<30} | {command_name:<22} | {outcome}\n"));
        }
    }
    table
}

fn every_command() -> Vec<(&'static str, Command)> {
    vec![
        ("screen", screen()),
        ("place", place()),
        ("book", book()),
        ("cancel", cancel()),
        ("screen passed", passed(1)),
        ("screen failed", failed(1)),
        ("record placed", placed("016201")),
        ("record another number", placed("016202")),
        ("record released", released()),
        ("record cancelled", cancelled()),
        ("refused place", refused(Operation::Place)),
        ("refused release", refused(Operation::Release)),
        ("refused cancel", refused(Operation::Cancel)),
        ("unknown place", unknown(Operation::Place)),
        ("unknown release", unknown(Operation::Release)),
        ("unknown cancel", unknown(Operation::Cancel)),
        ("absent place", absent(Operation::Place, 1)),
        ("absent release", absent(Operation::Release, 1)),
        ("absent cancel", absent(Operation::Cancel, 1)),
        ("unresolved place", unresolved(Operation::Place)),
        ("unresolved release", unresolved(Operation::Release)),
        ("unresolved cancel", unresolved(Operation::Cancel)),
    ]
}

#[test]
fn the_transition_table_is_as_reviewed() {
    insta::assert_snapshot!("transitions", transition_table());
}

/// A name for a call: which operation, which attempt.
fn call(effect: &Effect) -> (&'static str, u32) {
    match effect {
        Effect::Screen { attempt, .. } => ("screen", *attempt),
        Effect::Place { attempt, .. } => ("place", *attempt),
        Effect::Release { attempt, .. } => ("release", *attempt),
        Effect::Cancel { attempt, .. } => ("cancel", *attempt),
    }
}

/// A history as it grows, with everything that must hold at every step.
#[derive(Default)]
struct History {
    state: SalesOrder,
    events: Vec<Event>,
    asked: BTreeSet<(&'static str, u32)>,
    is_cancel_accepted: bool,
}

impl History {
    fn take(&mut self, command: Command) {
        let Ok(events) = SalesOrderDecider::decide(&self.state, command) else { return };
        for event in events {
            self.state = SalesOrderDecider::evolve(std::mem::take(&mut self.state), &event);
            self.is_cancel_accepted |= self.state.cancel.is_some();
            for effect in SalesOrderDecider::react(&self.state, &event) {
                assert!(self.asked.insert(call(&effect)), "asked twice: {:?}", call(&effect));
                assert!(
                    !(self.is_cancel_accepted && matches!(effect, Effect::Release { .. } | Effect::Place { .. })),
                    "after a cancel"
                );
            }
            self.events.push(event);
        }
        self.check();
    }

    fn check(&self) {
        let state = &self.state;
        assert_eq!(&fold::<SalesOrderDecider>(SalesOrder::default(), &self.events), state, "replay equals live");
        if let Some((operation, flight)) = state.flight() {
            assert!(self.asked.contains(&(operation.as_str(), flight.attempt)), "waits for a call that nobody made");
        }
        if let Screening::Asked { attempt } = state.screening {
            assert!(self.asked.contains(&("screen", attempt)), "waits for reads that nobody makes");
        }
        // A wish to cancel is either under way, waiting for a call that is out, or at its end.
        let is_at_its_end = matches!(state.document, Document::Cancelled | Document::CancelRefused(_));
        assert!(state.cancel.is_none() || state.flight().is_some() || is_at_its_end, "a cancel was forgotten");
        let stands = matches!(
            state.document,
            Document::Placed | Document::Released | Document::Releasing(_) | Document::Cancelling(_)
        );
        assert!(!stands || !state.number.is_empty(), "a document without a number");
    }
}

/// What the outside says to a call: yes, no, silence, or silence and then yes or no.
fn answers(call: (&'static str, u32), how: u8) -> Vec<Command> {
    let (name, attempt) = call;
    let Some(operation) = Operation::parse(name) else {
        return vec![if how.is_multiple_of(2) { passed(attempt) } else { failed(attempt) }];
    };
    let yes = match operation {
        Operation::Place => placed("016201"),
        Operation::Release => released(),
        Operation::Cancel => cancelled(),
    };
    let told = match how % 7 {
        0 => vec![yes],
        1 => vec![refused(operation)],
        2 => vec![unknown(operation)],
        3 => vec![unknown(operation), yes],
        // Attempts come to an end in this world: the second is answered.
        4 if attempt == 1 => vec![unknown(operation), absent(operation, attempt)],
        5 => vec![unknown(operation), unresolved(operation), yes],
        _ => vec![unknown(operation), refused(operation)],
    };
    told.into_iter().map(|command| of(command, attempt)).collect()
}

/// The same outcome, of this attempt.
fn of(mut outcome: Command, of: u32) -> Command {
    match &mut outcome {
        Command::RecordPlaced { attempt, .. }
        | Command::RecordReleased { attempt, .. }
        | Command::RecordCancelled { attempt, .. }
        | Command::RecordRefused { attempt, .. }
        | Command::RecordUnknown { attempt, .. }
        | Command::RecordAbsent { attempt, .. }
        | Command::RecordUnresolved { attempt, .. }
        | Command::RecordScreen { attempt, .. } => *attempt = of,
        Command::Screen { .. } | Command::Place { .. } | Command::Book { .. } | Command::Cancel { .. } => {}
    }
    outcome
}

proptest! {
    #[test]
    fn any_history_keeps_its_promises(picks in prop::collection::vec(0_usize..22, 0..40)) {
        let commands = every_command();
        let mut history = History::default();
        for pick in picks {
            history.take(commands[pick].1.clone());
        }
    }

    /// Wishes come in any order and more than once; every call is answered, sometimes twice, sometimes late.
    #[test]
    fn whatever_is_asked_comes_to_an_end(wishes in prop::collection::vec((0_usize..4, any::<u8>(), any::<bool>()), 1..12)) {
        let mut history = History::default();
        let mut late = Vec::new();
        let mut answered = BTreeSet::new();
        for (wish, how, is_late) in wishes {
            history.take([screen(), place(), book(), cancel()][wish].clone());
            while let Some(call) = history.asked.difference(&answered).next().copied() {
                answered.insert(call);
                for answer in answers(call, how) {
                    if is_late { late.push(answer) } else { history.take(answer.clone()); history.take(answer) }
                }
                if is_late { break }
            }
        }
        for answer in late {
            history.take(answer);
        }
        while let Some(call) = history.asked.difference(&answered).next().copied() {
            answered.insert(call);
            history.take(answers(call, 0).remove(0));
        }
        // What still waits was met with silence, and that silence is on record.
        if let Some((_, flight)) = history.state.flight() {
            prop_assert!(flight.is_unknown);
        }
    }

    #[test]
    fn a_wish_repeated_at_once_is_nothing_new(picks in prop::collection::vec(0_usize..22, 0..20), wish in 1_usize..4) {
        let commands = every_command();
        let mut history = History::default();
        for pick in picks {
            history.take(commands[pick].1.clone());
        }
        let wish = commands[wish].1.clone();
        history.take(wish.clone());
        let repeated = SalesOrderDecider::decide(&history.state, wish);
        prop_assert_eq!(repeated, Ok(Vec::new()));
    }
}
