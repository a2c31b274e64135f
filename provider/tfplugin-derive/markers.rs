//! [`Markers`]: the contents of `#[tf(..)]`, checked for invalid combinations.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, Field, GenericArgument, Lit, LitStr, Path, PathArguments, Result, Token, Type,
};

/// The markers of one field.
#[derive(Default)]
pub(crate) struct Markers {
    pub(crate) computed: bool,
    pub(crate) default: Option<Lit>,
    pub(crate) replace: bool,
    pub(crate) keep: bool,
    /// Attributes that the value depends on: `name` of this model, or `Model::name` of another one.
    pub(crate) with: Option<Vec<Path>>,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) deprecated: Option<LitStr>,
    pub(crate) flatten: Option<Flatten>,
}

/// A field that contributes the attributes of its model.
#[derive(Default)]
pub(crate) struct Flatten {
    /// Attributes that are left out.
    pub(crate) except: Vec<Path>,
}

impl Markers {
    /// Reads the markers of `field`. `output` is true if the whole struct is computed.
    pub(crate) fn read(field: &Field, output: bool) -> Result<Self> {
        let mut markers = Self::default();
        let mut count = 0;
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("tf")) {
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match name.as_str() {
                    "computed" => markers.computed = true,
                    "replace" => markers.replace = true,
                    "keep" => markers.keep = true,
                    "sensitive" => markers.sensitive = true,
                    "write_only" => markers.write_only = true,
                    "default" => markers.default = Some(meta.value()?.parse()?),
                    "deprecated" => markers.deprecated = Some(meta.value()?.parse()?),
                    "with" => markers.with = Some(names(&meta.value()?.parse()?)?),
                    "flatten" => {
                        let flatten = markers.flatten.insert(Flatten::default());
                        if meta.input.peek(syn::token::Paren) {
                            meta.parse_nested_meta(|inner| {
                                if !inner.path.is_ident("except") {
                                    return Err(inner.error("unknown option of flatten: supported is `except`"));
                                }
                                flatten.except = names(&inner.value()?.parse()?)?;
                                Ok(())
                            })?;
                        }
                    }
                    _ => {
                        return Err(meta.error(
                            "unknown marker: supported are computed, default, deprecated, flatten, keep, replace, sensitive, with, write_only",
                        ));
                    }
                }
                count += 1;
                Ok(())
            })?;
        }
        markers.check(field, output, count)?;
        Ok(markers)
    }

    fn check(&self, field: &Field, output: bool, count: usize) -> Result<()> {
        let refuse = |text: &str| Err(Error::new(field.span(), text));
        let optional = option_of(&field.ty).is_some();
        if self.flatten.is_some() && count > 1 {
            return refuse("flatten cannot be combined with other markers: they belong to the attributes of the model");
        }
        if self.flatten.is_some() && optional {
            return refuse("a flattened model cannot be an Option: its attributes are always present");
        }
        if output && (self.replace || self.write_only || self.default.is_some() || self.computed) {
            return refuse("an output cannot have replace, write_only, default or computed: only the provider sets it");
        }
        if self.write_only && !optional {
            return refuse("a write-only argument must be an Option: it is null in every state");
        }
        if self.write_only && (self.computed || self.default.is_some()) {
            return refuse("a write-only argument cannot be computed");
        }
        if (self.computed || self.default.is_some()) && !optional {
            return refuse("a computed argument must be an Option: the configuration may leave it out");
        }
        if (self.keep || self.with.is_some()) && !(output || self.computed || self.default.is_some()) {
            return refuse("keep and with require a computed attribute");
        }
        if self.keep && self.with.is_some() {
            return refuse("keep and with exclude each other: a kept value never changes");
        }
        Ok(())
    }
}

/// True if the struct is marked `#[tf(output)]`.
pub(crate) fn is_output(attributes: &[Attribute]) -> Result<bool> {
    let mut output = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("tf")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("output") {
                output = true;
                Ok(())
            } else {
                Err(meta.error("unknown marker of a struct: supported is output"))
            }
        })?;
    }
    Ok(output)
}

/// The lines of the doc comment, joined: a blank line starts a paragraph.
pub(crate) fn description(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let meta = attribute.meta.require_name_value().ok().filter(|meta| meta.path.is_ident("doc"))?;
        match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        }
    });
    let mut text = String::new();
    for line in lines {
        if line.is_empty() {
            text.push_str("\n\n");
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(&line);
        }
    }
    text.trim().to_owned()
}

/// `T` of `Option<T>`.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    }
}

fn names(list: &LitStr) -> Result<Vec<Path>> {
    Ok(list.parse_with(Punctuated::<Path, Token![,]>::parse_terminated)?.into_iter().collect())
}
