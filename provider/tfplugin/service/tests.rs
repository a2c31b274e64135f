//! Golden tests of the wire format: a small provider answers a fixed set of requests through the generated service and
//! its protobuf codec. `UPDATE_EXPECT=1` rewrites the answers. A changed answer is a change of the protocol.

mod demo;

use std::fmt::{Debug, Write as _};

use eod_proto::tfplugin6 as wire;
use eod_proto::tfplugin6::provider_client::ProviderClient;
use eod_proto::tfplugin6::provider_server::ProviderServer;
use expect_test::{ExpectFile, expect_file};

use self::demo::{Crate, Demo, LabelInput, LabelOutput, LeaseInput, LeaseOutput};
use crate::host::Work;
use crate::{AnyResource, Field, Number, ObjectValue, RequestContext, Service, Type, Value, msgpack};

type Client = ProviderClient<ProviderServer<Service<Demo>>>;

fn cold() -> Client {
    ProviderClient::new(Service::server(Demo, Work::default()))
}

async fn configured() -> Client {
    let mut client = cold();
    let ty = Type::object([("region", Type::String)]);
    let request = wire::ConfigureProviderRequest {
        terraform_version: "1.11.4".to_owned(),
        config: Some(sent(&Value::map([("region", text("here"))]), &ty)),
        client_capabilities: None,
    };
    assert!(client.configure_provider(request).await.unwrap().into_inner().diagnostics.is_empty());
    client
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn number(number: &str) -> Value {
    Value::Number(Number::parse(number).unwrap())
}

fn ty() -> Type {
    AnyResource::<String>::schema(&Crate).ty()
}

/// Object of a crate with these attributes; the others are null.
fn object(set: &[(&str, Value)]) -> ObjectValue {
    let mut object = AnyResource::<String>::schema(&Crate).empty();
    for (name, value) in set {
        assert!(object.insert((*name).to_owned(), value.clone()).is_some(), "{name}");
    }
    object
}

fn sent(value: &Value, ty: &Type) -> wire::DynamicValue {
    wire::DynamicValue { msgpack: msgpack::encode(value, ty).unwrap().into(), ..Default::default() }
}

fn state(object: &ObjectValue) -> Option<wire::DynamicValue> {
    Some(sent(&Value::Map(object.clone()), &ty()))
}

fn nothing() -> Option<wire::DynamicValue> {
    Some(sent(&Value::Null, &ty()))
}

fn capable() -> Option<wire::ClientCapabilities> {
    Some(wire::ClientCapabilities { deferral_allowed: true, write_only_attributes_allowed: true, ..Default::default() })
}

/// Name of the required argument.
const NAME: &str = "name";

fn written() -> ObjectValue {
    object(&[
        (NAME, text("box")),
        ("weight", number("0.1")),
        ("secret", text("hush")),
        ("lid", Value::map([("colour", text("red")), ("hinges", Value::Null)])),
    ])
}

fn made() -> ObjectValue {
    object(&[
        (NAME, text("box")),
        ("size", number("3")),
        ("weight", number("0.1")),
        ("lid", Value::map([("colour", text("red")), ("hinges", number("2"))])),
        ("id", text("here/box")),
        ("revision", number("1")),
    ])
}

/// Compares an answer with the file: first its values, decoded from msgpack, then the answer with values as bytes.
fn golden(file: &ExpectFile, answer: &impl Debug, values: &[(&str, Option<&wire::DynamicValue>)]) {
    let mut shown = String::new();
    for (name, value) in values {
        let value = value.map_or_else(|| "absent".to_owned(), |value| readable(&value.msgpack));
        let _ = writeln!(shown, "{name} = {value}");
    }
    let _ = writeln!(shown, "{answer:#?}");
    assert!(!shown.contains("hush"), "a write-only value is in an answer:\n{shown}");
    file.assert_eq(&shown);
}

fn readable(mut bytes: &[u8]) -> String {
    let value = rmpv::decode::read_value(&mut bytes).unwrap();
    assert!(bytes.is_empty(), "{} bytes after the value", bytes.len());
    value.to_string()
}

fn identity(object: Option<&wire::ResourceIdentityData>) -> Option<&wire::DynamicValue> {
    object.and_then(|identity| identity.identity_data.as_ref())
}

#[tokio::test]
async fn schema() {
    let answer = cold().get_provider_schema(wire::GetProviderSchemaRequest {}).await.unwrap().into_inner();
    golden(&expect_file!["tests/schema.txt"], &answer, &[]);
    let same = cold().get_functions(wire::GetFunctionsRequest {}).await.unwrap().into_inner();
    assert_eq!(same.functions, answer.functions);
}

#[tokio::test]
async fn identity_schemas() {
    let request = wire::GetResourceIdentitySchemasRequest {};
    let answer = cold().get_resource_identity_schemas(request).await.unwrap().into_inner();
    golden(&expect_file!["tests/identity_schemas.txt"], &answer, &[]);
}

#[tokio::test]
async fn validate_reports_every_mistake_with_its_path() {
    let lid = Value::map([("colour", Value::Null), ("hinges", number("-1"))]);
    let config = object(&[(NAME, text("")), ("weight", Value::unknown()), ("lid", lid), ("secret", text("hush"))]);
    let request = wire::ValidateResourceConfigRequest {
        type_name: "demo_crate".to_owned(),
        config: state(&config),
        client_capabilities: Some(wire::ClientCapabilities::default()),
    };
    let answer = cold().validate_resource_config(request).await.unwrap().into_inner();
    golden(&expect_file!["tests/validate.txt"], &answer, &[]);
}

async fn plan(
    prior: Option<&ObjectValue>,
    config: &ObjectValue,
    capabilities: Option<wire::ClientCapabilities>,
) -> wire::PlanResourceChangeResponse {
    let request = wire::PlanResourceChangeRequest {
        type_name: "demo_crate".to_owned(),
        prior_state: prior.map_or_else(nothing, state),
        proposed_new_state: state(config),
        config: state(config),
        client_capabilities: capabilities,
        ..Default::default()
    };
    configured().await.plan_resource_change(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn plan_create() {
    let answer = plan(None, &written(), capable()).await;
    golden(&expect_file!["tests/plan_create.txt"], &answer, &[("planned_state", answer.planned_state.as_ref())]);
}

#[tokio::test]
async fn plan_update_and_replace() {
    let mut config = written();
    config.insert(NAME.to_owned(), text("other"));
    config.insert("weight".to_owned(), number("123456789012345678901234567890"));
    let answer = plan(Some(&made()), &config, capable()).await;
    golden(&expect_file!["tests/plan_update.txt"], &answer, &[("planned_state", answer.planned_state.as_ref())]);
}

#[tokio::test]
async fn plan_without_a_change_is_the_state() {
    let answer = plan(Some(&made()), &written(), capable()).await;
    assert_eq!(answer.planned_state, state(&made()));
    assert!(answer.requires_replace.is_empty() && answer.diagnostics.is_empty());
}

#[tokio::test]
async fn plan_is_deferred_only_if_the_host_supports_it() {
    let mut config = written();
    config.insert("weight".to_owned(), Value::unknown());
    let answer = plan(None, &config, capable()).await;
    golden(&expect_file!["tests/plan_deferred.txt"], &answer, &[("planned_state", answer.planned_state.as_ref())]);
    assert_eq!(plan(None, &config, None).await.deferred, None);
}

#[tokio::test]
async fn plan_destroy_keeps_the_private_data() {
    let request = wire::PlanResourceChangeRequest {
        type_name: "demo_crate".to_owned(),
        prior_state: state(&made()),
        proposed_new_state: nothing(),
        config: nothing(),
        prior_private: "7".into(),
        ..Default::default()
    };
    let answer = configured().await.plan_resource_change(request).await.unwrap().into_inner();
    golden(&expect_file!["tests/plan_destroy.txt"], &answer, &[("planned_state", answer.planned_state.as_ref())]);
}

async fn apply(
    config: &ObjectValue,
    prior: Option<&ObjectValue>,
    planned: Option<wire::DynamicValue>,
) -> wire::ApplyResourceChangeResponse {
    let request = wire::ApplyResourceChangeRequest {
        type_name: "demo_crate".to_owned(),
        prior_state: prior.map_or_else(nothing, state),
        planned_state: planned,
        config: state(config),
        planned_private: "7".into(),
        ..Default::default()
    };
    configured().await.apply_resource_change(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn apply_create() {
    let planned = plan(None, &written(), None).await.planned_state;
    let answer = apply(&written(), None, planned).await;
    let values = [("new_state", answer.new_state.as_ref()), ("new_identity", identity(answer.new_identity.as_ref()))];
    golden(&expect_file!["tests/apply_create.txt"], &answer, &values);
}

#[tokio::test]
async fn apply_create_that_panics_keeps_the_planned_values() {
    let mut config = written();
    config.insert(NAME.to_owned(), text("panic"));
    let planned = plan(None, &config, None).await.planned_state;
    let answer = apply(&config, None, planned).await;
    golden(&expect_file!["tests/apply_panic.txt"], &answer, &[("new_state", answer.new_state.as_ref())]);
}

#[tokio::test]
async fn apply_destroy_answers_null() {
    let answer = apply(&made(), Some(&made()), nothing()).await;
    assert_eq!(answer, wire::ApplyResourceChangeResponse { new_state: nothing(), ..Default::default() });
}

#[tokio::test]
async fn read_answers_state_private_data_and_identity() {
    let request = wire::ReadResourceRequest {
        type_name: "demo_crate".to_owned(),
        current_state: state(&made()),
        private: "7".into(),
        ..Default::default()
    };
    let answer = configured().await.read_resource(request).await.unwrap().into_inner();
    let values = [("new_state", answer.new_state.as_ref()), ("new_identity", identity(answer.new_identity.as_ref()))];
    golden(&expect_file!["tests/read.txt"], &answer, &values);
}

#[tokio::test]
async fn a_call_without_configuration_keeps_the_state() {
    let request = wire::ReadResourceRequest {
        type_name: "demo_crate".to_owned(),
        current_state: state(&made()),
        private: "7".into(),
        ..Default::default()
    };
    let answer = cold().read_resource(request).await.unwrap().into_inner();
    assert_eq!((answer.new_state, &answer.private[..]), (state(&made()), &b"7"[..]));
    assert!(answer.diagnostics[0].detail.contains("before the provider was configured"));
}

async fn import(id: &str, identity: Option<Value>) -> wire::ImportResourceStateResponse {
    let ty = Type::object([("name", Type::String), ("region", Type::String)]);
    let identity = identity.map(|value| wire::ResourceIdentityData { identity_data: Some(sent(&value, &ty)) });
    let request = wire::ImportResourceStateRequest {
        type_name: "demo_crate".to_owned(),
        id: id.to_owned(),
        identity,
        ..Default::default()
    };
    configured().await.import_resource_state(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn import_by_id_and_by_identity() {
    let answer = import("box", None).await;
    let one = &answer.imported_resources[0];
    let values = [("state", one.state.as_ref()), ("identity", identity(one.identity.as_ref()))];
    golden(&expect_file!["tests/import.txt"], &answer, &values);
    let by_identity = Value::map([("name", text("box")), ("region", Value::Null)]);
    assert_eq!(import("", Some(by_identity)).await, answer);
}

#[tokio::test]
async fn import_without_a_required_part_of_the_identity() {
    let answer = import("", Some(Value::map([("name", Value::Null), ("region", text("here"))]))).await;
    golden(&expect_file!["tests/import_mistake.txt"], &answer, &[]);
}

#[tokio::test]
async fn upgrade_drops_adds_and_keeps_every_digit() {
    let json = r#"{"name":"box","weight":123456789012345678901234567890,"gone":[1],"revision":1}"#;
    let request = wire::UpgradeResourceStateRequest {
        type_name: "demo_crate".to_owned(),
        version: 0,
        raw_state: Some(wire::RawState { json: json.into(), ..Default::default() }),
    };
    let answer = cold().upgrade_resource_state(request).await.unwrap().into_inner();
    golden(&expect_file!["tests/upgrade.txt"], &answer, &[("upgraded_state", answer.upgraded_state.as_ref())]);
}

#[tokio::test]
async fn move_from_another_type() {
    let request = wire::MoveResourceStateRequest {
        source_provider_address: "registry.terraform.io/other/other".to_owned(),
        source_type_name: "other_box".to_owned(),
        source_state: Some(wire::RawState { json: r#"{"label":"box"}"#.into(), ..Default::default() }),
        target_type_name: "demo_crate".to_owned(),
        ..Default::default()
    };
    let answer = cold().move_resource_state(request.clone()).await.unwrap().into_inner();
    golden(&expect_file!["tests/moved.txt"], &answer, &[("target_state", answer.target_state.as_ref())]);
    let unknown = wire::MoveResourceStateRequest { source_type_name: "strange".to_owned(), ..request };
    let answer = cold().move_resource_state(unknown).await.unwrap().into_inner();
    golden(&expect_file!["tests/moved_unknown.txt"], &answer, &[]);
}

#[tokio::test]
async fn data_source() {
    let ty = Type::object([("name", Type::String), ("suffix", Type::String), ("label", Type::String)]);
    let config = Value::map([("name", text("box")), ("suffix", Value::Null), ("label", Value::Null)]);
    let request = wire::ReadDataSourceRequest {
        type_name: "demo_label".to_owned(),
        config: Some(sent(&config, &ty)),
        ..Default::default()
    };
    let answer = configured().await.read_data_source(request).await.unwrap().into_inner();
    golden(&expect_file!["tests/data_source.txt"], &answer, &[("state", answer.state.as_ref())]);
    assert_eq!(LabelInput::shape().ty(), Type::object([("name", Type::String), ("suffix", Type::String)]));
    assert_eq!(LabelOutput::shape().ty(), Type::object([("label", Type::String)]));
}

#[tokio::test]
async fn ephemeral() {
    let ty = Type::object([("name", Type::String), ("token", Type::String)]);
    assert_eq!(LeaseInput::shape().ty(), Type::object([("name", Type::String)]));
    assert_eq!(LeaseOutput::shape().ty(), Type::object([("token", Type::String)]));
    let type_name = || "demo_lease".to_owned();
    let config = Value::map([("name", text("box")), ("token", Value::Null)]);
    let mut client = configured().await;
    let request = wire::OpenEphemeralResourceRequest {
        type_name: type_name(),
        config: Some(sent(&config, &ty)),
        client_capabilities: None,
    };
    let open = client.open_ephemeral_resource(request).await.unwrap().into_inner();
    golden(&expect_file!["tests/ephemeral_open.txt"], &open, &[("result", open.result.as_ref())]);
    let request = wire::RenewEphemeralResourceRequest { type_name: type_name(), private: open.private };
    let renewed = client.renew_ephemeral_resource(request).await.unwrap().into_inner();
    golden(&expect_file!["tests/ephemeral_renew.txt"], &renewed, &[]);
    let request = wire::CloseEphemeralResourceRequest { type_name: type_name(), private: renewed.private };
    let closed = client.close_ephemeral_resource(request).await.unwrap().into_inner();
    golden(&expect_file!["tests/ephemeral_close.txt"], &closed, &[]);
}

async fn called(name: &str, arguments: &[(Value, Type)]) -> wire::CallFunctionResponse {
    let arguments = arguments.iter().map(|(value, ty)| sent(value, ty)).collect();
    let request = wire::CallFunctionRequest { name: name.to_owned(), arguments };
    cold().call_function(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn functions() {
    let number = |text: &str| (number(text), Type::Number);
    let answer = called("sum", &[number("1"), number("2"), number("0.5")]).await;
    golden(&expect_file!["tests/function.txt"], &answer, &[("result", answer.result.as_ref())]);
    let mut shown = String::new();
    for (name, arguments) in [
        ("sum", vec![number("1"), (text("two"), Type::String)]),
        ("sum", vec![number("-1")]),
        ("sum", vec![]),
        ("sum", vec![number("13")]),
        ("product", vec![]),
    ] {
        let _ = writeln!(shown, "{name} of {}: {:?}", arguments.len(), called(name, &arguments).await.error);
    }
    expect_file!["tests/function_mistakes.txt"].assert_eq(&shown);
}

#[tokio::test]
async fn more_arguments_than_parameters_are_an_error() {
    let one = (text("a"), Type::String);
    let answer = called("same", &[one.clone(), one.clone(), one]).await;
    assert!(answer.error.is_some(), "{answer:?}");
}

#[tokio::test]
async fn unknown_type_is_a_diagnostic_and_not_a_grpc_error() {
    let request = wire::ValidateResourceConfigRequest { type_name: "demo_other".to_owned(), ..Default::default() };
    let answer = cold().validate_resource_config(request).await.unwrap().into_inner();
    assert!(answer.diagnostics[0].detail.contains("The resource `demo_other` is not in the registry"));
}

#[tokio::test]
async fn invalid_value_is_a_diagnostic_and_not_a_grpc_error() {
    for bytes in [&b"\xc1"[..], b"\x81\xa4name", b"\x80", b"\xdf\xff\xff\xff\xff", b"\xc0\xc0"] {
        let config = Some(wire::DynamicValue { msgpack: bytes.to_vec().into(), ..Default::default() });
        let request = wire::ValidateResourceConfigRequest {
            type_name: "demo_crate".to_owned(),
            config,
            client_capabilities: None,
        };
        let answer = cold().validate_resource_config(request).await.unwrap().into_inner();
        assert!(!answer.diagnostics.is_empty(), "{bytes:?}");
    }
}

#[tokio::test]
async fn stop_cancels_only_the_running_calls() {
    let client = configured().await;
    let mut config = written();
    config.insert(NAME.to_owned(), text("endless"));
    let planned = plan(None, &config, None).await.planned_state;
    let request = wire::ApplyResourceChangeRequest {
        type_name: "demo_crate".to_owned(),
        prior_state: nothing(),
        planned_state: planned,
        config: state(&config),
        ..Default::default()
    };
    let (mut runs, mut stops) = (client.clone(), client.clone());
    let (answer, ()) = tokio::join!(runs.apply_resource_change(request), async {
        while !demo::is_waiting() {
            tokio::task::yield_now().await;
        }
        stops.stop_provider(wire::StopProviderRequest {}).await.unwrap();
    });
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.diagnostics[0].summary, "Interrupted");
    assert!(answer.new_state.is_some_and(|state| readable(&state.msgpack).contains("here/endless")));
    assert!(!RequestContext::default().cancel.is_cancelled());
    assert!(plan(None, &written(), None).await.diagnostics.is_empty());
}
