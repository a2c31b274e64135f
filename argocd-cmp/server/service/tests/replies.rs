//! Replies and the cache.

use eod_proto::argocd as wire;

use super::kit::*;

#[tokio::test(flavor = "multi_thread")]
async fn manifests_are_rendered_and_cached() {
    let server = Setup::default().start();
    let request = TestRequest::of(&[("app/a.yaml", CONFIG), ("app/README.md", "hello"), (".git/HEAD", "x")]);
    let first = request.generate(&server).await.unwrap();
    assert!(first[0].contains(r#""kind":"Namespace""#), "{first:#?}");
    let config = first.iter().find(|manifest| manifest.contains(r#""kind":"ConfigMap""#)).unwrap();
    assert!(config.contains(r#""namespace":"shop-pr-7""#), "{config}");
    assert_eq!(request.generate(&server).await.unwrap(), first);
    assert_eq!(server.number(r#"eod_cmp_cache_total{result="hit"}"#), "1");
    assert_eq!(server.number(r#"eod_cmp_calls_total{method="GenerateManifest",outcome="answered"}"#), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn chart_is_counted_once() {
    let server = Setup::default().start();
    server.helm.may_end();
    let chart = TestRequest::of(&CHART);
    for _ in 0..2 {
        chart.generate(&server).await.unwrap();
    }
    assert_eq!(server.number(r#"eod_cmp_cache_total{result="miss"}"#), "1");
    assert_eq!(server.number(r#"eod_cmp_cache_total{result="hit"}"#), "1");
    assert_eq!(server.number(r#"eod_cmp_part_seconds_count{part="render"}"#), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_key_covers_every_input() {
    let server = Setup::default().start();
    let request = TestRequest::of(&[("app/a.yaml", CONFIG)]);
    request.generate(&server).await.unwrap();
    let other = TestRequest::of(&[("app/a.yaml", &CONFIG.replace("k: v", "k: w"))]);
    let others = [
        request.clone().with("ARGOCD_APP_NAME", "other"),
        request.clone().with("ARGOCD_APP_SOURCE_REPO_URL", "https://git.example/acme/other"),
        request.clone().with("ARGOCD_APP_SOURCE_PATH", "deploy/app"),
        request.clone().with("ARGOCD_APP_NAMESPACE", "shop-pr-8").with("ARGOCD_APP_PARAMETERS", "[]"),
        request.clone().with("ARGOCD_APP_PARAMETERS", r#"[{"name":"policy","string":"2"}]"#),
        request.clone().with("KUBE_VERSION", "1.36.1"),
        request.clone().with("KUBE_API_VERSIONS", "v1"),
        other,
    ];
    for (at, request) in others.iter().enumerate() {
        request.generate(&server).await.unwrap();
        assert_eq!(server.number(r#"eod_cmp_cache_total{result="hit"}"#), "none", "number {at}");
    }
    std::fs::write(server.directory.path().join("policy.yaml"), format!("{POLICY}\n")).unwrap();
    server.policy.reload();
    request.generate(&server).await.unwrap();
    assert_eq!(server.number(r#"eod_cmp_cache_total{result="hit"}"#), "none", "a new policy");
    let again = TestRequest { archive: packed(&[("app/a.yaml", CONFIG), (".git/index", "new")]), ..request };
    again.generate(&server).await.unwrap();
    assert_eq!(server.number(r#"eod_cmp_cache_total{result="hit"}"#), "1", "files that are not kept do not matter");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_is_complete_and_not_cached() {
    let server = Setup::default().start();
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n";
    let pod = format!("{head}spec:\n  template:\n    spec: {{hostNetwork: true}}\n");
    let request = TestRequest::of(&[("app/a.yaml", &pod)]);
    for _ in 0..2 {
        let status = request.generate(&server).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::FailedPrecondition);
        let text = status.message();
        assert!(text.starts_with("eod-cmp refuses this render for "), "{text}");
        assert!(
            text.contains("app/a.yaml:6") && text.contains("rule:   host-access") && text.contains("remedy: "),
            "{text}"
        );
    }
    assert_eq!(server.number(r#"eod_cmp_cache_total{result="hit"}"#), "none");
    assert_eq!(server.number(r#"eod_cmp_refusals_total{rule="host-access"}"#), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_source_is_refused() {
    let server = Setup::default().start();
    let status = TestRequest::of(&[("app/README.md", "hello")]).generate(&server).await.unwrap_err();
    assert!(status.message().contains("rule:   empty"), "{}", status.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_policy_is_read_before_a_refusal() {
    let server = Setup::default().start();
    let request = TestRequest::of(&[("app/a.yaml", CONFIG)]).with("ARGOCD_APP_PROJECT_NAME", "fresh");
    let status = request.generate(&server).await.unwrap_err();
    assert!(status.message().contains("rule:   policy"), "{}", status.message());
    std::fs::write(server.directory.path().join("policy.yaml"), POLICY.replace("previews", "fresh")).unwrap();
    request.generate(&server).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_was_left_out_is_named() {
    let server = Setup::default().start();
    let large = "# ".to_owned() + &noise(200_000);
    let status = TestRequest::of(&[("app/large.yaml", &large)]).generate(&server).await.unwrap_err();
    let text = status.message();
    assert!(text.contains("app/large.yaml") && text.contains("left out because it is too large"), "{text}");
}

/// Argo CD reads the file before the plugin does, so the parameters may be those of the pull request.
#[tokio::test(flavor = "multi_thread")]
async fn large_source_override_is_refused() {
    let server = Setup::default().start();
    let large = format!("# {}\nplugin: {{parameters: [{{name: owner, string: alice}}]}}\n", noise(200_000));
    let request = TestRequest::of(&[("app/a.yaml", CONFIG), ("app/.argocd-source.yaml", &large)]);
    let status = request.generate(&server).await.unwrap_err();
    expect_test::expect![[r#"
        eod-cmp refuses this render for 1 reason

        app/.argocd-source.yaml
          rule:   source-override
          found:  the file would change the Application's parameters
          remedy: remove the file"#]]
    .assert_eq(status.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_missing_file_is_named_of_those_left_out() {
    let server = Setup::default().start();
    let large = "# ".to_owned() + &noise(200_000);
    let pictures: Vec<(String, &str)> = (0..30).map(|number| (format!("app/{number}.png"), large.as_str())).collect();
    let mut files: Vec<(&str, &str)> = pictures.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    files.push(("app/kustomization.yaml", "resources: [a.yaml, base/b.yaml]\n"));
    files.push(("app/base/b.yaml", &large));
    let status = TestRequest::of(&files).generate(&server).await.unwrap_err();
    expect_test::expect![[r#"
        eod-cmp refuses this render for 3 reasons

        app/base/b.yaml
          rule:   file
          found:  this file was left out because it is too large to be part of a preview's manifests
          remedy: make it smaller or remove it

        app/kustomization.yaml:1
          rule:   file
          found:  `app/a.yaml` is not among the received files
          remedy: add the file; if it is in the repository, list its directory in the Application's annotation argocd.argoproj.io/manifest-generate-paths

        app/kustomization.yaml:1
          rule:   file
          found:  `app/base/b.yaml` is not among the received files
          remedy: add the file; if it is in the repository, list its directory in the Application's annotation argocd.argoproj.io/manifest-generate-paths"#]].assert_eq(status.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_is_off_and_every_parameter_is_announced() {
    let server = Setup::default().start();
    let mut client = server.client().await;
    let check = client.check_plugin_configuration(()).await.unwrap().into_inner();
    assert_eq!(check, wire::CheckPluginConfigurationResponse::default());
    let request = TestRequest::of(&[("app/a.yaml", CONFIG)]);
    let found = client.match_repository(tokio_stream::iter(request.messages())).await.unwrap().into_inner();
    assert_eq!(found, wire::RepositoryResponse::default());
    let announced =
        client.get_parameters_announcement(tokio_stream::iter(request.messages())).await.unwrap().into_inner();
    assert_eq!(announced.parameter_announcements.len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_up_to_the_limit_are_accepted() {
    let server = Setup::default().start();
    let text = noise(9 << 20);
    let request =
        TestRequest { chunk: 30 << 20, ..TestRequest::of(&[("app/a.yaml", CONFIG), ("lib/large.bin", &text)]) };
    assert!(request.archive.len() > 6 << 20, "more than tonic's default of 4 MiB");
    request.generate(&server).await.unwrap();
}
