#[derive(tfplugin::Model)]
struct Inner {
    name: Option<String>,
}

#[derive(tfplugin::Model)]
struct Outer {
    #[tf(flatten(except = "nmae"))]
    inner: Inner,
}

fn main() {
    let _ = Inner::NAME;
}
