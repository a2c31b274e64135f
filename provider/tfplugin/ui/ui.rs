//! Misuse of `#[derive(Model)]` is refused by the compiler, with a sentence that names the reason.
//!
//! trybuild compiles the dependencies of the package once more. So the cases are in a package with few dependencies.

#[test]
fn misuse_of_the_derive_does_not_compile() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
