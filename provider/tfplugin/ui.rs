//! Misuse of `#[derive(Model)]` is refused by the compiler, with a sentence that says why.

#[test]
fn misuse_of_the_derive_does_not_compile() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
