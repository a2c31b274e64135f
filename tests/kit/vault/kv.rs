//! Secrets, written and read with the root token.

use serde_json::{Map, Value, json};

use super::{PATIENCE, Vault, unique};
use crate::wait::wait_until;

impl Vault {
    /// Mounts a KV v2 engine for one test; returns its path.
    #[track_caller]
    pub fn mount(&self, test: &str) -> String {
        let name = self.engine(test, "2");
        // The engine rejects all calls for a moment after it was mounted.
        wait_until("the KV v2 engine to be usable", PATIENCE, || {
            match self.call("GET", &format!("{name}/config"), None) {
                (200, _) => Ok(()),
                (status, answer) => Err(format!("{status} {answer}")),
            }
        });
        name
    }

    /// Mounts a KV v1 engine for one test; returns its path.
    #[track_caller]
    pub fn mount_v1(&self, test: &str) -> String {
        self.engine(test, "1")
    }

    #[track_caller]
    fn engine(&self, test: &str, version: &str) -> String {
        let name = unique(test);
        let engine = json!({ "type": "kv", "options": { "version": version } });
        self.client.done("POST", &format!("sys/mounts/{name}"), Some(&engine));
        name
    }

    /// Writes a secret unconditionally; returns its version.
    #[track_caller]
    pub fn put(&self, mount: &str, path: &str, pairs: &[(&str, &str)]) -> u64 {
        version(&self.client.done("POST", &data(mount, path), Some(&json!({ "data": map(pairs) }))))
    }

    /// The newest data of a secret; none if it does not exist or was deleted.
    #[track_caller]
    pub fn get(&self, mount: &str, path: &str) -> Option<Value> {
        let answer = self.found(&data(mount, path))?;
        Some(answer["data"]["data"].clone()).filter(|data| !data.is_null())
    }

    /// Versions, times and `custom_metadata` of a secret; none if it does not exist or was removed.
    #[track_caller]
    pub fn metadata(&self, mount: &str, path: &str) -> Option<Value> {
        self.found(&metadata(mount, path)).map(|answer| answer["data"].clone())
    }

    /// Replaces the whole `custom_metadata` of a secret.
    #[track_caller]
    pub fn put_custom_metadata(&self, mount: &str, path: &str, pairs: &[(&str, &str)]) {
        let body = json!({ "custom_metadata": map(pairs) });
        self.client.done("POST", &metadata(mount, path), Some(&body));
    }

    /// Names in a folder, sorted. Names of folders end with a slash.
    #[track_caller]
    pub fn list(&self, mount: &str, folder: &str) -> Vec<String> {
        let answer = match self.call("LIST", &metadata(mount, folder), None) {
            (200, answer) => answer,
            (404, _) => return Vec::new(),
            (status, answer) => panic!("LIST {mount}/{folder}: {status} {answer}"),
        };
        let names = answer["data"]["keys"].as_array().unwrap();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }

    /// Changes single keys like the Vault UI: reads the secret and writes all of it as a new version, with check-and-set.
    /// Returns the version.
    #[track_caller]
    pub fn patch_by_person(&self, mount: &str, path: &str, pairs: &[(&str, &str)]) -> u64 {
        let path = data(mount, path);
        let current = self.client.done("GET", &path, None);
        let mut all = current["data"]["data"].as_object().unwrap().clone();
        all.extend(map(pairs));
        let cas = &current["data"]["metadata"]["version"];
        version(&self.client.done("POST", &path, Some(&json!({ "data": all, "options": { "cas": cas } }))))
    }

    /// Soft-deletes the newest version; [`Vault::undelete`] restores it.
    #[track_caller]
    pub fn soft_delete(&self, mount: &str, path: &str) {
        self.client.done("DELETE", &data(mount, path), None);
    }

    /// Restores soft-deleted versions.
    #[track_caller]
    pub fn undelete(&self, mount: &str, path: &str, versions: &[u64]) {
        self.client.done("POST", &place(mount, "undelete", path), Some(&json!({ "versions": versions })));
    }

    /// Destroys the data of versions; their metadata remains.
    #[track_caller]
    pub fn destroy_versions(&self, mount: &str, path: &str, versions: &[u64]) {
        self.client.done("POST", &place(mount, "destroy", path), Some(&json!({ "versions": versions })));
    }

    /// Removes a secret with all its versions and metadata.
    #[track_caller]
    pub fn remove(&self, mount: &str, path: &str) {
        self.client.done("DELETE", &metadata(mount, path), None);
    }

    /// Writes a secret into a KV v1 engine.
    #[track_caller]
    pub fn put_v1(&self, mount: &str, path: &str, pairs: &[(&str, &str)]) {
        self.client.done("POST", &format!("{mount}/{}", encoded(path)), Some(&Value::Object(map(pairs))));
    }

    /// The data of a secret in a KV v1 engine.
    #[track_caller]
    pub fn get_v1(&self, mount: &str, path: &str) -> Option<Value> {
        self.found(&format!("{mount}/{}", encoded(path))).map(|answer| answer["data"].clone())
    }

    #[track_caller]
    fn found(&self, path: &str) -> Option<Value> {
        match self.call("GET", path, None) {
            (200, answer) => Some(answer),
            (404, _) => None,
            (status, answer) => panic!("GET {path}: {status} {answer}"),
        }
    }
}

/// Path of a call for the data of a KV v2 secret.
pub fn data(mount: &str, path: &str) -> String {
    place(mount, "data", path)
}

/// Path of a call for the metadata of a KV v2 secret.
pub fn metadata(mount: &str, path: &str) -> String {
    place(mount, "metadata", path)
}

fn place(mount: &str, kind: &str, path: &str) -> String {
    format!("{mount}/{kind}/{}", encoded(path))
}

/// Percent-encodes all characters except those that are valid in a URL's path, slashes included.
fn encoded(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(byte).collect()
}

fn map(pairs: &[(&str, &str)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect()
}

#[track_caller]
fn version(answer: &Value) -> u64 {
    answer["data"]["version"].as_u64().unwrap()
}
