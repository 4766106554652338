//! The story, chapter by chapter. Every chapter says what it does, does it over HTTP, and says what came of it.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use sandbox::{
    Sandbox,
    erp::{Mischief, MischiefRule},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{say, scan};
use crate::{
    orders::{self, Answer, DEMO_SHOP_KEY, GRILLS, Line, Shop, WOO_SHOP_KEY, decimal},
    world::World,
};

/// How long one order may take.
const ORDER_LIMIT: Duration = Duration::from_secs(90);
/// Between two lines about an order that still goes on.
const PROGRESS_S: u64 = 2;

/// Five of something of which there are three.
const TOO_MANY: Line = Line { sku: "RARE-09", description: "Limited edition", quantity: 5, unit_price: 4_900 };
/// An item that somebody in SYSPRO puts on hold at the wrong moment.
const APRONS: Line = Line { sku: "APRON-03", description: "Apron", quantity: 1, unit_price: 2_490 };
/// Grill tongs.
const TONGS: Line = Line { sku: "TONGS-02", description: "Grill tongs", quantity: 3, unit_price: 1_250 };
/// An article number as it stands on a packet: thirteen digits, and no card.
const EAN: &str = "4006381333931";

/// How an order must end, in minor units.
pub(super) struct Ends {
    pub(super) state: &'static str,
    pub(super) payments: usize,
    pub(super) authorized: i64,
    pub(super) captured: i64,
    pub(super) reversed: i64,
    pub(super) sales_order_status: Option<&'static str>,
}

impl Ends {
    fn completed(total: i64) -> Self {
        Self {
            state: "completed",
            payments: 1,
            authorized: total,
            captured: total,
            reversed: 0,
            sales_order_status: Some("1"),
        }
    }

    fn without_money(state: &'static str, payments: usize) -> Self {
        Self { state, payments, authorized: 0, captured: 0, reversed: 0, sales_order_status: None }
    }
}

/// One order that was accepted.
pub(super) struct Chapter {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) customer_po: String,
    pub(super) ends: Ends,
}

/// The story and how far it is.
pub(super) struct Story<'a> {
    sandbox: &'a Sandbox,
    shop: Shop,
    woo: Shop,
    ledgers: Vec<(&'static str, String)>,
    started: Instant,
    /// Makes order numbers fresh in every run: the ledgers keep the old ones.
    run: Run,
    chapters: Vec<Chapter>,
    wrongs: Vec<String>,
    step: usize,
}

struct Run {
    seconds: u64,
    word: String,
}

impl Run {
    /// Seconds in letters and digits, too few digits in a row to look like anything else.
    fn new(seconds: u64) -> Self {
        const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
        let mut rest = seconds;
        let mut word = String::new();
        for _ in 0..6 {
            word.insert(0, char::from(LETTERS[usize::try_from(rest % 20).unwrap_or(0)]));
            rest /= 20;
        }
        Self { seconds, word }
    }
}

impl<'a> Story<'a> {
    pub(super) fn new(world: &World, sandbox: &'a Sandbox, started: Instant) -> anyhow::Result<Self> {
        let seconds = u64::try_from(sandbox.now().timestamp()).unwrap_or(0);
        Ok(Self {
            sandbox,
            shop: Shop::at(world.shop_api, DEMO_SHOP_KEY)?,
            woo: Shop::at(world.shop_api, WOO_SHOP_KEY)?,
            ledgers: world.ledgers(),
            started,
            run: Run::new(seconds),
            chapters: Vec::new(),
            wrongs: Vec::new(),
            step: 0,
        })
    }

    /// The accepted orders, and what went otherwise than told.
    pub(super) fn told(self) -> (Vec<Chapter>, Vec<String>) {
        (self.chapters, self.wrongs)
    }

