//! Decides what an intake stream records. Pure: the time and every look-up travel in the command.

use super::{
    command::{Command, Rejection},
    event::Event,
    state::Intake,
};
use crate::order::differences;

pub(super) fn decide(state: &Intake, command: Command) -> Result<Vec<Event>, Rejection> {
    match (state, command) {
        (Intake::Fresh, Command::Accept(offer)) => Ok(vec![Event::Accepted(offer)]),
        // The same order again, perhaps by a caller who never got our answer: nothing new, the same answer.
        (Intake::Accepted(accepted), Command::Accept(offer)) => {
            let stands = &accepted.offer;
            let fields = differences((&stands.order, &stands.marks), (&offer.order, &offer.marks));
            if fields.is_empty() {
                Ok(Vec::new())
            } else {
                Err(Rejection::Differs { order_number: stands.order.order_number.clone(), fields })
            }
        }
        (Intake::Accepted(accepted), Command::Record { n, news }) => {
            if accepted.seen.contains(&n) {
                return Ok(Vec::new());
            }
            Ok(vec![Event::Moved { n, news }])
        }
        (Intake::Accepted(accepted), Command::RecordTold { n, outcome }) => {
            if accepted.told.contains(&n) {
                return Ok(Vec::new());
            }
            Ok(vec![Event::ShopTold { n, outcome, shop: accepted.offer.order.shop.clone() }])
        }
        (Intake::Accepted(accepted), Command::RecordUntold { n, outcome, why }) => {
            if accepted.told.contains(&n) || accepted.untold.iter().any(|(number, _)| *number == n) {
                return Ok(Vec::new());
            }
            Ok(vec![Event::ShopUntold { n, outcome, why }])
        }
        (Intake::Fresh, command) => Err(Rejection::NotAccepted { command: command.name() }),
    }
}
