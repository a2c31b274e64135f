//! Requests of logins.

use std::{fs, path::Path};

use secrecy::{ExposeSecret, SecretString};
use vaultrs::api::auth::{
    approle::requests::LoginWithApproleRequest, kubernetes::requests::LoginWithKubernetesRequest,
    oidc::requests::JWTLoginRequest,
};

use super::{
    access::{JwtSource, VaultLogin},
    connect_error::{FileContent, VaultConnectError},
    request::{SYSTEM, VaultRequest},
};
use crate::error::Error;

/// The request of a login; `None` for an existing token. A login that may have been carried out is not repeated: the
/// secret id of an approle may be valid for one use only.
pub(super) fn login_request(login: &VaultLogin) -> Result<Option<VaultRequest>, Error> {
    let target = |method: &str, mount: &str| format!("in to Vault by {method} at `auth/{mount}`");
    let request = match login {
        VaultLogin::Token(_) => return Ok(None),
        VaultLogin::AppRole { mount, role_id, secret_id } => {
            let endpoint = LoginWithApproleRequest {
                mount: mount.clone(),
                role_id: role_id.clone(),
                secret_id: secret_id.expose_secret().to_owned(),
            };
            VaultRequest::new("log", target("approle", mount), "create", &endpoint)?
        }
        VaultLogin::Kubernetes { mount, role, file } => {
            let target = target("kubernetes", mount);
            let jwt = read_token(file, FileContent::ServiceAccountToken, &target)?;
            let endpoint = LoginWithKubernetesRequest {
                mount: mount.clone(),
                role: role.clone(),
                jwt: jwt.expose_secret().to_owned(),
            };
            VaultRequest::new("log", target, "create", &endpoint)?
        }
        VaultLogin::Jwt { mount, role, jwt } => {
            let target = target("jwt", mount);
            let jwt = match jwt {
                JwtSource::Token(token) => token.clone(),
                JwtSource::File(file) => read_token(Path::new(file), FileContent::Jwt, &target)?,
            };
            let jwt = jwt.expose_secret().to_owned();
            let endpoint = JWTLoginRequest { mount: mount.clone(), jwt, role: role.clone() };
            VaultRequest::new("log", target, "create", &endpoint)?
        }
    };
    Ok(Some(request.once()))
}

fn read_token(file: &Path, what: FileContent, target: &str) -> Result<SecretString, Error> {
    let error = |cause: VaultConnectError| Error::new(SYSTEM, "log", target, cause.kind()).because(cause);
    let text = fs::read_to_string(file)
        .map_err(|source| error(VaultConnectError::File { what, file: file.to_owned(), source }))?;
    let token = text.trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(error(VaultConnectError::NoToken { file: file.to_owned() }));
    }
    Ok(token.to_owned().into())
}
