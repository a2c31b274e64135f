//! A PostgreSQL server, and PgBouncer in front of it.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    ADMIN, CERTIFIED, Certificates, LoopMount, PASSWORD, PLAIN_ONLY, READER, SUPERUSER, TLS_ONLY,
    process::{self, Supervised},
};
use crate::{
    command::{self, on_path},
    testbed,
    wait::wait_until,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Rules of the server for logins. The first rule that matches decides.
const LOGINS: &str = "\
hostssl   all eod_cert  127.0.0.1/32 cert
host      all eod_cert  127.0.0.1/32 reject
hostnossl all eod_tls   127.0.0.1/32 reject
hostssl   all eod_plain 127.0.0.1/32 reject
host      all all       127.0.0.1/32 scram-sha-256
host      replication all 127.0.0.1/32 scram-sha-256
local     all all                    scram-sha-256
";

/// A running PostgreSQL server with TLS. When it is dropped, or when this process ends, it stops and its folder is removed.
pub struct PostgresServer {
    /// Major version, for example 15.
    pub version: u32,
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Folder of the Unix socket.
    pub socket_folder: PathBuf,
    /// Folder of the programs of the server.
    pub programs: PathBuf,
    /// Certificates of the server and of a client.
    pub certificates: Certificates,
    supervised: Supervised,
}

/// Pool modes of PgBouncer.
#[derive(Clone, Copy, Debug)]
pub enum PoolMode {
    /// A connection belongs to one client until it disconnects.
    Session,
    /// A connection belongs to one client during a transaction.
    Transaction,
}

/// A running PgBouncer in front of a server.
pub struct PgBouncer {
    /// Port on 127.0.0.1.
    pub port: u16,
    _supervised: Supervised,
}

impl PostgresServer {
    /// Starts a server with the programs in a `bin` folder.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(bin: &Path) -> Result<Self, String> {
        Self::start_with(bin, &[])
    }

    /// Starts a server with the programs in a `bin` folder, and with settings that have precedence over those of the kit.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_with(bin: &Path, settings: &[(&str, &str)]) -> Result<Self, String> {
        Self::start_in(bin, process::folder("postgres")?, settings)
    }

    /// Starts a server with its data in a mounted file system, and with these settings.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_on(bin: &Path, mount: &LoopMount, settings: &[(&str, &str)]) -> Result<Self, String> {
        let folder = mount.folder.join("postgres");
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        process::give_away(&folder);
        Self::start_in(bin, folder, settings)
    }

    fn start_in(bin: &Path, folder: PathBuf, settings: &[(&str, &str)]) -> Result<Self, String> {
        // A link may be in a folder that the ordinary user cannot read.
        let bin = fs::canonicalize(bin).map_err(|error| format!("{}: {error}", bin.display()))?;
        let bin = process::usable(&bin, &folder.join("programs"))?;
        let data = folder.join("data");
        let text = |path: &Path| path.display().to_string();
        let passwords = folder.join("passwords");
        process::write(&passwords, PASSWORD, 0o600);
        process::give_away(&passwords);
        let mut initdb = process::unprivileged(bin.join("initdb"));
        initdb.args(["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"]);
        initdb.arg(format!("--username={SUPERUSER}")).arg(format!("--pwfile={}", text(&passwords))).arg(&data);
        let made = command::run(&mut initdb, "");
        if made.code != Some(0) {
            return Err(made.report());
        }
        // Single-user mode needs no client program.
        let mut single = process::unprivileged(bin.join("postgres"));
        single.args(["--single", "-F", "-D"]).arg(&data).arg("postgres");
        let made = command::run(&mut single, &roles());
        if made.code != Some(0) || made.stderr.contains("ERROR") {
            return Err(made.report());
        }
        fs::write(data.join("pg_hba.conf"), LOGINS).map_err(|error| error.to_string())?;
        Self::launch(bin, folder, settings)
    }

    /// Starts a standby of this server that never delays changes of its primary for a query: a query that needs rows which
    /// the primary has removed is cancelled at once. The programs must include `pg_basebackup`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn standby(&self) -> Result<Self, String> {
        let folder = process::folder("standby")?;
        let mut backup = process::unprivileged(self.programs.join("pg_basebackup"));
        backup.args(["--host=127.0.0.1", "--checkpoint=fast", "--write-recovery-conf", "--no-password"]);
        backup.arg(format!("--port={}", self.port)).arg(format!("--username={SUPERUSER}"));
        backup.arg(format!("--pgdata={}", folder.join("data").display())).env("PGPASSWORD", PASSWORD);
        let made = command::run(&mut backup, "");
        if made.code != Some(0) {
            return Err(made.report());
        }
        let settings = [("max_standby_streaming_delay", "0"), ("hot_standby_feedback", "off")];
        Self::launch(self.programs.clone(), folder, &settings)
    }

    /// Starts a server in the data folder of a folder.
    fn launch(bin: PathBuf, folder: PathBuf, others: &[(&str, &str)]) -> Result<Self, String> {
        let text = |path: &Path| path.display().to_string();
        let data = folder.join("data");
        let certificates = Certificates::create(&folder);
        let port = process::free_port()?;
        let settings = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("unix_socket_directories", text(&folder)),
            ("ssl", "on".to_owned()),
            ("ssl_ca_file", text(&certificates.authority)),
            ("ssl_cert_file", text(&certificates.server)),
            ("ssl_key_file", text(&certificates.server_key)),
            ("fsync", "off".to_owned()),
            ("max_connections", "200".to_owned()),
            ("log_min_messages", "info".to_owned()),
        ];
        let mut arguments = vec!["-D".to_owned(), text(&data)];
        for (name, value) in settings {
            arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
        for (name, value) in others {
            arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
        // SIGINT is the fast shutdown.
        let supervised = Supervised::start(folder.clone(), "INT", &bin.join("postgres"), &arguments)?;
        wait_until("PostgreSQL to be ready", PATIENCE, || {
            let status = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let ready = status.lines().nth(7).is_some_and(|line| line.trim() == "ready");
            if ready { Ok(()) } else { Err(supervised.log()) }
        });
        let version = fs::read_to_string(data.join("PG_VERSION")).map_err(|error| error.to_string())?;
        let version = version.trim().parse().map_err(|_| format!("unexpected PG_VERSION {version}"))?;
        eprintln!("kit: PostgreSQL {version} from {}", bin.display());
        Ok(Self { version, port, socket_folder: folder, programs: bin, certificates, supervised })
    }

    /// Data folder.
    pub fn data_folder(&self) -> PathBuf {
        self.socket_folder.join("data")
    }

    /// Log of the server until now.
    pub fn log(&self) -> String {
        self.supervised.log()
    }

    /// A PgBouncer in front of this server that ignores the startup parameter `options` if `ignore_options` is set.
    /// The roles [`SUPERUSER`] and [`ADMIN`] may log in.
    ///
    /// # Panics
    /// If it does not start.
    #[track_caller]
    pub fn pgbouncer(&self, mode: PoolMode, ignore_options: bool) -> PgBouncer {
        let program = on_path("pgbouncer").unwrap_or_else(|| testbed::build("postgres").unwrap().join("pgbouncer"));
        // The link may be in a folder that the ordinary user cannot read.
        let program = fs::canonicalize(&program).unwrap_or(program);
        let folder = process::folder("pgbouncer").unwrap();
        let port = process::free_port().unwrap();
        let users = folder.join("users");
        process::write(&users, &format!("\"{SUPERUSER}\" \"{PASSWORD}\"\n\"{ADMIN}\" \"{PASSWORD}\"\n"), 0o644);
        let mode = match mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        let ignored = if ignore_options { "ignore_startup_parameters = options\n" } else { "" };
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = {mode}\n{ignored}",
            self.port,
            users.display()
        );
        let file = folder.join("pgbouncer.ini");
        process::write(&file, &settings, 0o644);
        let supervised = Supervised::start(folder, "TERM", &program, &[file.display().to_string()]).unwrap();
        wait_until("PgBouncer to listen", PATIENCE, || {
            TcpStream::connect(("127.0.0.1", port)).map(drop).map_err(|error| format!("{error}: {}", supervised.log()))
        });
        PgBouncer { port, _supervised: supervised }
    }
}

/// Statements that create the roles of the kit, one per line.
fn roles() -> String {
    let login = |name: &str, options: &str| format!("CREATE ROLE {name} LOGIN {options} PASSWORD '{PASSWORD}'\n");
    [
        login(ADMIN, "CREATEDB CREATEROLE"),
        login(READER, ""),
        login(CERTIFIED, ""),
        login(TLS_ONLY, ""),
        login(PLAIN_ONLY, ""),
    ]
    .concat()
}
