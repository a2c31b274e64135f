use super::*;

/// The file of the documentation, without blocks for parts that this version does not have.
const COMPLETE: &str = r#"
version: 1
installation: acme
control_namespace: eod-system
domain: preview.acme.internal
tiers: { full: { ttl: 12h, max_ttl: 7d, warning: 1h, quota: { cpu: "8" } } }
prices: { cpu_hour_usd: 0.05 }
argocd: { namespaces: [argocd] }
forges:
  - host: github.com
    kind: github
    api: https://api.github.com
    auth: { token_file: /etc/eod/github-token }
    trigger_label: preview
    sleep_label: asleep
  - host: git.acme.internal
    kind: gitlab
    auth: { token_env: GITLAB_TOKEN }
reap:
  handover: 15m
  revive: push
  keep_vault: until_closed
  sleep_when_idle: [full]
  ends_per_run: 20
  breakers: { count: 10, percent: 20, minimum: 5 }
  in_deletion: 10
  sweep_every: 1h
  retention: 30d
vault:
  address: https://vault.acme.internal:8200
  namespace: team
  ca_cert: /etc/eod/vault.pem
  auth: { kubernetes: { role: eod-reaper } }
  prefixes: [secret/preview]
route53: {}
postgres: {}
notify: []
"#;

fn parse(text: &str) -> Result<ConfigFile, String> {
    ConfigFile::parse(text, Path::new("eod.yaml")).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(text: &str, part: &str) {
    let error = parse(text).unwrap_err();
    assert!(error.contains(part), "{error}");
}

#[test]
fn complete_file_is_accepted() {
    let config = parse(COMPLETE).unwrap();
    assert_eq!(config.installation.as_ref().unwrap().as_str(), "acme");
    assert_eq!(config.tiers().unwrap().get(Tier::Full).ttl.unwrap().to_string(), "12h");
    assert_eq!(config.prices().cpu_hour, Money::from_micros(50_000));
    assert_eq!(config.prices().memory_gib_hour, Prices::default().memory_gib_hour);
    assert_eq!(config.forges.len(), 2);
}

#[test]
fn version_alone_is_a_complete_file_with_the_defaults() {
    let config = parse("version: 1").unwrap();
    assert_eq!(config.reap.handover.to_string(), "15m");
    assert_eq!(config.reap.breakers, super::reap::BreakersConfig { count: 10, percent: 20, minimum: 5 });
    assert!(config.argocd.namespaces.is_empty());
}

#[test]
fn unknown_keys_are_refused_with_their_line() {
    refused("version: 1\ninstalation: acme", "instalation");
    refused("version: 1\nreap: { handovr: 1m }", "handovr");
    refused("version: 1\ntiers: { full: { tll: 1h } }", "tll");
    let error = parse("version: 1\n\ninstalation: acme").unwrap_err();
    assert!(error.contains("eod.yaml") && error.contains('3'), "{error}");
}

#[test]
fn invalid_values_are_refused() {
    refused("version: 2", "`version` must be 1, got 2");
    refused("installation: acme", "version");
    refused("version: 1\ninstallation: Not_A_Label", "Not_A_Label");
    refused("version: 1\ntiers: { production: {} }", "production");
    refused("version: 1\ntiers: { full: { ttl: 8d } }", "tiers.full");
    refused("version: 1\ntiers: { full: { ttl: 8d } }", "lower `ttl`, or raise `max_ttl` (at most 90d)");
    refused("version: 1\nreap: { breakers: { percent: 101 } }", "`reap.breakers.percent` must be at most 100");
    refused("version: 1\nreap: { ends_per_run: 0 }", "`reap.ends_per_run` must be at least 1");
    refused("version: 1\nnotify: [{ slack: {} }]", "`notify` is not supported");
    refused("version: 1\nroute53: { zones: [Z1] }", "`route53` is not supported");
}

#[test]
fn vault_needs_prefixes_and_one_authentication_method() {
    assert!(!parse("version: 1\nvault: {}").unwrap().vault.is_used());
    assert!(parse(COMPLETE).unwrap().vault.is_used());
    refused("version: 1\nvault: { address: 'https://vault:8200' }", "`vault.prefixes` must have at least one folder");
    refused("version: 1\nvault: { prefixes: [secret] }", "secret");
    refused("version: 1\nvault: { prefixes: [secret/preview, secret/preview/shop] }", "is equal to or inside");
    let auth = |auth: &str| format!("version: 1\nvault: {{ prefixes: [secret/preview], auth: {auth} }}");
    refused(&auth("{}"), "exactly one of `token`, `approle`, `kubernetes` and `jwt`");
    refused(&auth("{ token: a, kubernetes: { role: b } }"), "exactly one of");
    refused(&auth("{ jwt: { role: b } }"), "exactly one of `token` and `token_path`");
    let debug = format!("{:?}", parse(&auth("{ token: canary }")).unwrap());
    assert!(!debug.contains("canary"), "{debug}");
    let error = parse(&auth("{ token: canary, approle: 7 }")).unwrap_err();
    assert!(!error.contains("canary") && error.contains("line 2"), "{error}");
}

#[test]
fn two_forges_for_one_host_and_wrong_logins_are_refused() {
    let forge = |host: &str, kind: &str, auth: &str| format!("  - {{ host: {host}, kind: {kind}, auth: {auth} }}\n");
    let file = |forges: &[String]| format!("version: 1\nforges:\n{}", forges.concat());
    let token = "{ token_file: /t }";
    refused(&file(&[forge("github.com", "github", token), forge("GitHub.com", "gitlab", token)]), "has two forges");
    refused(&file(&[forge("github.com", "github", "{}")]), "exactly one of `token_file`, `token_env` and `app`, got 0");
    refused(&file(&[forge("github.com", "github", "{ token_file: /t, token_env: T }")]), "got 2");
    refused(&file(&[forge("https://github.com", "github", token)]), "must be the host");
    refused(&file(&[forge("github.com", "forgejo", token)]), "forgejo");
    let app = "{ app: { id: '1', installation: 2, private_key_file: /k } }";
    refused(&file(&[forge("gitlab.com", "gitlab", app)]), "is a GitHub App");
}
