//! Folds an event onto a ladder. Only assigns.

use super::{Event, Ladder, Rung, Stage};

pub(super) fn evolve(state: Ladder, event: &Event) -> Ladder {
    match event {
        Event::Begun { task, after_ms, at_ms } => Ladder {
            stage: Stage::Resting,
            rung: Some(if task.capture.is_some() { Rung::Void } else { Rung::Reverse }),
            task: Some(task.clone()),
            since_ms: at_ms.saturating_add(*after_ms),
            due_ms: at_ms.saturating_add(*after_ms),
            rests: 1,
            ..state
        },
        Event::Asked { rung, attempt, .. } => Ladder {
            stage: Stage::Climbing,
            rung: Some(*rung),
            open: Some((*rung, attempt.clone())),
            attempts: state.attempts.saturating_add(1),
            ..state
        },
        Event::Done { rung, reference, amount, .. } => {
            let word = rung.operation().word();
            let mut state = told(state, format!("{word} {reference} of {amount}: done"));
            state.done.push((*rung, *amount));
            let rung = (*rung == Rung::Void).then_some(Rung::Reverse);
            Ladder { rung, absences: 0, ..state }
        }
        Event::MovedOn { rung, reference, to, capture, reason } => {
            let word = rung.operation().word();
            let mut state = told(state, format!("{word} {reference}: {reason}"));
            if let (Some(task), Some(_)) = (&mut state.task, capture) {
                task.capture.clone_from(capture);
            }
            Ladder { rung: Some(*to), absences: 0, ..state }
        }
        Event::PutOff { rung, reference, again_at_ms, .. } => {
            let word = rung.operation().word();
            let state = told(state, format!("{word} {reference}: never found at the gateway"));
            Ladder {
                stage: Stage::Resting,
                due_ms: *again_at_ms,
                rests: state.rests.saturating_add(1),
                absences: state.absences.saturating_add(1),
                ..state
            }
        }
        Event::OutcomeUnknown { inquiry_due_ms, .. } => Ladder { inquiry_due_ms: Some(*inquiry_due_ms), ..state },
        Event::GivenBack { .. } => Ladder { stage: Stage::Done, rung: None, ..state },
        Event::Parked { is_asked_about: true, .. } => Ladder { stage: Stage::Parked, ..state },
        Event::Parked { .. } => Ladder { stage: Stage::Parked, open: None, inquiry_due_ms: None, ..state },
    }
}

fn told(mut state: Ladder, what: String) -> Ladder {
    state.tried.push(what);
    // An answer that comes when a person was called already brings the ladder on.
    Ladder { stage: Stage::Climbing, open: None, inquiry_due_ms: None, ..state }
}
