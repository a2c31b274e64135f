use super::*;

#[test]
fn variables_of_other_programs_are_not_kept() {
    let variables = [("AWS_SECRET_ACCESS_KEY", "x"), ("TF_VAR_password", "y"), ("TF_LOG", "trace")];
    let environment: ProcessEnvironment = variables.into_iter().collect();
    assert_eq!(environment.0.len(), 1);
    assert_eq!(environment.get("TF_LOG"), Some(OsStr::new("trace")));
}

#[test]
fn an_empty_value_counts_as_not_set() {
    let environment: ProcessEnvironment = [("TF_LOG", "")].into_iter().collect();
    assert_eq!(environment.get("TF_LOG"), None);
}
