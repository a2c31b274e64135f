#[derive(tfplugin::Model)]
struct Input<T> {
    name: T,
}

fn main() {}
