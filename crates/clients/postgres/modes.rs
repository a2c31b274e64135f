//! Settings with a closed list of values, each with the meaning of libpq.

use strum::{Display, EnumString, VariantNames};
use tokio_postgres::config::ChannelBinding;

/// Values of `sslmode`.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, Ord, PartialEq, PartialOrd, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS only if the server refuses a connection without it.
    Allow,
    /// TLS if the server supports it. Anyone between the two can prevent it.
    Prefer,
    /// TLS. The certificate is verified only if a file of authorities exists, and never the name in it.
    Require,
    /// TLS with a certificate of a trusted authority, for any name.
    VerifyCa,
    /// TLS with a certificate of a trusted authority for the name of the host.
    VerifyFull,
}

/// Values of `target_session_attrs`.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, PartialEq, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum SessionAttributes {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// Values of `channel_binding`.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, PartialEq, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum BindingMode {
    Disable,
    Prefer,
    Require,
}

impl From<BindingMode> for ChannelBinding {
    fn from(mode: BindingMode) -> Self {
        match mode {
            BindingMode::Disable => Self::Disable,
            BindingMode::Prefer => Self::Prefer,
            BindingMode::Require => Self::Require,
        }
    }
}
