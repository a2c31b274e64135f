//! Code generation of the derive.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, Lit, Path, Result, Type};

use crate::markers::{Flatten, Markers, description, is_output, option_of};

/// One field of the struct: an attribute, or a flattened model.
struct ModelField<'a> {
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
    let fields = fields(input, output)?;
    let (ident, visibility) = (&input.ident, &input.vis);
    let role = if output { quote!(OutputRole) } else { quote!(InputRole) };
    let keys = fields.iter().filter(|field| field.markers.flatten.is_none()).map(|field| key(field, visibility));
    let flattened = fields.iter().filter_map(|field| flattens(ident, field));
    let attributes = fields.iter().map(|field| attributes(field, &fields, output)).collect::<Result<Vec<_>>>()?;
    let decoded = fields.iter().map(decoded);
    let encoded = fields.iter().map(encoded).collect::<Result<Vec<_>>>()?;
    let idents: Vec<_> = fields.iter().map(|field| field.ident).collect();
    Ok(quote! {
        impl #ident { #(#keys)* }

        #(#flattened)*

        impl ::tfplugin::Model for #ident {
            type Role = ::tfplugin::#role;

            fn attributes() -> ::std::vec::Vec<::tfplugin::schema::Attribute> {
                let mut attributes = ::std::vec::Vec::new();
                #(#attributes)*
                attributes
            }

            fn decode_object(
                object: &::std::collections::BTreeMap<::std::string::String, ::tfplugin::Value>,
                decoder: &mut ::tfplugin::Decoder,
            ) -> ::std::option::Option<Self> {
                #(#decoded)*
                ::std::option::Option::Some(Self { #(#idents: #idents?),* })
            }

            fn encode_object(&self) -> ::std::collections::BTreeMap<::std::string::String, ::tfplugin::Value> {
                let Self { #(#idents),* } = self;
                let mut object = ::std::collections::BTreeMap::new();
                #(#encoded)*
                object
            }
        }
    })
}

fn fields(input: &DeriveInput, output: bool) -> Result<Vec<ModelField<'_>>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.span(), "only a struct is a schema"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new(input.span(), "the fields of a schema need names"));
    };
    let mut fields = Vec::new();
    for field in &named.named {
        let Some(ident) = &field.ident else { continue };
        fields.push(ModelField {
            ident,
            name: ident.unraw().to_string(),
            field,
            markers: Markers::read(field, output)?,
        });
    }
    Ok(fields)
}

/// The constant with the typed name of an attribute.
fn key(field: &ModelField<'_>, visibility: &syn::Visibility) -> TokenStream {
    let key = constant(&field.name, field.ident.span());
    let (name, ty) = (&field.name, option_of(&field.field.ty).unwrap_or(&field.field.ty));
    let text = format!("The attribute `{name}`.");
    quote! {
        #[doc = #text]
        #[allow(dead_code)]
        #visibility const #key: ::tfplugin::Key<Self, #ty> = ::tfplugin::Key::new(#name);
    }
}

