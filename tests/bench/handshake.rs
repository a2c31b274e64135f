//! Time from the start of a provider's process to its handshake line.
//!
//! Terraform starts a provider two to seven times per command, one after the other.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P521_SHA512,
};
use tempfile::TempDir;

use crate::bench::{
    contestant::Contestant,
    measured::{Pair, Unit, megabytes},
    table::Table,
    usage::Usage,
};

/// The magic cookie.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Number of starts with a measurement of the memory, which is the same in all starts.
const LOOKS: usize = 10;

#[derive(Clone, Copy)]
struct Start {
    wall: Duration,
    cpu: Duration,
}

/// Starts each contestant many times.
///
/// # Errors
/// If a process does not start, or does not print a handshake line.
pub(crate) fn measure(contestants: &Pair<Contestant>, starts: usize, table: &mut Table) -> anyhow::Result<()> {
    let certificate = certificate()?;
    eprintln!("bench: {starts} starts of each provider");
    let temporary = TempDir::with_prefix("eod-b-")?;
    // In turn, so that a busy moment of the machine hurts both.
    let mut measured: Pair<Vec<Start>> = contestants.map(|_| Vec::with_capacity(starts));
    for _ in 0..starts {
        let start = contestants.try_map(|contestant| start(&contestant.provider, &certificate, temporary.path()))?;
        measured.ours.as_mut().zip(start.ours).into_iter().for_each(|(all, one)| all.push(one));
        measured.peer.as_mut().zip(start.peer).into_iter().for_each(|(all, one)| all.push(one));
    }
    let memory = contestants.try_map(|contestant| {
        let looks = (0..LOOKS).map(|_| resident(&contestant.provider, &certificate, temporary.path()));
        Ok(middle(looks.collect::<anyhow::Result<_>>()?))
    })?;

    let walls = measured.map(|all| all.iter().map(|start| start.wall.as_secs_f64() * 1e3).collect::<Vec<_>>());
    let cpus = measured.map(|all| all.iter().map(|start| start.cpu.as_secs_f64() * 1e3).collect::<Vec<_>>());
    let ms = Unit::Milliseconds;
    table.add("start to handshake, wall, least", ms, "", walls.map(|all| least(all)));
    table.add("start to handshake, wall, median", ms, "under 5 ms", walls.map(|all| middle(all.clone())));
    table.add("start to handshake, CPU, least", ms, "", cpus.map(|all| least(all)));
    table.add("start to handshake, CPU, median", ms, "", cpus.map(|all| middle(all.clone())));
    table.add("memory at the handshake", Unit::Megabytes, "under 10 MB", memory);
    Ok(())
}

fn start(provider: &Path, certificate: &str, temporary: &Path) -> anyhow::Result<Start> {
    let (before, begun) = (Usage::of_children()?, Instant::now());
    let mut process = spawn(provider, certificate, temporary)?;
    let greeted = greeting(&mut process);
    let wall = begun.elapsed();
    // At once, so that nothing but the start is counted.
    process.kill()?;
    process.wait()?;
    let cpu = Usage::of_children()?.cpu.saturating_sub(before.cpu);
    greeted.with_context(|| format!("the start of {}", provider.display()))?;
    Ok(Start { wall, cpu })
}

/// Memory of a process before its first call, in MB.
fn resident(provider: &Path, certificate: &str, temporary: &Path) -> anyhow::Result<f64> {
    let mut process = spawn(provider, certificate, temporary)?;
    let greeted = greeting(&mut process);
    let listed = Command::new("ps").args(["-o", "rss=", "-p"]).arg(process.id().to_string()).output();
    process.kill()?;
    process.wait()?;
    greeted?;
    let text = String::from_utf8(listed.context("`ps` is needed to see the memory of a process")?.stdout)?;
    let kib = text.trim().parse().with_context(|| format!("`ps -o rss=` said {text:?}"))?;
    Ok(megabytes(kib))
}

fn spawn(provider: &Path, certificate: &str, temporary: &Path) -> anyhow::Result<Child> {
    Command::new(provider)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", temporary)
        .env("TMPDIR", temporary)
        .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("PLUGIN_MIN_PORT", "10000")
        .env("PLUGIN_MAX_PORT", "25000")
        .env("PLUGIN_CLIENT_CERT", certificate)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", provider.display()))
}

/// Reads the first line, which must be a handshake with a certificate.
fn greeting(process: &mut Child) -> anyhow::Result<()> {
    let stdout = process.stdout.take().context("stdout is a pipe")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let fields: Vec<_> = line.trim_end().split('|').collect();
    let greets =
        matches!(fields.as_slice(), ["1", "5" | "6", "unix", _, "grpc", certificate, ..] if certificate.len() > 50);
    ensure!(greets, "expected a handshake with a certificate as the first line, got {line:?}");
    Ok(())
}

/// A certificate with the properties of Terraform's: self-signed, P-521, both an authority and a leaf.
fn certificate() -> anyhow::Result<String> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement, KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    let text = STANDARD.encode(params.self_signed(&key)?.der());
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    Ok(pem + "\n-----END CERTIFICATE-----\n")
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
