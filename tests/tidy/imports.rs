//! Who may import whom. The table is the architecture; a new edge in it is the rarest kind of
//! change, and is argued in a decision record.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::Finding;

/// Each crate and the crates of ours that its shipped code may import.
const TABLE: [(&str, &[&str]); 19] = [
    ("money", &[]),
    ("ids", &[]),
    ("fault", &[]),
    ("sealed", &[]),
    ("node", &["ids", "fault"]),
    ("decider", &["fault"]),
    ("ingest-domain", DOMAIN),
    ("payment-domain", DOMAIN),
    ("erp-domain", DOMAIN),
    ("contracts", &["money", "ids"]),
    ("telemetry", &["ids", "fault"]),
    ("ledger", &["ids", "fault", "node", "telemetry", "decider"]),
    ("bus", &["ids", "fault", "node", "telemetry", "contracts"]),
    ("cybersource", OUTSIDE),
    ("syspro", OUTSIDE),
    // A fake built on the client it tests would prove nothing.
    ("sandbox", OUTSIDE),
    ("runtime", &["ids", "fault", "node", "decider", "sealed", "contracts", "ledger", "bus", "telemetry"]),
    ("quittance", EVERYTHING),
    ("system-tests", EVERYTHING),
];
/// Rules and nothing that can wait.
const DOMAIN: &[&str] = &["money", "ids", "fault", "decider", "sealed"];
/// The vendor's language, none of our domain types.
const OUTSIDE: &[&str] = &["money", "fault", "node", "telemetry"];
/// What every service may use; its own domain and its clients come on top.
const SHARED: &[&str] =
    &["money", "ids", "fault", "node", "decider", "sealed", "contracts", "ledger", "bus", "telemetry", "runtime"];
/// Each service and what it alone may import.
const SERVICES: [(&str, &[&str]); 3] = [
    ("ingest-gateway", &["ingest-domain"]),
    ("payment-svc", &["payment-domain", "cybersource"]),
    ("erp-writer", &["erp-domain", "syspro"]),
];
const EVERYTHING: &[&str] = &["*"];
/// Imported by tests alone, except by each other.
const FOR_TESTS: [&str; 2] = ["testkit", "system-tests"];
/// Crates of others that one room keeps to itself.
const KEPT: [(&str, &[&str]); 2] = [
    ("async-nats", &["bus"]),
    ("sqlx", &["ledger", "ingest-gateway", "payment-svc", "erp-writer", "quittance", "testkit", "system-tests"]),
];
/// The crates of others that rules may use.
const FOR_RULES: [&str; 1] = ["thiserror"];

/// One dependency as cargo tells it.
#[derive(Clone, Debug)]
struct Edge {
    from: String,
    to: String,
    /// `false` for development and build dependencies.
    ships: bool,
    /// Whether `to` is a crate of this workspace.
    ours: bool,
}

/// Every edge of the workspace that the table does not have.
pub fn of_workspace(root: &Path) -> Vec<Finding> {
    let manifest =
        |package: &str| Finding { file: "Cargo.toml".to_owned(), line: 1, rule: "imports", words: package.to_owned() };
    match edges(root) {
        Ok(edges) => edges.iter().filter_map(refused).map(|words| manifest(&words)).collect(),
        Err(words) => vec![manifest(&words)],
    }
}

/// Why an edge may not be there.
fn refused(edge: &Edge) -> Option<String> {
    let Edge { from, to, ships, ours } = edge;
    if from == "sandbox" && ["cybersource", "syspro"].contains(&to.as_str()) {
        return Some(format!("sandbox imports {to}: a fake built on the client it tests proves nothing"));
    }
    if !ships {
        return None;
    }
    if !ours {
        return refused_outsider(from, to);
    }
    if FOR_TESTS.contains(&to.as_str()) && !FOR_TESTS.contains(&from.as_str()) {
        return Some(format!("{from} imports {to} outside [dev-dependencies]"));
    }
    match allowed(from) {
        Some(allowed) if allowed.contains(&"*") || allowed.contains(&to.as_str()) => None,
        Some(_) => Some(format!("{from} imports {to}, which the import table does not allow")),
        None => Some(format!("{from} has no row in the import table")),
    }
}

