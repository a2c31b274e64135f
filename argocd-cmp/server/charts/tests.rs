//! Fetches from an HTTPS server of the test, which can also lie, hang and flood.

mod server;

use std::fs;
use std::sync::atomic::Ordering;

use eod_render::ChartRepository;
use sha2::{Digest as _, Sha256};

use self::server::{Reply, TestServer};
use super::*;
use crate::archive::tests::writer::{Tar, gzip};

const NAME: &str = "db";
const VERSION: &str = "1.2.3";

fn archive(extra: impl FnOnce(&mut Tar)) -> Vec<u8> {
    let mut tar = Tar::default();
    tar.file("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.2.3\n");
    extra(&mut tar);
    gzip(&tar.end())
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes).into())
}

fn index(digest: &str, url: &str) -> Reply {
    Reply::ok(format!("entries:\n  db:\n  - version: 1.2.3\n    digest: {digest}\n    urls: [\"{url}\"]\n"))
}

fn dependency(repository: &str) -> ChartDependency {
    let repository: ChartRepository = repository.parse().unwrap();
    ChartDependency { name: NAME.to_owned(), version: VERSION.to_owned(), repository }
}

/// Store that trusts the servers, with the content of a credentials file.
fn store(servers: &[&TestServer], credentials: &str) -> ChartStore {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), credentials).unwrap();
    let path = file.into_temp_path().keep().unwrap();
    let roots = servers.iter().map(|server| server.certificate.clone()).collect();
    ChartStore { roots, ..ChartStore::new(&path) }
}

fn minute() -> RenderProgress {
    RenderProgress::until(Instant::now() + Duration::from_secs(60))
}

/// Fetches from a server with an index and an archive.
fn fetched(index: Reply, archive: Reply) -> Result<Arc<[u8]>, String> {
    let server = TestServer::start(move |request| match request.path.as_str() {
        "/stable/index.yaml" => index.clone(),
        "/stable/db-1.2.3.tgz" => archive.clone(),
        _ => Reply::status(404),
    });
    let store = store(&[&server], "{}");
    let fetched = store.fetch(&dependency(&format!("https://{}/stable", server.host)), &minute());
    fetched.map_err(|error| format!("{}\n{}", error.message, error.remedy).replace(&server.host, "HOST"))
}

#[test]
fn archive_of_an_index_is_fetched_and_kept() {
    let content = archive(|_| {});
    let (index, reply) = (index(&digest(&content), "db-1.2.3.tgz"), Reply::ok(content.clone()));
    let server = TestServer::start(move |request| match request.path.as_str() {
        "/stable/index.yaml" => index.clone(),
        "/stable/db-1.2.3.tgz" => reply.clone(),
        _ => Reply::status(404),
    });
    let store = store(&[&server], "{}");
    let dependency = dependency(&format!("https://{}/stable", server.host));
    // Concurrent renders fetch once.
    std::thread::scope(|scope| {
        let renders = [(); 6].map(|()| scope.spawn(|| store.fetch(&dependency, &minute()).unwrap()));
        renders.into_iter().for_each(|render| assert_eq!(*render.join().unwrap(), *content));
    });
    assert_eq!(server.requests.load(Ordering::Relaxed), 2, "one index and one archive");
    server.stop();
    assert_eq!(*store.fetch(&dependency, &minute()).unwrap(), *content, "without the server");
}

