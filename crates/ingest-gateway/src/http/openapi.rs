//! The API described for machines: `GET /openapi.json`.

use axum::Json;
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

/// Shipping.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes JSON; the reader in `canonical` reads it")]
pub struct Shipping {
    /// How it travels.
    method: Option<String>,
    /// Decimal text, on the shop's price basis.
    #[schema(example = "6.90")]
    amount: String,
    /// Decimal text.
    tax: Option<String>,
}

/// A fee. May be negative: shops use it as a discount.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes JSON; the reader in `canonical` reads it")]
pub struct Fee {
    /// What for.
    name: Option<String>,
    /// Decimal text, on the shop's price basis.
    #[schema(example = "3.00")]
    amount: String,
    /// Decimal text.
    tax: Option<String>,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Quittance shop API", description = "Orders in, outcomes out. Amounts and quantities are decimals in strings."),
    paths(super::orders::post, super::orders::get, super::orders::find, super::shops::post),
    modifiers(&ApiKey),
)]
struct ShopApi;

struct ApiKey;

impl Modify for ApiKey {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        api.components.get_or_insert_default().add_security_scheme("api_key", scheme);
    }
}

/// The description.
pub fn document() -> utoipa::openapi::OpenApi {
    ShopApi::openapi()
}

pub(super) async fn get() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::canonical::{self, Errors};

    /// An instance with every property of a schema, as the reader must know it.
    fn instance(document: &Value, schema: &Value) -> Value {
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return instance(document, document.pointer(&target[1..]).unwrap());
        }
        let options = ["oneOf", "anyOf", "allOf"].iter().find_map(|name| schema.get(*name)?.as_array());
        if let Some(options) = options {
            let real = options.iter().find(|option| option["type"] != "null").unwrap();
            return instance(document, real);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").unwrap().clone(),
            other => other.clone(),
        };
        match kind.as_str() {
            Some("object") => {
                let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
                Value::Object(
                    properties
                        .iter()
                        .map(|(name, part)| (name.clone(), instance(document, part)))
                        .collect::<Map<_, _>>(),
                )
            }
            Some("array") => json!([instance(document, &schema["items"])]),
            Some("boolean") => json!(true),
            _ => json!("1"),
        }
    }

    #[test]
    fn what_is_described_is_what_is_read() {
        let document = serde_json::to_value(document()).unwrap();
        let all = instance(&document, &json!({"$ref": "#/components/schemas/CanonicalOrder"}));
        assert!(all["lines"][0]["unit_price"].is_string(), "{all}");
        let mut errors = Errors::default();
        let order = canonical::order(&all, &mut errors);
        let errors: Vec<_> = errors.into_list().into_iter().map(|error| error.field).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert!(order.shipping.is_some_and(|shipping| shipping.name.is_some()));
        assert!(order.bill_to.is_some_and(|address| address.email.is_some()));
    }

    #[test]
    fn every_route_is_described() {
        let document = serde_json::to_value(document()).unwrap();
        let paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(paths, ["/v1/orders", "/v1/orders/{id}", "/v1/shops/{shop}/orders"]);
    }
}
