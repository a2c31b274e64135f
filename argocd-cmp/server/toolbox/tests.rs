//! Tools in the real sandbox: a test double of helm tries what the sandbox forbids.

use std::collections::BTreeMap;

use eod_render::{HelmRule, RandomScope};

use super::*;

/// Path of the example `fake-helm`, which cargo builds with the tests.
pub(crate) fn fake_helm() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(Path::parent).unwrap().join("examples/fake-helm");
    assert!(path.exists(), "{} is missing; run `cargo test -p eod-cmp-server` without --lib", path.display());
    path
}

pub(crate) fn toolbox(scratch: Option<&Path>) -> MachineToolbox {
    let metrics = Some(Arc::new(Metrics::new()));
    MachineToolbox {
        launcher: fake_helm(),
        ..open(scratch, Path::new("/missing/seed"), Path::new("/missing/config.json"), metrics, 2)
    }
}

pub(crate) fn rule(sandbox: Sandbox) -> ToolRule {
    ToolRule { enabled: true, binary: fake_helm().display().to_string(), sandbox }
}

fn helm(toolbox: &MachineToolbox, rule: &ToolRule, wish: &str, progress: &RenderProgress) -> Result<String, ToolError> {
    let rule = HelmRule { tool: rule.clone(), ..HelmRule::default() };
    run_helm(toolbox, &rule, &RandomScope::default(), wish, progress).map(|output| output.manifests)
}

pub(crate) fn run_helm(
    toolbox: &MachineToolbox,
    rule: &HelmRule,
    random_scope: &RandomScope,
    wish: &str,
    progress: &RenderProgress,
) -> Result<HelmOutput, ToolError> {
    let request = HelmRequest {
        rule,
        random_scope: random_scope.clone(),
        dependencies: Vec::new(),
        files: BTreeMap::from([("do".to_owned(), wish.as_bytes().into())]),
        release: "shop-pr-7".to_owned(),
        namespace: "shop-pr-7".to_owned(),
        kube_version: Some("1.36.1".to_owned()),
        api_versions: vec!["v1".to_owned(), "apps/v1".to_owned()],
        values: vec![b"a: 1".as_slice().into(), b"b: 2".as_slice().into()],
    };
    toolbox.open(progress, "").helm(&request)
}

pub(crate) fn minute() -> RenderProgress {
    RenderProgress::until(Instant::now() + Duration::from_secs(60))
}