    /// Plays all chapters.
    pub(super) async fn play(&mut self) -> anyhow::Result<()> {
        let good = self.straight_through().await?;
        self.woocommerce().await?;
        self.declined().await?;
        self.short_stock().await?;
        self.refused_for_good().await?;
        self.sent_twice(&good).await?;
        self.other_amount(&good).await?;
        self.card_number().await?;
        self.ean().await
    }

    fn title(&mut self, title: &str) {
        self.step += 1;
        say(&format!("\n{}. {title}", self.step));
    }

    fn number(&self) -> String {
        format!("{}-{}", self.run.word, self.step)
    }

    fn token(&self, card: &str) -> anyhow::Result<Value> {
        let token =
            self.sandbox.mint_token(card).with_context(|| format!("the checkout page makes no token for {card}"))?;
        Ok(orders::transient(&token.jwt))
    }

    fn expect(&mut self, is_so: bool, wrong: &str) {
        if !is_so {
            say(&format!("   NOT as told: {wrong}"));
            self.wrongs.push(wrong.to_owned());
        }
    }

    /// Follows an accepted order to its end, with a line whenever it takes long.
    async fn follow(&mut self, shop: &Shop, answer: Answer, chapter: (&str, &str, Ends)) -> anyhow::Result<Value> {
        let (number, customer_po, ends) = chapter;
        let id = answer.id()?;
        let begun = Instant::now();
        let mut answer = answer;
        while !is_at_rest(&answer.body) {
            ensure!(
                begun.elapsed() < ORDER_LIMIT,
                "order {number} stands at {} after {ORDER_LIMIT:?}",
                answer.state()?
            );
            answer = shop.look(&id, PROGRESS_S).await?;
            if !is_at_rest(&answer.body) {
                say(&format!("   … {} after {} s", answer.state()?, begun.elapsed().as_secs()));
            }
        }
        let state = answer.state()?;
        say(&format!("   → {state}{}", details(&answer.body)));
        self.expect(state == ends.state, &format!("order {number} ended {state} instead of {}", ends.state));
        self.chapters.push(Chapter { id, number: number.to_owned(), customer_po: customer_po.to_owned(), ends });
        Ok(answer.body)
    }

    /// Posts our own JSON, says what was answered, follows the order to its end.
    async fn post(&mut self, order: &Value, ends: Ends) -> anyhow::Result<Value> {
        let number = order["order_number"].as_str().unwrap_or_default().to_owned();
        let shop = self.shop.clone();
        let answer = shop.send(order, 0).await?;
        say(&format!("   POST /v1/orders → {} {}", answer.status, meaning(answer.status)));
        let wrong = format!("order {number} was answered {}: {}", answer.status, answer.body);
        self.expect(answer.status == 202, &wrong);
        self.follow(&shop, answer, (&number, &format!("D-{number}"), ends)).await
    }

    async fn straight_through(&mut self) -> anyhow::Result<Value> {
        self.title("An order straight through");
        say(&format!(
            "   A shop posts our JSON: two grills, {} EUR, the token of a good card.",
            decimal(GRILLS.total())
        ));
        let order = orders::order(&self.number(), &GRILLS, &self.token("visa")?);
        self.post(&order, Ends::completed(GRILLS.total())).await?;
        say("   The money was held, the sales order placed in suspense, the money captured, the order released.");
        say(&format!(
            "   ({:.1} s from the start of the demo to this finished order)",
            self.started.elapsed().as_secs_f64()
        ));
        Ok(order)
    }

    async fn woocommerce(&mut self) -> anyhow::Result<()> {
        self.title("The same from a WooCommerce shop, in its own format");
        say(
            "   Its webhook posts the order as WooCommerce writes it, signed; the card token stands in the order's meta data.",
        );
        let number = format!("CZ-{}", self.number());
        let token = self.sandbox.mint_token("mastercard").context("the checkout page makes no token")?;
        let shop = self.woo.clone();
        let answer = shop.send_woo("woo", orders::woo(self.run.seconds, &number, &token.jwt)).await?;
        say(&format!("   POST /v1/shops/woo/orders → {} {}", answer.status, meaning(answer.status)));
        let wrong = format!("the WooCommerce order was answered {}: {}", answer.status, answer.body);
        self.expect(answer.status == 202, &wrong);
        let ends = Ends::completed(orders::WOO_TOTAL);
        self.follow(&shop, answer, (&number, &format!("W-{number}"), ends)).await?;
        Ok(())
    }

