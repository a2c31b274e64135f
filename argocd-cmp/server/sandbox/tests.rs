//! The launcher's own words; what it does to a tool is shown where tools are run.

use super::*;

fn parse(line: &str) -> Result<Launch, LaunchError> {
    Launch::parse(line.split_whitespace().map(OsString::from))
}

#[test]
fn a_launch_is_spelled_out() {
    let launch = parse("required 7 /home /bin/helm template x").unwrap();
    assert_eq!((launch.mode, launch.parent), (Mode::Required, 7));
    assert_eq!((launch.home, launch.program), (PathBuf::from("/home"), PathBuf::from("/bin/helm")));
    assert_eq!(launch.arguments, ["template", "x"]);
    for bad in ["", "required", "strict 7 /home /bin/helm", "probe seven /home /bin/helm", "probe 7 /home"] {
        assert!(matches!(parse(bad), Err(LaunchError::Usage)), "{bad}");
    }
}

#[test]
fn best_effort_tolerates_what_the_kernel_lacks() {
    let lacking = || Err(kernel("Landlock", "none"));
    for (mode, is_tolerated) in [(Mode::Required, false), (Mode::Probe, false), (Mode::BestEffort, true)] {
        let launch = parse(&format!("{} 7 /home /bin/helm", mode.as_str())).unwrap();
        assert_eq!(launch.tolerate(lacking()).is_ok(), is_tolerated, "{mode:?}");
    }
}