#[test]
fn tool_has_access_only_to_its_home() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    let toolbox = toolbox(None);
    let wish = secret.path().display().to_string();
    let text = helm(&toolbox, &rule(Sandbox::Required), &wish, &minute()).unwrap();
    expect_test::expect![[r#"
        arguments ["template", "shop-pr-7", "chart", "--namespace", "shop-pr-7", "--skip-tests", "--kube-version", "1.36.1", "--api-versions", "v1", "--api-versions", "apps/v1", "--values", "values/0.yaml", "--values", "values/1.yaml"]
        variables ["HOME", "TMPDIR"]
        thread possible
        write at home possible
        read at home possible
        read outside impossible
        list outside impossible
        write outside impossible
        read processes impossible
        link impossible
        process impossible
        tcp impossible
        udp impossible
        unix socket impossible
        socket pair impossible
    "#]]
    .assert_eq(&text);
}

#[test]
fn tool_without_sandbox_can_do_everything() {
    // Proves that the sandbox causes the failures in the test above.
    let (directory, secret) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    std::fs::create_dir(directory.path().join("chart")).unwrap();
    std::fs::write(directory.path().join("chart/do"), secret.path().display().to_string()).unwrap();
    let output = Command::new(fake_helm()).arg("template").current_dir(directory.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches(" impossible").count(), 0, "{text}");
    std::fs::remove_file(format!("{}.new", secret.path().display())).unwrap();
}

#[test]
fn failing_tool_is_reported_and_leaves_no_files() {
    // A directory of its own, so that homes of other tests are not counted.
    let Ok(shared) = tempfile::tempdir_in("/dev/shm") else { return assert!(!Path::new("/dev/shm").exists()) };
    let toolbox = toolbox(Some(shared.path()));
    let required = rule(Sandbox::Required);
    let soon = RenderProgress::until(Instant::now() + Duration::from_secs(2));
    let error = helm(&toolbox, &required, "hang", &soon).unwrap_err();
    assert!(error.message.contains("timed out"), "{error}");
    assert_eq!(soon.phase(), Phase::Tool, "the phase is reported");
    let error = helm(&toolbox, &required, "flood", &minute()).unwrap_err();
    assert!(error.message.contains("printed more than 32 MiB"), "{error}");
    let error = helm(&toolbox, &required, "fail", &minute()).unwrap_err();
    assert!(error.message.ends_with("Error: chart/templates/a.yaml:3: no such function"), "{error}");
    let error = helm(&toolbox, &required, "crash", &minute()).unwrap_err();
    assert!(error.message.ends_with("(exit status: 2): fatal error: stack overflow"), "{error}");
    assert_eq!(std::fs::read_dir(shared.path()).unwrap().count(), 0);
}

#[test]
fn error_of_helm_has_a_remedy_that_can_be_followed() {
    use std::os::unix::process::ExitStatusExt as _;
    let text = |stderr: &str| {
        let status = std::process::ExitStatus::from_raw(1 << 8);
        let finished = FinishedChild { status, stdout: Vec::new(), stderr: stderr.as_bytes().to_vec() };
        let error = exit_error("helm", Path::new("/tmp/home"), &finished);
        format!("found:  {}\nremedy: {}", error.message, error.remedy)
    };
    let missing = "Error: An error occurred while checking for chart dependencies. You may need to run `helm dependency \
                   build` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: postgresql\n";
    expect_test::expect![[r#"
        found:  `helm` failed (exit status: 1): Error: An error occurred while checking for chart dependencies: found in Chart.yaml, but missing in charts/ directory: postgresql
        remedy: run `helm dependency build` in the directory of the chart, and commit its directory `charts/`"#]].assert_eq(&text(missing));
    let invalid = "Error: YAML parse error on shop/templates/d.yaml: error converting YAML to JSON: yaml: line 3: mapping \
                   values are not allowed in this context\n\nUse --debug flag to render out invalid YAML\n";
    expect_test::expect![[r#"
        found:  `helm` failed (exit status: 1): Error: YAML parse error on shop/templates/d.yaml: error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context
        remedy: correct the reported problem in the chart or kustomization"#]].assert_eq(&text(invalid));
}

#[test]
fn tool_killed_for_lack_of_memory_is_started_again() {
    let toolbox = toolbox(None);
    let error = helm(&toolbox, &rule(Sandbox::Required), "killed", &minute()).unwrap_err();
    assert!(error.message.contains("signal: 9 (SIGKILL)"), "{error}");
    assert_eq!(retries(&toolbox), MAX_STARTS - 1);
}

#[test]
fn tool_at_its_own_memory_limit_is_started_once() {
    let toolbox = toolbox(None);
    let error = helm(&toolbox, &rule(Sandbox::Required), "exhaust", &minute()).unwrap_err();
    assert!(error.message.ends_with("fatal error: out of memory; its limit is 1024 MiB of memory"), "{error}");
    assert_eq!(retries(&toolbox), 0);
}

/// Number of starts after a temporary failure.
fn retries(toolbox: &MachineToolbox) -> u32 {
    let text = toolbox.metrics.as_ref().unwrap().encode();
    let number = text.lines().find_map(|line| line.strip_prefix("eod_cmp_tool_retries_total "));
    number.unwrap().parse().unwrap()
}

#[test]
fn incomplete_sandbox_requires_best_effort() {
    let toolbox = toolbox(None);
    toolbox.missing_support.set(Some("no Landlock".to_owned())).unwrap();
    let error = helm(&toolbox, &rule(Sandbox::Required), "/", &minute()).unwrap_err();
    assert!(error.message.contains("no Landlock") && error.remedy.contains("best-effort"), "{error}");
    let text = helm(&toolbox, &rule(Sandbox::BestEffort), "/", &minute()).unwrap();
    assert!(text.contains("tcp impossible"), "supported restrictions are active: {text}");
}

#[test]
fn disk_is_not_a_tmpfs() {
    // The directory of this crate is usually on a disk.
    let disk = Path::new(env!("CARGO_MANIFEST_DIR"));
    let toolbox = toolbox(Some(disk));
    assert!(ScratchDir::find(Some(disk)).is_in_memory || toolbox.probe().unwrap().contains("is not a tmpfs"));
}

#[test]
fn missing_tool_is_named_and_replaced_tool_has_another_version() {
    let toolbox = toolbox(None);
    let missing = ToolRule { binary: "missing-helm".to_owned(), ..rule(Sandbox::Required) };
    let error = helm(&toolbox, &missing, "", &minute()).unwrap_err();
    assert!(error.message.contains("`missing-helm` is required"), "{error}");
    assert_eq!(toolbox.version(&missing), "none");
    assert_eq!(toolbox.version(&ToolRule { enabled: false, ..missing }), "off");
    assert!(find("sh", OsStr::new("/nowhere:/bin")).is_some() && find("sh", OsStr::new("bin:.")).is_none());

    let directory = tempfile::tempdir().unwrap();
    let binary = directory.path().join("helm");
    let version = || toolbox.version(&ToolRule { binary: binary.display().to_string(), ..rule(Sandbox::Required) });
    let make = |content: &str| {
        std::fs::write(directory.path().join("new"), content).unwrap();
        std::fs::set_permissions(directory.path().join("new"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(directory.path().join("new"), &binary).unwrap();
        version()
    };
    assert_ne!(make("one"), make("two"), "a replaced binary has another version");
    assert_eq!(version(), version());
}

#[test]
fn number_of_processes_is_limited() {
    let Ok(shared) = tempfile::tempdir_in("/dev/shm") else { return assert!(!Path::new("/dev/shm").exists()) };
    let toolbox = toolbox(Some(shared.path()));
    let required = rule(Sandbox::Required);
    // The first use also probes the sandbox.
    helm(&toolbox, &required, "/", &minute()).unwrap();
    let homes = || std::fs::read_dir(shared.path()).unwrap().count();
    let (first, second, third) = (minute(), minute(), minute());
    std::thread::scope(|scope| {
        let hanging = [&first, &second].map(|progress| scope.spawn(|| helm(&toolbox, &required, "hang", progress)));
        while homes() < 2 {
            std::thread::yield_now();
        }
        let waiting = scope.spawn(|| helm(&toolbox, &required, "/", &third));
        while toolbox.processes.waiting() < 1 {
            std::thread::yield_now();
        }
        let soon = RenderProgress::until(Instant::now() + Duration::from_millis(50));
        let error = helm(&toolbox, &required, "/", &soon).unwrap_err();
        assert!(error.message.contains("was not started in time") && error.remedy.contains("--tools"), "{error}");
        assert_eq!((soon.phase(), third.phase()), (Phase::Queued, Phase::Queued), "the phase is reported");
        assert_eq!(homes(), 2, "a waiting tool has no home");
        first.cancel();
        assert!(waiting.join().unwrap().is_ok());
        second.cancel();
        for tool in hanging {
            tool.join().unwrap().unwrap_err();
        }
    });
    assert_eq!(homes(), 0);
}
