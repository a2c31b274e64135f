//! Runs the bodies of the fuzz targets on their seeds and on damaged seeds, so that they are tested without a fuzzer.

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::archive::{AppDirectory, ArchiveLimits, DeclaredArchive, Unpacked, unpack};

#[path = "../../fuzz/bodies.rs"]
mod bodies;

/// Name and body of a fuzz target.
type FuzzTarget = (&'static str, fn(&[u8]));

const TARGETS: [FuzzTarget; 5] = [
    ("archive", bodies::archive),
    ("message", bodies::message),
    ("parameters", bodies::parameters),
    ("policy", bodies::policy),
    ("yaml", bodies::yaml),
];

/// Seeds of a target, sorted by name.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn seeds_keep_all_properties() {
    for (target, body) in TARGETS {
        let seeds = seeds(target);
        assert!(seeds.len() >= 6, "{target} has {} seeds", seeds.len());
        seeds.iter().for_each(|seed| body(seed));
    }
}

#[test]
fn every_target_has_a_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let programs = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(programs, TARGETS.len());
}

/// Modification of a seed.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Cut(Index, Index),
    Repeat(Index, Index),
    Insert(Index, Vec<u8>),
    /// Continues with a part of another seed.
    Splice(Index, Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let word = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..4),
        "[\\[\\]{}:,&*!<>|'\"#%@` \n\t-]{1,3}".prop_map(String::into_bytes),
        prop::sample::select(vec!["&a ", "*a", "<<: ", "!!str ", "---\n", "\u{feff}", "~", "0x", "\\u0000", "../"])
            .prop_map(|word| word.as_bytes().to_vec()),
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Cut(from, to)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        (any::<Index>(), word).prop_map(|(at, word)| Damage::Insert(at, word)),
        (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(seed, at, from)| Damage::Splice(seed, at, from)),
    ]
}

fn damaged(mut bytes: Vec<u8>, all: &[Damage], seeds: &[Vec<u8>]) -> Vec<u8> {
    let range = |length: usize, from: &Index, to: &Index| {
        let (from, to) = (from.index(length + 1), to.index(length + 1));
        from.min(to)..from.max(to)
    };
    for one in all {
        match one {
            Damage::Set(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Set(..) => {}
            Damage::Cut(from, to) => drop(bytes.drain(range(bytes.len(), from, to))),
            Damage::Repeat(from, to) => {
                let range = range(bytes.len(), from, to);
                let part = bytes[range.clone()].to_vec();
                bytes.splice(range.end..range.end, part);
            }
            Damage::Insert(at, word) => {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..at, word.iter().copied());
            }
            Damage::Splice(seed, at, from) => {
                let other = &seeds[seed.index(seeds.len())];
                let part = &other[from.index(other.len() + 1)..];
                bytes.truncate(at.index(bytes.len() + 1));
                bytes.extend_from_slice(part);
            }
        }
    }
    bytes
}

fn run(target: FuzzTarget, seed: &Index, damage: &[Damage]) {
    let (name, body) = target;
    let seeds = seeds(name);
    let mut bytes = damaged(seed.get(&seeds).clone(), damage, &seeds);
    body(&bytes);
    if name == "archive" {
        // A header with a correct checksum reaches more code.
        crate::archive::tests::writer::mend(&mut bytes);
        body(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn damaged_seeds_keep_all_properties(seed in any::<Index>(), damage in prop::collection::vec(damage(), 1..5)) {
        for target in TARGETS {
            run(target, &seed, &damage);
        }
    }
}
