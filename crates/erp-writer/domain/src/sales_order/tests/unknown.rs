//! What follows when it was asked what became of a call.

use super::*;

#[test]
fn what_is_proven_absent_is_asked_again_under_another_attempt() {
    let (state, effects) =
        after(&[screen(), passed(1), place(), unknown(Operation::Place), absent(Operation::Place, 1)]);
    assert_eq!(state.name(), "placing");
    let Some(Effect::Place { attempt: 2, customer, suspense, .. }) = effects.last() else { panic!("{effects:?}") };
    assert_eq!((customer.as_deref(), *suspense), (Some("WEB001"), Suspense::AwaitingPayment));
    let standing = [place(), placed("016201")];
    let and = |more: &[Command]| standing.iter().chain(more).cloned().collect::<Vec<_>>();
    let (_, effects) = after(&and(&[book(), unknown(Operation::Release), absent(Operation::Release, 1)]));
    assert_eq!(effects.last(), Some(&Effect::Release { attempt: 2, number: "016201".to_owned() }));
    let (_, effects) = after(&and(&[cancel(), unknown(Operation::Cancel), absent(Operation::Cancel, 1)]));
    assert_eq!(effects.last(), Some(&Effect::Cancel { attempt: 2, number: "016201".to_owned() }));
}

#[test]
fn a_proof_counts_once_and_for_its_own_attempt() {
    let past = [place(), unknown(Operation::Place), absent(Operation::Place, 1)];
    assert_eq!(kinds(&past, absent(Operation::Place, 1)), [""; 0]);
    assert_eq!(kinds(&past, absent(Operation::Release, 2)), [""; 0]);
    assert_eq!(kinds(&past, absent(Operation::Place, 2)), ["place_asked"]);
    assert_eq!(kinds(&[place(), placed("016201")], absent(Operation::Place, 1)), [""; 0], "the answer was faster");
    assert_eq!(kinds(&past, placed("016201")), ["placed"], "the first attempt's answer, late: it is the same document");
}

#[test]
fn what_is_not_wanted_any_more_is_not_asked_again() {
    let past = [place(), unknown(Operation::Place), cancel()];
    assert_eq!(kinds(&past, absent(Operation::Place, 1)), ["cancelled"]);
    let past = [place(), placed("016201"), book(), unknown(Operation::Release), cancel()];
    assert_eq!(kinds(&past, absent(Operation::Release, 1)), ["cancel_asked"]);
}

#[test]
fn a_person_is_called_once_and_a_later_answer_is_taken() {
    let past = [place(), unknown(Operation::Place), unresolved(Operation::Place)];
    assert_eq!(after(&past).0.task.map(|task| task.code).as_deref(), Some("total_differs"));
    assert_eq!(kinds(&past, unresolved(Operation::Place)), [""; 0]);
    assert_eq!(kinds(&past, place()), [""; 0], "no new attempt");
    let (state, _) = after(&[&past[..], &[placed("016201")]].concat());
    assert_eq!((state.name(), state.task), ("placed", None));
}

#[test]
fn each_later_hour_is_told() {
    let later = Command::RecordUnknown {
        operation: Operation::Place,
        attempt: 1,
        reference: "stream/place/1".to_owned(),
        inquiry_due_at_ms: 8,
    };
    let past = [place(), unknown(Operation::Place)];
    assert_eq!(kinds(&past, later.clone()), ["outcome_unknown"]);
    assert_eq!(kinds(&[&past[..], &[later]].concat(), unknown(Operation::Place)), [""; 0], "an hour that has passed");
}
