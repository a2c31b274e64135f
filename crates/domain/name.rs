//! The name of an environment, and how an identity gets one.
//!
//! # Guarantees
//!
//! - Every name is a DNS label of at most 63 characters and none that belongs to the cluster.
//! - The same identity always gets the same name from the same template.
//! - No two identities of one owner share a name, as long as the template contains `{repo}` (the default does).
//!   Two owners may: then the name belongs to whoever took it first, see [`crate::judge`].
//!
//! The argument: a name without a hash never ends in something that looks like a hash, and a template's rendering can
//! be read back in one way only (see [`NameTemplate`]). A name with a hash ends in the hash of its own identity.

#[cfg(test)]
mod distinct;
mod identity;
mod repository;
mod reserved;
mod template;

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

pub use self::identity::{BranchName, Identity, IdentityError, Subject};
pub use self::repository::{Repository, RepositoryError};
pub use self::template::{NameTemplate, TemplateError};
use crate::dns::{self, DnsError, LABEL_MAX};
use crate::text::as_text;
use crate::{hash, slug};

/// The name of an environment and of its namespace.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EnvironmentName(String);

/// Why there is no such name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// Not a DNS label.
    #[error("the environment name {0}")]
    Label(#[from] DnsError),
    /// A name that the cluster or its operators use.
    #[error("the environment name `{name}` is reserved: {reason}; choose another name")]
    Reserved {
        /// What was given, or what the template made.
        name: String,
        /// Who uses the name.
        reason: &'static str,
    },
    /// Neither a pull request nor a branch.
    #[error("there is nothing to make a name from; set `name`, `pull_request` or `branch`")]
    NothingToNameItBy,
    /// A template that asks for more than the identity has.
    #[error("the name template `{template}` uses the repository, and none is given; set `repository` or `name`")]
    NoRepository {
        /// The template.
        template: String,
    },
}

as_text!(EnvironmentName);

