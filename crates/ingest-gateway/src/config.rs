//! The section `[ingest-gateway]` of the configuration.

use std::{collections::BTreeMap, fmt, net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ids::{Pair, ShopId};
use sealed::MasterKey;
use serde::Deserialize;

use crate::{adapter::woocommerce, callback, check::Rules};

/// The defaults of the section.
pub const DEFAULTS: &str = include_str!("../config/default.toml");
/// The longest prefix that leaves an order number room in SYSPRO's purchase order number.
const PREFIX_MAX: usize = 10;

/// A secret of the configuration: never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, where it is used.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The section as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where shops reach us.
    pub listen: SocketAddr,
    /// Base64 of 32 bytes: the key above all persons' keys.
    pub master_key: Secret,
    /// Whether callbacks may go to private addresses and over plain HTTP. Only for a laptop.
    pub allow_private_callbacks: bool,
    /// The longest `Prefer: wait`.
    pub max_wait_s: u64,
    /// The longest a callback may take.
    pub callback_limit_ms: u64,
    /// Callbacks at a time, all shops together.
    pub callbacks_at_a_time: usize,
    /// Requests worked on at a time; more are answered with 503.
    pub handlers_max: usize,
    /// Callers that wait for an outcome at a time; more are answered at once.
    pub waiters_max: usize,
    /// Whether other replicas are told of changes, for callers who wait there.
    pub hints: bool,
    /// The shops, by their ids.
    #[serde(default)]
    pub shops: BTreeMap<String, ShopConfig>,
}

/// One shop as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopConfig {
    /// Its pair.
    pub pair: String,
    /// SHA-256 of its API key, in hex.
    pub api_key_sha256: String,
    /// Stands before its order numbers in SYSPRO, unique in the pair.
    #[serde(default)]
    pub order_prefix: String,
    /// Its price basis.
    #[serde(default)]
    pub prices_include_tax: bool,
    /// Its own format, when it has one.
    pub adapter: Option<AdapterConfig>,
    /// Where it wants to hear how orders end.
    pub callback: Option<CallbackConfig>,
}

/// A shop's own format as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterConfig {
    /// Which format.
    pub kind: AdapterKind,
    /// The secret under which the shop signs.
    pub secret: Secret,
    /// Where the checkout leaves the card token.
    #[serde(default = "default_token_meta_key")]
    pub token_meta_key: String,
    /// Where the shop keeps a buyer's tax number.
    pub tax_number_meta_key: Option<String>,
}

/// The formats we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterKind {
    /// WooCommerce.
    WooCommerce,
}

/// A callback as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackConfig {
    /// Where to.
    pub url: String,
    /// The secret under which we sign.
    pub secret: Secret,
}

fn default_token_meta_key() -> String {
    "_quittance_transient_token".to_owned()
}

/// The section as used: everything parsed once.
pub(crate) struct Settings {
    pub(crate) master: MasterKey,
    pub(crate) max_wait: Duration,
    pub(crate) callback_limit: Duration,
    pub(crate) callbacks_at_a_time: usize,
    pub(crate) handlers_max: usize,
    pub(crate) waiters_max: usize,
    pub(crate) hints: bool,
    pub(crate) shops: BTreeMap<ShopId, Arc<Shop>>,
    pub(crate) by_key: BTreeMap<[u8; 32], Arc<Shop>>,
}

/// One shop as used.
pub(crate) struct Shop {
    pub(crate) id: ShopId,
    pub(crate) pair: Pair,
    pub(crate) rules: Rules,
    pub(crate) adapter: Option<Adapter>,
    pub(crate) callback: Option<Target>,
}

/// A shop's own format as used.
pub(crate) enum Adapter {
    WooCommerce { secret: Secret, settings: woocommerce::Settings },
}

/// Where a shop is called.
pub(crate) struct Target {
    pub(crate) uri: http::Uri,
    pub(crate) secret: Secret,
}

