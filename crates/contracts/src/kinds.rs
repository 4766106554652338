//! The table of all messages that travel on the bus: one line each, the only place where a name meets a subject.

/// Whether a message tells or asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Something has happened. Public.
    Event,
    /// Something is wished. Internal.
    Command,
}

/// One kind of message.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageKind {
    /// The protobuf name, which is the CloudEvents type: `otc.payment.v1.PaymentCaptured`.
    pub ce_type: &'static str,
    /// The context in the subject: `payment`.
    pub context: &'static str,
    /// Event or command.
    pub role: Role,
    /// The name in the subject: `captured`.
    pub name: &'static str,
    /// The layout's version within `v1`: raised when a reader must know more to understand the message.
    pub shape: u16,
}

/// A message with its kind.
pub trait Contract: prost::Message + Default + 'static {
    /// Its line in the table.
    const KIND: &'static MessageKind;
}

macro_rules! table {
    ($($message:path, $ce_type:literal, $context:literal, $role:ident, $name:literal;)*) => {
        $(impl Contract for $message {
            const KIND: &'static MessageKind =
                &MessageKind { ce_type: $ce_type, context: $context, role: Role::$role, name: $name, shape: 1 };
        })*

        /// Every kind of message, in the order of the table.
        pub const ALL: &[&MessageKind] = &[$(<$message as Contract>::KIND),*];
    };
}

table! {
    crate::intake::v1::OrderAccepted, "otc.intake.v1.OrderAccepted", "intake", Event, "accepted";
    crate::intake::v1::ShopTold, "otc.intake.v1.ShopTold", "intake", Event, "shop_told";

    crate::order::v1::StartOrder, "otc.order.v1.StartOrder", "order", Command, "start";
    crate::order::v1::AddPayment, "otc.order.v1.AddPayment", "order", Command, "add_payment";
    crate::order::v1::OrderOpened, "otc.order.v1.OrderOpened", "order", Event, "opened";
    crate::order::v1::OrderAuthorized, "otc.order.v1.OrderAuthorized", "order", Event, "authorized";
    crate::order::v1::OrderUnderReview, "otc.order.v1.OrderUnderReview", "order", Event, "under_review";
    crate::order::v1::OrderPlaced, "otc.order.v1.OrderPlaced", "order", Event, "placed";
    crate::order::v1::OrderPaid, "otc.order.v1.OrderPaid", "order", Event, "paid";
    crate::order::v1::OrderCompleted, "otc.order.v1.OrderCompleted", "order", Event, "completed";
    crate::order::v1::OrderRefused, "otc.order.v1.OrderRefused", "order", Event, "refused";
    crate::order::v1::OrderUnpaid, "otc.order.v1.OrderUnpaid", "order", Event, "unpaid";
    crate::order::v1::OrderHoldEnding, "otc.order.v1.OrderHoldEnding", "order", Event, "hold_ending";
    crate::order::v1::OrderDeclined, "otc.order.v1.OrderDeclined", "order", Event, "declined";
    crate::order::v1::OrderCancelled, "otc.order.v1.OrderCancelled", "order", Event, "cancelled";
    crate::order::v1::OrderWaiting, "otc.order.v1.OrderWaiting", "order", Event, "waiting";
    crate::order::v1::OrderParked, "otc.order.v1.OrderParked", "order", Event, "parked";

    crate::payment::v1::PaymentAuthorized, "otc.payment.v1.PaymentAuthorized", "payment", Event, "authorized";
    crate::payment::v1::PaymentDeclined, "otc.payment.v1.PaymentDeclined", "payment", Event, "declined";
    crate::payment::v1::PaymentUnderReview, "otc.payment.v1.PaymentUnderReview", "payment", Event, "under_review";
    crate::payment::v1::PaymentCaptured, "otc.payment.v1.PaymentCaptured", "payment", Event, "captured";
    crate::payment::v1::AuthorizationReversed, "otc.payment.v1.AuthorizationReversed", "payment", Event, "authorization_reversed";
    crate::payment::v1::PaymentVoided, "otc.payment.v1.PaymentVoided", "payment", Event, "voided";
    crate::payment::v1::PaymentRefunded, "otc.payment.v1.PaymentRefunded", "payment", Event, "refunded";
    crate::payment::v1::PaymentOrphanFound, "otc.payment.v1.PaymentOrphanFound", "payment", Event, "orphan_found";
    crate::payment::v1::PaymentOutcomeUnknown, "otc.payment.v1.PaymentOutcomeUnknown", "payment", Event, "outcome_unknown";
    crate::payment::v1::PaymentParked, "otc.payment.v1.PaymentParked", "payment", Event, "parked";

    crate::erp::v1::ScreenOrder, "otc.erp.v1.ScreenOrder", "erp", Command, "screen_order";
    crate::erp::v1::PlaceOrder, "otc.erp.v1.PlaceOrder", "erp", Command, "place_order";
    crate::erp::v1::BookPayment, "otc.erp.v1.BookPayment", "erp", Command, "book_payment";
    crate::erp::v1::CancelOrder, "otc.erp.v1.CancelOrder", "erp", Command, "cancel_order";
    crate::erp::v1::OrderScreened, "otc.erp.v1.OrderScreened", "erp", Event, "screened";
    crate::erp::v1::OrderScreenFailed, "otc.erp.v1.OrderScreenFailed", "erp", Event, "screen_failed";
    crate::erp::v1::SalesOrderPlaced, "otc.erp.v1.SalesOrderPlaced", "erp", Event, "sales_order_placed";
    crate::erp::v1::SalesOrderRefused, "otc.erp.v1.SalesOrderRefused", "erp", Event, "sales_order_refused";
    crate::erp::v1::SalesOrderReleased, "otc.erp.v1.SalesOrderReleased", "erp", Event, "sales_order_released";
    crate::erp::v1::SalesOrderReleaseRefused, "otc.erp.v1.SalesOrderReleaseRefused", "erp", Event, "release_refused";
    crate::erp::v1::SalesOrderCancelled, "otc.erp.v1.SalesOrderCancelled", "erp", Event, "sales_order_cancelled";
    crate::erp::v1::SalesOrderCancelRefused, "otc.erp.v1.SalesOrderCancelRefused", "erp", Event, "cancel_refused";
    crate::erp::v1::ErpOutcomeUnknown, "otc.erp.v1.ErpOutcomeUnknown", "erp", Event, "outcome_unknown";
}

/// The kind of a CloudEvents type; `None` for one that this binary does not know.
pub fn by_type(ce_type: &str) -> Option<&'static MessageKind> {
    ALL.iter().copied().find(|kind| kind.ce_type == ce_type)
}
