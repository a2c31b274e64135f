//! Schemas, functions and identities. The answers are constant and need no earlier call.

use eod_proto::tfplugin6 as wire;

use super::wire::named;
use crate::function::{Function, Parameter};
use crate::model::Model;
use crate::provider::Provider;
use crate::schema::{Attribute, Block, Nesting, Presence, Schema, Shape};
use crate::service::Inner;

pub(crate) async fn provider<P: Provider>(
    inner: &Inner<P>,
    _: wire::GetProviderSchemaRequest,
) -> wire::GetProviderSchemaResponse {
    let provider = &inner.provider;
    wire::GetProviderSchemaResponse {
        provider: Some(schema(&Schema {
            attributes: P::Config::attributes(),
            description: P::DESCRIPTION.to_owned(),
            ..Schema::default()
        })),
        resource_schemas: named(provider.resources().iter().map(|each| (each.type_name(), schema(&each.schema())))),
        data_source_schemas: named(
            provider.data_sources().iter().map(|each| (each.type_name(), schema(&each.schema()))),
        ),
        ephemeral_resource_schemas: named(
            provider.ephemerals().iter().map(|each| (each.type_name(), schema(&each.schema()))),
        ),
        functions: named(provider.functions().iter().map(|each| (each.name(), function(*each)))),
        server_capabilities: Some(capabilities()),
        ..Default::default()
    }
}

pub(crate) async fn functions<P: Provider>(
    inner: &Inner<P>,
    _: wire::GetFunctionsRequest,
) -> wire::GetFunctionsResponse {
    let functions = named(inner.provider.functions().iter().map(|each| (each.name(), function(*each))));
    wire::GetFunctionsResponse { functions, ..Default::default() }
}

pub(crate) async fn identities<P: Provider>(
    inner: &Inner<P>,
    _: wire::GetResourceIdentitySchemasRequest,
) -> wire::GetResourceIdentitySchemasResponse {
    let with_identity = inner.provider.resources().iter().filter_map(|each| {
        let attributes = each.identity_attributes();
        (!attributes.is_empty()).then(|| (each.type_name(), identity(&attributes)))
    });
    wire::GetResourceIdentitySchemasResponse { identity_schemas: named(with_identity), ..Default::default() }
}

fn capabilities() -> wire::ServerCapabilities {
    wire::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: false,
    }
}

pub(crate) fn schema(schema: &Schema) -> wire::Schema {
    wire::Schema { version: schema.version, block: Some(block(schema)) }
}

fn block(schema: &Schema) -> wire::schema::Block {
    wire::schema::Block {
        version: schema.version,
        attributes: schema.attributes.iter().map(attribute).collect(),
        block_types: schema.blocks.iter().map(nested_block).collect(),
        description: schema.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: schema.deprecation.is_some(),
        deprecation_message: schema.deprecation.clone().unwrap_or_default(),
        computed: false,
    }
}

fn attribute(attribute: &Attribute) -> wire::schema::Attribute {
    let (ty, nested) = match &attribute.shape {
        Shape::Plain(ty) => (ty.to_json(), None),
        Shape::Object { nesting, attributes } => (Vec::new(), Some(object(*nesting, attributes))),
    };
    wire::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: ty.into(),
        nested_type: nested,
        description: attribute.description.to_owned(),
        required: attribute.presence == Presence::Required,
        optional: matches!(attribute.presence, Presence::Optional | Presence::OptionalComputed),
        computed: attribute.presence.is_computed(),
        sensitive: attribute.sensitive,
        write_only: attribute.write_only,
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: attribute.deprecation.is_some(),
        deprecation_message: attribute.deprecation.unwrap_or_default().to_owned(),
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> wire::schema::Object {
    use wire::schema::object::NestingMode;
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    wire::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: nesting.into(),
        ..Default::default()
    }
}

fn nested_block(nested: &Block) -> wire::schema::NestedBlock {
    use wire::schema::nested_block::NestingMode;
    let nesting = match nested.nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    wire::schema::NestedBlock {
        type_name: nested.name.to_owned(),
        block: Some(block(&nested.schema)),
        nesting: nesting.into(),
        min_items: i64::try_from(nested.min).unwrap_or(i64::MAX),
        max_items: i64::try_from(nested.max).unwrap_or(i64::MAX),
    }
}

fn function(function: &dyn Function) -> wire::Function {
    let signature = function.signature();
    wire::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(wire::function::Return { r#type: signature.returns.to_json().into() }),
        summary: signature.summary.to_owned(),
        description: signature.description.to_owned(),
        description_kind: wire::StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

fn parameter(parameter: &Parameter) -> wire::function::Parameter {
    wire::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: parameter.ty.to_json().into(),
        allow_null_value: parameter.nullable,
        allow_unknown_values: false,
        description: parameter.description.to_owned(),
        description_kind: wire::StringKind::Markdown.into(),
    }
}

fn identity(attributes: &[Attribute]) -> wire::ResourceIdentitySchema {
    let attributes = attributes.iter().map(|attribute| wire::resource_identity_schema::IdentityAttribute {
        name: attribute.name.to_owned(),
        r#type: attribute.shape.ty().to_json().into(),
        required_for_import: attribute.presence == Presence::Required,
        optional_for_import: attribute.presence != Presence::Required,
        description: attribute.description.to_owned(),
    });
    wire::ResourceIdentitySchema { version: 0, identity_attributes: attributes.collect() }
}
