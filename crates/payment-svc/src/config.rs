//! The section `[payment-svc]` of the configuration.

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use cybersource::ClientConfig;
use ids::Pair;
use node::Limits;
use payment_domain::{
    order_to_cash::{PartialApproval, Policies, Unscreened},
    sweep::Rhythm,
};
use sealed::MasterKey;
use secrecy::SecretString;
use serde::Deserialize;

/// The defaults of the section.
pub const DEFAULTS: &str = include_str!("../config/default.toml");
/// The longest prefix with which a merchant reference still fits the gateway's 50 characters.
const REFERENCE_PREFIX_MAX: usize = 18;

/// A secret of the configuration: never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

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
    /// Base64 of 32 bytes: the key above all persons' keys.
    pub master_key: Secret,
    /// How long after a silence the gateway is first asked what became of a request.
    pub inquiry_after_s: u64,
    /// The pairs, by their tokens.
    pub pairs: BTreeMap<String, PairConfig>,
}

/// One pair as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairConfig {
    /// Its merchant.
    pub gateway: GatewayConfig,
    /// Its choices.
    #[serde(default)]
    pub policies: PoliciesConfig,
    /// What its merchant references begin with; the pair's token when left out.
    pub reference_prefix: Option<String>,
    /// How the gateway's list is compared with ours.
    #[serde(default)]
    pub sweep: SweepConfig,
}

/// A pair's sweep as written.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SweepConfig {
    /// From one window to the next; 0 for no sweep at all.
    pub every_s: u32,
    /// How far back a window reaches.
    pub span_s: u32,
    /// Each so many windows one reaches back a day.
    pub day_each: u32,
    /// How long money without an order may stand before it is given back.
    pub undo_after_s: u32,
}

impl Default for SweepConfig {
    fn default() -> Self {
        Self { every_s: 120, span_s: 900, day_each: 30, undo_after_s: 900 }
    }
}

/// A merchant at the card gateway as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Scheme and host.
    pub base_url: String,
    /// The merchant.
    pub merchant: String,
    /// The id of the shared secret.
    pub key_id: String,
    /// The shared secret, base64.
    pub secret: Secret,
    /// The longest a call may take.
    #[serde(default = "call_limit_ms")]
    pub call_limit_ms: u64,
    /// How long a signature is good.
    #[serde(default = "signature_life_s")]
    pub signature_life_s: u32,
    /// How far its clock and ours may be apart.
    #[serde(default = "clock_skew_s")]
    pub clock_skew_s: u32,
    /// How long it may still work on a request that it has taken in.
    #[serde(default = "gateway_limit_s")]
    pub gateway_limit_s: u32,
    /// How far its search may be behind.
    #[serde(default = "search_lag_s")]
    pub search_lag_s: u32,
    /// Whether the account takes an id of ours with each request (`transactionId`): by it a silent one can be undone.
    #[serde(default)]
    pub client_transaction_ids: bool,
    /// Calls at a time.
    #[serde(default = "width")]
    pub width: usize,
}

fn call_limit_ms() -> u64 {
    30_000
}
fn signature_life_s() -> u32 {
    120
}
fn clock_skew_s() -> u32 {
    30
}
fn gateway_limit_s() -> u32 {
    150
}
fn search_lag_s() -> u32 {
    1200
}
fn width() -> usize {
    16
}

/// A pair's choices as written.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PoliciesConfig {
    /// What to do with an order that could not be screened in time.
    pub unscreened: UnscreenedConfig,
    /// What to do when the issuer approves less than was asked.
    pub partial_approval: PartialApprovalConfig,
    /// How long issuers keep a hold.
    pub hold_days: u32,
    /// How long screening may take.
    pub screening_deadline_s: u32,
    /// How long an unpaid order is open for another payment; 0, the default until shops can send one, ends it at the first
    /// decline.
    pub open_for_s: u32,
}

