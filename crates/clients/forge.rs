//! Forges: pull requests, their labels and comments, and branches, on GitHub, GitHub Enterprise and GitLab.
//!
//! [`Forge`] is one client for all of them. The differences between forges are in one trait of pure functions, which
//! create the requests and parse the responses.
//!
//! # Guarantees
//! - An unreadable or incomplete response is an error, never a shorter list and never a closed pull request.
//! - The token is sent to the configured host only. A redirect to another host is an error that names it.
//! - Every operation ends at its deadline and at its cancellation. Limits of the forge are obeyed within the deadline.
//! - Writes are sent one after another, at least a second apart.
//! - Requests end before the quota of the forge is used up, so that the users of the same token keep a part of it.
//! - Tokens are never part of an error, a log line or `Debug`.

mod access;
mod app;
mod client;
mod dialect;
mod failure;
mod github;
mod gitlab;
mod pull_request;
mod quota;
mod request;
mod token;
mod token_value;
mod transport;

#[cfg(test)]
mod tests;

pub use access::{ForgeAccess, ForgeAccessError, ForgeKind, ForgeSettings};
pub use app::GitHubApp;
pub use client::{Forge, ForgeLimits};
pub use failure::{ForgeProblem, ForgeRefusal};
pub use pull_request::{Comment, MergeState, PullRequest};
pub use token::TokenSource;
