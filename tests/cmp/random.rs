//! Random values of charts, with the real helm of the image.

use std::fs;
use std::path::Path;
use std::process::Command;

use eod_testkit::argocd::Tool;
use eod_testkit::command::{Finished, run};
use tempfile::TempDir;

/// Values of every kind that can be equal at every render.
const SECRET: &str = r#"
apiVersion: v1
kind: Secret
metadata: { name: db }
stringData:
  password: {{ randAlphaNum 24 | quote }}
  words: {{ printf "%s %s %s" (randAlpha 4) (randNumeric 4) (randAscii 4) | b64enc | quote }}
  id: {{ uuidv4 | quote }}
  bytes: {{ randBytes 8 | quote }}
  number: {{ randInt 0 1000000 | quote }}
  letters: {{ shuffle "abcdefghijklmnopqrstuvwxyz" | quote }}
  hash: {{ htpasswd "user" "password" | quote }}
  other: {{ bcrypt "password" | quote }}
  sealed: {{ encryptAES "key" "text" | quote }}
"#;

/// Object with the checksum of the Secret, as many charts have it.
const WITH_CHECKSUM: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: { name: app }
data:
  checksum: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum | quote }}
"#;

/// Charts with templates, a policy and a seed file.
struct Charts {
    folder: TempDir,
    seed: bool,
}

impl Charts {
    fn new(templates: &[(&str, &str)]) -> Self {
        let charts = Self { folder: tempfile::tempdir().unwrap(), seed: true };
        fs::create_dir_all(charts.path("app/templates")).unwrap();
        fs::write(charts.path("app/Chart.yaml"), "apiVersion: v2\nname: shop\nversion: 1.0.0\n").unwrap();
        fs::write(charts.path("seed"), [7; 32]).unwrap();
        charts.policy("acme", "");
        templates.iter().for_each(|(name, text)| charts.template(name, text));
        charts
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.folder.path().join(below)
    }

    fn template(&self, name: &str, text: &str) {
        fs::write(self.path("app/templates").join(name), text).unwrap();
    }

    fn policy(&self, installation: &str, more: &str) {
        let text = super::POLICY.replace("installation: acme", &format!("installation: {installation}"));
        fs::write(self.path("policy.yaml"), text + more).unwrap();
    }

    fn render(&self, environment: &str) -> Finished {
        let mut command = Command::new(super::BINARY);
        command.env("PATH", super::golden::search_path()).args(["render", "--project", super::PROJECT]);
        command.args(["--parameter", &format!("environment={environment}"), "--app", "shop"]);
        command.arg("--policy").arg(self.path("policy.yaml")).arg("--path").arg(self.path("app"));
        command.arg("--seed-file").arg(self.path(if self.seed { "seed" } else { "none" }));
        run(&mut command, "")
    }

    #[track_caller]
    fn expect(&self, environment: &str) -> String {
        self.render(environment).expect_ok()
    }

    /// Reasons of a refusal.
    #[track_caller]
    fn refused(&self) -> String {
        let finished = self.render("shop-pr-7");
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{}", finished.report());
        finished.stderr
    }
}

/// Lines of the object that begins with a kind and has a name.
#[track_caller]
fn values(yaml: &str, kind: &str) -> Vec<String> {
    let object = yaml.split("---\n").find(|text| text.contains(&format!("kind: {kind}\n"))).unwrap();
    object.lines().filter(|line| line.starts_with("  ")).map(str::to_owned).collect()
}

#[test]
fn random_values_are_equal_in_one_environment_and_different_in_others() {
    let charts = Charts::new(&[("secret.yaml", SECRET), ("app.yaml", WITH_CHECKSUM)]);
    let first = charts.expect("shop-pr-7");
    assert_eq!(first, charts.expect("shop-pr-7"), "another render of the environment");
    let other = charts.expect("shop-pr-8");
    charts.policy("other", "");
    let installed = charts.expect("shop-pr-7");
    for key in ["password", "words", "id", "bytes", "number", "letters", "hash", "other", "sealed"] {
        let line = |yaml: &str| {
            values(yaml, "Secret").into_iter().find(|line| line.trim().starts_with(&format!("{key}:"))).unwrap()
        };
        assert_ne!(line(&first), line(&other), "{key} in another environment");
        assert_ne!(line(&first), line(&installed), "{key} in another installation");
    }
}