impl Default for PoliciesConfig {
    fn default() -> Self {
        Self {
            unscreened: UnscreenedConfig::AuthorizeUnscreened,
            partial_approval: PartialApprovalConfig::ReverseAndDecline,
            hold_days: 7,
            screening_deadline_s: 30,
            open_for_s: 0,
        }
    }
}

/// See [`Unscreened`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnscreenedConfig {
    /// Hold the money and screen again before placing.
    AuthorizeUnscreened,
    /// Refuse the order.
    Refuse,
}

/// See [`PartialApproval`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartialApprovalConfig {
    /// Give back what is held and decline.
    ReverseAndDecline,
    /// Go on with what is held, and take that.
    AcceptPartial,
}

impl PoliciesConfig {
    fn policies(self, has_transaction_ids: bool) -> Policies {
        let config = self;
        Policies {
            screening_deadline_ms: i64::from(config.screening_deadline_s) * 1000,
            unscreened: match config.unscreened {
                UnscreenedConfig::AuthorizeUnscreened => Unscreened::Authorize,
                UnscreenedConfig::Refuse => Unscreened::Refuse,
            },
            partial_approval: match config.partial_approval {
                PartialApprovalConfig::ReverseAndDecline => PartialApproval::ReverseAndDecline,
                PartialApprovalConfig::AcceptPartial => PartialApproval::Accept,
            },
            hold_days: config.hold_days,
            open_for_ms: i64::from(config.open_for_s) * 1000,
            has_transaction_ids,
        }
    }
}

/// The section as used: everything parsed once.
pub(crate) struct Settings {
    pub(crate) master: MasterKey,
    pub(crate) inquiry_after: Duration,
    pub(crate) pairs: BTreeMap<Pair, PairSettings>,
}

/// One pair as used.
pub(crate) struct PairSettings {
    pub(crate) client: ClientConfig,
    pub(crate) policies: Policies,
    pub(crate) reference_prefix: String,
    pub(crate) call_limit: Duration,
    /// After sending, how long a request could still take effect: as long as its signature is good, by clocks that differ,
    /// and the gateway may be at it.
    pub(crate) quiet: Duration,
    pub(crate) search_lag: Duration,
    pub(crate) width: usize,
}

impl Settings {
    /// Reads the section.
    ///
    /// # Errors
    /// Every mistake found, in words.
    pub(crate) fn new(config: &Config) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let master = STANDARD.decode(&config.master_key.0).ok().and_then(|bytes| MasterKey::new(&bytes).ok());
        if master.is_none() {
            mistakes.push("master_key: must be the base64 of 32 bytes".to_owned());
        }
        if config.pairs.is_empty() {
            mistakes.push("pairs: at least one is needed".to_owned());
        }
        let mut pairs = BTreeMap::new();
        let mut prefixes = BTreeMap::new();
        for (name, written) in &config.pairs {
            let mut complain = |what: String| mistakes.push(format!("pairs.{name}.{what}"));
            let prefix = written.reference_prefix.as_ref().unwrap_or(name);
            check(written, prefix, &mut complain);
            if let Some(other) = prefixes.insert((&written.gateway.merchant, prefix), name) {
                complain(format!("reference_prefix: pair `{other}` of the same merchant has it too"));
            }
            match name.parse::<Pair>() {
                Ok(pair) => drop(pairs.insert(pair, PairSettings::new(written, prefix))),
                Err(error) => complain(error.to_string()),
            }
        }
        match master {
            Some(master) if mistakes.is_empty() => {
                Ok(Self { master, inquiry_after: Duration::from_secs(config.inquiry_after_s), pairs })
            }
            _ => Err(mistakes),
        }
    }
}

