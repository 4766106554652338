//! Which messages carry sealed personal data, and how a person's wrapped key is put on and taken off.
//!
//! A stored message never holds the key: forgetting it in one table must be enough to forget the person.

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    Contract, MessageKind,
    erp::v1::{PlaceOrder, ScreenOrder},
    order::v1::{AddPayment, StartOrder},
    r#type::v1::{Order, Sealed},
};

/// A message with somebody's sealed data inside.
trait OfPerson: Contract {
    fn sealed(&mut self) -> Option<&mut Sealed>;
}

fn of(order: &mut Option<Order>) -> Option<&mut Sealed> {
    order.as_mut()?.personal.as_mut()
}

impl OfPerson for StartOrder {
    fn sealed(&mut self) -> Option<&mut Sealed> {
        of(&mut self.order)
    }
}
impl OfPerson for AddPayment {
    fn sealed(&mut self) -> Option<&mut Sealed> {
        self.personal.as_mut()
    }
}
impl OfPerson for ScreenOrder {
    fn sealed(&mut self) -> Option<&mut Sealed> {
        of(&mut self.order)
    }
}
impl OfPerson for PlaceOrder {
    fn sealed(&mut self) -> Option<&mut Sealed> {
        of(&mut self.order)
    }
}

/// The person whose data a message carries.
pub fn subject(kind: &MessageKind, payload: &Bytes) -> Option<Uuid> {
    let mut found = None;
    change(kind, payload, |sealed| found = Uuid::parse_str(&sealed.subject).ok());
    found
}

/// The message with the person's wrapped key on it, or, with an empty key, without.
pub fn with_key(kind: &MessageKind, payload: Bytes, wrapped: &[u8]) -> Bytes {
    let wrapped = Bytes::copy_from_slice(wrapped);
    change(kind, &payload, |sealed| sealed.wrapped_key = wrapped).unwrap_or(payload)
}

fn change(kind: &MessageKind, payload: &Bytes, how: impl FnOnce(&mut Sealed)) -> Option<Bytes> {
    fn within<M: OfPerson>(payload: &Bytes, how: impl FnOnce(&mut Sealed)) -> Option<Bytes> {
        let mut message = M::decode(payload.clone()).ok()?;
        how(message.sealed()?);
        Some(message.encode_to_vec().into())
    }
    match kind.ce_type {
        t if t == StartOrder::KIND.ce_type => within::<StartOrder>(payload, how),
        t if t == AddPayment::KIND.ce_type => within::<AddPayment>(payload, how),
        t if t == ScreenOrder::KIND.ce_type => within::<ScreenOrder>(payload, how),
        t if t == PlaceOrder::KIND.ce_type => within::<PlaceOrder>(payload, how),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn a_key_is_put_on_and_taken_off() {
        let person = Uuid::from_u128(5);
        let sealed = Sealed { subject: person.to_string(), ..Sealed::default() };
        let payment = AddPayment { personal: Some(sealed.clone()), ..AddPayment::default() }.encode_to_vec();
        let order = Order { personal: Some(sealed), ..Order::default() };
        let order = StartOrder { order: Some(order) }.encode_to_vec();
        for (kind, plain) in [(StartOrder::KIND, order), (AddPayment::KIND, payment)] {
            let plain = Bytes::from(plain);
            assert_eq!(subject(kind, &plain), Some(person));
            let keyed = with_key(kind, plain.clone(), b"wrapped");
            assert_ne!(keyed, plain);
            assert_eq!(with_key(kind, keyed, b""), plain);
            assert_eq!(subject(crate::order::v1::OrderOpened::KIND, &plain), None);
        }
    }
}
