//! Saga and payment together in a world that answers at random: late, twice, early, wrongly or not at all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use decider::Decider;
use ids::MerchantReference;
use money::Amount;
use proptest::prelude::*;

use super::{super::*, fixtures::*, table::commands};
use crate::{
    Reason,
    ladder::{self, Ladder},
    payment::{self, AuthorizationAnswer, CaptureAnswer, Operation, Payment, ReversalAnswer, TimeoutAnswer},
};

#[derive(Clone)]
struct Call {
    operation: Operation,
    reference: MerchantReference,
    amount: Amount,
    ladder: u32,
}

#[derive(Default)]
struct World {
    saga: OrderToCash,
    payment: Payment,
    ladders: BTreeMap<u32, Ladder>,
    asked: BTreeSet<Question>,
    asked_ever: BTreeSet<Question>,
    timers: BTreeSet<Timer>,
    timers_ever: BTreeSet<Timer>,
    calls: Vec<Call>,
    silent: Vec<Call>,
    calls_ever: BTreeSet<MerchantReference>,
}

enum Work {
    Saga(Command),
    Payment(payment::Command),
    Ladder(u32, ladder::Command),
}

impl World {
    fn tell(&mut self, command: Command) {
        self.run(Work::Saga(command));
    }

    /// One decision and everything it tells, as the runtime does it.
    fn run(&mut self, work: Work) {
        let mut queue = VecDeque::from([work]);
        while let Some(work) = queue.pop_front() {
            match work {
                Work::Saga(command) => self.saga_decides(command, &mut queue),
                Work::Payment(command) => self.payment_decides(command, &mut queue),
                Work::Ladder(number, command) => self.ladder_decides(number, command, &mut queue),
            }
        }
        self.check();
    }

    fn saga_decides(&mut self, command: Command, queue: &mut VecDeque<Work>) {
        let Ok(events) = OrderToCash::decide(&self.saga, command) else { return };
        for event in &events {
            let before = self.saga.stage;
            self.saga = OrderToCash::evolve(std::mem::take(&mut self.saga), event);
            assert!(self.saga.stage >= before, "{before:?} never becomes {:?}", self.saga.stage);
            assert!(
                self.saga.stage != Stage::Undoing || before < Stage::Paid || before == Stage::Undoing,
                "after the pivot only forward"
            );
            for effect in OrderToCash::react(&self.saga, event) {
                match effect {
                    Effect::Send(question, _) => {
                        assert!(self.asked_ever.insert(question), "{question:?} was asked twice");
                        self.asked.insert(question);
                    }
                    Effect::StartTimer(timer, _) => {
                        assert!(self.timers_ever.insert(timer), "{timer:?} was started twice");
                        self.timers.insert(timer);
                    }
                    Effect::CancelTimer(timer) => drop(self.timers.remove(&timer)),
                    Effect::Settle(question) => drop(self.asked.remove(&question)),
                    Effect::Tell(command) => queue.push_back(Work::Payment(*command)),
                }
            }
        }
    }

    fn payment_decides(&mut self, command: payment::Command, queue: &mut VecDeque<Work>) {
        let name = command.name();
        let events = Payment::decide(&self.payment, command)
            .unwrap_or_else(|rejection| panic!("the payment refused {name}: {rejection}"));
        for event in &events {
            self.payment = Payment::evolve(std::mem::take(&mut self.payment), event);
            for effect in Payment::react(&self.payment, event) {
                match effect {
                    payment::Effect::Tell(command) => queue.push_back(Work::Saga(command)),
                    payment::Effect::Authorize { reference, purpose } => {
                        self.call(Operation::Authorize, reference, purpose.amount, 0)
                    }
                    payment::Effect::Capture { reference, amount, .. } => {
                        self.call(Operation::Capture, reference, amount, 0)
                    }
                    payment::Effect::Reverse { reference, amount, .. } => {
                        self.call(Operation::Reverse, reference, amount, 0)
                    }
                    payment::Effect::Timeout { operation, reference, amount, .. } => {
                        self.call(operation, reference, amount, 0)
                    }
                    payment::Effect::Begin { ladder, command } => queue.push_back(Work::Ladder(ladder, command)),
                    payment::Effect::Confirm { .. } | payment::Effect::AwaitCapture { .. } => {
                        panic!("no shop's plugin")
                    }
                }
            }
        }
    }

