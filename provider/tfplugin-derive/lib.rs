//! `#[derive(Model)]`: the struct is the schema.
//!
//! Field types are the types of the attributes, doc comments are the descriptions in the registry, and `#[tf(..)]` adds
//! properties that a type cannot express. The derive uses the names of `tfplugin`'s traits and nothing else of it. See
//! `tfplugin::Model` for use.
//!
//! | marker | on | meaning |
//! |---|---|---|
//! | `#[tf(output)]` | the struct | Every attribute is computed: only the provider sets it. |
//! | `#[tf(computed)]` | `Option<T>` | The provider sets the attribute if the configuration does not. |
//! | `#[tf(default = "..")]` | `Option<T>` | Value if the configuration sets none; implies `computed`. |
//! | `#[tf(replace)]` | an argument | A change of the attribute replaces the object. |
//! | `#[tf(keep)]` | a computed attribute | The value never changes after creation. |
//! | `#[tf(with = "a, Input::b")]` | a computed attribute | The value changes only if `a` of this struct or `b` of `Input` changes. |
//! | `#[tf(sensitive)]` | any attribute | Terraform hides the value in its output. |
//! | `#[tf(write_only)]` | `Option<T>` | The value is stored in no plan and no state. |
//! | `#[tf(deprecated = "..")]` | any attribute | Reason not to use the attribute any more, shown as a warning. |
//! | `#[tf(flatten)]` | a field with a model as its type | The attributes of that model become attributes of this one. |
//! | `#[tf(flatten(except = "a, b"))]` | a field with a model as its type | Like `flatten`, without the attributes `a` and `b`, which are null in the field. |
//!
//! Every name in a marker is checked by the compiler.

mod expand;
mod markers;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `tfplugin::Model` and a typed `Key` constant per attribute. See the crate's documentation for the markers.
#[proc_macro_derive(Model, attributes(tf))]
pub fn model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::model(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
