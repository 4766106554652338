//! Rung by rung: what is asked next after each answer, and when a person is called.

use decider::{Decider, fold};
use ids::MerchantReference;
use money::Amount;
use proptest::prelude::*;

use super::*;
use crate::Reason;

fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

fn taken() -> Taken {
    Taken { gateway_request_id: "7920".to_owned(), reference: "demo-x-C1".to_owned(), amount: eur(10_221) }
}

fn task(capture: Option<Taken>) -> Task {
    Task {
        order: "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap(),
        reference_prefix: "demo".to_owned(),
        number: 1,
        hold: Some(Held { gateway_request_id: "7919".to_owned(), amount: eur(10_221) }),
        capture,
        is_for_the_order: true,
        reason: Reason::new("erp_refused", "the ERP refused the order"),
    }
}

fn begin(capture: Option<Taken>, after_ms: i64) -> Command {
    Command::Begin { task: task(capture), after_ms, now_ms: 0 }
}

struct Then {
    kinds: Vec<&'static str>,
    effects: Vec<Effect>,
    state: Ladder,
}

fn when(state: &Ladder, command: Command) -> Then {
    let events = Ladder::decide(state, command).unwrap();
    let (mut after, mut effects) = (state.clone(), Vec::new());
    for event in &events {
        after = Ladder::evolve(after, event);
        effects.extend(Ladder::react(&after, event));
    }
    Then { kinds: events.iter().map(Event::kind).collect(), effects, state: after }
}

fn open(state: &Ladder) -> (Rung, MerchantReference) {
    let (rung, attempt) = state.open.clone().unwrap();
    (rung, attempt.reference)
}

fn answer(state: &Ladder, answer: Answer, now_ms: i64) -> Then {
    when(state, Command::RecordAnswer { reference: open(state).1, answer, now_ms })
}

#[test]
fn a_refund_of_what_was_withdrawn_before_leaves_the_hold_which_goes_too() {
    let reason = Reason::new("NOT_VOIDABLE", "it has been voided already");
    let void = when(&Ladder::default(), begin(Some(taken()), 0));
    let void = if void.state.open.is_some() { void } else { when(&void.state, Command::Wake { rest: 1 }) };
    let refund = answer(&void.state, Answer::MovedOn { capture: None, reason }, 1);
    assert_eq!(open(&refund.state).0, Rung::Refund);
    let reverse = answer(&refund.state, Answer::Gone, 2);
    assert_eq!(open(&reverse.state).0, Rung::Reverse, "a void leaves the hold");
}

fn done() -> Answer {
    Answer::Done { amount: eur(10_221), gateway_request_id: "7921".to_owned() }
}

fn too_late(capture: Option<Taken>) -> Answer {
    Answer::MovedOn { capture, reason: Reason::new("TRANSACTION_ALREADY_SETTLED", "settled") }
}

fn is_told(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Tell(told) if told.name() == "RecordGivenBack"))
}

#[test]
fn a_capture_in_an_open_batch_is_voided_and_then_its_hold_released() {
    let then = when(&Ladder::default(), begin(Some(taken()), 0));
    assert_eq!(open(&then.state).0, Rung::Void);
    let then = answer(&then.state, done(), 1);
    assert_eq!(then.kinds, ["done", "asked"]);
    assert_eq!(open(&then.state).0, Rung::Reverse);
    let then = answer(&then.state, done(), 2);
    assert_eq!(then.kinds, ["done", "given_back"]);
    assert!(is_told(&then.effects));
}

#[test]
fn once_the_batch_closed_it_is_refunded_and_nothing_reversed() {
    let then = when(&Ladder::default(), begin(Some(taken()), 0));
    let then = answer(&then.state, too_late(None), 1);
    assert_eq!(then.kinds, ["moved_on", "asked"]);
    assert_eq!(open(&then.state).0, Rung::Refund);
    let then = answer(&then.state, done(), 2);
    assert_eq!(then.kinds, ["done", "given_back"]);
    assert!(is_told(&then.effects));
}

#[test]
fn a_hold_that_was_taken_meanwhile_is_decided_anew() {
    let then = when(&Ladder::default(), begin(None, 0));
    assert_eq!(open(&then.state).0, Rung::Reverse);
    let ours = answer(&then.state, too_late(Some(taken())), 1);
    assert_eq!(open(&ours.state).0, Rung::Void);
    // Taken by nobody we know: only a person may touch it.
    assert_eq!(answer(&then.state, too_late(None), 1).kinds, ["parked"]);
}