fn refused_outsider(from: &str, to: &str) -> Option<String> {
    let keepers = KEPT.iter().find(|(kept, _)| *kept == to).map(|(_, keepers)| keepers);
    if keepers.is_some_and(|keepers| !keepers.contains(&from)) {
        return Some(format!("{from} imports {to}, which other crates keep to themselves"));
    }
    let rules = from.ends_with("-domain");
    (rules && !FOR_RULES.contains(&to)).then(|| format!("{from} imports {to}: rules use only {}", FOR_RULES.join(", ")))
}

fn allowed(from: &str) -> Option<Vec<&'static str>> {
    if from == "testkit" {
        return Some(EVERYTHING.to_vec());
    }
    let service = SERVICES.iter().find(|(name, _)| *name == from).map(|(_, own)| [SHARED, own].concat());
    service.or_else(|| TABLE.iter().find(|(name, _)| *name == from).map(|(_, row)| row.to_vec()))
}

fn edges(root: &Path) -> Result<Vec<Edge>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo metadata did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let edges = edges_in(&metadata);
    if edges.is_empty() { Err("cargo metadata lists no dependency".to_owned()) } else { Ok(edges) }
}

fn edges_in(metadata: &Value) -> Vec<Edge> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let of_package = |package: &Value| -> Vec<Edge> {
        let from = text(&package["name"]);
        list(&package["dependencies"])
            .iter()
            .map(|dependency| Edge {
                from: from.clone(),
                to: text(&dependency["name"]),
                ships: dependency["kind"].is_null(),
                ours: dependency["path"].is_string(),
            })
            .collect()
    };
    list(&metadata["packages"]).iter().flat_map(of_package).collect()
}

#[cfg(test)]
mod each_refusal_fires {
    use super::*;

    fn ours(from: &str, to: &str) -> Option<String> {
        refused(&Edge { from: from.to_owned(), to: to.to_owned(), ships: true, ours: true })
    }

    fn outsider(from: &str, to: &str) -> Option<String> {
        refused(&Edge { from: from.to_owned(), to: to.to_owned(), ships: true, ours: false })
    }

    fn in_tests(from: &str, to: &str) -> Option<String> {
        refused(&Edge { from: from.to_owned(), to: to.to_owned(), ships: false, ours: true })
    }

    #[test]
    fn an_edge_the_table_does_not_have() {
        for (from, to) in [
            ("money", "ids"),
            ("payment-domain", "node"),
            ("cybersource", "payment-domain"),
            ("cybersource", "syspro"),
            ("ingest-gateway", "cybersource"),
            ("payment-svc", "erp-domain"),
            ("payment-svc", "syspro"),
            ("runtime", "payment-domain"),
            ("newcomer", "money"),
        ] {
            assert!(ours(from, to).is_some(), "{from} → {to}");
        }
        for (from, to) in [("payment-svc", "cybersource"), ("erp-writer", "erp-domain"), ("quittance", "sandbox")] {
            assert_eq!(ours(from, to), None);
        }
    }

    #[test]
    fn a_fake_on_its_own_client_even_in_its_tests() {
        assert!(ours("sandbox", "syspro").is_some());
        assert!(in_tests("sandbox", "cybersource").is_some());
        assert_eq!(in_tests("cybersource", "sandbox"), None);
    }

    #[test]
    fn test_support_in_shipped_code() {
        assert!(ours("quittance", "testkit").is_some());
        assert_eq!(in_tests("quittance", "testkit"), None);
        assert_eq!(ours("system-tests", "testkit"), None);
    }

    #[test]
    fn a_database_or_broker_outside_its_room() {
        assert!(outsider("runtime", "sqlx").is_some());
        assert!(outsider("runtime", "async-nats").is_some());
        assert_eq!(outsider("bus", "async-nats"), None);
        assert_eq!(outsider("erp-writer", "sqlx"), None);
    }

    #[test]
    fn rules_that_could_wait() {
        assert!(outsider("payment-domain", "tokio").is_some());
        assert_eq!(outsider("payment-domain", "thiserror"), None);
    }

    #[test]
    fn edges_are_read_from_what_cargo_says() {
        let metadata = serde_json::json!({"packages": [{"name": "a", "dependencies": [
            {"name": "b", "kind": null, "path": "crates/b"}, {"name": "c", "kind": "dev"}]}]});
        let edges = edges_in(&metadata);
        let read: Vec<_> = edges.iter().map(|edge| (edge.to.as_str(), edge.ships, edge.ours)).collect();
        assert_eq!(read, [("b", true, true), ("c", false, false)]);
    }
}
