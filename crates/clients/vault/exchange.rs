//! One request and its response: the connection, the limits, and the meaning of a response.

use std::sync::OnceLock;

use serde_json::Value;

use super::{
    access::VaultAccess,
    failure::VaultFailure,
    refusal::VaultRefusal,
    request::VaultRequest,
    session::VaultSession,
    transport::{VaultResponse, VaultTransport},
};
use crate::{
    deadline::Deadline,
    headers::retry_after,
    send::{AttemptFailure, FailedRequest, Sender},
    server::ServerAddress,
};

/// Sends single requests to the server of one client.
pub(super) struct Exchanger {
    pub(super) access: VaultAccess,
    pub(super) sender: Sender,
    address: ServerAddress,
    namespace: Option<String>,
    user_agent: String,
    transport: OnceLock<VaultTransport>,
}

impl Exchanger {
    pub(super) fn new(access: VaultAccess, sender: Sender, user_agent: &str) -> Self {
        Self {
            address: access.server_address(),
            namespace: access.namespace_name().map(str::to_owned),
            access,
            sender,
            user_agent: user_agent.to_owned(),
            transport: OnceLock::new(),
        }
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Sends a request that needs no token until it succeeds, must not be sent again, or the deadline ends it.
    pub(super) async fn send_without_token(
        &self,
        request: &VaultRequest,
        deadline: &Deadline,
    ) -> Result<Value, FailedRequest<VaultFailure>> {
        self.sender.send(request, deadline, || self.exchange(request, None, deadline)).await
    }

    /// Sends a request once; the body of the response as JSON, null if there is none.
    pub(super) async fn exchange(
        &self,
        request: &VaultRequest,
        session: Option<&VaultSession>,
        deadline: &Deadline,
    ) -> Result<Value, AttemptFailure<VaultFailure>> {
        let transport = self.transport().map_err(AttemptFailure::System)?;
        let work = async {
            let response = transport.send(&request.raw, session.map(|session| &session.token)).await?;
            if response.status.is_success() {
                session.into_iter().for_each(VaultSession::accept);
            }
            read(request, &response, self.namespace()).map_err(AttemptFailure::System)
        };
        self.sender.exchange(request, &self.address, deadline, work).await
    }

    fn transport(&self) -> Result<&VaultTransport, VaultFailure> {
        if let Some(transport) = self.transport.get() {
            return Ok(transport);
        }
        let transport = VaultTransport::new(&self.access, &self.user_agent).map_err(VaultFailure::NotConnected)?;
        Ok(self.transport.get_or_init(|| transport))
    }
}

fn read(request: &VaultRequest, response: &VaultResponse, namespace: Option<&str>) -> Result<Value, VaultFailure> {
    let status = response.status;
    // The parser's message may quote the response, which may contain secrets.
    let json = if response.body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&response.body).ok() };
    if status.is_success() {
        return json.ok_or(VaultFailure::NotVault(status));
    }
    let body = json.filter(Value::is_object).ok_or(VaultFailure::NotVault(status))?;
    let errors = body.get("errors").and_then(Value::as_array).into_iter().flatten();
    let refusal = VaultRefusal {
        status: status.as_u16(),
        errors: errors.filter_map(|error| error.as_str().map(str::to_owned)).collect(),
        request: format!("{} /v1/{}", request.raw.method, request.raw.api_path()),
        capability: request.capability,
        path: request.raw.api_path().to_owned(),
        namespace: namespace.map(str::to_owned),
    };
    Err(VaultFailure::Refused { refusal: Box::new(refusal), retry_after: retry_after(&response.headers), body })
}
