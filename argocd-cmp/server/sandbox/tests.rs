//! Arguments of the launcher. The restrictions are tested with tools, in `toolbox/tests.rs`.

use super::*;

fn parse(line: &str) -> Result<Launch, LaunchError> {
    Launch::parse(line.split_whitespace().map(OsString::from))
}

#[test]
fn arguments_are_parsed() {
    let launch = parse("required 7 /home /bin/helm template x").unwrap();
    assert_eq!((launch.mode, launch.parent), (SandboxMode::Required, 7));
    assert_eq!((launch.home, launch.program), (PathBuf::from("/home"), PathBuf::from("/bin/helm")));
    assert_eq!(launch.arguments, ["template", "x"]);
    for bad in ["", "required", "strict 7 /home /bin/helm", "probe seven /home /bin/helm", "probe 7 /home"] {
        assert!(matches!(parse(bad), Err(LaunchError::Usage)), "{bad}");
    }
}

#[test]
fn best_effort_ignores_missing_kernel_support() {
    let unsupported = || Err(kernel_error("Landlock", "none"));
    for (mode, is_ignored) in
        [(SandboxMode::Required, false), (SandboxMode::Probe, false), (SandboxMode::BestEffort, true)]
    {
        let launch = parse(&format!("{} 7 /home /bin/helm", mode.as_str())).unwrap();
        assert_eq!(launch.ignore_if_best_effort(unsupported()).is_ok(), is_ignored, "{mode:?}");
    }
}
