//! Functions for names of people and companies, and their e-mail addresses.

use super::{Masker, cut};
use crate::{
    locale::Locale,
    stream::Stream,
    words::{HANDLES, words},
};

/// Domain of all e-mail addresses, which is reserved for examples (RFC 2606).
const DOMAIN: &str = "@example.com";
/// Length of [`DOMAIN`].
pub(super) const EMAIL_DOMAIN: u32 = 12;
/// Characters of an address that depend on a hash: 100 bits.
pub(super) const EMAIL_CHARACTERS: u32 = 20;
/// Longest handle with its separator.
const HANDLE: u32 = 8 + 1;
/// Longest e-mail address.
pub(super) const EMAIL: u32 = HANDLE + EMAIL_CHARACTERS + EMAIL_DOMAIN;
/// Longest user name.
pub(super) const USERNAME: u32 = HANDLE + super::UNIQUE_CHARACTERS;
/// Longest first or last name.
pub(super) const NAME: u32 = 18;
/// Longest company: a word, a last name, and a legal form of at most eight characters.
pub(super) const COMPANY: u32 = 18 + 1 + NAME + 1 + 8;

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// `handle.hash@example.com`, and shorter forms in short columns.
pub(super) fn email(masker: &Masker, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 2, value.as_bytes());
    let room = masker.limit().saturating_sub(EMAIL_DOMAIN);
    let hash = stream.base32(size(EMAIL_CHARACTERS.min(room)));
    if room < HANDLE + EMAIL_CHARACTERS {
        return format!("{hash}{DOMAIN}");
    }
    format!("{}.{hash}{DOMAIN}", stream.pick(HANDLES, ""))
}

/// `handle_hash`, and the hash alone in short columns.
pub(super) fn username(masker: &Masker, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 3, value.as_bytes());
    let hash = stream.base32(size(super::UNIQUE_CHARACTERS.min(masker.limit())));
    if masker.limit() < USERNAME {
        return hash;
    }
    format!("{}_{hash}", stream.pick(HANDLES, ""))
}

pub(super) fn full_name(masker: &Masker, locale: Locale, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 4, value.as_bytes());
    // Another last name than that of the value.
    let last = value.rsplit(' ').next().unwrap_or_default();
    let name =
        format!("{} {}", stream.pick(words(locale).first_names, ""), stream.pick(words(locale).last_names, last));
    masker.worded(&mut stream, &name)
}

pub(super) fn first_name(masker: &Masker, locale: Locale, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 5, value.as_bytes());
    let name = stream.pick(words(locale).first_names, value);
    masker.worded(&mut stream, name)
}

pub(super) fn last_name(masker: &Masker, locale: Locale, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 6, value.as_bytes());
    let name = stream.pick(words(locale).last_names, value);
    masker.worded(&mut stream, name)
}

pub(super) fn company(masker: &Masker, locale: Locale, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 7, value.as_bytes());
    let list = words(locale);
    let first = value.split(' ').next().unwrap_or_default();
    let trade = stream.pick(list.trades, first);
    let name = stream.pick(list.last_names, "");
    let company = format!("{trade} {name} {}", stream.pick(list.legal_forms, ""));
    // A cut legal form would be a wrong one.
    let fits = company.chars().count() <= size(masker.limit()) || masker.room.unique;
    let company = if fits { company } else { cut(&format!("{trade} {name}"), size(masker.limit())) };
    masker.worded(&mut stream, &company)
}
