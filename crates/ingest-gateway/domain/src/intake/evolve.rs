//! Folds events. Only assigns.

use super::{
    event::{Event, News},
    state::{Accepted, Intake},
};

pub(super) fn evolve(state: Intake, event: &Event) -> Intake {
    match (state, event) {
        (_, Event::Accepted(offer)) => Intake::Accepted(Box::new(Accepted::new(offer.clone()))),
        (Intake::Accepted(mut accepted), Event::Moved { n, news }) => {
            learn(&mut accepted, *n, news);
            accepted.seen.insert(*n);
            // The saga numbers what it says: late news fills in facts and never turns the state back.
            if *n > accepted.latest {
                accepted.latest = *n;
                accepted.news = Some(news.clone());
            }
            Intake::Accepted(accepted)
        }
        (Intake::Accepted(mut accepted), Event::ShopTold { n, .. }) => {
            accepted.told.insert(*n);
            Intake::Accepted(accepted)
        }
        (Intake::Accepted(mut accepted), Event::ShopUntold { n, why, .. }) => {
            accepted.untold.push((*n, why.clone()));
            Intake::Accepted(accepted)
        }
        (Intake::Fresh, Event::Moved { .. } | Event::ShopTold { .. } | Event::ShopUntold { .. }) => Intake::Fresh,
    }
}

fn learn(accepted: &mut Accepted, n: i64, news: &News) {
    match news {
        News::Authorized { held } => accepted.held = Some(*held),
        News::UnderReview { held, .. } => {
            accepted.held = held.or(accepted.held);
            if accepted.review.as_ref().is_none_or(|(known, _)| *known < n) {
                accepted.review = Some((n, news.clone()));
            }
        }
        News::Placed { sales_order } => accepted.sales_order = Some(sales_order.clone()),
        News::Paid { captured } => accepted.captured = Some(*captured),
        News::Completed { sales_order, captured } => {
            accepted.sales_order = Some(sales_order.clone());
            accepted.captured = Some(*captured);
        }
        News::Cancelled { reversed, .. } => accepted.reversed = *reversed,
        News::Opened | News::Refused { .. } | News::Declined { .. } | News::Waiting { .. } | News::Parked { .. } => {}
    }
}
