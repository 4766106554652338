//! What an order that waits for an unknown outcome says to people.

use payment_domain::order_to_cash::Step;

/// What was tried, what comes next by itself, and what a person could do.
pub(crate) fn words(step: Step, reference: &str) -> (String, &'static str, &'static str) {
    let tried = |what: &str| format!("{what} was asked for as {reference} and never answered");
    match step {
        Step::Authorize => (
            tried("holding the money"),
            "the gateway is searched for the request: found, its result counts, even a decline; proven absent, it is undone by \
             its id and tried again, or the order is open for another payment",
            "nothing yet; to be sooner, look for the reference on the gateway's own screen",
        ),
        Step::Capture => (
            tried("taking the money"),
            "the gateway is searched for the request: found, the order goes on; proven absent, it is undone by its id and tried \
             again, or a person is asked",
            "keep the goods; to be sooner, look for the reference on the gateway's own screen",
        ),
        Step::Reverse => (
            tried("giving the money back"),
            "the gateway is searched for the request: found, it is done; proven absent, it is asked again",
            "nothing; the hold ends with the issuer at the latest",
        ),
        Step::Place => (
            tried("placing the sales order"),
            "SYSPRO is searched for the customer and purchase order number: found, its number counts; absent, it is placed again",
            "look in SYSPRO for a sales order with this purchase order number",
        ),
        Step::Book => (
            tried("releasing the sales order"),
            "the sales order's status is looked at: released, the order is complete; else it is released again",
            "look at the sales order's status in SYSPRO",
        ),
        Step::Cancel => (
            tried("cancelling the sales order"),
            "the sales order's status is looked at: cancelled, it is done; else it is cancelled again",
            "look at the sales order's status in SYSPRO",
        ),
        Step::Screen | Step::Review => (tried("the step"), "it is asked again", "nothing"),
    }
}