#[test]
fn changed_content_is_refused() {
    let content = archive(|_| {});
    let other = archive(|tar| {
        tar.file("db/values.yaml", "a: 1");
    });
    let problem = fetched(index(&digest(&other), "db-1.2.3.tgz"), Reply::ok(content.clone())).unwrap_err();
    let expected = format!(
        "`https://HOST/stable/db-1.2.3.tgz`: expected the digest {} of the index, got {}\n\
         have the repository generate its index again (`helm repo index`)",
        digest(&other),
        digest(&content)
    );
    assert_eq!(problem, expected);

    // Index and archive change together, after the first render.
    let (first, second) = (content.clone(), other.clone());
    let server = TestServer::start(move |request| {
        let content = if request.number < 2 { &first } else { &second };
        if request.path.ends_with("index.yaml") {
            index(&digest(content), "db.tgz")
        } else {
            Reply::ok(content.clone())
        }
    });
    let store = store(&[&server], "{}");
    let dependency = dependency(&format!("https://{}", server.host));
    store.fetch(&dependency, &minute()).unwrap();
    store.lock().archives.clear();
    let error = store.fetch(&dependency, &minute()).unwrap_err();
    assert!(error.message.contains("has changed: expected the digest"), "{error}");
    assert!(error.remedy.contains("as a new version"), "{}", error.remedy);
}

#[test]
fn missing_and_denied_charts_have_a_remedy() {
    let content = archive(|_| {});
    let problem = fetched(Reply::status(404), Reply::status(404)).unwrap_err();
    assert!(
        problem.starts_with("`https://HOST/stable/index.yaml` does not exist (status 404)\ncorrect the "),
        "{problem}"
    );
    let problem = fetched(Reply::status(401), Reply::status(404)).unwrap_err();
    assert!(problem.contains("access denied (status 401)") && problem.contains("--registry-config"), "{problem}");
    let problem = fetched(index(&digest(&content), "other.tgz"), Reply::ok(content.clone())).unwrap_err();
    assert!(problem.contains("`https://HOST/stable/other.tgz` does not exist"), "{problem}");
    let problem = fetched(Reply::ok("entries: {}"), Reply::ok(content)).unwrap_err();
    assert!(problem.contains("it has no version 1.2.3 of `db`"), "{problem}");
    let problem = fetched(Reply::status(500), Reply::status(404)).unwrap_err();
    assert!(problem.contains("expected the status 200, got 500"), "{problem}");
    // A server with an unknown certificate.
    let server = TestServer::start(|_| Reply::status(200));
    let error = store(&[], "{}").fetch(&dependency(&format!("https://{}", server.host)), &minute()).unwrap_err();
    assert!(error.message.contains("cannot be read"), "{error}");
    server.stop();
}

#[test]
fn hostile_archives_are_refused() {
    let problem = |content: Vec<u8>| fetched(index(&digest(&content), "db-1.2.3.tgz"), Reply::ok(content)).unwrap_err();
    let with = |extra: &dyn Fn(&mut Tar)| problem(archive(|tar| extra(tar)));
    assert!(
        with(&|tar| {
            tar.link("db/link", "/etc/passwd");
        })
        .contains("must have only files, got an entry of the type")
    );
    assert!(
        with(&|tar| {
            tar.file("db/../../x", "a");
        })
        .contains("invalid path `db/../../x`")
    );
    assert!(
        with(&|tar| {
            tar.file("/etc/x", "a");
        })
        .contains("invalid path")
    );
    assert!(
        with(&|tar| {
            tar.file("other/x", "a");
        })
        .contains("expected files below `db`, got `other/x`")
    );
    assert!(problem(b"no archive".to_vec()).contains("invalid archive"));
    let mut tar = Tar::default();
    assert!(problem(gzip(&tar.file("db/values.yaml", "").end())).contains("it has no file `db/Chart.yaml`"));
    let large = "0".repeat(4 << 20);
    assert!(
        with(&|tar| (0..17).for_each(|at| {
            tar.file(&format!("db/{at}"), &large);
        }))
        .contains("must have at most")
    );
}

