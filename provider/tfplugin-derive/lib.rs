//! `#[derive(Model)]`: the struct is the schema.
//!
//! Field types say what may stand there, doc comments become the registry's descriptions, and `#[tf(..)]` adds what
//! a type cannot say. It knows the names of `tfplugin`'s traits and nothing else. See `tfplugin::Model` for use.
//!
//! | marker | on | meaning |
//! |---|---|---|
//! | `#[tf(output)]` | the struct | every attribute is set by the provider only |
//! | `#[tf(computed)]` | `Option<T>` | the provider sets it where the user does not |
//! | `#[tf(default = "..")]` | `Option<T>` | used where the configuration says nothing; implies `computed` |
//! | `#[tf(replace)]` | an argument | a change replaces the object |
//! | `#[tf(keep)]` | a computed one | it never changes after creation |
//! | `#[tf(with = "a, b")]` | a computed one | it may change only when `a` or `b` does |
//! | `#[tf(sensitive)]` | any | hidden in Terraform's output |
//! | `#[tf(write_only)]` | `Option<T>` | never stored |
//! | `#[tf(deprecated = "..")]` | any | why it should not be used any more |

mod expand;
mod markers;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `tfplugin::Model` and a typed `Key` constant per field. See the crate's documentation for the markers.
#[proc_macro_derive(Model, attributes(tf))]
pub fn model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::model(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