    fn ladder_decides(&mut self, number: u32, command: ladder::Command, queue: &mut VecDeque<Work>) {
        let mut state = self.ladders.remove(&number).unwrap_or_default();
        for event in &Ladder::decide(&state, command).unwrap() {
            state = Ladder::evolve(state, event);
            for effect in Ladder::react(&state, event) {
                match effect {
                    ladder::Effect::Call { rung, reference, amount, .. } => {
                        self.call(rung.operation(), reference, amount, number)
                    }
                    ladder::Effect::Tell(command) => queue.push_back(Work::Payment(*command)),
                    ladder::Effect::Rest { rest, .. } => {
                        // Time passes at once here.
                        queue.push_back(Work::Ladder(number, ladder::Command::Wake { rest }));
                    }
                }
            }
        }
        self.ladders.insert(number, state);
    }

    fn call(&mut self, operation: Operation, reference: MerchantReference, amount: Amount, ladder: u32) {
        assert!(self.calls_ever.insert(reference.clone()), "{reference} was used twice");
        assert!(self.silent.is_empty(), "nothing may be asked of the gateway while an outcome is unknown");
        match operation {
            Operation::Authorize => assert!(!matches!(self.saga.screening, Screening::Failed(_))),
            Operation::Capture => {
                assert!(self.payment.hold.as_ref().is_some_and(|hold| hold.held == amount));
                assert!(self.saga.sales_order().is_some() && self.saga.screening == Screening::Passed);
                assert!(self.payment.captures.is_empty() && !self.saga.is_hold_over);
            }
            Operation::Reverse => assert!(self.payment.captures.is_empty()),
            Operation::Void | Operation::Refund | Operation::TimeoutReverse | Operation::TimeoutVoid => {}
        }
        self.calls.push(Call { operation, reference, amount, ladder });
    }

    /// I18: whoever waits is waited for by something.
    fn check(&self) {
        if self.saga.stage == Stage::Unopened
            || self.saga.stage.is_final()
            || self.saga.parked.is_some()
            || !self.saga.waits.is_empty()
        {
            return;
        }
        assert!(
            !(self.asked.is_empty() && self.timers.is_empty() && self.calls.is_empty()),
            "{:?} waits for nothing",
            self.saga.stage
        );
    }

