//! Chart repository: a folder with an index and archives.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use http::{HeaderValue, StatusCode, header};

use super::server::{HttpsServer, login, reply};

/// A repository that requires basic authentication. It stops when it is dropped.
pub struct ChartRepository {
    server: HttpsServer,
    state: Arc<Mutex<RepositoryState>>,
}

/// Settings and requests of a repository.
#[derive(Default)]
struct RepositoryState {
    /// URL to which archives are redirected.
    archives: Option<String>,
    /// Path of each request, with the login in front of it.
    requests: Vec<String>,
}

impl ChartRepository {
    /// Serves the files of a folder. `required` is user and password as `user:password`; none for a public repository.
    pub fn serve(folder: &Path, required: Option<&str>) -> Self {
        let state: Arc<Mutex<RepositoryState>> = Arc::default();
        let (seen, folder, required) = (Arc::clone(&state), folder.to_owned(), required.map(ToOwned::to_owned));
        let server = HttpsServer::start(move |request| {
            let (path, login) = (request.uri().path().trim_start_matches('/'), login(request));
            let mut state = seen.lock().unwrap();
            state.requests.push(format!("{}/{path}", login.as_deref().unwrap_or("nobody")));
            if required.is_some() && login != required {
                return reply(StatusCode::UNAUTHORIZED, "");
            }
            match &state.archives {
                Some(target) if path.ends_with(".tgz") => {
                    let mut reply = reply(StatusCode::FOUND, "");
                    let target = HeaderValue::try_from(format!("{target}/{path}")).unwrap();
                    reply.headers_mut().insert(header::LOCATION, target);
                    reply
                }
                _ => match fs::read(folder.join(path)) {
                    Ok(bytes) => reply(StatusCode::OK, bytes),
                    Err(_) => reply(StatusCode::NOT_FOUND, ""),
                },
            }
        });
        Self { server, state }
    }

    /// URL of the repository.
    pub fn url(&self) -> String {
        format!("https://{}", self.server.host)
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.server.host
    }

    /// Certificate in PEM, which clients have to trust.
    pub fn certificate(&self) -> &str {
        &self.server.certificate
    }

    /// Redirects requests of archives to another URL.
    pub fn redirect_archives(&self, target: &str) {
        self.state.lock().unwrap().archives = Some(target.to_owned());
    }

    /// Requests so far, each as login and path, such as `user:pass/index.yaml`. Requests without a login begin with
    /// `nobody`.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}
