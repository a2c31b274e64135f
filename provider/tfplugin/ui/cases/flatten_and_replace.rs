#[derive(tfplugin::Model)]
struct Inner {
    name: String,
}

#[derive(tfplugin::Model)]
struct Outer {
    #[tf(flatten, replace)]
    inner: Inner,
}

fn main() {}