    fn answer(&mut self, how: u8, late: bool) {
        let from = if late { &mut self.silent } else { &mut self.calls };
        if from.is_empty() {
            return;
        }
        let call = from.remove(0);
        if late && matches!(how % 8, 5 | 6) {
            let is_absent = how % 8 == 5;
            if !is_absent {
                self.silent.push(call.clone());
            }
            return self.run(unanswered(&call, is_absent));
        }
        if call.operation == Operation::Void || call.operation == Operation::Refund || call.ladder > 0 {
            return self.rung_answers(call, how);
        }
        let reference = call.reference.clone();
        let id = || "7919".to_owned();
        let refused = || Reason::new("INVALID_REQUEST", "no");
        let silent = !late && how % 8 == 7;
        let inquiry_due_ms = NOW;
        let command = match call.operation {
            Operation::Authorize => {
                let hold = |held, risk| AuthorizationAnswer::Held {
                    held,
                    gateway_request_id: id(),
                    approval_code: String::new(),
                    risk,
                };
                let answer = match how % 8 {
                    7 if silent => AuthorizationAnswer::Unknown { inquiry_due_ms },
                    1 => AuthorizationAnswer::NotHeld(refused()),
                    2 => hold(eur(call.amount.minor() / 2), None),
                    3 => hold(call.amount, Some(refused())),
                    4 => AuthorizationAnswer::UnderReview { held: Some(call.amount), gateway_request_id: id() },
                    _ => hold(call.amount, None),
                };
                payment::Command::RecordAuthorization { reference, answer, at_ms: NOW }
            }
            Operation::Capture => {
                let take = |amount| CaptureAnswer::Captured { amount, gateway_request_id: id() };
                let answer = match how % 8 {
                    7 if silent => CaptureAnswer::Unknown { inquiry_due_ms },
                    1 | 2 => CaptureAnswer::Refused(refused()),
                    3 => take(eur(1)),
                    _ => take(call.amount),
                };
                payment::Command::RecordCapture { reference, answer, at_ms: NOW }
            }
            Operation::Reverse => {
                let answer = match how % 8 {
                    7 if silent => ReversalAnswer::Unknown { inquiry_due_ms },
                    1 => ReversalAnswer::Refused(refused()),
                    2 => ReversalAnswer::MovedOn { capture: Some(capture(call.amount)), reason: refused() },
                    _ => ReversalAnswer::Reversed { amount: call.amount, gateway_request_id: id() },
                };
                payment::Command::RecordReversal { reference, answer, at_ms: NOW }
            }
            Operation::TimeoutReverse | Operation::TimeoutVoid => {
                let answer = match how % 8 {
                    7 if silent => TimeoutAnswer::Unknown { inquiry_due_ms },
                    1 => TimeoutAnswer::Refused(refused()),
                    _ => TimeoutAnswer::Undone,
                };
                payment::Command::RecordTimeout { reference, answer, at_ms: NOW }
            }
            Operation::Void | Operation::Refund => return,
        };
        if silent {
            self.silent.push(call);
        }
        self.run(Work::Payment(command.clone()));
        if how > 127 {
            // The same answer, told twice.
            self.run(Work::Payment(command));
        }
    }

    fn rung_answers(&mut self, call: Call, how: u8) {
        let refused = || Reason::new("INVALID_REQUEST", "no");
        let answer = match how % 8 {
            7 => {
                self.silent.push(call.clone());
                ladder::Answer::Unknown { inquiry_due_ms: NOW + i64::from(how) }
            }
            1 => ladder::Answer::Refused(refused()),
            2 => ladder::Answer::MovedOn { capture: None, reason: refused() },
            3 => ladder::Answer::Gone,
            _ => ladder::Answer::Done { amount: call.amount, gateway_request_id: "7922".to_owned() },
        };
        let (reference, now_ms) = (call.reference, NOW);
        self.run(Work::Ladder(call.ladder, ladder::Command::RecordAnswer { reference, answer, now_ms }));
    }

    fn erp_answers(&mut self, how: u8) {
        let Some(question) = self.asked.iter().nth(usize::from(how) % self.asked.len().max(1)).copied() else { return };
        let good = how % 8 < 5;
        self.tell(match (question, how % 8) {
            (Question::Place, 7) => unknown(Step::Place),
            (Question::Book, 7) => unknown(Step::Book),
            (Question::Cancel, 7) => unknown(Step::Cancel),
            (Question::Screen | Question::ScreenAgain, _) => {
                if good {
                    screened()
                } else {
                    screen_failed()
                }
            }
            (Question::Place, _) => {
                if good {
                    placed()
                } else {
                    place_refused()
                }
            }
            (Question::Book, _) => {
                if good {
                    released()
                } else {
                    release_refused()
                }
            }
            (Question::Cancel, _) => {
                if good {
                    sales_order_cancelled()
                } else {
                    cancel_refused()
                }
            }
        });
    }

    fn fire(&mut self) {
        let Some(timer) = self.timers.pop_first() else { return };
        self.tell(match timer {
            Timer::ScreeningDeadline => deadline(),
            Timer::ReviewDeadline => Command::ReviewDeadline,
            Timer::OpenUntil => Command::OpenUntilOver,
            Timer::HoldEnding => Command::HoldEnding,
            Timer::HoldEnded => Command::HoldEnded,
        });
    }
}

fn capture(amount: Amount) -> ladder::Taken {
    ladder::Taken { gateway_request_id: "7920".to_owned(), reference: reference('C').to_string(), amount }
}

