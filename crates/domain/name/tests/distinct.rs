//! Property of the names: two identities of one owner never share a name.
//!
//! A loop over a seeded generator. Half of the identities are near-collisions: repositories in the form of rendered names,
//! with a hash, or with a difference in one separator or in the part that is cut.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroU64;

use crate::name::*;

/// SplitMix64: a small generator with equal results on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn text(&mut self, alphabet: &[&str], most: usize) -> String {
        let length = 1 + self.below(most);
        (0..length).map(|_| self.pick(alphabet)).collect()
    }
}

const REPO: [&str; 16] =
    ["a", "b", "A", "pr", "shop", "1", "2", "-", "-pr-", "-pr-1", "_", ".", "--", "-1", "0", "abcdefghij"];
const WORDS: [&str; 6] = ["shop", "api", "very-long-service-name", "web", "x", "checkout-and-payment-gateway"];
const BRANCH: [&str; 18] =
    ["a", "A", "main", "feature", "/", "-", "_", ".", "pr-1", "1", "é", "🚀", "--", "FOO", "#", "@", "abcdefghij", "="];

/// Maximum number of names that are reused as names of repositories.
const RECENT: usize = 1024;

fn repository(random: &mut Random, seen: &[String]) -> String {
    let repo = match random.below(4) {
        0 => random.text(&REPO, 6),
        1 => random.text(&WORDS, 5),
        2 => format!("{}-{}", random.pick(&WORDS), random.below(2000)),
        // Name of another identity, with its hash, as the name of a repository.
        _ if !seen.is_empty() => seen[random.below(seen.len())].clone(),
        _ => "shop".to_owned(),
    };
    format!("acme/{repo}")
}

fn number(random: &mut Random) -> NonZeroU64 {
    let number = match random.below(3) {
        0 => 1 + random.next() % 12,
        1 => 1 + random.next() % 100_000,
        _ => random.next(),
    };
    NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN)
}

/// Pull request with the number in an earlier name, in a repository with the rest of that name.
fn look_alike(random: &mut Random, seen: &[String]) -> Option<Identity> {
    let name = seen.get(random.below(seen.len().max(1)))?;
    let (number, at) = name.split('-').find_map(|part| Some((part.parse().ok()?, name.find(part)?)))?;
    let end = at + format!("{number}").len();
    let repo = if random.below(2) == 0 { name.get(end + 1..)? } else { name[..at].trim_end_matches('-') };
    let repository = format!("acme/{repo}").parse().ok()?;
    Some(Identity { repository: Some(repository), subject: Subject::PullRequest(number) })
}

fn identity(random: &mut Random, seen: &[String]) -> Option<Identity> {
    if random.below(16) == 0 {
        return look_alike(random, seen);
    }
    let repository: Repository = repository(random, seen).parse().ok()?;
    let subject = if random.below(3) == 0 {
        Subject::Branch(random.text(&BRANCH, 12).parse().ok()?)
    } else {
        Subject::PullRequest(number(random))
    };
    Some(Identity { repository: Some(repository), subject })
}

/// Names of random identities, each with a number for its identity.
fn draw(seed: u64, cases: usize, template: Option<&NameTemplate>) -> Vec<(String, u64)> {
    let mut random = Random(seed);
    let mut recent: Vec<String> = Vec::with_capacity(RECENT);
    let mut drawn = Vec::with_capacity(cases);
    for case in 0..cases {
        let Some(identity) = identity(&mut random, &recent) else { continue };
        // A reserved name is refused, so two identities never share it.
        let Ok(name) = environment_name(&identity, template) else { continue };
        assert_eq!(dns::check_label(name.as_str()), Ok(()));
        match recent.get_mut(case % RECENT) {
            Some(slot) => *slot = name.to_string(),
            None => recent.push(name.to_string()),
        }
        drawn.push((name.to_string(), fingerprint(&identity.canonical())));
    }
    drawn
}

/// Checks that names and identities correspond one to one. Two threads generate them, because this is the longest test.
fn check(seed: u64, cases: usize, template: Option<&str>) -> usize {
    let template = template.map(|text| text.parse::<NameTemplate>().unwrap());
    let half = |seed| draw(seed, cases / 2, template.as_ref());
    let halves = std::thread::scope(|scope| {
        let threads = [seed, seed + 1].map(|seed| scope.spawn(move || half(seed)));
        threads.map(|thread| thread.join().unwrap())
    });
    let drawn: usize = halves.iter().map(Vec::len).sum();
    assert!(drawn > cases * 9 / 10, "nearly every identity must have a name: {drawn} of {cases}");
    let mut names: HashMap<String, u64> = HashMap::with_capacity(drawn);
    for (name, identity) in halves.into_iter().flatten() {
        match names.entry(name) {
            Entry::Vacant(free) => {
                free.insert(identity);
            }
            Entry::Occupied(taken) => {
                assert_eq!(*taken.get(), identity, "two identities share the name {}", taken.key());
            }
        }
    }
    assert!(names.len() > cases / 4, "the generator must not draw the same few identities: {}", names.len());
    drawn
}

/// FNV-1a: a 64-bit number for an identity, independent of the hash in the names.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn over_a_million_identities_share_no_name() {
    assert!(check(1, 1_080_000, None) >= 1_000_000);
}

#[test]
fn identities_share_no_name_with_other_templates() {
    for template in [
        "{repo}-{number}",
        "pr-{number}-{repo}",
        "{owner}-{repo}-pr-{number}",
        "{number}-{owner}-{repo}",
        "{repo}-{number}-{owner}",
    ] {
        check(2, 20_000, Some(template));
    }
}