impl Settings {
    /// Reads the section.
    ///
    /// # Errors
    /// Every mistake found, in words.
    pub(crate) fn new(config: &Config) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let master = STANDARD.decode(config.master_key.expose()).ok().and_then(|bytes| MasterKey::new(&bytes).ok());
        if master.is_none() {
            mistakes.push("master_key: must be the base64 of 32 bytes".to_owned());
        }
        let mut shops = BTreeMap::new();
        let mut by_key = BTreeMap::new();
        let mut prefixes = BTreeMap::new();
        for (name, shop) in &config.shops {
            let mut complain = |what: &str| mistakes.push(format!("shops.{name}.{what}"));
            let key = hex::decode(&shop.api_key_sha256).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let read = read_shop(name, shop, config.allow_private_callbacks, &mut complain);
            if key.is_none() {
                complain("api_key_sha256: must be the hex of a SHA-256");
            }
            let (Some(key), Some(read)) = (key, read) else { continue };
            if let Some(other) = prefixes.insert((read.pair.clone(), shop.order_prefix.clone()), name) {
                complain(&format!(
                    "order_prefix: shop `{other}` of the same pair has it too; their orders would meet in SYSPRO"
                ));
            }
            let read = Arc::new(read);
            shops.insert(read.id.clone(), read.clone());
            if by_key.insert(key, read).is_some() {
                complain("api_key_sha256: another shop has the same key");
            }
        }
        match master {
            Some(master) if mistakes.is_empty() => Ok(Self {
                master,
                max_wait: Duration::from_secs(config.max_wait_s),
                callback_limit: Duration::from_millis(config.callback_limit_ms),
                callbacks_at_a_time: config.callbacks_at_a_time,
                handlers_max: config.handlers_max,
                waiters_max: config.waiters_max,
                hints: config.hints,
                shops,
                by_key,
            }),
            _ => Err(mistakes),
        }
    }
}

fn read_shop(name: &str, shop: &ShopConfig, allow_private: bool, complain: &mut impl FnMut(&str)) -> Option<Shop> {
    let id: Option<ShopId> = name.parse().map_err(|error: ids::ShopIdError| complain(&format!("{error}"))).ok();
    let pair: Option<Pair> =
        shop.pair.parse().map_err(|error: ids::PairError| complain(&format!("pair: {error}"))).ok();
    if shop.order_prefix.len() > PREFIX_MAX || !shop.order_prefix.bytes().all(|b| b.is_ascii_graphic()) {
        complain(&format!("order_prefix: at most {PREFIX_MAX} letters, digits and signs"));
    }
    let callback = shop.callback.as_ref().and_then(|callback| {
        let target = callback::target(&callback.url, allow_private);
        target
            .map_err(|why| complain(&format!("callback.url: {why}")))
            .ok()
            .map(|uri| Target { uri, secret: callback.secret.clone() })
    });
    let adapter = shop.adapter.as_ref().map(|adapter| {
        if adapter.secret.expose().is_empty() {
            complain("adapter.secret: an empty secret proves nothing");
        }
        let AdapterKind::WooCommerce = adapter.kind;
        let settings = woocommerce::Settings {
            token_meta_key: adapter.token_meta_key.clone(),
            tax_number_meta_key: adapter.tax_number_meta_key.clone(),
        };
        Adapter::WooCommerce { secret: adapter.secret.clone(), settings }
    });
    let id = id?;
    let rules = Rules {
        shop: id.clone(),
        order_prefix: shop.order_prefix.clone(),
        prices_include_tax: shop.prices_include_tax,
    };
    Some(Shop { id, pair: pair?, rules, adapter, callback })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_told_and_no_secret_is_printed() {
        let text = format!(
            "{DEFAULTS}\nmaster_key = 'c2hvcnQ='\n[shops.A]\npair = 'P'\napi_key_sha256 = 'xx'\n\
             callback = {{ url = 'http://10.0.0.1/', secret = 'hush' }}\n"
        );
        let config: Config = toml::from_str(&text).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
        let Err(mistakes) = Settings::new(&config) else { panic!("mistakes expected") };
        let told = mistakes.join("\n");
        for part in ["master_key", "`A`", "`P`", "api_key_sha256", "callback.url"] {
            assert!(told.contains(part), "{part} is missing in {told}");
        }
    }
}
