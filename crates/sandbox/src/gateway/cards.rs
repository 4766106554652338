//! The named test cards. No card number stands here: a token needs the first six and the last four digits, no more.

/// What a card does, whatever the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardManner {
    /// Approves, unless the amount is a trigger.
    Approves,
    /// Behaves as if the amount ended in these cents of the trigger table.
    Trigger(u8),
}

/// A card that the control can mint tokens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestCard {
    /// The name asked for.
    pub name: &'static str,
    /// First six digits.
    pub prefix: &'static str,
    /// Last four digits.
    pub suffix: &'static str,
    /// The gateway's code of the brand: 001 Visa, 002 Mastercard, 003 American Express, 004 Discover, 007 JCB.
    pub kind: &'static str,
    /// How many digits the number has.
    pub digits: usize,
    /// What it does.
    pub manner: CardManner,
}

const fn visa(name: &'static str, suffix: &'static str, manner: CardManner) -> TestCard {
    TestCard { name, prefix: "411111", suffix, kind: "001", digits: 16, manner }
}

/// All named test cards.
pub const TEST_CARDS: &[TestCard] = &[
    visa("visa", "1111", CardManner::Approves),
    TestCard {
        name: "mastercard",
        prefix: "555555",
        suffix: "4444",
        kind: "002",
        digits: 16,
        manner: CardManner::Approves,
    },
    TestCard { name: "amex", prefix: "378282", suffix: "0005", kind: "003", digits: 15, manner: CardManner::Approves },
    TestCard {
        name: "discover",
        prefix: "601111",
        suffix: "1117",
        kind: "004",
        digits: 16,
        manner: CardManner::Approves,
    },
    TestCard { name: "jcb", prefix: "356611", suffix: "1113", kind: "007", digits: 16, manner: CardManner::Approves },
    visa("visa_declined", "0005", CardManner::Trigger(5)),
    visa("visa_insufficient_fund", "0051", CardManner::Trigger(51)),
    visa("visa_expired", "0054", CardManner::Trigger(54)),
    visa("visa_stolen", "0043", CardManner::Trigger(43)),
    visa("visa_review", "0080", CardManner::Trigger(80)),
    visa("visa_risk_declined", "0081", CardManner::Trigger(81)),
    visa("visa_partial", "0010", CardManner::Trigger(10)),
];

/// The card of this name.
pub fn test_card(name: &str) -> Option<&'static TestCard> {
    TEST_CARDS.iter().find(|card| card.name == name)
}
