//! Test double with two roles: `eod-cmp` itself, for tests that need a process, and helm in the sandbox. As helm it
//! performs the action in the chart's file `do` and prints the results.

use std::fs;
use std::io::{self, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, ExitCode};
use std::thread;

use rustix::process::{Resource, Rlimit, setrlimit};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if std::env::args_os().nth(1).is_none_or(|command| command != "template") {
        return eod_cmp_server::run(arguments);
    }
    let action = fs::read_to_string("chart/do").unwrap_or_default();
    match action.trim() {
        "hang" => loop {
            thread::park();
        },
        "flood" => loop {
            if io::stdout().write_all(&[b'x'; 1 << 16]).is_err() {
                return ExitCode::FAILURE;
            }
        },
        "fail" => {
            let home = std::env::var("HOME").unwrap_or_default();
            let _ = writeln!(io::stderr(), "Error: {home}/chart/templates/a.yaml:3: no such function");
            return ExitCode::from(1);
        }
        "crash" => {
            let trace = "goroutine 1 [running]:\nmain.main()\n".repeat(100);
            let _ = writeln!(io::stderr(), "runtime: goroutine stack exceeds\nfatal error: stack overflow\n\n{trace}");
            return ExitCode::from(2);
        }
        // A CPU limit ends a process with SIGKILL, like a lack of memory in its container.
        "killed" => {
            let second = Rlimit { current: Some(1), maximum: Some(1) };
            if setrlimit(Resource::Cpu, second).is_err() {
                return ExitCode::FAILURE;
            }
            loop {
                std::hint::spin_loop();
            }
        }
        "exhaust" => {
            let _ = writeln!(io::stderr(), "fatal error: out of memory");
            return ExitCode::from(2);
        }
        // The protocol of the helm in EoD's image: its output is the first key, which the second render replaces.
        "random" | "unstable" => return with_random_values(action.trim()),
        "vary rand" => {
            let now = std::time::SystemTime::now();
            let _ = writeln!(io::stdout(), "{now:?}");
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let mut lines = vec![format!("arguments {:?}", arguments.by_ref().collect::<Vec<_>>())];
    let mut variables: Vec<_> = std::env::vars().map(|(name, _)| name).collect();
    variables.sort();
    lines.push(format!("variables {variables:?}"));
    let mut tried = |what: &str, result: io::Result<()>| {
        lines.push(format!("{what} {}", if result.is_ok() { "possible" } else { "impossible" }));
    };
    let outside = action.trim();
    tried(
        "thread",
        thread::Builder::new().spawn(|| ()).and_then(|thread| thread.join().map_err(|_| io::Error::other("panic"))),
    );
    tried("write at home", fs::write("own", "x"));
    tried("read at home", fs::read("chart/do").map(drop));
    tried("read outside", fs::read(outside).map(drop));
    tried("list outside", fs::read_dir("/").map(drop));
    tried("write outside", fs::write(format!("{outside}.new"), "x"));
    tried("read processes", fs::read("/proc/self/environ").map(drop));
    tried("link", std::os::unix::fs::symlink("/", "link"));
    tried("process", Command::new("/bin/true").status().map(drop));
    tried("tcp", TcpStream::connect("127.0.0.1:9").map(drop).or_else(refused_is_possible));
    tried("udp", UdpSocket::bind("127.0.0.1:0").map(drop));
    tried("unix socket", UnixListener::bind("socket").map(drop));
    tried("socket pair", UnixStream::pair().map(drop));
    let text = lines.join("\n") + "\n";
    if io::stdout().write_all(text.as_bytes()).is_err() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn with_random_values(kind: &str) -> ExitCode {
    let keys = fs::read_to_string("random.json").unwrap_or_default();
    let keys: Vec<&str> = keys.split('"').filter(|part| part.len() == 64).collect();
    let [first, second] = keys.as_slice() else { return ExitCode::FAILURE };
    let differs = first != second || kind == "unstable";
    let name = if kind == "unstable" { "now" } else { "randAlpha" };
    let report = format!("{{\"{kind}\": [\"{name}\"], \"differs\": {differs}}}");
    let written = fs::write("report.json", report).and_then(|()| fs::write("second.yaml", second));
    let written = written.and_then(|()| io::stdout().write_all(first.as_bytes()));
    if written.is_err() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A refused connection proves that sockets are available.
fn refused_is_possible(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::ConnectionRefused { Ok(()) } else { Err(error) }
}