    async fn declined(&mut self) -> anyhow::Result<()> {
        self.title("A decline");
        say("   The same grills, and a card whose bank says no.");
        let order = orders::order(&self.number(), &GRILLS, &self.token("visa_declined")?);
        self.post(&order, Ends::without_money("declined", 1)).await?;
        Ok(())
    }

    async fn short_stock(&mut self) -> anyhow::Result<()> {
        self.title("Short stock");
        say("   Five of an item of which SYSPRO has three. It is looked up before any money moves.");
        let order = orders::order(&self.number(), &TOO_MANY, &self.token("visa")?);
        let ended = self.post(&order, Ends::without_money("refused", 0)).await?;
        let shortage = &ended["reason"]["shortages"][0];
        let named =
            shortage["sku"] == TOO_MANY.sku && shortage["asked"].is_string() && shortage["available"].is_string();
        self.expect(named, "the refusal does not name the item and the shortfall");
        if named {
            let text = |name: &str| shortage[name].as_str().unwrap_or_default().to_owned();
            say(&format!(
                "   {}: {} asked for, {} there, in {}.",
                text("sku"),
                text("asked"),
                text("available"),
                text("warehouse")
            ));
        }
        Ok(())
    }

    async fn refused_for_good(&mut self) -> anyhow::Result<()> {
        self.title("SYSPRO refuses for good, after the money was held");
        say("   All is well when the order is screened; then somebody in the warehouse puts the item on hold.");
        let number = self.number();
        let hold = |on_hold| Mischief::HoldStock { stock_code: APRONS.sku.to_owned(), on_hold };
        let rule = MischiefRule {
            operation: "AddSalesOrder".to_owned(),
            matching: Some(format!("D-{number}")),
            nth: 1,
            mischief: hold(true),
        };
        self.sandbox.with_erp(|erp| erp.plan(rule));
        let order = orders::order(&number, &APRONS, &self.token("visa")?);
        let total = APRONS.total();
        let ends = Ends { authorized: total, reversed: total, ..Ends::without_money("cancelled", 1) };
        self.post(&order, ends).await?;
        self.sandbox.with_erp(|erp| erp.strike(&hold(false)));
        say("   The authorization was reversed: the buyer's money is free again.");
        Ok(())
    }

    async fn sent_twice(&mut self, good: &Value) -> anyhow::Result<()> {
        self.title("The first order is sent again");
        say("   The shop did not see our answer and repeats its request, byte for byte.");
        let answer = self.shop.send(good, 0).await?;
        let id = answer.id()?;
        say(&format!(
            "   POST /v1/orders → {} {}: {}, order {id}",
            answer.status,
            meaning(answer.status),
            answer.state()?
        ));
        let first = self.chapters.first().map(|chapter| chapter.id.clone());
        self.expect(answer.status == 200 && first.as_deref() == Some(&id), "the repeated order was not recognised");
        say("   The same order, the same answer; nothing was asked of the gateway or of SYSPRO again.");
        Ok(())
    }

