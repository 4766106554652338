//! Customers: who may order, on what credit, found by code, e-mail or external id.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{
    problem::{Problem, Rule},
    store::Company,
    values,
};

/// The most customers a search returns.
pub(crate) const FOUND_MAX: usize = 100;
/// The first number that automatic numbering gives out.
const FIRST_NUMBER: u64 = 1001;

/// An address as the ERP holds it: free lines and a postal code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) name: String,
    pub(crate) lines: [String; 5],
    pub(crate) locality: String,
    pub(crate) postal_code: String,
}

impl Address {
    /// True when an address says the same as another, apart from the name.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        self.lines == other.lines && self.locality == other.locality && self.postal_code == other.postal_code
    }
}

/// A customer master record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Customer {
    /// In the form in which keys are compared.
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) telephone: String,
    pub(crate) currency: String,
    pub(crate) terms: String,
    pub(crate) branch: String,
    pub(crate) tax_number: String,
    pub(crate) external_id: String,
    pub(crate) sales_warehouse: String,
    pub(crate) sold_to: Address,
    pub(crate) ship_to: Address,
    pub(crate) on_hold: bool,
    /// `None`: this customer's credit is never checked.
    pub(crate) credit_limit: Option<Decimal>,
    pub(crate) balance: Decimal,
    /// Net value of orders that are neither complete nor cancelled.
    pub(crate) outstanding_orders: Decimal,
    pub(crate) last_sale: Option<NaiveDate>,
}

impl Customer {
    /// True when an order of this net value goes beyond the credit limit.
    pub(crate) fn fails_credit(&self, net: Decimal) -> bool {
        self.credit_limit.is_some_and(|limit| self.balance + self.outstanding_orders + net > limit)
    }
}

/// All customers, by code.
#[derive(Default)]
pub(crate) struct Customers {
    by_code: BTreeMap<String, Customer>,
    last_number: u64,
}

/// What a search looks for; every text given must match.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) external_id: Option<String>,
}

impl Customers {
    /// Finds by code, in either form.
    pub(crate) fn get(&self, code: &str) -> Option<&Customer> {
        self.by_code.get(&values::norm(code))
    }

    /// The same, to change.
    pub(crate) fn get_mut(&mut self, code: &str) -> Option<&mut Customer> {
        self.by_code.get_mut(&values::norm(code))
    }

    /// All of them, by code.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Customer> {
        self.by_code.values()
    }

    /// Searches as the generic finder does: no case, `*` at the end of a name for the rest of it.
    pub(crate) fn find(&self, search: &Search) -> Vec<&Customer> {
        let email = search.email.as_deref().map(str::to_lowercase);
        let name = search.name.as_deref().map(str::to_lowercase);
        self.by_code
            .values()
            .filter(|customer| email.as_ref().is_none_or(|text| customer.email.to_lowercase() == *text))
            .filter(|customer| name.as_ref().is_none_or(|text| is_like(&customer.name.to_lowercase(), text)))
            .filter(|customer| search.external_id.as_ref().is_none_or(|text| customer.external_id == *text))
            .take(FOUND_MAX)
            .collect()
    }

    /// Adds a customer; gives the code under which it stands.
    pub(crate) fn add(&mut self, mut customer: Customer, company: &Company) -> Result<String, Problem> {
        if company.customers_numbered_automatically {
            self.last_number = self.last_number.max(FIRST_NUMBER - 1) + 1;
            customer.code = self.last_number.to_string();
        } else if customer.code.trim().is_empty() {
            return Err(Problem::new(Rule::Other, "Customer", "", "Customer must be supplied"));
        }
        customer.code = values::norm(&customer.code);
        if self.by_code.contains_key(&customer.code) {
            let message = format!("Customer '{}' already exists", customer.code);
            return Err(Problem::new(Rule::DuplicateCustomer, "Customer", customer.code, message));
        }
        let code = customer.code.clone();
        self.by_code.insert(code.clone(), customer);
        Ok(code)
    }
}

fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    }
}
