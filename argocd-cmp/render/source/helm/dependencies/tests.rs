use super::*;

const CHART: &str = "name: shop\ndependencies:\n  - name: db\n    version: ^1.0.0\n    repository: https://charts.acme.internal/stable\n";
const LOCK: &str =
    "dependencies:\n  - name: db\n    version: 1.2.3+a\n    repository: https://charts.acme.internal/stable/\n";
const ALLOWED: [&str; 2] = ["https://charts.acme.internal/", "oci://registry.acme.internal/charts"];

fn found(files: &[(&str, &str)], repositories: &[&str]) -> Result<Vec<String>, String> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().into())).collect();
    let repositories: Vec<_> = repositories.iter().map(|text| text.parse().unwrap()).collect();
    let printed = |one: ChartDependency| format!("{} {} {}", one.name, one.version, one.repository);
    match missing("app", &files, &repositories) {
        Ok(found) => Ok(found.into_iter().map(printed).collect()),
        Err(refusals) => Err(refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

#[test]
fn locked_dependency_of_an_allowed_repository_is_fetched() {
    let files = [("Chart.yaml", CHART), ("Chart.lock", LOCK)];
    assert_eq!(found(&files, &ALLOWED).unwrap(), ["db 1.2.3+a https://charts.acme.internal/stable"]);
    assert!(found(&files, &[]).unwrap().is_empty(), "without repositories in the policy nothing is fetched");
}

#[test]
fn vendored_dependency_is_not_fetched() {
    for path in ["charts/db/Chart.yaml", "charts/db-1.2.3.tgz", "charts/db-v1.tgz"] {
        assert!(found(&[("Chart.yaml", CHART), (path, "")], &ALLOWED).unwrap().is_empty(), "{path}");
    }
    for path in ["charts/db-extra-1.2.3.tgz", "charts/dbx/Chart.yaml", "db/Chart.yaml"] {
        let files = [("Chart.yaml", CHART), ("Chart.lock", LOCK), (path, "")];
        assert_eq!(found(&files, &ALLOWED).unwrap().len(), 1, "{path}");
    }
    let local = CHART.replace("    repository: https://charts.acme.internal/stable\n", "");
    assert!(found(&[("Chart.yaml", &local)], &ALLOWED).unwrap().is_empty());
}

#[test]
fn dependency_that_cannot_be_fetched_is_refused_with_its_remedy() {
    let refused = |files: &[(&str, &str)]| found(files, &ALLOWED).unwrap_err();
    expect_test::expect![[r#"
        app/Chart.yaml:3
          rule:   helm
          found:  dependency `db` is neither in `charts/` nor pinned by `Chart.lock`
          remedy: run `helm dependency update` in the directory of the chart, and commit `Chart.lock`"#]]
    .assert_eq(&refused(&[("Chart.yaml", CHART)]));
    let other = LOCK.replace("stable", "other");
    let text = refused(&[("Chart.yaml", CHART), ("Chart.lock", &other)]);
    assert!(text.contains("`Chart.lock` has another repository than `Chart.yaml`"), "{text}");
    let foreign = CHART.replace("charts.acme.internal", "charts.acme.internal.evil.example");
    let text = refused(&[("Chart.yaml", &foreign), ("Chart.lock", LOCK)]);
    let message = "the policy does not allow the repository `https://charts.acme.internal.evil.example/stable`";
    assert!(text.contains(message), "{text}");
    assert!(text.contains("have the platform add the repository to `helm.repositories`"), "{text}");
    for repository in ["'@stable'", "file://../db", "http://charts.acme.internal/stable"] {
        let chart = CHART.replace("https://charts.acme.internal/stable", repository);
        let text = refused(&[("Chart.yaml", &chart), ("Chart.lock", LOCK)]);
        assert!(text.contains(&format!("invalid chart repository `{}`", repository.trim_matches('\''))), "{text}");
    }
    for version in ["../x", "1.0 0", "''"] {
        let lock = LOCK.replace("1.2.3+a", version);
        let text = refused(&[("Chart.yaml", CHART), ("Chart.lock", &lock)]);
        assert!(text.contains("invalid name or version"), "{version}: {text}");
    }
}
