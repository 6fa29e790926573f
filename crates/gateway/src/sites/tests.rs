//! Policies that are refused: what they leave as it was.

use serde_json::{Value, json};

use super::*;

fn settings(state: &std::path::Path) -> Settings {
    let settings = json!({
        "listen": [{"address": "127.0.0.1:0"}], "control": state.join("c"), "policy": state.join("policy.json"),
        "state_dir": state,
    });
    Settings::from_json(&settings.to_string()).unwrap()
}

fn policy(asn_table: Option<&str>, sites: &[(&str, Value)]) -> Policy {
    let site = |(name, headers): &(&str, Value)| {
        let mut site: Value = serde_json::from_str(include_str!("../../../engine/tests/judged_site.json")).unwrap();
        site["name"] = json!(name);
        site["headers"] = headers.clone();
        site
    };
    let all: Vec<Value> = sites.iter().map(site).collect();
    let policy = json!({"format": 1, "id": "abc", "limits": {}, "asn_table": asn_table, "sites": all});
    Policy::from_json(policy.to_string().as_bytes()).unwrap()
}

fn headers(people: &str) -> Value {
    json!({"people": people, "account": "hedgerow-account", "account_since": "hedgerow-account-since"})
}

fn memories(state: &std::path::Path) -> (Settings, Memories) {
    std::fs::write(state.join("secret"), "ab".repeat(32)).unwrap();
    let settings = settings(state);
    let memories = Memories::open(&settings).unwrap();
    (settings, memories)
}

#[test]
fn no_ledger_is_opened_for_a_policy_whose_last_site_cannot_be_compiled() {
    let state = tempfile::TempDir::new().unwrap();
    let (settings, memories) = memories(state.path());
    let broken = policy(None, &[("first", headers("people")), ("second", headers("no header"))]);
    let said = memories.tables(&settings, broken, 1_000).err().unwrap();
    assert!(said.contains("site `second`") && said.contains("no header"), "{said}");
    assert!(!state.path().join("sites").exists());
    let mended = policy(None, &[("first", headers("people")), ("second", headers("people"))]);
    assert_eq!(memories.tables(&settings, mended, 1_000).unwrap().sites().count(), 2);
}

#[test]
fn a_refused_policy_leaves_the_table_of_autonomous_systems_looked_at() {
    let state = tempfile::TempDir::new().unwrap();
    let (settings, memories) = memories(state.path());
    let file = state.path().join("asn.tsv");
    std::fs::write(&file, "127.0.0.0\t127.0.0.255\t64500\tZZ\tEXAMPLE\n").unwrap();
    let sites = [("first", headers("people"))];
    let tables = memories.tables(&settings, policy(file.to_str(), &sites), 1_000).unwrap();
    memories.put_in_force(&tables);
    let refused = policy(None, &[("first", headers("no header"))]);
    assert!(memories.tables(&settings, refused, 1_000).is_err());
    assert!(!memories.look_at_files(&settings));
    std::fs::write(&file, "127.0.0.0\t127.0.0.255\t64501\tZZ\tANOTHER EXAMPLE\n").unwrap();
    assert!(memories.look_at_files(&settings), "the table in force is looked at as before");
    let without = memories.tables(&settings, policy(None, &sites), 1_000).unwrap();
    memories.put_in_force(&without);
    std::fs::write(&file, "127.0.0.0\t127.0.0.255\t64502\tZZ\tEXAMPLE\n").unwrap();
    assert!(!memories.look_at_files(&settings), "and no more when a policy without it is in force");
}

#[test]
fn keys_of_tokens_are_taken_up_when_their_file_changes_and_a_broken_file_changes_nothing() {
    let state = tempfile::TempDir::new().unwrap();
    let (settings, memories) = memories(state.path());
    let file = state.path().join("keys.json");
    let key = |x: char| format!(r#"{{"kty": "OKP", "crv": "Ed25519", "x": "{}A"}}"#, x.to_string().repeat(42));
    let with_tokens = || {
        let mut policy = policy(None, &[("first", headers("people"))]);
        let token = json!({"cookie": "access_token", "header": null, "key_file": file, "algorithms": ["EdDSA"],
            "account": "sub", "since": null, "leeway_s": 60});
        policy.sites[0].account.token = Some(serde_json::from_value(token).unwrap());
        policy
    };
    let keys = |tables: &Tables| tables.sites().next().unwrap().key_file.as_ref().unwrap().keys();
    let said = memories.tables(&settings, with_tokens(), 1_000).err().unwrap();
    assert!(said.contains("site `first`") && said.contains("keys.json") && said.contains("cannot be read"), "{said}");
    std::fs::write(&file, key('a')).unwrap();
    let tables = memories.tables(&settings, with_tokens(), 1_000).unwrap();
    memories.put_in_force(&tables);
    let first = keys(&tables);
    assert!(!memories.look_at_files(&settings));
    std::fs::write(&file, "not keys").unwrap();
    assert!(memories.look_at_files(&settings) && !memories.look_at_files(&settings), "each change is told once");
    let tables = memories.tables(&settings, with_tokens(), 1_000).unwrap();
    assert!(Arc::ptr_eq(&first, &keys(&tables)));
    memories.put_in_force(&tables);
    std::fs::write(&file, format!(" {}", key('b'))).unwrap();
    assert!(memories.look_at_files(&settings));
    let tables = memories.tables(&settings, with_tokens(), 1_000).unwrap();
    assert!(!Arc::ptr_eq(&first, &keys(&tables)));
    memories.put_in_force(&tables);
    let again = memories.tables(&settings, with_tokens(), 1_000).unwrap();
    assert!(Arc::ptr_eq(&keys(&tables), &keys(&again)), "a reload of the policy reads no file that has not changed");
}
