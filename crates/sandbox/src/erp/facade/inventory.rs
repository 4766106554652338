//! InventoryService: what stands where.

use chrono::SecondsFormat;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    Call,
    envelope::{Answer, Code, Objection, members},
    fields::Reader,
};
use crate::erp::values::{self, QUANTITY, width};

const OBJECT: &str = "INVQRY";

/// `GET InventoryService/GetStockBalance?StockCode=&Warehouse=`; several warehouses with commas between.
pub(super) fn balance(call: &mut Call<'_>) -> Answer {
    let reader = Reader::default();
    let fields = reader.fields(call.query.members());
    let stock_code = fields.required_text("StockCode", width::STOCK_CODE);
    let warehouses: Option<Vec<String>> =
        fields.text("Warehouse", 200).map(|list| list.split(',').map(values::norm).collect());
    if !reader.is_content() {
        return Answer::refused_for(OBJECT, reader.taken(), &[]);
    }
    let Some(item) = call.store.stock.get(&stock_code) else {
        let message = format!("Stock code '{stock_code}' not found");
        return Answer::refused(OBJECT, Objection::to(Code::NotFound, "StockCode", &stock_code, None, message));
    };
    let wanted = |code: &String| warehouses.as_ref().is_none_or(|list| list.contains(code));
    let zero = || json!(QUANTITY.print(Decimal::ZERO));
    let balances: Vec<Value> = item
        .balances
        .iter()
        .filter(|(code, _)| wanted(code))
        .map(|(code, balance)| {
            json!({
                "Warehouse": code,
                "QtyOnHand": QUANTITY.print(balance.on_hand),
                "AvailableQty": QUANTITY.print(balance.available()),
                "QtyAllocated": QUANTITY.print(balance.allocated),
                "QtyOnOrder": QUANTITY.print(balance.on_order),
                "QtyOnBackOrder": QUANTITY.print(balance.back_order),
                "QtyInTransit": zero(),
                "QtyInInspection": zero(),
                "DefaultBin": balance.bin,
            })
        })
        .collect();
    Answer::found(members([
        ("StockCode", json!(item.code)),
        ("Description", json!(item.description)),
        ("StockUom", json!(item.uom)),
        ("TaxCode", json!(item.tax_code)),
        ("StockOnHold", json!(if item.on_hold { "Y" } else { "N" })),
        ("AsOf", json!(call.now.to_rfc3339_opts(SecondsFormat::Secs, true))),
        ("Balances", json!(balances)),
    ]))
}
