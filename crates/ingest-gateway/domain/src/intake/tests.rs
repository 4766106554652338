//! Given, when, then; the transition table; and that neither order nor repetition of news matters.

use std::{collections::BTreeMap, sync::Arc};

use decider::{Decider, fold};
use money::Amount;
use proptest::prelude::*;
use sealed::SealedBox;

use super::*;
use crate::order::{Charge, Line, Marks, Order, PaymentMode, PaymentToken};

fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

fn order() -> Order {
    let subject = "01935e7a-1234-7abc-8def-0123456789ab".parse::<ids::OrderId>().unwrap().0;
    Order {
        shop: "lamp-shop".parse().unwrap(),
        order_number: "1001".to_owned(),
        customer_po: "L-1001".to_owned(),
        customer_code: String::new(),
        prices_include_tax: false,
        lines: vec![Line {
            id: String::new(),
            sku: "LAMP-01".to_owned(),
            description: "Lamp".to_owned(),
            quantity: "2".to_owned(),
            unit_price: "25".to_owned(),
            discount: eur(0),
            tax: eur(1050),
            total: eur(5000),
        }],
        shipping: Some(Charge { name: "parcel".to_owned(), amount: eur(500), tax: eur(0) }),
        fees: Vec::new(),
        tax: eur(1050),
        total: eur(6550),
        payment: PaymentToken {
            mode: PaymentMode::Transient,
            token: "1D1S6J".to_owned(),
            brand: "001".to_owned(),
            bin: "411111".to_owned(),
            last_four: "1111".to_owned(),
            expires_at_ms: 1_791_970_200_000,
        },
        personal: SealedBox { subject, wrapped_key: Vec::new(), ciphertext: vec![1, 2, 3] },
        attributes: BTreeMap::from([("channel".to_owned(), "web".to_owned())]),
        placed_at_ms: 1_791_970_000_000,
    }
}

fn offer_of(order: Order) -> Arc<Offer> {
    let marks = Marks(vec![0, 7]);
    Arc::new(Offer { order, marks, source: Source::Api, shop_order_id: String::new(), tells_shop: true })
}

fn offer() -> Arc<Offer> {
    offer_of(order())
}

fn moved(n: i64, news: News) -> Event {
    Event::Moved { n, news }
}

fn reason() -> Reason {
    Reason { code: "stock_short".to_owned(), text: "LAMP-01 is short by 1".to_owned(), shortages: Vec::new() }
}

fn completed() -> News {
    News::Completed { sales_order: "000123".to_owned(), captured: eur(6550) }
}

fn every_news() -> Vec<News> {
    vec![
        News::Opened,
        News::Authorized { held: eur(6550) },
        News::UnderReview { held: Some(eur(6550)), reason: reason(), hold_ends_at_ms: 1 },
        News::Placed { sales_order: "000123".to_owned() },
        News::Paid { captured: eur(6550) },
        completed(),
        News::Refused { reason: reason() },
        News::Declined { reason: reason() },
        News::Cancelled { reason: reason(), reversed: Some(eur(6550)) },
        News::Waiting { step: "capture".to_owned(), reference: "q-x-C1".to_owned(), inquiry_due_at_ms: 1 },
        News::Parked { step: "book".to_owned(), reason: reason() },
    ]
}

struct Given(Intake);

fn given(events: &[Event]) -> Given {
    Given(fold::<IntakeDecider>(Intake::default(), events))
}

impl Given {
    fn when(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        IntakeDecider::decide(&self.0, command)
    }

    fn effects(&self, event: &Event) -> Vec<Effect> {
        let after = IntakeDecider::evolve(self.0.clone(), event);
        IntakeDecider::react(&after, event)
    }
}

#[test]
fn a_sales_order_placed_under_review_does_not_end_the_review() {
    let review = News::UnderReview { held: Some(eur(6550)), reason: reason(), hold_ends_at_ms: 1 };
    let placed = News::Placed { sales_order: "000123".to_owned() };
    for news in [[moved(1, review.clone()), moved(2, placed.clone())], [moved(2, placed.clone()), moved(1, review)]] {
        let events = [vec![Event::Accepted(offer())], news.to_vec()].concat();
        let Intake::Accepted(accepted) = given(&events).0 else { panic!("accepted") };
        assert_eq!((accepted.name(), accepted.is_at_rest()), ("under_review", true));
        assert_eq!(accepted.sales_order.as_deref(), Some("000123"));
        assert!(given(&events).effects(&moved(2, placed.clone())).is_empty(), "the shop is not told twice");
    }
    let paid = [Event::Accepted(offer()), moved(1, placed), moved(2, News::Paid { captured: eur(6550) })];
    assert_eq!(given(&paid).0.name(), "paid");
}

#[test]
fn a_new_order_is_accepted_and_the_saga_is_asked() {
    let accepted = Event::Accepted(offer());
    assert_eq!(given(&[]).when(Command::Accept(offer())), Ok(vec![accepted.clone()]));
    assert_eq!(given(&[]).effects(&accepted), vec![Effect::Start(offer())]);
}

#[test]
fn the_same_order_again_is_nothing_new() {
    let given = given(&[Event::Accepted(offer()), moved(1, News::Opened)]);
    assert_eq!(given.when(Command::Accept(offer())), Ok(Vec::new()));
}

#[test]
fn what_we_derive_ourselves_is_no_difference() {
    let mut again = order();
    again.personal.ciphertext = vec![9];
    again.placed_at_ms += 5;
    again.payment.last_four = "2222".to_owned();
    assert_eq!(given(&[Event::Accepted(offer())]).when(Command::Accept(offer_of(again))), Ok(Vec::new()));
}

