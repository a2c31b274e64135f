#[derive(tfplugin::Model)]
struct Inner {
    name: String,
}

#[derive(tfplugin::Model)]
struct Outer {
    #[tf(flatten)]
    inner: Option<Inner>,
}

fn main() {}
