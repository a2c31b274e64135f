use tracing::Level;

use super::*;

fn requested_by(pairs: &[(&str, &str)]) -> LevelFilter {
    requested("my-cloud", &pairs.iter().copied().collect())
}

#[test]
fn without_a_variable_nothing_is_logged() {
    assert_eq!(requested_by(&[]), LevelFilter::OFF);
    assert_eq!(requested_by(&[("TF_LOG", "")]), LevelFilter::OFF);
    assert_eq!(requested_by(&[("TF_LOG", "off")]), LevelFilter::OFF);
}

#[test]
fn most_specific_variable_is_used() {
    assert_eq!(requested_by(&[("TF_LOG", "WARN")]), LevelFilter::WARN);
    assert_eq!(requested_by(&[("TF_LOG", "trace"), ("TF_LOG_PROVIDER", "Info")]), LevelFilter::INFO);
    let all = [("TF_LOG", "trace"), ("TF_LOG_PROVIDER", "off"), ("TF_LOG_PROVIDER_MY_CLOUD", "debug")];
    assert_eq!(requested_by(&all), LevelFilter::DEBUG);
}

#[test]
fn json_and_unknown_levels_select_trace() {
    assert_eq!(requested_by(&[("TF_LOG", "json")]), LevelFilter::TRACE);
    assert_eq!(requested_by(&[("TF_LOG", "1")]), LevelFilter::TRACE);
}

#[test]
fn noisy_libraries_log_only_warnings() {
    let filter = filter(LevelFilter::TRACE, &[]);
    assert!(filter.would_enable("eod", &Level::TRACE));
    assert!(filter.would_enable("kube_client::api", &Level::TRACE));
    for target in ["h2::codec", "hyper::proto", "rustls::server", "tower::buffer", "kube_client::client::builder"] {
        assert!(!filter.would_enable(target, &Level::INFO), "{target}");
        assert!(filter.would_enable(target, &Level::WARN), "{target}");
    }
}

#[test]
fn a_cap_never_raises_a_level() {
    assert!(!super::filter(LevelFilter::ERROR, &[]).would_enable("h2", &Level::WARN));
}

#[test]
fn silent_targets_do_not_log_errors() {
    let filter = super::filter(LevelFilter::TRACE, &["chatty::client"]);
    assert!(!filter.would_enable("chatty::client", &Level::ERROR));
    assert!(filter.would_enable("chatty", &Level::TRACE));
}
