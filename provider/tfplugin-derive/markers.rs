//! [`Markers`]: what stands in `#[tf(..)]`, checked for combinations that cannot mean anything.

use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, Field, GenericArgument, Lit, LitStr, PathArguments, Result, Type};

/// The markers of one field.
#[derive(Default)]
pub(crate) struct Markers {
    pub(crate) computed: bool,
    pub(crate) default: Option<Lit>,
    pub(crate) replace: bool,
    pub(crate) keep: bool,
    pub(crate) with: Option<Vec<String>>,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) deprecated: Option<LitStr>,
}

impl Markers {
    /// Reads the markers of `field`; `output` says that the whole struct is computed.
    pub(crate) fn read(field: &Field, output: bool) -> Result<Self> {
        let mut markers = Self::default();
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
                    "with" => markers.with = Some(names(&meta.value()?.parse::<LitStr>()?)),
                    _ => {
                        return Err(meta.error(
                            "unknown marker; there are computed, default, replace, keep, with, sensitive, write_only and deprecated",
                        ));
                    }
                }
                Ok(())
            })?;
        }
        markers.check(field, output)?;
        Ok(markers)
    }

    fn check(&self, field: &Field, output: bool) -> Result<()> {
        let refuse = |text: &str| Err(Error::new(field.span(), text));
        let optional = option_of(&field.ty).is_some();
        if output && (self.replace || self.write_only || self.default.is_some() || self.computed) {
            return refuse(
                "an output is set by the provider only: replace, write_only, default and computed cannot stand here",
            );
        }
        if self.write_only && !optional {
            return refuse("a write-only argument must be an Option: it is null in every state");
        }
        if self.write_only && (self.computed || self.default.is_some()) {
            return refuse("a write-only argument cannot be computed");
        }
        if (self.computed || self.default.is_some()) && !optional {
            return refuse("an argument that the provider may set must be an Option");
        }
        if (self.keep || self.with.is_some()) && !(output || self.computed || self.default.is_some()) {
            return refuse("keep and with are about computed attributes");
        }
        if self.keep && self.with.is_some() {
            return refuse("keep says that it never changes; with says when it does");
        }
        Ok(())
    }
}

/// Whether `#[tf(output)]` stands on the struct.
pub(crate) fn is_output(attributes: &[Attribute]) -> Result<bool> {
    let mut output = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("tf")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("output") {
                output = true;
                Ok(())
            } else {
                Err(meta.error("unknown marker; a struct may only be marked as output"))
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

fn names(list: &LitStr) -> Vec<String> {
    list.value().split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
