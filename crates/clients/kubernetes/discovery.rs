//! Discovery of kinds that a cluster may not have, such as those of custom resource definitions.

use serde_json::Value;

use super::{
    client::Kubernetes,
    object::{KindRef, escape},
    request::{ApiRequest, JSON, Verb},
};
use crate::{Deadline, Error, ErrorKind};

impl Kubernetes {
    /// Finds a kind by its API group and its plural, in the newest version that serves it; `None` if the cluster does not
    /// have it. Discovery needs no right on the kind itself.
    ///
    /// # Errors
    ///
    /// A request failed for another reason than a missing group.
    pub async fn find_kind(&self, group: &str, plural: &str, deadline: &Deadline) -> Result<Option<KindRef>, Error> {
        let path = format!("/apis/{}", escape(group));
        let Some(found) = self.discovered(path, format!("API group `{group}`"), deadline).await? else {
            return Ok(None);
        };
        // The server lists the newest stable version first.
        let versions = found.get("versions").and_then(Value::as_array);
        for version in versions.into_iter().flatten() {
            let Some(api_version) = version.get("groupVersion").and_then(Value::as_str) else { continue };
            let target = format!("API `{api_version}`");
            let Some(found) = self.discovered(format!("/apis/{api_version}"), target, deadline).await? else {
                continue;
            };
            if let Some(kind) = kind_of(&found, plural) {
                let (api_version, plural) = (api_version.to_owned(), plural.to_owned());
                return Ok(Some(KindRef { api_version, plural, kind }));
            }
        }
        Ok(None)
    }

    /// A document of the discovery API; `None` for a 404.
    async fn discovered(&self, path: String, target: String, deadline: &Deadline) -> Result<Option<Value>, Error> {
        let ask = ApiRequest { verb: Verb::Get, target, path, body: None, accept: JSON };
        match self.send::<Value>(&ask, deadline).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn kind_of(resources: &Value, plural: &str) -> Option<String> {
    let resources = resources.get("resources").and_then(Value::as_array)?;
    let text = |resource: &Value, key: &str| resource.get(key).and_then(Value::as_str).map(str::to_owned);
    resources.iter().find(|found| text(found, "name").as_deref() == Some(plural)).and_then(|found| text(found, "kind"))
}
