use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use super::*;

fn script(text: &str) -> Exec {
    Exec {
        api_version: "client.authentication.k8s.io/v1".into(),
        command: "sh".into(),
        args: vec!["-c".into(), text.into()],
        ..Exec::default()
    }
}

async fn run(exec: &Exec, limit: Duration) -> Result<ExecCredential, ExecError> {
    let deadline = Deadline::within(Duration::from_secs(600), CancellationToken::new());
    exec.run(&json!({ "server": "https://a" }), limit, &deadline).await
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_credential_is_read_and_stdin_is_closed() {
    let exec = script(
        r#"cat; test "$KUBERNETES_EXEC_INFO" = "$WANT" || exit 9
            echo '{"kind":"ExecCredential","status":{"token":"abc","expirationTimestamp":"2030-01-01T00:00:00Z"}}'"#,
    );
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":{"server":"https://a"},"interactive":false}}"#;
    let exec = Exec { env: BTreeMap::from([("WANT".into(), info.into())]), provide_cluster_info: true, ..exec };
    let credential = run(&exec, LONG).await.unwrap();
    assert_eq!(credential.token.unwrap().expose_secret(), "abc");
    assert_eq!(credential.expires, Some("2030-01-01T00:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn stdout_and_environment_of_a_failing_plugin_are_not_quoted() {
    let exec = script(
        "echo canary-stdout-token; echo \"login expired canary-stdout-token $SECRET; run aws sso login\" >&2; exit 3",
    );
    let exec = Exec { env: BTreeMap::from([("SECRET".into(), "canary-environment".into())]), ..exec };
    let error = run(&exec, LONG).await.err().unwrap();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("exit status: 3") && shown.contains("run aws sso login"), "{shown}");
}

#[tokio::test]
async fn output_that_is_not_a_credential_is_not_quoted() {
    for (printed, problem) in [
        ("canary-garbage", "not JSON"),
        (r#"{"kind":"canary"}"#, "kind"),
        (r#"{"kind":"ExecCredential","status":{}}"#, "neither"),
        (r#"{"kind":"ExecCredential","status":{"token":"canary","expirationTimestamp":"canary"}}"#, "RFC 3339"),
    ] {
        let error = run(&script(&format!("echo '{printed}'")), LONG).await.err().unwrap();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(problem) && !shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn a_missing_program_is_reported_with_the_install_hint() {
    let exec = Exec { command: "eod-no-such-plugin".into(), install_hint: Some("get it".into()), ..script("") };
    let error = run(&exec, LONG).await.err().unwrap();
    assert_eq!(error.to_string(), "the exec plugin `eod-no-such-plugin` is not installed or not in PATH: get it");
}

#[tokio::test]
async fn a_slow_program_ends_at_its_own_time_limit() {
    let error = run(&script("exec sleep 600"), Duration::from_millis(50)).await.err().unwrap();
    assert!(matches!(error, ExecError::Slow { .. }), "{error}");
    assert!(error.to_string().contains("without a terminal"));
}

#[tokio::test]
async fn cancellation_ends_the_program() {
    let cancel = CancellationToken::new();
    let deadline = Deadline::within(LONG, cancel.clone());
    let exec = script("exec sleep 600");
    let null = Value::Null;
    let (result, ()) = tokio::join!(exec.run(&null, LONG, &deadline), async { cancel.cancel() });
    assert!(matches!(result.err().unwrap(), ExecError::Interrupted(Interruption::Cancelled)));
}