/// Keys of a model that is flattened as a whole can be used for the outer model.
fn flattens(ident: &Ident, field: &ModelField<'_>) -> Option<TokenStream> {
    field.markers.flatten.as_ref().filter(|flatten| flatten.except.is_empty())?;
    let ty = &field.field.ty;
    Some(quote! { impl ::tfplugin::Flattens<#ty> for #ident {} })
}

fn attributes(field: &ModelField<'_>, all: &[ModelField<'_>], output: bool) -> Result<TokenStream> {
    let Some(flatten) = &field.markers.flatten else {
        let attribute = attribute(field, all, output)?;
        return Ok(quote! { attributes.push(#attribute); });
    };
    let (ty, keep) = (&field.field.ty, is_kept(&field.field.ty, flatten)?);
    let computed = output.then(|| quote! { .map(::tfplugin::schema::Attribute::into_computed) });
    Ok(quote! {
        attributes.extend(
            <#ty as ::tfplugin::Model>::attributes().into_iter().filter(|attribute| #keep(attribute.name)) #computed
        );
    })
}

fn attribute(field: &ModelField<'_>, all: &[ModelField<'_>], output: bool) -> Result<TokenStream> {
    let (name, ty, text) = (&field.name, &field.field.ty, description(&field.field.attrs));
    let Markers { computed, default, replace, keep, with, sensitive, write_only, deprecated, flatten: _ } =
        &field.markers;
    let mut set = TokenStream::new();
    if *computed || default.is_some() {
        set.extend(quote! { attribute.presence = ::tfplugin::schema::Presence::OptionalComputed; });
    }
    if let Some(default) = default {
        let value = literal(default);
        set.extend(quote! { attribute.default = ::std::option::Option::Some(#value); });
    }
    if let Some(with) = with {
        let names = with.iter().map(|path| name_of(path, all)).collect::<Result<Vec<_>>>()?;
        set.extend(quote! { attribute.refreshed = ::tfplugin::schema::Refreshed::With(::std::vec![#(#names),*]); });
    }
    if *keep {
        set.extend(quote! { attribute.refreshed = ::tfplugin::schema::Refreshed::Never; });
    }
    if let Some(reason) = deprecated {
        set.extend(quote! { attribute.deprecation = ::std::option::Option::Some(#reason); });
    }
    let finish = if output { quote!(attribute.into_computed()) } else { quote!(attribute) };
    Ok(quote! {{
        #[allow(unused_mut)]
        let mut attribute = ::tfplugin::schema::Attribute::of::<#ty>(#name, #text);
        attribute.replace = #replace;
        attribute.sensitive = #sensitive;
        attribute.write_only = #write_only;
        #set
        #finish
    }})
}

fn decoded(field: &ModelField<'_>) -> TokenStream {
    let (ident, name, ty) = (field.ident, &field.name, &field.field.ty);
    match &field.markers.flatten {
        None => quote! { let #ident = decoder.field(object, #name); },
        Some(_) => quote! { let #ident = <#ty as ::tfplugin::Model>::decode_object(object, decoder); },
    }
}

fn encoded(field: &ModelField<'_>) -> Result<TokenStream> {
    let (ident, name, ty) = (field.ident, &field.name, &field.field.ty);
    let Some(flatten) = &field.markers.flatten else {
        return Ok(quote! {
            object.insert(::std::string::String::from(#name), ::tfplugin::Field::encode(#ident));
        });
    };
    let keep = is_kept(ty, flatten)?;
    Ok(quote! {
        object.extend(<#ty as ::tfplugin::Model>::encode_object(#ident).into_iter().filter(|(name, _)| #keep(name)));
    })
}

/// A function that returns true for the attributes of a flattened model that are not left out.
fn is_kept(ty: &Type, flatten: &Flatten) -> Result<TokenStream> {
    let except = flatten.except.iter().map(|path| {
        let name = path.get_ident().ok_or_else(|| Error::new(path.span(), "except takes names of attributes"))?;
        let key = constant(&name.unraw().to_string(), path.span());
        Ok(quote_spanned! { path.span() => <#ty>::#key.name() })
    });
    let except = except.collect::<Result<Vec<_>>>()?;
    Ok(quote! { (|name: &str| !<[&str]>::contains(&[#(#except),*], &name)) })
}

/// The name of an attribute in a marker, as an expression that compiles only if there is such an attribute.
fn name_of(path: &Path, all: &[ModelField<'_>]) -> Result<TokenStream> {
    let mut model = path.clone();
    let Some(last) = model.segments.pop() else { return Err(Error::new(path.span(), "expected a name")) };
    let name = last.ident.unraw().to_string();
    let key = constant(&name, path.span());
    if !model.segments.is_empty() {
        model.segments.pop_punct();
        return Ok(quote_spanned! { path.span() => <#model>::#key.name() });
    }
    if all.iter().any(|field| field.name == name && field.markers.flatten.is_none()) {
        return Ok(quote! { #name });
    }
    let text = format!("this model has no attribute `{name}`; for one of another model write `Model::{name}`");
    Err(Error::new(path.span(), text))
}

fn constant(name: &str, span: proc_macro2::Span) -> Ident {
    format_ident!("{}", name.to_uppercase(), span = span)
}

fn literal(default: &Lit) -> TokenStream {
    match default {
        Lit::Bool(value) => quote! { ::tfplugin::Value::Bool(#value) },
        Lit::Int(value) => quote! { ::tfplugin::Value::Number(::tfplugin::Number::from_i64(#value)) },
        Lit::Str(value) => quote! { ::tfplugin::Value::string(#value) },
        other => {
            Error::new(other.span(), "a default must be a string, a whole number, true or false").into_compile_error()
        }
    }
}