/// A silence that ends without an answer: proven absent, or asked about for too long.
fn unanswered(call: &Call, is_absent: bool) -> Work {
    let (reference, at_ms) = (call.reference.clone(), NOW);
    let why = || Reason::new("inquiry_given_up", "silence");
    if call.ladder > 0 {
        let answer = if is_absent { ladder::Answer::Absent } else { ladder::Answer::GivenUp(why()) };
        return Work::Ladder(call.ladder, ladder::Command::RecordAnswer { reference, answer, now_ms: NOW });
    }
    Work::Payment(match call.operation {
        Operation::Authorize => {
            let answer = if is_absent { AuthorizationAnswer::Absent } else { AuthorizationAnswer::GivenUp(why()) };
            payment::Command::RecordAuthorization { reference, answer, at_ms }
        }
        Operation::Capture => {
            let answer = if is_absent { CaptureAnswer::Absent } else { CaptureAnswer::GivenUp(why()) };
            payment::Command::RecordCapture { reference, answer, at_ms }
        }
        Operation::Reverse | Operation::Void | Operation::Refund => {
            let answer = if is_absent { ReversalAnswer::Absent } else { ReversalAnswer::GivenUp(why()) };
            payment::Command::RecordReversal { reference, answer, at_ms }
        }
        Operation::TimeoutReverse | Operation::TimeoutVoid => {
            let answer = if is_absent { TimeoutAnswer::Absent } else { TimeoutAnswer::GivenUp(why()) };
            payment::Command::RecordTimeout { reference, answer, at_ms }
        }
    })
}

/// What the ERP could tell at any time, also unasked.
fn erp_noise() -> Vec<Command> {
    vec![
        start(),
        screened(),
        screen_failed(),
        placed(),
        place_refused(),
        released(),
        release_refused(),
        sales_order_cancelled(),
        cancel_refused(),
        unknown(Step::Place),
        unknown(Step::Book),
        unknown(Step::Cancel),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_history_loses_money_or_waits_for_nothing(choices in prop::collection::vec((0_u8..10, any::<u8>()), 0..60), noisy: bool, is_open: bool, has_transaction_ids: bool) {
        let mut world = World::default();
        let policies = if is_open { open() } else { Policies::default() };
        world.tell(start_with(900_000, Policies { has_transaction_ids, ..policies }));
        for (what, how) in choices {
            match what {
                0..=2 => world.answer(how, false),
                3 => world.answer(how, true),
                4..=6 => world.erp_answers(how),
                7 if how < 60 => world.fire(),
                8 if noisy => {
                    let noise = erp_noise();
                    world.tell(noise[usize::from(how) % noise.len()].clone());
                }
                9 => world.tell(another(u32::from(how % 4) + 1)),
                _ => {}
            }
        }
        // Faults gone: everything that is still open is answered well.
        for _ in 0..40 {
            world.answer(0, true);
            world.answer(0, false);
            world.erp_answers(0);
            if world.saga.unpaid.is_some() {
                world.fire();
            }
        }
        let state = &world.saga;
        prop_assert!(state.stage.is_final() || state.parked.is_some() || state.review.is_some(), "{} was left behind", state.name());
        if state.stage == Stage::Completed {
            prop_assert_eq!(world.payment.captures.len(), 1);
        } else if state.stage.is_final() {
            prop_assert!(world.payment.captures.is_empty());
            prop_assert!(world.payment.hold.is_none() || world.payment.reversals.len() == 1);
        }
    }

    #[test]
    fn any_command_anywhere_never_panics_and_twice_is_once(choices in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let all = commands();
        let mut state = OrderToCash::default();
        for choice in choices {
            let command = choice.get(&all).1.clone();
            let Ok(events) = OrderToCash::decide(&state, command.clone()) else { continue };
            let live = decider::fold::<OrderToCash>(state.clone(), &events);
            prop_assert!(live.stage >= state.stage);
            prop_assert_eq!(OrderToCash::decide(&live, command), Ok(Vec::new()));
            state = live;
        }
    }
}
