//! What erp-writer is told: the SYSPRO company of each pair, its operators and its policies.

use std::{collections::BTreeMap, fmt, time::Duration};

use chrono_tz::Tz;
use ids::Pair;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// Its section in the configuration file.
pub const SECTION: &str = "erp-writer";
/// What stands where nothing is said.
pub const DEFAULTS: &str = include_str!("../config/default.toml");
/// No limit may be longer: a call that takes minutes holds an operator and everybody behind it.
const LIMIT_MAX_MS: u64 = 300_000;
/// An operator of a dead process comes back after this at the latest.
const OPERATOR_LEASE_MAX: Duration = Duration::from_secs(30);

/// The configuration of erp-writer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// 32 bytes in base64: the key above all persons' keys.
    #[serde(deserialize_with = "secret")]
    pub master_key: SecretString,
    /// The pairs this process serves.
    pub pairs: BTreeMap<String, PairConfig>,
}

/// One pair: one SYSPRO company.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairConfig {
    /// How to reach SYSPRO.
    pub syspro: SysproConfig,
    /// SYSPRO's dates are dates here.
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: Tz,
    /// The warehouse that web orders are served from.
    pub warehouse: String,
    /// How shipping is booked.
    #[serde(default)]
    pub freight: Freight,
    /// Who answers for the credit of an order that leaves suspense paid.
    #[serde(default = "credit_authority")]
    pub credit_authority: String,
    /// Why orders are cancelled, for companies that keep account of it.
    #[serde(default)]
    pub cancel_reason: Option<String>,
    /// What to do when something speaks against an order.
    #[serde(default)]
    pub policies: Policies,
}

/// How to reach SYSPRO.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SysproConfig {
    /// Such as `http://127.0.0.1:9200`.
    pub base_url: String,
    /// How a program proves who it is.
    #[serde(default)]
    pub auth: Auth,
    /// Who may log on. As many calls are made at a time as there are operators.
    pub operators: Vec<OperatorConfig>,
    /// As how many operators one process logs on at a time, so that replicas share them; absent: as all. What was written as
    /// another operator and never answered is looked up as that one all the same.
    #[serde(default)]
    pub operators_per_process: Option<usize>,
    /// A question may take this long.
    #[serde(default = "query_limit_ms")]
    pub query_limit_ms: u64,
    /// A write may take this long.
    #[serde(default = "post_limit_ms")]
    pub post_limit_ms: u64,
    /// SYSPRO may still be at work on a write for this long after we gave it up; absent: as long again as we wait.
    #[serde(default)]
    pub processing_limit_ms: Option<u64>,
}

impl SysproConfig {
    /// The longest a call may take: a logon, a look-up and a write, each at its limit.
    pub fn call_limit(&self) -> Duration {
        Duration::from_millis(self.post_limit_ms.saturating_add(self.query_limit_ms.saturating_mul(2)))
    }

    /// After sending, how long a write could still take effect: nothing is asked again before.
    pub fn quiet(&self) -> Duration {
        let at_work = self.processing_limit_ms.map_or_else(|| self.call_limit(), Duration::from_millis);
        self.call_limit() + at_work
    }

    /// An operator's lease without renewal: how long an operator stays out of work after its process died. It is renewed while
    /// calls are under way, so it need not outlast them; a call cut short by the next holder's logon has an unknown outcome,
    /// and is looked up.
    pub fn operator_lease(&self) -> Duration {
        (self.call_limit() * 3 / 2).min(OPERATOR_LEASE_MAX)
    }

    /// As how many operators one process logs on at a time.
    pub fn operators_at_a_time(&self) -> usize {
        self.operators_per_process.unwrap_or(usize::MAX).min(self.operators.len())
    }
}

/// One operator.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorConfig {
    /// The operator's code.
    pub name: String,
    /// The key by which a program logs on as this operator.
    #[serde(deserialize_with = "secret")]
    pub api_key: SecretString,
}

impl fmt::Debug for OperatorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorConfig").field("name", &self.name).field("api_key", &"***").finish()
    }
}

/// How a program proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// It logs on and shows a token.
    #[default]
    Token,
    /// It shows its key on every call.
    Key,
}

/// How shipping is booked in SYSPRO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freight {
    /// As a freight line.
    #[default]
    FreightLine,
    /// As a miscellaneous charge.
    MiscCharge,
}

/// What to do when something speaks against an order. None is silent: what does not refuse, warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// Less stands in the warehouse than was sold.
    pub stock_short: StockShort,
    /// The order goes beyond the customer's credit. Web orders are paid before goods leave.
    pub credit: Credit,
}

