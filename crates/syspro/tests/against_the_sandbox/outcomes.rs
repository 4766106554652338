//! Writes under every fault: what is told agrees with what was done, or is a doubt that an inquiry can settle.

use fault::{Class, Classify};
use sandbox::faults::FaultKind;
use syspro::{Code, Outcome};

use crate::world::{order, world};

#[tokio::test(start_paused = true)]
async fn a_write_is_never_told_wrongly() {
    let (done, refused, unknown) = ("applied", "not applied", "unknown");
    for (kind, told, made) in [
        (FaultKind::AnswerLate(119_000), done, 1),
        (FaultKind::ExtraMembers, done, 1),
        (FaultKind::RateLimited, refused, 0),
        (FaultKind::ErrorBefore(503), refused, 0),
        (FaultKind::ErrorBefore(400), refused, 0),
        (FaultKind::AnswerLate(121_000), unknown, 1),
        (FaultKind::Hang, unknown, 1),
        (FaultKind::HangBeforeApply, unknown, 0),
        (FaultKind::DropAfterApply, unknown, 1),
        (FaultKind::DropBeforeApply, unknown, 0),
        (FaultKind::ErrorAfter(500), unknown, 1),
        (FaultKind::ErrorAfter(503), unknown, 1),
        (FaultKind::ErrorBefore(500), unknown, 0),
        (FaultKind::Garbage, unknown, 1),
        (FaultKind::UnknownStatus, unknown, 1),
        (FaultKind::ServerTimeoutApplied, unknown, 1),
        (FaultKind::ServerTimeoutNotApplied, unknown, 0),
        (FaultKind::Unauthorized, unknown, 0),
    ] {
        let world = world();
        let client = world.client(1);
        world.fault("AddSalesOrder", kind);
        let outcome = client.add_sales_order(&order("WEB-1001")).await;
        let heard = match &outcome {
            Outcome::Applied(_) => done,
            Outcome::NotApplied(_) => refused,
            Outcome::Unknown(doubt) => {
                assert_eq!(doubt.class(), Class::UnknownOutcome);
                unknown
            }
        };
        assert_eq!(heard, told, "{kind:?}: {outcome}");
        assert_eq!(world.orders("WEB-1001"), made, "{kind:?}");
        assert_eq!(world.sandbox.books().faults[0].fired, 1, "{kind:?}");
        assert_eq!(
            client.find_sales_orders("WEB001", "WEB-1001").await.unwrap().len(),
            made,
            "an inquiry settles {kind:?}"
        );
        assert_eq!(
            world.sandbox.books().erp.calls.get("AddSalesOrder").copied().unwrap_or(0),
            u64::try_from(made).unwrap(),
            "nothing is sent twice"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_logon_fails_was_surely_not_made() {
    for kind in [FaultKind::Hang, FaultKind::Garbage, FaultKind::ErrorAfter(500), FaultKind::DropBeforeApply] {
        let world = world();
        world.fault("GetToken", kind);
        let outcome = world.client(1).add_sales_order(&order("WEB-1001")).await;
        let Outcome::NotApplied(refusal) = outcome else { panic!("{kind:?}: {outcome}") };
        assert_eq!(refusal.class(), Class::Transient, "{kind:?}");
        assert_eq!(world.orders("WEB-1001"), 0);
    }
    let world = world();
    world.network.set_weather(node::Weather { refused: 1000, ..node::Weather::default() });
    let Outcome::NotApplied(refusal) = world.client(1).add_sales_order(&order("WEB-1001")).await else {
        panic!("nobody there")
    };
    assert_eq!((refusal.code, refusal.class()), (Code::NotSent, Class::Transient));
}