fn check(pair: &PairConfig, prefix: &str, complain: &mut impl FnMut(String)) {
    let is_plain = prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !(1..=REFERENCE_PREFIX_MAX).contains(&prefix.len()) || !is_plain {
        complain(format!("reference_prefix: `{prefix}` must be 1 to {REFERENCE_PREFIX_MAX} letters, digits and -"));
    }
    if !(100..=120_000).contains(&pair.gateway.call_limit_ms) {
        complain("gateway.call_limit_ms: 100 to 120000".to_owned());
    }
    if !(1..=120).contains(&pair.gateway.signature_life_s) {
        complain("gateway.signature_life_s: 1 to 120".to_owned());
    }
    if !(1..=1024).contains(&pair.gateway.width) {
        complain("gateway.width: 1 to 1024".to_owned());
    }
    if !(2..=30).contains(&pair.policies.hold_days) {
        complain("policies.hold_days: 2 to 30".to_owned());
    }
}

impl PairSettings {
    fn new(written: &PairConfig, prefix: &str) -> Self {
        let gateway = &written.gateway;
        let secret = SecretString::from(gateway.secret.0.clone());
        let mut client = ClientConfig::new(&gateway.base_url, &gateway.merchant, &gateway.key_id, secret);
        let call_limit = Duration::from_millis(gateway.call_limit_ms);
        client.limits = Limits::within(call_limit);
        client.signature_life = TimeDelta::seconds(i64::from(gateway.signature_life_s));
        Self {
            client,
            policies: written.policies.policies(gateway.client_transaction_ids),
            reference_prefix: prefix.to_owned(),
            call_limit,
            quiet: seconds(gateway.signature_life_s) + seconds(gateway.clock_skew_s) + seconds(gateway.gateway_limit_s),
            search_lag: seconds(gateway.search_lag_s),
            width: gateway.width,
        }
    }
}

impl SweepConfig {
    /// `None` for a pair that is not swept.
    pub(crate) fn rhythm(self) -> Option<Rhythm> {
        let ms = |seconds: u32| i64::from(seconds) * 1000;
        (self.every_s > 0).then(|| Rhythm {
            every_ms: ms(self.every_s),
            span_ms: ms(self.span_s.max(self.every_s)),
            day_each: self.day_each.max(1),
            undo_after_ms: ms(self.undo_after_s),
        })
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: &str = r#"
        [payment-svc]
        master_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        [payment-svc.pairs.demo]
        gateway = { base_url = "http://127.0.0.1:9100", merchant = "sim_merchant_01", key_id = "k", secret = "aHVzaA==" }
    "#;

    fn read(text: &str) -> Option<Config> {
        runtime::config::Source::from_text(text).section(crate::NAME, DEFAULTS)
    }

    #[test]
    fn the_defaults_are_the_policies_of_the_design() {
        let config = read(SECTION).unwrap();
        assert!(!format!("{config:?}").contains("aHVzaA"), "a secret is never printed");
        let settings = Settings::new(&config).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let pair = &settings.pairs[&"demo".parse().unwrap()];
        assert_eq!(pair.policies, Policies { open_for_ms: 0, ..Policies::default() });
        assert_eq!((pair.quiet.as_secs(), pair.search_lag.as_secs()), (300, 1200));
        assert_eq!(config.pairs["demo"].sweep.rhythm(), Some(Rhythm::default()));
        assert_eq!((pair.reference_prefix.as_str(), pair.width), ("demo", 16));
        assert_eq!(pair.call_limit, Duration::from_secs(30));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let wrong = SECTION
            .replace("AAEC", "A")
            .replace(".demo]", ".a-pair-with-a-long-name]")
            .replace("secret =", "width = 0, secret =");
        let Err(mistakes) = Settings::new(&read(&wrong).unwrap()) else { panic!("mistakes expected") };
        let told = mistakes.join("\n");
        for part in ["master_key", "reference_prefix", "width"] {
            assert!(told.contains(part), "{part} is missing in {told}");
        }
        assert!(read(&SECTION.replace("merchant =", "marchant =")).is_none());
    }
}
