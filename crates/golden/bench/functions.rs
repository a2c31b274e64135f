//! Collisions of the functions for unique columns, over millions of values each.

use std::{
    hash::{BuildHasher, RandomState},
    thread,
};

use eod_masking::{MaskFunction, MaskKind, Masker, MaskingKey, Room, TypeClass, ValueForm};

use crate::bench::{
    measured::{Pair, Unit},
    table::Table,
};

/// Number of threads.
const THREADS: u32 = 2;

/// Counts equal outputs of `count` different values of each function that a unique column may have.
pub(crate) fn measure(count: u32, table: &mut Table) {
    let room = Room { limit: None, unique: true };
    for name in KINDS {
        let Ok(kind) = name.parse::<MaskKind>() else { continue };
        let function = MaskFunction::with_defaults(kind);
        let Some(masker) = masker(function.clone(), room) else { continue };
        let classes = [TypeClass::Text, TypeClass::Integer].into_iter().filter(|class| function.accepts(*class));
        for class in classes {
            let what = format!("collisions of {count} values, {kind} in {class} columns");
            let found = collisions(&masker, kind, class, count);
            table.add(&what, Unit::Count, "0", Pair { ours: Some(f64::from(found)), peer: None });
        }
    }
}

/// Kinds that are unique without another rule; the others are refused for unique columns.
const KINDS: [&str; 18] = [
    "email",
    "full_name",
    "first_name",
    "last_name",
    "username",
    "phone",
    "street",
    "city",
    "postcode",
    "company",
    "iban",
    "card",
    "national_id",
    "mac",
    "url",
    "uuid",
    "digits",
    "hash",
];

fn masker(function: MaskFunction, room: Room) -> Option<Masker> {
    let key = MaskingKey::from_secret(b"0123456789abcdef0123456789abcdef").ok()?;
    Masker::new(function, key.domain("bench"), room, ValueForm::default()).ok()
}

/// Value number `number` of a kind. All values of a kind differ.
fn value(kind: MaskKind, class: TypeClass, number: u32) -> String {
    if class == TypeClass::Integer {
        return number.to_string();
    }
    match kind {
        MaskKind::Email => format!("user{number}@shop.example"),
        MaskKind::Phone => format!("+49 30 {number:010}"),
        MaskKind::Postcode => format!("{number:010}"),
        MaskKind::Iban => format!("DE00{number:018}"),
        MaskKind::Card => format!("4111{number:012}"),
        MaskKind::NationalId => format!("{number:011}"),
        MaskKind::Mac => {
            let [a, b, c, d] = number.to_be_bytes();
            format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
        }
        MaskKind::Uuid => format!("{number:08x}-9c0b-4ef8-bb6d-6bb9bd380a11"),
        MaskKind::Url => format!("https://shop.example/u/{number}"),
        MaskKind::Digits => format!("ORD-{number:010}"),
        _ => format!("Name {number}"),
    }
}

/// Number of outputs that another value has, too. Outputs are compared by 128 bits of a hash.
fn collisions(masker: &Masker, kind: MaskKind, class: TypeClass, count: u32) -> u32 {
    let hashers = (RandomState::new(), RandomState::new());
    let hashed =
        |text: &Option<String>| (u128::from(hashers.0.hash_one(text)) << 64) | u128::from(hashers.1.hash_one(text));
    let part = |first: u32| -> Vec<u128> {
        let numbers = (first..count).step_by(usize::try_from(THREADS).unwrap_or(1));
        numbers.map(|number| hashed(&masker.mask(class, &value(kind, class, number)))).collect()
    };
    let mut outputs: Vec<u128> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || part(first))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    let all = outputs.len();
    outputs.sort_unstable();
    outputs.dedup();
    // A thread that has panicked has lost its outputs, which counts as collisions.
    let lost = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(all);
    u32::try_from(all - outputs.len() + lost).unwrap_or(u32::MAX)
}