#[test]
fn huge_and_slow_replies_end_within_their_limits() {
    let content = archive(|_| {});
    let (digest, flood) = (digest(&content), vec![0; MAX_ARCHIVE + 1]);
    let problem = fetched(index(&digest, "db-1.2.3.tgz"), Reply::ok(flood.clone())).unwrap_err();
    assert!(problem.contains("must have at most 16777216 bytes"), "{problem}");
    // Without a declared length.
    let problem =
        fetched(index(&digest, "db-1.2.3.tgz"), Reply { declares_length: false, ..Reply::ok(flood) }).unwrap_err();
    assert!(problem.contains("must have at most 16777216 bytes"), "{problem}");

    let server = TestServer::start(|_| Reply { hangs: true, ..Reply::status(200) });
    let store = store(&[&server], "{}");
    let dependency = dependency(&format!("https://{}", server.host));
    let soon = || RenderProgress::until(Instant::now() + Duration::from_millis(300));
    assert!(store.fetch(&dependency, &soon()).unwrap_err().message.ends_with(": timed out"));
    // Another render waits for the fetch of the first until its own deadline.
    let (long, short) = (minute(), soon());
    std::thread::scope(|scope| {
        let first = scope.spawn(|| store.fetch(&dependency, &long));
        while store.lock().running.is_empty() {
            std::thread::yield_now();
        }
        assert!(store.fetch(&dependency, &short).unwrap_err().message.ends_with(": timed out"));
        long.cancel();
        assert!(first.join().unwrap().is_err());
    });
    assert!(store.lock().running.is_empty());
    server.stop();
}

