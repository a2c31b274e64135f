//! Finds a Vault server or starts one.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Client, PATIENCE, audit, unique};
use crate::{access::Access, command::on_path, keep_folders, testbed};

/// A ready server, with its process if the kit started it.
pub struct VaultServer {
    /// Address and root token.
    pub access: Access,
    /// Path of the audit log.
    pub audit: PathBuf,
    /// Unseal key; none for a server of `EOD_TEST_VAULT_ADDR`.
    pub unseal_key: Option<String>,
    process: Option<VaultProcess>,
}

/// A process that stops and removes its files when its stdin is closed, which happens in any case when this process
/// ends.
struct VaultProcess(Child);

/// Runs `$1 server -dev` until stdin is closed. `$2` is its folder, `$3` is set if the folder is kept. Vault itself
/// does not read its stdin.
const DEVELOPMENT: &str = r#"
"$1" server -dev -dev-no-store-token >"$2/output" 2>&1 &
server=$!
cat >/dev/null
kill "$server"
wait "$server"
[ "$3" = keep ] || rm -rf "$2"
"#;

impl VaultServer {
    /// The shared server. A line on stderr names it.
    ///
    /// # Errors
    /// If there is no server and none can be started.
    pub fn find() -> Result<Self, String> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(address) = variable("EOD_TEST_VAULT_ADDR") {
            eprintln!("kit: Vault from EOD_TEST_VAULT_ADDR={address}");
            let token = variable("VAULT_TOKEN").ok_or("EOD_TEST_VAULT_ADDR is set and VAULT_TOKEN is not")?;
            let authority = variable("VAULT_CACERT").map(|file| read(file.as_ref())).transpose()?;
            return Self::given(&address, token, authority);
        }
        match on_path("vault") {
            Some(program) => Self::develop(&program),
            None => Self::start(false),
        }
    }

    /// A server of `EOD_TEST_VAULT_ADDR`. If it has no audit log that this machine can read, one is enabled.
    ///
    /// # Errors
    /// If the server cannot be reached, rejects the token, or has no readable audit log.
    pub fn given(address: &str, token: String, ca_pem: Option<String>) -> Result<Self, String> {
        let access = Access { server: address.trim_end_matches('/').to_owned(), ca_pem, token };
        let client = Client::new(&access);
        match client.try_call("GET", "auth/token/lookup-self", None) {
            Ok((200, _)) => {}
            Ok((status, answer)) => return Err(format!("{address} refuses the token: {status} {answer}")),
            Err(error) => return Err(format!("{address} cannot be reached: {error}")),
        }
        let audit = audit_log(&client, &std::env::temp_dir())?;
        Ok(Self { access, audit, unseal_key: None, process: None })
    }

    /// The testbed's server.
    ///
    /// # Errors
    /// If the binary cannot be built or does not start.
    pub fn start(tls: bool) -> Result<Self, String> {
        let binary = binary()?;
        let mut errors = tempfile::tempfile().map_err(|error| error.to_string())?;
        let mut command = Command::new(binary);
        command.arg("--until-stdin-closes").args(tls.then_some("--tls"));
        if keep_folders() {
            let folder = std::env::temp_dir().join(format!("eod-vault-{}", unique("kept")));
            eprintln!("kit: Vault's folder is {}", folder.display());
            command.arg("--dir").arg(folder);
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().map_err(|error| error.to_string())?)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        match process.stdout.take().and_then(announcement) {
            Some(said) => Self::announced(&said, VaultProcess(process)),
            None => Err(format!("{} ended before it was ready: {}", binary.display(), written(&mut errors))),
        }
    }

    fn announced(said: &Value, process: VaultProcess) -> Result<Self, String> {
        let text = |key: &str| said.get(key).and_then(Value::as_str).ok_or_else(|| format!("no {key} in {said}"));
        let ca_pem = text("ca").ok().map(|file| read(file.as_ref())).transpose()?;
        let token = read(text("token_file")?.as_ref())?;
        Ok(Self {
            access: Access { server: text("address")?.to_owned(), ca_pem, token },
            audit: text("audit")?.into(),
            unseal_key: Some(read(text("unseal_key_file")?.as_ref())?),
            process: Some(process),
        })
    }

    /// `vault server -dev`, which stores all data in memory.
    ///
    /// # Errors
    /// If Vault does not start.
    pub fn develop(program: &Path) -> Result<Self, String> {
        eprintln!("kit: Vault from {} (on PATH), in development mode", program.display());
        let folder = std::env::temp_dir().join(format!("eod-vault-{}", unique("dev")));
        std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let address = free_address().map_err(|error| error.to_string())?;
        let process = Command::new("sh")
            .args(["-c", DEVELOPMENT, "sh"])
            .args([program, &folder])
            .arg(if keep_folders() { "keep" } else { "remove" })
            .env("HOME", &folder)
            .env("VAULT_DEV_LISTEN_ADDRESS", &address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start a shell: {error}"))?;
        let process = VaultProcess(process);
        let (unseal_key, token) = secrets(&folder.join("output"))?;
        let access = Access { server: format!("http://{address}"), ca_pem: None, token };
        let audit = audit_log(&Client::new(&access), &folder)?;
        Ok(Self { access, audit, unseal_key: Some(unseal_key), process: Some(process) })
    }

    /// True if the kit started it, so that no other program uses it.
    pub fn ours(&self) -> bool {
        self.process.is_some()
    }
}

impl Drop for VaultProcess {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Waits until it has removed its folder.
        drop(self.0.wait());
    }
}

/// Path of the testbed's binary: on PATH, in the cache, or built now. A line on stderr says which. The result, also an
/// error, is the same for the whole process.
///
/// # Errors
/// If the binary cannot be built.
pub fn binary() -> Result<&'static Path, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let find = || {
        let (found, place) = match on_path("eod-vault") {
            Some(found) => (found, "on PATH"),
            None => (testbed::build("vault")?, "cache"),
        };
        eprintln!("kit: Vault from {} ({place})", found.display());
        Ok(found)
    };
    FOUND.get_or_init(find).as_deref().map_err(Clone::clone)
}

/// An audit log of the server that this machine can read; enabled if there is none.
fn audit_log(client: &Client, folder: &Path) -> Result<PathBuf, String> {
    if let Some((_, file)) = audit::devices(client).into_iter().next() {
        return Ok(file);
    }
    let name = unique("audit");
    let file = folder.join(format!("{name}.log"));
    audit::enable(client, &name, &file)?;
    Ok(file)
}

/// Waits until a development server has printed its unseal key and its root token.
fn secrets(output: &Path) -> Result<(String, String), String> {
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(output).unwrap_or_default();
        let said = |label: &str| Some(text.lines().find_map(|line| line.trim().strip_prefix(label))?.trim().to_owned());
        if let (Some(key), Some(token)) = (said("Unseal Key:"), said("Root Token:")) {
            return Ok((key, token));
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("`vault server -dev` was not ready after {PATIENCE:?}; its output: {text}"));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Reads the line that the testbed's server prints when it is ready.
fn announcement(stdout: impl Read) -> Option<Value> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}

fn free_address() -> std::io::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn written(errors: &mut File) -> String {
    let mut text = String::new();
    let read = errors.rewind().and_then(|()| errors.read_to_string(&mut text));
    read.map_or_else(|error| error.to_string(), |_| text)
}