    async fn other_amount(&mut self, good: &Value) -> anyhow::Result<()> {
        self.title("The same order number with another amount");
        let three = Line { quantity: 3, ..GRILLS };
        let number = good["order_number"].as_str().unwrap_or_default();
        let answer = self.shop.send(&orders::order(number, &three, &good["payment"]), 0).await?;
        let fields: Vec<&str> =
            answer.body["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        say(&format!(
            "   POST /v1/orders → {} {}; it differs in {}",
            answer.status,
            meaning(answer.status),
            fields.join(", ")
        ));
        self.expect(
            answer.status == 409 && fields.contains(&"total"),
            "the other amount was not refused with its fields",
        );
        Ok(())
    }

    async fn card_number(&mut self) -> anyhow::Result<()> {
        self.title("A card number where a token belongs");
        let number = self.number();
        let card = made_up_card(self.run.seconds);
        let answer = self.shop.send(&orders::order(&number, &GRILLS, &orders::stored(&card)), 0).await?;
        let told = answer.body.to_string();
        say(&format!("   POST /v1/orders → {} {}", answer.status, meaning(answer.status)));
        say(&format!("   “{}”", answer.body["detail"].as_str().unwrap_or_default()));
        self.expect(answer.status == 422 && !told.contains(&card), "the card number was not refused, or was repeated");
        let (rows, tables) = scan::rows_with(&self.ledgers, &card).await?;
        say(&format!(
            "   All {tables} tables of the three ledgers were searched for it, as text and as bytes: {rows} rows."
        ));
        self.expect(rows == 0, "the card number is stored");
        Ok(())
    }

    async fn ean(&mut self) -> anyhow::Result<()> {
        self.title("An article number in the same place");
        say(&format!("   {EAN} is thirteen digits too, and no card: a shop whose stored tokens look like that."));
        self.sandbox.keep_stored_token("visa", EAN).context("the vault takes no token")?;
        let order = orders::order(&self.number(), &TONGS, &orders::stored(EAN));
        self.post(&order, Ends::completed(TONGS.total())).await?;
        Ok(())
    }
}

fn is_at_rest(order: &Value) -> bool {
    let state = order["state"].as_str().unwrap_or_default();
    order["is_final"] == json!(true) || ["waiting", "parked", "under_review"].contains(&state)
}

/// What an ended order says about money, SYSPRO and why.
fn details(order: &Value) -> String {
    let mut text = String::new();
    for what in ["held", "captured", "reversed"] {
        if let (Some(amount), Some(currency)) = (order[what]["amount"].as_str(), order[what]["currency"].as_str()) {
            text.push_str(&format!("; {what} {amount} {currency}"));
        }
    }
    if let Some(number) = order["sales_order"].as_str() {
        text.push_str(&format!("; SYSPRO order {number}"));
    }
    if let Some(reason) = order["reason"]["text"].as_str() {
        text.push_str(&format!("\n     “{reason}”"));
    }
    text
}

/// A status code in words.
fn meaning(status: u16) -> &'static str {
    match status {
        200 => "OK (known, and how it stands)",
        202 => "Accepted (stored; the rest follows by itself)",
        409 => "Conflict (the number stands with other content; nothing was changed)",
        422 => "Unprocessable (refused; nothing was stored)",
        401 => "Unauthorized",
        503 => "Unavailable (come again)",
        _ => "",
    }
}

/// A number that nobody has, and that passes for a card: a Visa prefix, digits of this run, the right check digit.
fn made_up_card(seconds: u64) -> String {
    let body = format!("411111{:09}", seconds % 1_000_000_000);
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match (place % 2, digit * 2) {
                (0, double) if double > 9 => double - 9,
                (0, double) => double,
                _ => digit,
            }
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_made_up_card_is_one_for_the_detector() {
        for seconds in [0, 1, 1_795_700_000, 999_999_999_999] {
            assert!(telemetry::find_card(&made_up_card(seconds)).is_some());
        }
        assert!(telemetry::find_card(EAN).is_none());
    }

    #[test]
    fn amounts_of_the_story_are_no_triggers() {
        for line in [GRILLS, TOO_MANY, APRONS, TONGS] {
            let cents = u8::try_from(line.total() % 100).unwrap();
            assert!(sandbox::gateway::triggers::TRIGGERS.iter().all(|trigger| trigger.cents != cents), "{line:?}");
        }
    }

    #[test]
    fn order_numbers_of_two_runs_differ() {
        assert_ne!(Run::new(1_795_700_000).word, Run::new(1_795_700_001).word);
    }
}