#[test]
fn credentials_stay_on_their_host() {
    let content = archive(|_| {});
    let reply = Reply::ok(content.clone());
    let other = TestServer::start(
        move |request| if request.authorization.is_none() { reply.clone() } else { Reply::status(400) },
    );
    let (digest, target) = (digest(&content), format!("https://{}/db.tgz", other.host));
    let server = TestServer::start(move |request| match request.authorization.as_deref() {
        Some("Basic dXNlcjpwYXNz") if request.path == "/index.yaml" => index(&digest, "db.tgz"),
        Some("Basic dXNlcjpwYXNz") => Reply::redirect(&target),
        _ => Reply::status(401),
    });
    let credentials =
        format!(r#"{{"auths": {{"https://{}/": {{"username": "user", "password": "pass"}}}}}}"#, server.host);
    let with = store(&[&server, &other], &credentials);
    let dependency = dependency(&format!("https://{}", server.host));
    assert_eq!(*with.fetch(&dependency, &minute()).unwrap(), *content);
    assert_eq!(other.requests.load(Ordering::Relaxed), 1);
    let error = store(&[&server, &other], "{}").fetch(&dependency, &minute()).unwrap_err();
    assert!(error.message.contains("access denied (status 401)"), "{error}");
    let error = store(&[&server], "{ secret").fetch(&dependency, &minute()).unwrap_err();
    assert!(
        error.message.contains("cannot be read: it is not valid JSON") && !error.message.contains("secret"),
        "{error}"
    );
}

#[test]
fn redirects_are_limited() {
    let problem = fetched(Reply::redirect("/stable/index.yaml"), Reply::status(404)).unwrap_err();
    assert!(problem.contains("redirects more than 5 times"), "{problem}");
    let problem = fetched(Reply::redirect("http://127.0.0.1/"), Reply::status(404)).unwrap_err();
    assert!(problem.contains("redirects to `http://127.0.0.1/`, which is not HTTPS"), "{problem}");
}

/// Registry that requires a token of `realm`.
fn registry(content: Vec<u8>, manifest: String, realm: impl Fn(&str) -> String + Send + Sync + 'static) -> TestServer {
    TestServer::start(move |request| {
        let is_allowed = request.authorization.as_deref() == Some("Bearer good");
        match request.path.as_str() {
            "/token?service=registry&scope=repository%3Acharts%2Fdb%3Apull" => match request.authorization.as_deref() {
                Some("Basic dXNlcjpwYXNz") => Reply::ok(r#"{"token": "good"}"#),
                _ => Reply::status(401),
            },
            _ if !is_allowed => {
                let challenge = format!("Bearer realm=\"{}\",service=\"registry\"", realm(&request.host));
                Reply { headers: vec![("www-authenticate".to_owned(), challenge)], ..Reply::status(401) }
            }
            "/v2/charts/db/manifests/1.2.3" => Reply::ok(manifest.clone()),
            path if path == format!("/v2/charts/db/blobs/sha256:{}", digest(&content)) => Reply::ok(content.clone()),
            _ => Reply::status(404),
        }
    })
}

fn manifest(digest: &str) -> String {
    let media = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    format!(r#"{{"layers": [{{"mediaType": "text/plain"}}, {{"mediaType": "{media}", "digest": "sha256:{digest}"}}]}}"#)
}

#[test]
fn chart_of_a_registry_is_fetched_with_a_token() {
    let content = archive(|_| {});
    let realm = |host: &str| format!("https://{host}/token");
    let server = registry(content.clone(), manifest(&digest(&content)), realm);
    let credentials = format!(r#"{{"auths": {{"{}": {{"auth": "dXNlcjpwYXNz"}}}}}}"#, server.host);
    let dependency = dependency(&format!("oci://{}/charts", server.host));
    assert_eq!(*store(&[&server], &credentials).fetch(&dependency, &minute()).unwrap(), *content);
    let error = store(&[&server], "{}").fetch(&dependency, &minute()).unwrap_err();
    assert!(error.message.contains("/token") && error.message.contains("access denied"), "{error}");
    assert!(!error.message.contains("dXNlcjpwYXNz"), "{error}");
}

#[test]
fn registry_cannot_send_credentials_to_another_host() {
    let thief = TestServer::start(|request| {
        assert_eq!(request.authorization, None);
        Reply::ok(r#"{"token": "stolen"}"#)
    });
    let realm = format!("https://{}/token", thief.host);
    let content = archive(|_| {});
    let server = registry(content.clone(), manifest(&digest(&content)), move |_| realm.clone());
    let credentials = format!(r#"{{"auths": {{"{}": {{"auth": "dXNlcjpwYXNz"}}}}}}"#, server.host);
    let dependency = dependency(&format!("oci://{}/charts", server.host));
    let error = store(&[&server, &thief], &credentials).fetch(&dependency, &minute()).unwrap_err();
    assert!(error.message.contains("access denied (status 401)"), "{error}");
    assert_eq!(thief.requests.load(Ordering::Relaxed), 1);
}

#[test]
fn lying_registry_is_refused() {
    let content = archive(|_| {});
    let fetch = |layer: &[u8], manifest: String, declared: Option<String>| {
        let layer = layer.to_vec();
        let server = TestServer::start(move |request| {
            if request.path.contains("/manifests/") {
                let headers =
                    declared.iter().map(|digest| ("docker-content-digest".to_owned(), digest.clone())).collect();
                Reply { headers, ..Reply::ok(manifest.clone()) }
            } else {
                Reply::ok(layer.clone())
            }
        });
        let dependency = dependency(&format!("oci://{}/charts", server.host));
        store(&[&server], "{}").fetch(&dependency, &minute()).map_err(|error| error.message)
    };
    let good = manifest(&digest(&content));
    let declared = format!("sha256:{}", digest(good.as_bytes()));
    assert!(fetch(&content, good.clone(), Some(declared)).is_ok());
    let other = format!("sha256:{}", digest(b"other"));
    let problem = fetch(&content, good.clone(), Some(other)).unwrap_err();
    assert!(problem.contains("the manifest has another digest than the registry declares"), "{problem}");
    assert!(fetch(b"other", good, None).unwrap_err().contains("the content has another digest"));
    for bad in ["{}", "no manifest", r#"{"layers": [{"mediaType": "text/plain", "digest": "sha256:00"}]}"#] {
        let problem = fetch(&content, bad.to_owned(), None).unwrap_err();
        assert!(problem.contains("the manifest has no layer with a chart"), "{bad}: {problem}");
    }
}