/// Less stands in the warehouse than was sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockShort {
    /// Refuse before any money moves.
    #[default]
    Refuse,
    /// Take the order; SYSPRO puts the rest on back order.
    Backorder,
    /// Do not even look.
    Allow,
}

/// The order goes beyond the customer's credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credit {
    /// Say so and go on.
    #[default]
    Warn,
    /// Refuse before any money moves.
    Refuse,
}

fn credit_authority() -> String {
    "QUITTANCE".to_owned()
}
fn query_limit_ms() -> u64 {
    15_000
}
fn post_limit_ms() -> u64 {
    90_000
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| serde::de::Error::custom(format!("`{name}` is no time zone, such as Europe/Prague")))
}

impl Config {
    /// The key above all persons' keys.
    pub(crate) fn master_key(&self) -> Result<sealed::MasterKey, String> {
        let wrong = || "master_key must be 32 bytes in base64".to_owned();
        let bytes = decode_base64(self.master_key.expose_secret()).ok_or_else(wrong)?;
        sealed::MasterKey::new(&bytes).map_err(|_| wrong())
    }

    /// Everything that is wrong and that types cannot say.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes: Vec<String> = self.master_key().err().into_iter().collect();
        for (name, pair) in &self.pairs {
            let mut object = |what: String| mistakes.push(format!("pairs.{name}: {what}"));
            if let Err(error) = name.parse::<Pair>() {
                object(error.to_string());
            }
            let mut names: Vec<_> = pair.syspro.operators.iter().map(|operator| &operator.name).collect();
            names.sort();
            names.dedup();
            if names.is_empty() || names.len() < pair.syspro.operators.len() {
                object("syspro.operators must name at least one operator, and each one once".to_owned());
            }
            if pair.syspro.operators_per_process == Some(0) {
                object("syspro.operators_per_process must be at least 1".to_owned());
            }
            for (field, limit) in
                [("query_limit_ms", pair.syspro.query_limit_ms), ("post_limit_ms", pair.syspro.post_limit_ms)]
            {
                if !(1..=LIMIT_MAX_MS).contains(&limit) {
                    object(format!("syspro.{field} must be 1 to {LIMIT_MAX_MS}"));
                }
            }
            for (field, text, width) in [
                ("warehouse", pair.warehouse.as_str(), syspro::widths::WAREHOUSE),
                ("credit_authority", &pair.credit_authority, syspro::widths::CREDIT_AUTHORITY),
            ] {
                if text.is_empty() || text.chars().count() > width {
                    object(format!("{field} must have 1 to {width} characters"));
                }
            }
        }
        mistakes
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [erp-writer]
        master_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        [erp-writer.pairs.demo]
        time_zone = "Europe/Prague"
        warehouse = "MAIN"
        syspro = { base_url = "http://127.0.0.1:9200", operators = [{ name = "QT1", api_key = "secret-key" }] }
    "#;

    fn read(text: &str) -> Option<Config> {
        runtime::config::Source::from_text(text).section(SECTION, DEFAULTS)
    }

    #[test]
    fn the_defaults_are_the_policies_of_the_design() {
        let config = read(GOOD).unwrap();
        assert_eq!(config.mistakes(), Vec::<String>::new());
        let pair = &config.pairs["demo"];
        assert_eq!((pair.policies.stock_short, pair.policies.credit), (StockShort::Refuse, Credit::Warn));
        assert_eq!(pair.time_zone, chrono_tz::Europe::Prague);
        assert_eq!(pair.syspro.call_limit(), Duration::from_secs(120));
        assert_eq!(pair.syspro.quiet(), Duration::from_secs(240));
        assert_eq!(pair.syspro.operator_lease(), Duration::from_secs(30));
        assert_eq!(pair.syspro.operators_at_a_time(), 1);
        assert!(!format!("{config:?}").contains("secret-key"));
    }

    #[test]
    fn mistakes_are_found_before_anything_starts() {
        assert!(read(&GOOD.replace("Europe/Prague", "Europe/Nowhere")).is_none());
        assert!(read(&GOOD.replace("warehouse", "warehose")).is_none());
        let wrong = GOOD
            .replace("AAEC", "A")
            .replace("MAIN", "MAINWAREHOUSE")
            .replace("[{ name = \"QT1\", api_key = \"secret-key\" }]", "[]");
        assert_eq!(read(&wrong).unwrap().mistakes().len(), 3);
    }
}
