use std::sync::Mutex;

use super::*;

/// The hook is global, so only this test sets it. The test restores the old hook.
#[test]
fn the_report_begins_as_terraform_expects() {
    static REPORT: Mutex<Option<String>> = Mutex::new(None);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        if info.payload_as_str().is_some_and(|text| text.starts_with("number 7")) {
            *REPORT.lock().unwrap() = Some(report(info));
        }
    }));
    let caught = std::panic::catch_unwind(|| panic!("number {}", 7));
    std::panic::set_hook(before);
    assert!(caught.is_err());
    let text = REPORT.lock().unwrap().take().unwrap();
    assert!(text.starts_with("panic: number 7\n"), "{text}");
    assert!(text.contains("panic.rs:"), "{text}");
}
