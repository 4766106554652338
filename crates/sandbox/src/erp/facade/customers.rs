//! CustomerService: look one up, search, add one.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{
    Call,
    envelope::{Answer, Code, Objection, members},
    fields::{Fields, Reader},
};
use crate::erp::{
    customers::{Address, Customer, Search},
    values::{self, LIMIT, VALUE, width},
};

/// `GET CustomerService/GetCustomer?CustomerCode=`.
pub(super) fn get(call: &mut Call<'_>) -> Answer {
    const OBJECT: &str = "ARSQRY";
    let reader = Reader::default();
    let code = reader.fields(call.query.members()).required_text("CustomerCode", width::CUSTOMER);
    if !reader.is_content() {
        return Answer::refused_for(OBJECT, reader.taken(), &[]);
    }
    match call.store.customers.get(&code) {
        Some(customer) => Answer::found(whole(customer)),
        None => {
            let message = format!("Customer '{code}' not found");
            Answer::refused(OBJECT, Objection::to(Code::NotFound, "CustomerCode", &code, None, message))
        }
    }
}

/// `GET CustomerService/FindCustomers?Email=&Name=&ExternalId=`.
pub(super) fn find(call: &mut Call<'_>) -> Answer {
    const OBJECT: &str = "COMFND";
    let reader = Reader::default();
    let fields = reader.fields(call.query.members());
    let search = Search {
        email: fields.text("Email", width::ORDER_EMAIL),
        name: fields.text("Name", width::NAME),
        external_id: fields.text("ExternalId", width::EXTERNAL_ID),
    };
    let is_empty = search.email.is_none() && search.name.is_none() && search.external_id.is_none();
    if reader.is_content() && is_empty {
        let message = "Email, Name or ExternalId must be supplied";
        reader.object_to(Objection::plain(Code::MissingField, message));
    }
    if !reader.is_content() {
        return Answer::refused_for(OBJECT, reader.taken(), &[]);
    }
    let found: Vec<Value> = call.store.customers.find(&search).into_iter().map(|it| Value::Object(whole(it))).collect();
    Answer::found(members([("Customers", Value::Array(found))]))
}

/// `POST CustomerService/AddCustomer`.
pub(super) fn add(call: &mut Call<'_>) -> Answer {
    const OBJECT: &str = "ARSSCS";
    let body = match Reader::object(call.body) {
        Ok(body) => body,
        Err(objection) => return Answer::refused(OBJECT, objection),
    };
    let reader = Reader::default();
    let fields = reader.fields(&body);
    let company = call.store.company.clone();
    let customer = customer_from(&fields, &company.currency);
    if customer.code.is_empty() && !company.customers_numbered_automatically {
        fields.required_text("CustomerCode", width::CUSTOMER);
    }
    let validate_only = fields.inner("Options").is_some_and(|options| options.flag("ValidateOnly"));
    if !reader.is_content() {
        return Answer::refused_for(OBJECT, reader.taken(), &[]);
    }
    if validate_only && call.store.customers.get(&customer.code).is_none() {
        return Answer::done(OBJECT, false, json!({}), &[]);
    }
    match call.store.customers.add(customer, &company) {
        Ok(code) => {
            Answer::done(OBJECT, true, json!({"CustomerCode": code, "CustomerCodeRaw": values::raw(&code)}), &[])
        }
        Err(problem) => Answer::by_rules(OBJECT, problem.into()),
    }
}

fn customer_from(fields: &Fields<'_>, currency: &str) -> Customer {
    Customer {
        code: fields.text("CustomerCode", width::CUSTOMER).unwrap_or_default(),
        name: fields.required_text("Name", width::NAME),
        email: fields.text("Email", width::CUSTOMER_EMAIL).unwrap_or_default(),
        telephone: fields.text("Telephone", width::TELEPHONE).unwrap_or_default(),
        currency: fields.text("Currency", width::CURRENCY).unwrap_or_else(|| currency.to_owned()),
        terms: fields.text("TermsCode", width::TERMS).unwrap_or_else(|| "30".to_owned()),
        branch: fields.text("Branch", width::BRANCH).unwrap_or_else(|| "WEB".to_owned()),
        tax_number: fields.text("TaxNumber", width::NAME).unwrap_or_default(),
        external_id: fields.text("ExternalId", width::EXTERNAL_ID).unwrap_or_default(),
        sales_warehouse: fields.text("SalesWarehouse", width::WAREHOUSE).unwrap_or_default(),
        sold_to: fields.inner("SoldToAddress").map(|inner| address_from(&inner)).unwrap_or_default(),
        ship_to: fields.inner("ShipToAddress").map(|inner| address_from(&inner)).unwrap_or_default(),
        on_hold: fields.flag("OnHold"),
        credit_limit: fields.decimal("CreditLimit", LIMIT).filter(|limit| !limit.is_zero()),
        ..Customer::default()
    }
}

/// Reads an address.
pub(super) fn address_from(fields: &Fields<'_>) -> Address {
    let line = |name| fields.text(name, width::ADDRESS_LINE).unwrap_or_default();
    Address {
        name: fields.text("Name", width::NAME).unwrap_or_default(),
        lines: ["Line1", "Line2", "Line3", "Line4", "Line5"].map(line),
        locality: line("Line3Locality"),
        postal_code: fields.text("PostalCode", width::POSTAL_CODE).unwrap_or_default(),
    }
}

/// Writes an address.
pub(super) fn address_json(address: &Address) -> Value {
    let [line1, line2, line3, line4, line5] = &address.lines;
    json!({"Name": address.name, "Line1": line1, "Line2": line2, "Line3": line3, "Line3Locality": address.locality,
        "Line4": line4, "Line5": line5, "PostalCode": address.postal_code})
}

fn whole(customer: &Customer) -> Map<String, Value> {
    let mut body = members([
        ("CustomerCode", json!(customer.code)),
        ("Name", json!(customer.name)),
        ("Email", json!(customer.email)),
        ("Telephone", json!(customer.telephone)),
        ("Currency", json!(customer.currency)),
        ("TermsCode", json!(customer.terms)),
        ("Branch", json!(customer.branch)),
        ("TaxNumber", json!(customer.tax_number)),
        ("ExternalId", json!(customer.external_id)),
        ("SalesWarehouse", json!(customer.sales_warehouse)),
        ("SoldToAddress", address_json(&customer.sold_to)),
        ("ShipToAddress", address_json(&customer.ship_to)),
        ("OnHold", json!(customer.on_hold)),
        // L: checked against the limit; N: never checked, and the limit says nothing.
        ("CreditCheckFlag", json!(if customer.credit_limit.is_some() { "L" } else { "N" })),
        ("CreditLimit", json!(LIMIT.print(customer.credit_limit.unwrap_or(Decimal::ZERO)))),
        ("CreditStatus", json!("0")),
        ("OutstandingOrderValue", json!(VALUE.print(customer.outstanding_orders))),
        ("CurrentBalance", json!(VALUE.print(customer.balance))),
        ("DateLastSale", json!(customer.last_sale)),
        ("DateLastPay", Value::Null),
    ]);
    let raw = values::raw(&customer.code);
    if raw != customer.code {
        body.insert("CustomerCodeRaw".to_owned(), json!(raw));
    }
    body
}
