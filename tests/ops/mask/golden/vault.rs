//! Masking key and connection string from a real Vault, and the errors if they are not there.

use eod_testkit::{
    command::{self, Finished},
    postgres::{PASSWORD, SUPERUSER, servers},
    vault::Vault,
};

use super::{GoldenStory, KEY};

/// A story whose key and connection string are in Vault.
struct VaultStory {
    golden: GoldenStory,
    vault: &'static Vault,
    mount: String,
    /// Token that may read the secret of the story.
    token: String,
}

impl VaultStory {
    fn new(test: &str) -> Self {
        let golden = GoldenStory::new(servers().last().unwrap(), SUPERUSER);
        let vault = Vault::shared();
        let mount = vault.mount(test);
        let dsn = format!("{} password='{PASSWORD}'", golden.source_dsn(SUPERUSER));
        vault.put(&mount, "team/masking", &[("key", KEY), ("dsn", &dsn)]);
        let policy = format!("path \"{mount}/data/team/masking\" {{ capabilities = [\"read\"] }}");
        let token = vault.token_with(&[&vault.policy(test, &policy)], "10m");
        Self { golden, vault, mount, token }
    }

    /// Reference to a field of a secret.
    fn reference(&self, place: &str) -> String {
        format!("{}/{place}", self.mount)
    }

    /// Runs a command with these variables of Vault and no key of its own. No secret is printed.
    #[track_caller]
    fn eod(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        let mut command = self.golden.command(arguments);
        command.env_remove("EOD_MASKING_KEY").envs(variables.iter().copied());
        if let Some(pem) = self.vault.ca_pem() {
            command.env("VAULT_CACERT", pem);
        }
        let finished = command::run(&mut command, "");
        let printed = format!("{}{}", finished.stdout, finished.stderr);
        for secret in [KEY, PASSWORD, "canary", &self.token] {
            assert!(!printed.contains(secret), "a secret is printed: {printed}");
        }
        finished
    }

    /// A build with key and source from Vault.
    #[track_caller]
    fn build(&self, key: &str, source: &str, variables: &[(&str, &str)]) -> Finished {
        let tools = servers()[0].programs.display().to_string();
        let name = self.golden.name.as_str();
        let options = ["build", name, "--policy", "masking.yaml", "--tools", &tools];
        self.eod(&[&options[..], &["--key-vault", key, "--source-vault", source]].concat(), variables)
    }

    fn variables(&self) -> [(&str, &str); 2] {
        [("VAULT_ADDR", self.vault.address()), ("VAULT_TOKEN", &self.token)]
    }
}

#[test]
fn key_and_source_are_read_from_vault() {
    let story = VaultStory::new("maskgolden");
    let (key, source) = (story.reference("team/masking#key"), story.reference("team/masking#dsn"));
    let name = story.golden.name.as_str();
    story.build(&key, &source, &story.variables()).expect_ok();
    let verify = ["verify", name, "--policy", "masking.yaml", "--source-vault", &source];
    assert!(story.eod(&verify, &story.variables()).expect_ok().contains("values of the source were searched for"));
    story.golden.eod(&["publish", name]).expect_ok();
    // The key of the variable is the same one, so its build is accepted.
    let dsn = story.golden.source_dsn(SUPERUSER);
    story.golden.eod(&story.golden.build(&dsn)).expect_ok();

    // The other commands that read a source.
    for arguments in [&["check", "--policy", "masking.yaml"][..], &["suggest"]] {
        let all = [&["mask"][..], arguments, &["--source-vault", &source]].concat();
        let mut command = story.golden.mask.command(&all);
        command.env_remove("PGPASSWORD").envs(story.variables());
        command.envs(story.vault.ca_pem().map(|pem| ("VAULT_CACERT", pem)));
        command::run(&mut command, "").expect_ok();
    }
}

/// Reference to the key, variables of Vault, exit code, and parts of the error.
type AbsentCase<'a> = (&'a str, &'a [(&'a str, &'a str)], i32, &'a [&'a str]);

#[test]
fn secrets_that_are_not_there_have_an_error_with_a_remedy() {
    let story = VaultStory::new("maskabsent");
    let (key, source) = (story.reference("team/masking#key"), story.reference("team/masking#dsn"));
    let [address, token] = story.variables();
    let root = ("VAULT_TOKEN", story.vault.token());
    story.vault.put(&story.mount, "team/deleted", &[("key", KEY)]);
    story.vault.soft_delete(&story.mount, "team/deleted");
    let api_path = format!("path \"{}/data/team/other\"", story.mount);
    let field = story.reference("team/masking#password");
    let (absent, deleted) = (story.reference("team/absent#key"), story.reference("team/deleted#key"));
    let (other, whole) = (story.reference("team/other#key"), story.reference("team/masking"));
    let cases: [AbsentCase<'_>; 8] = [
        (&field, &[address, token], 1, &["has no string in field `password`", "name one of its fields: `dsn`, `key`"]),
        (&absent, &[address, root], 1, &["does not exist", "correct --key-vault"]),
        (&deleted, &[address, root], 1, &["is deleted", "vault kv undelete"]),
        (&other, &[address, token], 1, &["--key-vault: cannot read", &api_path]),
        (&whole, &[address, token], 2, &["expected MOUNT/PATH#FIELD", "no field is set"]),
        (&key, &[address], 1, &["no credentials for Vault are configured", "set VAULT_TOKEN"]),
        (&key, &[token], 1, &["no Vault is configured", "set VAULT_ADDR"]),
        (&key, &[address, ("VAULT_TOKEN", "hvs.invalid")], 1, &["--key-vault: ", "set VAULT_TOKEN to a valid token"]),
    ];
    for (reference, variables, code, parts) in cases {
        // The source is read before the key, and needs no Vault here.
        let dsn = story.golden.source_dsn(SUPERUSER);
        let build = story.golden.build(&dsn);
        let finished = story.eod(&[&build[..], &["--key-vault", reference]].concat(), variables);
        assert_eq!(finished.code, Some(code), "{reference}: {}", finished.report());
        for part in parts {
            assert!(finished.stderr.contains(part), "no `{part}` in {}", finished.report());
        }
    }
    let wrong = story.build(&key, &field, &story.variables());
    assert!(wrong.code == Some(1) && wrong.stderr.contains("--source-vault: secret"), "{}", wrong.report());
    // A field with something else than a connection string, or than a key.
    let wrong = story.build(&key, &key, &story.variables());
    assert!(wrong.code == Some(2) && wrong.stderr.contains("--source-vault: "), "{}", wrong.report());
    story.vault.put(&story.mount, "team/masking", &[("key", "short"), ("dsn", &story.golden.source_dsn(SUPERUSER))]);
    let wrong = story.build(&key, &source, &story.variables());
    assert!(wrong.code == Some(2) && wrong.stderr.contains("--key-vault: "), "{}", wrong.report());
    assert_eq!(story.golden.objects(), [""; 0]);
}
