//! The code that the derive writes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, Lit, Result};

use crate::markers::{Markers, description, is_output, option_of};

/// One field, read.
struct Part<'a> {
    ident: &'a Ident,
    name: String,
    field: &'a Field,
    markers: Markers,
}

pub(crate) fn model(input: &DeriveInput) -> Result<TokenStream> {
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new(parameter.span(), "a schema cannot be generic"));
    }
    let output = is_output(&input.attrs)?;
    let parts = parts(input, output)?;
    let (ident, visibility) = (&input.ident, &input.vis);
    let idents: Vec<_> = parts.iter().map(|part| part.ident).collect();
    let names: Vec<_> = parts.iter().map(|part| &part.name).collect();
    let attributes = parts.iter().map(|part| attribute(part, output));
    let keys = parts.iter().map(|part| {
        let key = format_ident!("{}", part.name.to_uppercase());
        let (name, ty) = (&part.name, option_of(&part.field.ty).unwrap_or(&part.field.ty));
        let text = format!("The attribute `{name}`.");
        quote! {
            #[doc = #text]
            #[allow(dead_code)]
            #visibility const #key: ::tfplugin::Key<#ty> = ::tfplugin::Key::new(#name);
        }
    });
    Ok(quote! {
        impl #ident { #(#keys)* }

        impl ::tfplugin::Model for #ident {
            fn attributes() -> ::std::vec::Vec<::tfplugin::schema::Attribute> {
                ::std::vec![#(#attributes),*]
            }

            fn decode_object(
                object: &::std::collections::BTreeMap<::std::string::String, ::tfplugin::Value>,
                decoder: &mut ::tfplugin::Decoder,
            ) -> ::std::option::Option<Self> {
                #(let #idents = decoder.field(object, #names);)*
                ::std::option::Option::Some(Self { #(#idents: #idents?),* })
            }

            fn encode_object(&self) -> ::std::collections::BTreeMap<::std::string::String, ::tfplugin::Value> {
                let Self { #(#idents),* } = self;
                ::std::collections::BTreeMap::from([
                    #((::std::string::String::from(#names), ::tfplugin::Field::encode(#idents))),*
                ])
            }
        }
    })
}

fn parts(input: &DeriveInput, output: bool) -> Result<Vec<Part<'_>>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.span(), "only a struct is a schema"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new(input.span(), "the fields of a schema need names"));
    };
    let mut parts = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        parts.push(Part { ident, name: ident.unraw().to_string(), field, markers: Markers::read(field, output)? });
    }
    Ok(parts)
}

fn attribute(part: &Part<'_>, output: bool) -> TokenStream {
    let (name, ty, text) = (&part.name, &part.field.ty, description(&part.field.attrs));
    let Markers { computed, default, replace, keep, with, sensitive, write_only, deprecated } = &part.markers;
    let mut set = TokenStream::new();
    if *computed || default.is_some() {
        set.extend(quote! { attribute.presence = ::tfplugin::schema::Presence::OptionalComputed; });
    }
    if let Some(default) = default {
        let value = literal(default);
        set.extend(quote! { attribute.default = ::std::option::Option::Some(#value); });
    }
    if let Some(with) = with {
        set.extend(quote! { attribute.refreshed = ::tfplugin::schema::Refreshed::With(::std::vec![#(#with),*]); });
    }
    if *keep {
        set.extend(quote! { attribute.refreshed = ::tfplugin::schema::Refreshed::Never; });
    }
    if let Some(reason) = deprecated {
        set.extend(quote! { attribute.deprecation = ::std::option::Option::Some(#reason); });
    }
    let finish = if output { quote!(attribute.into_computed()) } else { quote!(attribute) };
    quote! {{
        #[allow(unused_mut)]
        let mut attribute = ::tfplugin::schema::Attribute::of::<#ty>(#name, #text);
        attribute.replace = #replace;
        attribute.sensitive = #sensitive;
        attribute.write_only = #write_only;
        #set
        #finish
    }}
}

fn literal(default: &Lit) -> TokenStream {
    match default {
        Lit::Bool(value) => quote! { ::tfplugin::Value::Bool(#value) },
        Lit::Int(value) => quote! { ::tfplugin::Value::Number(::tfplugin::Number::from_i64(#value)) },
        Lit::Str(value) => quote! { ::tfplugin::Value::string(#value) },
        other => Error::new(other.span(), "a default is a string, a whole number, true or false").into_compile_error(),
    }
}