#[test]
fn another_content_is_refused_naming_the_fields() {
    let mut other = order();
    other.total = eur(6551);
    other.lines[0].quantity = "3".to_owned();
    other.shipping = None;
    other.attributes.insert("gift".to_owned(), "yes".to_owned());
    let mut offer = Offer { order: other, ..(*offer()).clone() };
    offer.marks = Marks(vec![0, 8]);
    let refused = given(&[Event::Accepted(self::offer())]).when(Command::Accept(Arc::new(offer)));
    let fields = ["lines[0].quantity", "shipping", "total", "attributes.gift", "customer.email"];
    let fields = fields.map(str::to_owned).to_vec();
    assert_eq!(refused, Err(Rejection::Differs { order_number: "1001".to_owned(), fields }));
}

#[test]
fn the_first_news_settles_the_question_and_the_end_calls_the_shop() {
    let accepted = given(&[Event::Accepted(offer())]);
    assert_eq!(accepted.effects(&moved(1, News::Opened)), vec![Effect::SettleStart]);
    // Even when the first thing we hear is the end.
    let effects = accepted.effects(&moved(6, completed()));
    assert!(matches!(effects.as_slice(), [Effect::SettleStart, Effect::TellShop(news)] if news.n == 6), "{effects:?}");
}

#[test]
fn late_news_fills_in_facts_and_does_not_turn_the_state_back() {
    let given =
        given(&[Event::Accepted(offer()), moved(6, completed()), moved(2, News::Authorized { held: eur(6550) })]);
    let Intake::Accepted(accepted) = &given.0 else { panic!("accepted") };
    assert_eq!((accepted.name(), accepted.held), ("completed", Some(eur(6550))));
    let late = moved(3, News::Declined { reason: reason() });
    assert_eq!(given.effects(&late), Vec::new());
}

#[test]
fn a_shop_without_a_callback_is_not_called() {
    let quiet = Arc::new(Offer { tells_shop: false, ..(*offer()).clone() });
    let given = given(&[Event::Accepted(quiet), moved(1, News::Opened)]);
    assert_eq!(given.effects(&moved(2, completed())), Vec::new());
}

#[test]
fn a_shop_is_told_once() {
    let told = Command::RecordTold { n: 2, outcome: Outcome::Completed };
    let before = [Event::Accepted(offer()), moved(2, completed())];
    let events = given(&before).when(told.clone()).unwrap();
    assert_eq!(events.len(), 1);
    let after: Vec<_> = before.into_iter().chain(events).collect();
    assert_eq!(given(&after).when(told), Ok(Vec::new()));
}

#[test]
fn a_token_is_not_printed() {
    assert!(!format!("{:?}", offer()).contains("1D1S6J"));
}

/// Every (state, command) pair, one line each.
fn transition_table() -> String {
    let mut states = vec![("fresh", Vec::new()), ("accepted", vec![Event::Accepted(offer())])];
    for news in every_news() {
        states.push((news.state(), vec![Event::Accepted(offer()), moved(1, news)]));
    }
    let mut other = order();
    other.total = eur(1);
    let told = Outcome::Completed;
    let commands = [
        ("accept, same content", Command::Accept(offer())),
        ("accept, other content", Command::Accept(offer_of(other))),
        ("record, known number", Command::Record { n: 1, news: News::Opened }),
        ("record, next number", Command::Record { n: 2, news: completed() }),
        ("record told", Command::RecordTold { n: 1, outcome: told }),
        ("record untold", Command::RecordUntold { n: 1, outcome: told, why: "gone".to_owned() }),
    ];
    let mut table = String::new();
    for (state, past) in &states {
        for (name, command) in &commands {
            let outcome = match given(past).when(command.clone()) {
                Ok(events) if events.is_empty() => "nothing new".to_owned(),
                Ok(events) => events
                    .iter()
                    .map(|event| match event {
                        Event::Accepted(_) => "accepted",
                        Event::Moved { news, .. } => news.name(),
                        Event::ShopTold { .. } => "shop_told",
                        Event::ShopUntold { .. } => "shop_untold",
                    })
                    .collect::<Vec<_>>()
                    .join(", "),
                Err(Rejection::Differs { .. }) => "refused: differs".to_owned(),
                Err(Rejection::NotAccepted { .. }) => "refused: not accepted".to_owned(),
            };
            table.push_str(&format!("{state:<13} | {name:<22} | {outcome}\n"));
        }
    }
    table
}

#[test]
fn every_state_answers_every_command() {
    insta::assert_snapshot!(transition_table());
}

proptest! {
    #[test]
    fn order_and_repetition_of_news_do_not_matter(
        picks in prop::collection::vec(0_usize..11, 1..8),
        swaps in prop::collection::vec((0_usize..8, 0_usize..8), 0..12),
        doubled in 0_usize..8,
    ) {
        let story: Vec<_> = picks.iter().enumerate().map(|(at, pick)| (at as i64 + 1, every_news()[*pick].clone())).collect();
        let mut shuffled = story.clone();
        for (a, b) in swaps {
            let (a, b) = (a % story.len(), b % story.len());
            shuffled.swap(a, b);
        }
        shuffled.push(story[doubled % story.len()].clone());
        let run = |story: &[(i64, News)]| {
            let mut state = fold::<IntakeDecider>(Intake::default(), &[Event::Accepted(offer())]);
            for (n, news) in story {
                for event in IntakeDecider::decide(&state, Command::Record { n: *n, news: news.clone() }).unwrap() {
                    state = IntakeDecider::evolve(state, &event);
                }
            }
            let Intake::Accepted(accepted) = state else { panic!("accepted") };
            (accepted.stands().cloned(), accepted.seen.clone(), accepted.latest)
        };
        prop_assert_eq!(run(&story), run(&shuffled));
    }
}
