//! Provider-defined functions: results, and errors that name the invalid argument.

use super::run_story;

fn output(call: &str) -> String {
    format!("output \"answer\" {{\n  value = provider::test::{call}\n}}\n")
}

#[test]
fn functions_return_results() {
    for (call, answer) in [
        ("shout(\"e\\u0301h\")", "\"ÉH\""),
        ("or_else(null, \"b\")", "\"b\""),
        ("or_else(\"a\", \"b\")", "\"a\""),
        ("sum(1)", "1"),
        ("sum(1, 2, -4)", "-1"),
    ] {
        run_story("function", &output(call), |story| {
            story.apply().expect_ok().expect_said(&format!("answer = {answer}"));
        });
    }
}

#[test]
fn an_invalid_argument_is_named_in_the_error() {
    run_story("function-argument", &output("shout(\"\")"), |story| {
        story.plan().expect_err("Invalid value for \"text\" parameter: there is nothing to shout: the text is empty");
    });
}

#[test]
fn an_error_is_reported_for_an_invalid_variadic_argument() {
    run_story("function-variadic", &output("sum(1, 2, 0.5)"), |story| {
        story.plan().expect_err("Expected a whole number of at most 64 bits, got 0.5.");
    });
}

#[test]
fn a_panic_in_a_function_is_reported_as_its_error() {
    run_story("function-panic", &output("boom(\"ouch\")"), |story| {
        let run = story.plan().expect_err("The provider panicked: the function said ouch");
        assert!(!run.said().contains("did not respond"), "{run}");
    });
}
