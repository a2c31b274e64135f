//! What is answered, and what comes out of the cache.

use eod_proto::argocd as wire;

use super::kit::*;

#[tokio::test(flavor = "multi_thread")]
async fn manifests_in_order_and_the_same_again() {
    let running = Setup::default().start();
    let asked = Asked::of(&[("app/a.yaml", CONFIG), ("app/README.md", "hello"), (".git/HEAD", "x")]);
    let first = asked.generate(&running).await.unwrap();
    assert!(first[0].contains(r#""kind":"Namespace""#), "{first:#?}");
    let ours = first.iter().find(|manifest| manifest.contains(r#""kind":"ConfigMap""#)).unwrap();
    assert!(ours.contains(r#""namespace":"shop-pr-7""#), "{ours}");
    assert_eq!(asked.generate(&running).await.unwrap(), first);
    assert_eq!(running.number(r#"eod_cmp_cache_total{result="hit"}"#), "1");
    assert_eq!(running.number(r#"eod_cmp_calls_total{method="GenerateManifest",outcome="answered"}"#), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_is_counted_once() {
    let running = Setup::default().start();
    running.helm.may_end();
    let chart = Asked::of(&CHART);
    for _ in 0..2 {
        chart.generate(&running).await.unwrap();
    }
    assert_eq!(running.number(r#"eod_cmp_cache_total{result="miss"}"#), "1");
    assert_eq!(running.number(r#"eod_cmp_cache_total{result="hit"}"#), "1");
    assert_eq!(running.number(r#"eod_cmp_part_seconds_count{part="render"}"#), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_answer_depends_on_makes_another_one() {
    let running = Setup::default().start();
    let asked = Asked::of(&[("app/a.yaml", CONFIG)]);
    asked.generate(&running).await.unwrap();
    let other = Asked::of(&[("app/a.yaml", &CONFIG.replace("k: v", "k: w"))]);
    let others = [
        asked.clone().with("ARGOCD_APP_NAME", "other"),
        asked.clone().with("ARGOCD_APP_SOURCE_REPO_URL", "https://git.example/acme/other"),
        asked.clone().with("ARGOCD_APP_SOURCE_PATH", "deploy/app"),
        asked.clone().with("ARGOCD_APP_NAMESPACE", "shop-pr-8").with("ARGOCD_APP_PARAMETERS", "[]"),
        asked.clone().with("ARGOCD_APP_PARAMETERS", r#"[{"name":"policy","string":"2"}]"#),
        asked.clone().with("KUBE_VERSION", "1.36.1"),
        asked.clone().with("KUBE_API_VERSIONS", "v1"),
        other,
    ];
    for (at, asked) in others.iter().enumerate() {
        asked.generate(&running).await.unwrap();
        assert_eq!(running.number(r#"eod_cmp_cache_total{result="hit"}"#), "none", "number {at}");
    }
    std::fs::write(running.directory.path().join("policy.yaml"), format!("{POLICY}\n")).unwrap();
    running.policy.reload();
    asked.generate(&running).await.unwrap();
    assert_eq!(running.number(r#"eod_cmp_cache_total{result="hit"}"#), "none", "a new policy");
    let again = Asked { archive: packed(&[("app/a.yaml", CONFIG), (".git/index", "new")]), ..asked };
    again.generate(&running).await.unwrap();
    assert_eq!(running.number(r#"eod_cmp_cache_total{result="hit"}"#), "1", "what is not kept does not count");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_whole_and_never_kept() {
    let running = Setup::default().start();
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n";
    let pod = format!("{head}spec:\n  template:\n    spec: {{hostNetwork: true}}\n");
    let asked = Asked::of(&[("app/a.yaml", &pod)]);
    for _ in 0..2 {
        let status = asked.generate(&running).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::FailedPrecondition);
        let text = status.message();
        assert!(text.starts_with("eod-cmp refuses this for "), "{text}");
        assert!(
            text.contains("app/a.yaml:6") && text.contains("rule:   host-access") && text.contains("remedy: "),
            "{text}"
        );
    }
    assert_eq!(running.number(r#"eod_cmp_cache_total{result="hit"}"#), "none");
    assert_eq!(running.number(r#"eod_cmp_refusals_total{rule="host-access"}"#), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_source_is_no_success() {
    let running = Setup::default().start();
    let status = Asked::of(&[("app/README.md", "hello")]).generate(&running).await.unwrap_err();
    assert!(status.message().contains("rule:   empty"), "{}", status.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_was_just_replaced_is_looked_at_again() {
    let running = Setup::default().start();
    let asked = Asked::of(&[("app/a.yaml", CONFIG)]).with("ARGOCD_APP_PROJECT_NAME", "fresh");
    let status = asked.generate(&running).await.unwrap_err();
    assert!(status.message().contains("rule:   policy"), "{}", status.message());
    std::fs::write(running.directory.path().join("policy.yaml"), POLICY.replace("previews", "fresh")).unwrap();
    asked.generate(&running).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_left_out_is_named() {
    let running = Setup::default().start();
    let large = "# ".to_owned() + &noise(200_000);
    let status = Asked::of(&[("app/large.yaml", &large)]).generate(&running).await.unwrap_err();
    let text = status.message();
    assert!(text.contains("app/large.yaml") && text.contains("left out because it is too large"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_discovery_and_every_parameter_announced() {
    let running = Setup::default().start();
    let mut client = running.client().await;
    let check = client.check_plugin_configuration(()).await.unwrap().into_inner();
    assert_eq!(check, wire::CheckPluginConfigurationResponse::default());
    let asked = Asked::of(&[("app/a.yaml", CONFIG)]);
    let found = client.match_repository(tokio_stream::iter(asked.messages())).await.unwrap().into_inner();
    assert_eq!(found, wire::RepositoryResponse::default());
    let announced =
        client.get_parameters_announcement(tokio_stream::iter(asked.messages())).await.unwrap().into_inner();
    assert_eq!(announced.parameter_announcements.len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_up_to_the_limit() {
    let running = Setup::default().start();
    let text = noise(9 << 20);
    let asked = Asked { chunk: 30 << 20, ..Asked::of(&[("app/a.yaml", CONFIG), ("lib/large.bin", &text)]) };
    assert!(asked.archive.len() > 6 << 20, "more than the 4 MiB that tonic takes by itself");
    asked.generate(&running).await.unwrap();
}
