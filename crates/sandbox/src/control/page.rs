//! The short page for people at `GET /`.

use std::fmt::Write;

use crate::{
    Sandbox,
    gateway::{cards::TEST_CARDS, triggers::TRIGGERS},
};

/// The page as plain text.
pub(super) fn text(sandbox: &Sandbox) -> String {
    let mut page = format!(
        "Quittance sandbox, worlds' time {}\n\n\
         GET    /_sim/books    what each world really did\n\
         POST   /_sim/seed     {{\"erp\":[{{\"stock_shift\":{{\"stock_code\":\"RARE-09\",\"warehouse\":\"MAIN\",\"quantity\":-2}}}}]}}\n\
         POST   /_sim/mischief [{{\"operation\":\"AddSalesOrder\",\"mischief\":\"expire_session\"}}]\n\
         POST   /_sim/faults   [{{\"world\":\"gateway\",\"operation\":\"authorize\",\"match\":\"ORDER-1\",\"nth\":1,\"times\":1,\"kind\":\"hang\"}}]\n\
         DELETE /_sim/faults   forget them\n\
         POST   /_sim/clock    {{\"advance_seconds\":60}}\n\
         POST   /_sim/tokens   {{\"card\":\"visa\"}}, optionally \"kind\":\"stored\"\n\
         POST   /_sim/reset    start all over\n\n\
         Fault kinds: latency:ms answer_late:ms hang hang_before_apply drop_before_apply drop_after_apply\n\
         error_before:status error_after:status garbage unknown_status rate_limited unauthorized\n\
         server_timeout_applied server_timeout_not_applied extra_members\n\
         (with a number: {{\"answer_late\":3000}}; without: \"hang\")\n\n\
         Operations: gateway authorize, capture, reverse, search, detail; erp the last word of the path;\n\
         shop callback; * is any.\n\nTest cards:\n",
        sandbox.now()
    );
    for card in TEST_CARDS {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "  {:<24} {}…{}", card.name, card.prefix, card.suffix);
    }
    page.push_str("\nAmounts (of currencies with two decimals) that act, by their cents:\n");
    for trigger in TRIGGERS {
        let _ = writeln!(page, "  x.{:02}  {}", trigger.cents, trigger.title);
    }
    page.push_str(
        "\nAlso: a negative amount or one from 100000000000 on, a month 13, a wrong check digit: 400 INVALID_DATA;\n\
         an expired year: DECLINED, EXPIRED_CARD.\n",
    );
    page
}
