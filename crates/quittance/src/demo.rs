//! `quittance demo`: the guided story, over real HTTP, against the simulated outside, with the books as its judge.

mod books;
mod scan;
mod story;

use std::time::Duration;

use ::runtime::process::{signal, unless_stopped};
use anyhow::{Context as _, bail};
use contracts::query::v1::OrderSummary;
use tokio::time::Instant;

use crate::{
    ask, view,
    world::{Settings, World},
};

/// How long the last callbacks may take.
const CALLBACKS_LIMIT: Duration = Duration::from_secs(20);
/// Orders that are asked for at the end; the story has fewer.
const ORDERS_MAX: i32 = 50;

/// Prints one line of the story.
#[expect(clippy::print_stdout, reason = "the story is told to a person")]
fn say(line: &str) {
    println!("{line}");
}

/// Plays the story; stays up afterwards unless `once`.
pub(crate) async fn run(settings: Settings, once: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    // The story is told on the screen; of the log only what is wrong is shown beside it.
    let settings = settings.rather("process.log=error");
    say("starting the simulated gateway, SYSPRO and shop, and every service …");
    let Some(world) = unless_stopped(World::start(&settings, false)).await else { return Ok(()) };
    let world = world?;
    let wrongs = match unless_stopped(tell(&world, started)).await {
        None => {
            world.stop().await;
            return Ok(());
        }
        Some(Err(error)) => {
            world.stop().await;
            return Err(error.context("the story broke off"));
        }
        Some(Ok(wrongs)) => wrongs,
    };
    if !once {
        look_next(&world);
        say("\nQuittance stays up; Ctrl-C ends it.");
        signal().await;
        say("\nstopping …");
    }
    world.stop().await;
    if !wrongs.is_empty() && once {
        bail!("{} thing(s) did not end as told", wrongs.len());
    }
    Ok(())
}

/// Tells the story. Gives everything that did not end as told.
async fn tell(world: &World, started: Instant) -> anyhow::Result<Vec<String>> {
    let outside =
        world.outside.as_ref().context("the demo needs the sandbox: its configuration has no [sandbox] section")?;
    let mut story = story::Story::new(world, &outside.sandbox, started)?;
    story.play().await?;
    let (chapters, mut wrongs) = story.told();
    say("");
    wrongs.extend(callbacks(outside, &chapters).await);
    say("\nhow the orders ended, as the ledgers tell it (what `quittance orders` prints):\n");
    let summaries = summaries(world, &chapters).await?;
    say(&view::orders(&summaries));
    let books = &outside.sandbox.books();
    let judged = books::judge(&chapters, &summaries, books);
    match judged.as_slice() {
        [] => say(&books::praise(&chapters, books)),
        wrong => say(&format!("the sandbox's books DIFFER:\n  {}", wrong.join("\n  "))),
    }
    wrongs.extend(judged);
    match wrongs.as_slice() {
        [] => say("Every order ended as told."),
        wrong => say(&format!("NOT as told:\n  {}", wrong.join("\n  "))),
    }
    Ok(wrongs)
}

/// The story's orders as the ledgers know them, in the order of the story.
async fn summaries(world: &World, chapters: &[story::Chapter]) -> anyhow::Result<Vec<OrderSummary>> {
    let address = [format!("http://{}", world.process.query)];
    let known = ask::orders(&address, ORDERS_MAX, false).await?;
    let of = |chapter: &story::Chapter| known.iter().find(|summary| summary.order_id == chapter.id).cloned();
    chapters
        .iter()
        .map(|chapter| of(chapter).with_context(|| format!("order {} is not listed", chapter.number)))
        .collect()
}

/// Waits until the shops were told about every order; says how many callbacks came.
async fn callbacks(outside: &crate::world::Served, chapters: &[story::Chapter]) -> Vec<String> {
    let deadline = Instant::now() + CALLBACKS_LIMIT;
    loop {
        let told = outside.sandbox.books().shop;
        let lacks = |chapter: &&story::Chapter| {
            !told.accepted().any(|callback| callback.body.to_string().contains(&chapter.id))
        };
        let lacking: Vec<_> = chapters.iter().filter(lacks).collect();
        if lacking.is_empty() {
            let wrong = told.callbacks.iter().filter(|callback| !callback.is_signature_ok).count();
            let right = told.accepted().count();
            say(&format!(
                "The shops were called back {right} times, every one with a right signature ({wrong} wrong)."
            ));
            return if wrong == 0 { Vec::new() } else { vec![format!("{wrong} callbacks had a wrong signature")] };
        }
        if Instant::now() >= deadline {
            return lacking
                .iter()
                .map(|chapter| format!("the shop was not told about order {}", chapter.number))
                .collect();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn look_next(world: &World) {
    say("\nwhere to look next (in another terminal):");
    let me = std::env::args().next().unwrap_or_else(|| "quittance".to_owned());
    let place = |what: String, why: &str| say(&format!("  {what:<42} {why}"));
    place(format!("{me} orders"), "every order, where it stands and what it waits for");
    place(format!("{me} order NUMBER"), "one order's timeline: events, calls, attempts");
    if let Some(control) = world.control {
        place(format!("http://{control}/"), "the sandbox: what can be asked of it");
        place(format!("http://{control}/_sim/books"), "what the gateway, SYSPRO and the shop really did");
    }
    place(format!("http://{}/openapi.json", world.shop_api), "the shop API, described");
    place(format!("http://{}/metrics", world.process.health), "counts and times");
    place("README.md, docs/ARCHITECTURE.md".to_owned(), "what happened between these lines");
}