impl EnvironmentName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvironmentName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        dns::check_label(text)?;
        match reserved::reason(text) {
            Some(reason) => Err(NameError::Reserved { name: text.to_owned(), reason }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name an identity gets.
///
/// Without a template a pull request is `pr-{number}`, or `{repo}-pr-{number}` where the repository is known. A branch
/// is always `{repo}-{branch}-<hash>`, whatever the template.
///
/// # Errors
///
/// When the identity has neither pull request nor branch, lacks a repository the template needs, or the outcome is
/// reserved.
pub fn environment_name(identity: &Identity, template: Option<&NameTemplate>) -> Result<EnvironmentName, NameError> {
    let name = match &identity.subject {
        Subject::Given => return Err(NameError::NothingToNameItBy),
        Subject::Branch(branch) => branch_name(identity, branch),
        Subject::PullRequest(number) => pull_request_name(identity, *number, template)?,
    };
    name.parse()
}

fn branch_name(identity: &Identity, branch: &BranchName) -> String {
    const TEXT: usize = LABEL_MAX - 1 /* dash */ - hash::LENGTH;
    let branch = slug::slug(branch.as_str()).text;
    let text = match &identity.repository {
        None => slug::cut(&branch, TEXT).to_owned(),
        Some(repository) => {
            // Half of the room belongs to the repository, and what a short branch leaves.
            let repo = slug::slug(repository.repo()).text;
            let room = TEXT.saturating_sub(1 /* dash */ + branch.len()).max(TEXT / 2);
            let repo = slug::cut(&repo, room);
            format!("{repo}-{}", slug::cut(&branch, TEXT - 1 - repo.len()))
        }
    };
    format!("{text}-{}", hash::short(&identity.canonical()))
}

fn pull_request_name(
    identity: &Identity,
    number: NonZeroU64,
    template: Option<&NameTemplate>,
) -> Result<String, NameError> {
    let default = if identity.repository.is_some() { NameTemplate::repo_and_number() } else { NameTemplate::number() };
    let template = template.unwrap_or(&default);
    let rendered = template
        .render(identity.repository.as_ref(), number)
        .ok_or_else(|| NameError::NoRepository { template: template.to_string() })?;
    let last = rendered.text.rsplit('-').next().unwrap_or_default();
    // A repository's own name may end in what looks like our hash; only a hash of our own tells the two apart.
    if !rendered.changed && rendered.text.len() <= LABEL_MAX && !hash::looks_like(last) {
        return Ok(rendered.text);
    }
    let short = template
        .render_within(identity.repository.as_ref(), number, LABEL_MAX - 1 /* dash */ - hash::LENGTH)
        .ok_or_else(|| NameError::NoRepository { template: template.to_string() })?;
    Ok(format!("{short}-{}", hash::short(&identity.canonical())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(identity: &str, template: Option<&str>) -> Result<String, NameError> {
        let template = template.map(|text| text.parse::<NameTemplate>().expect(text));
        let identity: Identity = identity.parse().expect(identity);
        environment_name(&identity, template.as_ref()).map(|name| name.to_string())
    }

    #[test]
    fn plain_names_have_no_hash() {
        for (identity, template, expected) in [
            ("#123", None, "pr-123"),
            ("acme/shop#123", None, "shop-pr-123"),
            ("Acme/Shop#123", None, "shop-pr-123"),
            ("gitlab.com/acme/team/shop#7", None, "shop-pr-7"),
            ("acme/shop-pr-1#2", None, "shop-pr-1-pr-2"),
            ("acme/a-pr#1", None, "a-pr-pr-1"),
            ("acme/shop#123", Some("pr-{number}"), "pr-123"),
            ("acme/shop#123", Some("{owner}-{repo}-{number}"), "acme-shop-123"),
            ("acme/shop#18446744073709551615", None, "shop-pr-18446744073709551615"),
        ] {
            assert_eq!(name(identity, template).as_deref(), Ok(expected), "{identity} {template:?}");
        }
    }

    #[test]
    fn changed_and_cut_names_have_one() {
        let list = [
            ("acme/shop.api#1", None),
            ("acme/shop_api#1", None),
            ("acme/shop--api#1", None),
            ("acme/___#1", None),
            ("acme/a-very-long-repository-name-that-does-not-fit-into-a-dns-label#1", None),
            ("acme/shop#1", Some("{owner}-{repo}-pr-{number}")),
            ("gitlab.com/acme/team/shop#1", Some("{owner}-{repo}-pr-{number}")),
            ("acme/shop-abcdefghij#1", Some("pr-{number}-{repo}")),
            ("acme/shop@main", None),
            ("acme/shop@feature/FOO_bar", None),
            ("acme/shop@feature-foo-bar", None),
            ("acme/shop@🚀", None),
            ("@feature/x", None),
            (
                "acme/a-very-long-repository-name-that-does-not-fit@and/a-very-long-branch-name-that-does-not-either",
                None,
            ),
            ("acme/a-very-long-repository-name-that-does-not-fit-into-a-dns-label@x", None),
        ];
        let names: Vec<_> = list.iter().map(|(identity, template)| name(identity, *template).unwrap()).collect();
        expect_test::expect![[r#"
            shop-api-pr-1-kbjbz4kmet
            shop-api-pr-1-mnnulash6n
            shop-api-pr-1-eibuus3qzy
            x-pr-1-o4ywgnbjdf
            a-very-long-repository-name-that-does-not-fit-i-pr-1-ynh3tdvi4z
            acme-shop-pr-1
            acme-team-shop-pr-1-knejmaurh4
            pr-1-shop-abcdefghij-d3ntlbspyu
            shop-main-puuqxdxd4p
            shop-feature-foo-bar-ga3jt5exlb
            shop-feature-foo-bar-maaymu53zn
            shop-x-x2e42aqnjm
            feature-x-tw2zo2b7wh
            a-very-long-repository-nam-and-a-very-long-branch-na-ercujg3o7z
            a-very-long-repository-name-that-does-not-fit-into-x-krbbduohmz"#]]
        .assert_eq(&names.join("\n"));
        assert!(names.iter().all(|name| name.len() <= 63));
    }

    #[test]
    fn given_names() {
        for good in ["shop-pr-1", "staging", "a", "0", "default-1", "kubernetes-demo"] {
            assert!(good.parse::<EnvironmentName>().is_ok(), "{good}");
        }
        for bad in [
            "default",
            "kube-system",
            "kube-x",
            "eod-system",
            "istio-system",
            "argocd",
            "production",
            "prod",
            "openshift-x",
            "openshift",
        ] {
            assert!(matches!(bad.parse::<EnvironmentName>(), Err(NameError::Reserved { .. })), "{bad}");
        }
        for bad in ["", "A", "a.b", "-a", "a_b"] {
            assert!(matches!(bad.parse::<EnvironmentName>(), Err(NameError::Label(_))), "{bad}");
        }
        assert_eq!(
            "prod".parse::<EnvironmentName>().unwrap_err().to_string(),
            "the environment name `prod` is reserved: production is never owned by EoD; choose another name"
        );
    }

    #[test]
    fn refused_identities() {
        assert_eq!(name("=given", None), Err(NameError::NothingToNameItBy));
        assert_eq!(
            name("#1", Some("{repo}-{number}")),
            Err(NameError::NoRepository { template: "{repo}-{number}".to_owned() })
        );
        assert!(matches!(name("acme/kube-state#1", None), Err(NameError::Reserved { .. })));
    }
}