#[test]
fn an_absent_rung_is_tried_again_at_its_hours_and_after_two_days_a_person_is_called() {
    let mut then = when(&Ladder::default(), begin(None, 0));
    let (mut now, mut rests) = (0, Vec::new());
    for _ in 0..40 {
        then = answer(&then.state, Answer::Absent, now);
        match &then.effects[..] {
            [Effect::Rest { rest, after }] => {
                rests.push(after.as_secs() / 60);
                now += i64::try_from(after.as_millis()).unwrap();
                assert_eq!(when(&then.state, Command::Wake { rest: rest + 1 }).kinds, Vec::<&str>::new());
                then = when(&then.state, Command::Wake { rest: *rest });
            }
            _ => break,
        }
    }
    assert_eq!(then.kinds, ["parked"]);
    assert_eq!(rests[..6], [1, 5, 15, 60, 360, 360]);
    assert!(now >= 48 * 3_600_000);
}

#[test]
fn a_person_finds_everything_on_one_screen() {
    let then = when(&Ladder::default(), begin(Some(taken()), 0));
    let then = answer(&then.state, too_late(None), 1);
    let then = answer(&then.state, Answer::Refused(Reason::new("ACCOUNT_NOT_ALLOWED_CREDIT", "no")), 2);
    let Some(Effect::Tell(told)) = then.effects.first() else { panic!("{:?}", then.effects) };
    let crate::payment::Command::RecordNotGivenBack { reason, .. } = &**told else { panic!("{told:?}") };
    for part in ["102.21 EUR", "7919", "7920", "demo-x-C1", "void", "refund", "settled", "ACCOUNT_NOT_ALLOWED"] {
        assert!(reason.text.contains(part), "{part} is missing in {}", reason.text);
    }
}

#[test]
fn a_stray_waits_for_the_policys_limit_and_a_late_answer_still_counts() {
    let then = when(&Ladder::default(), begin(None, 900_000));
    assert_eq!(then.kinds, ["begun"]);
    assert_eq!(then.effects, [Effect::Rest { rest: 1, after: std::time::Duration::from_secs(900) }]);
    let asked = when(&then.state, Command::Wake { rest: 1 });
    let parked = answer(&asked.state, Answer::GivenUp(Reason::new("inquiry_given_up", "silence")), 1);
    assert_eq!(parked.kinds, ["parked"]);
    assert_eq!(answer(&parked.state, done(), 2).kinds, ["done", "given_back"]);
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(done()),
        1 => Just(Answer::Gone),
        2 => Just(too_late(None)),
        1 => Just(too_late(Some(taken()))),
        1 => Just(Answer::Refused(Reason::new("no", "no"))),
        2 => (1_i64..4).prop_map(|inquiry_due_ms| Answer::Unknown { inquiry_due_ms }),
        2 => Just(Answer::Absent),
        1 => Just(Answer::GivenUp(Reason::new("silence", "silence"))),
    ]
}

proptest! {
    #[test]
    fn nothing_is_given_back_twice(
        captured: bool,
        answers in prop::collection::vec((any_answer(), 0_i64..10_000_000), 0..40),
    ) {
        let mut state = when(&Ladder::default(), begin(captured.then(taken), 0)).state;
        let mut references = std::collections::BTreeSet::new();
        for (answer, now) in answers {
            let command = match &state.open {
                Some((_, attempt)) => {
                    Command::RecordAnswer { reference: attempt.reference.clone(), answer, now_ms: now }
                }
                None => Command::Wake { rest: state.rests },
            };
            let events = Ladder::decide(&state, command.clone()).unwrap();
            let was_open = state.open.clone();
            state = fold::<Ladder>(state, &events);
            for event in &events {
                if let Event::Asked { attempt, rung, .. } = event {
                    prop_assert!(references.insert(attempt.reference.clone()), "a reference was used twice");
                    prop_assert!(!state.done.iter().any(|(done, _)| done == rung));
                    prop_assert!(was_open.is_none() || state.open != was_open, "asked while another is open");
                }
            }
            prop_assert!(Ladder::decide(&state, command).unwrap().is_empty());
            let back = |rung| state.done.iter().filter(|(done, _)| *done == rung).count();
            prop_assert!(back(Rung::Void) + back(Rung::Refund) <= 1 && back(Rung::Reverse) <= 1);
        }
    }
}