#[test]
fn random_values_of_a_template_do_not_depend_on_other_templates() {
    let charts = Charts::new(&[("secret.yaml", SECRET)]);
    let secret = |yaml: &str| {
        values(yaml, "Secret").into_iter().filter(|line| !line.contains("environment.on-demand")).collect::<Vec<_>>()
    };
    let alone = secret(&charts.expect("shop-pr-7"));
    // Templates before and after it, and one that renders it a second time.
    charts.template(
        "a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { a: {{ randAlphaNum 5 | quote }} }\n",
    );
    charts.template("app.yaml", WITH_CHECKSUM);
    assert_eq!(secret(&charts.expect("shop-pr-7")), alone);
}

#[test]
fn values_that_differ_are_refused_with_object_and_field() {
    let charts = Charts::new(&[
        (
            "now.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: built }\ndata: { day: {{ now | date \"2006-01-02\" | quote }} }\n",
        ),
        (
            "ca.yaml",
            "{{ $ca := genCA \"shop\" 365 }}\napiVersion: v1\nkind: Secret\nmetadata: { name: ca }\nstringData: { ca.crt: {{ $ca.Cert | quote }} }\n",
        ),
    ]);
    expect_test::expect![[r#"
        templates/ca.yaml (rendered):4: Secret/ca
          rule:   random
          found:  `stringData["ca.crt"]` differs between two renders of the chart: the chart uses `date`, `genCA`, `now`, with another result at every render
          remedy: set the value in a values file, or use a Secret that exists before the chart, such as that of `secretRef`

        templates/now.yaml (rendered):4: ConfigMap/built
          rule:   random
          found:  `data.day` differs between two renders of the chart: the chart uses `date`, `genCA`, `now`, with another result at every render
          remedy: set the value in a values file, or use a Secret that exists before the chart, such as that of `secretRef`
    "#]]
    .assert_eq(&charts.refused());
}

#[test]
fn clock_without_effect_on_the_result_is_allowed() {
    let text = "{{ if now }}apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n{{ end }}";
    charts_with_dropped_certificate(text).expect("shop-pr-7");
}

fn charts_with_dropped_certificate(text: &str) -> Charts {
    let webhook = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: { name: a }\n\
                   webhooks: [{ clientConfig: { caBundle: {{ (genCA \"a\" 1).Cert | b64enc | quote }} } }]\n";
    Charts::new(&[("a.yaml", text), ("webhook.yaml", webhook)])
}

#[test]
fn random_values_without_a_seed_are_refused() {
    let mut charts = Charts::new(&[(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: {{ randAlphaNum 9 }} }\n",
    )]);
    charts.seed = false;
    let missing = charts.refused();
    assert!(missing.contains("Secret/db\n  rule:   random\n  found:  `stringData.password` differs"), "{missing}");
    assert!(
        missing.contains("uses `randAlphaNum`, and the seed file `") && missing.contains("none` does not exist"),
        "{missing}"
    );
    assert!(missing.contains("`eod-cmp init` prints both"), "{missing}");
    charts.seed = true;
    charts.policy("acme", "    helm: { random: refuse }\n");
    assert!(charts.refused().contains("and the policy sets `helm.random: refuse`"));
    // Another helm makes its values itself, and is run twice.
    charts.policy("acme", &format!("    helm: {{ binary: {} }}\n", Tool::StockHelm.path().display()));
    assert!(charts.refused().contains("differs between two renders of the chart: the chart makes random or"));
    charts.policy("acme", &format!("    helm: {{ binary: {}, random: stable }}\n", Tool::StockHelm.path().display()));
    assert!(charts.refused().contains("is not the helm of EoD's image"));
}

#[test]
fn output_is_equal_to_that_of_the_stock_helm() {
    let golden = eod_testkit::repository().join("tests/golden");
    let mut charts = Vec::new();
    find_charts(&golden, &mut charts);
    assert!(charts.len() >= 10, "there are {} charts", charts.len());
    for chart in charts {
        let [ours, stock] = [Tool::Helm, Tool::StockHelm].map(|tool| {
            let mut command = Command::new(tool.path());
            command.arg("template").arg("shop-pr-7").arg(&chart).args(["--namespace", "shop-pr-7", "--skip-tests"]);
            command.args(["--kube-version", "1.33.0", "--api-versions", "v1", "--api-versions", "acme.example/v1"]);
            let values = chart.join("values.yaml");
            if values.exists() {
                command.arg("--values").arg(values);
            }
            run(command.current_dir(tempfile::tempdir().unwrap().path()), "")
        });
        let error = stock.stderr.replace("\nUse --debug flag to render out invalid YAML\n", "");
        assert_eq!((ours.code, &ours.stdout), (stock.code, &stock.stdout), "{}", chart.display());
        assert_eq!(ours.stderr.trim_end(), error.trim_end(), "{}", chart.display());
    }
}

fn find_charts(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_charts(&path, found);
        } else if path.ends_with("Chart.yaml") {
            found.push(folder.to_owned());
        }
    }
}
