//! What is remembered of one shop order.

use std::{collections::BTreeSet, sync::Arc};

use money::Amount;

use super::event::{News, Offer};

/// One shop order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Intake {
    /// Nothing was accepted on this stream.
    #[default]
    Fresh,
    /// Accepted and followed.
    Accepted(Box<Accepted>),
}

/// An accepted order and what became of it so far.
///
/// Invariant: `latest` is the highest number in `seen`, and `news` is what came under that number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What the shop sent. Shared, because states are copied for every decision.
    pub offer: Arc<Offer>,
    /// The newest news of the saga; `None` until it has taken the order.
    pub news: Option<News>,
    /// The newest review, and its number.
    pub review: Option<(i64, News)>,
    /// Numbers of the saga's events that were recorded.
    pub seen: BTreeSet<i64>,
    /// The highest of them, 0 before the first.
    pub latest: i64,
    /// What was held on the card.
    pub held: Option<Amount>,
    /// What was taken.
    pub captured: Option<Amount>,
    /// What was released again.
    pub reversed: Option<Amount>,
    /// The sales order in SYSPRO.
    pub sales_order: Option<String>,
    /// Numbers of the news that the shop acknowledged.
    pub told: BTreeSet<i64>,
    /// Numbers of the news that the shop will not take, and why.
    pub untold: Vec<(i64, String)>,
}

impl Accepted {
    /// An order that was just accepted.
    pub(super) fn new(offer: Arc<Offer>) -> Self {
        Self {
            offer,
            news: None,
            review: None,
            seen: BTreeSet::new(),
            latest: 0,
            held: None,
            captured: None,
            reversed: None,
            sales_order: None,
            told: BTreeSet::new(),
            untold: Vec::new(),
        }
    }

    /// How the order stands: by its newest news, but a sales order placed while somebody looks does not end the review.
    pub fn stands(&self) -> Option<&News> {
        match (&self.news, &self.review) {
            (Some(News::Placed { .. }), Some((_, review))) => Some(review),
            (news, _) => news.as_ref(),
        }
    }

    /// The state's word.
    pub fn name(&self) -> &'static str {
        self.stands().map_or("accepted", News::state)
    }

    /// True when nothing more will happen to the order by itself: finished, or waiting for an inquiry or a person.
    pub fn is_at_rest(&self) -> bool {
        self.stands().is_some_and(News::is_at_rest)
    }
}

impl Intake {
    /// The state's word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Accepted(accepted) => accepted.name(),
        }
    }
}
