#[derive(tfplugin::Model)]
struct Input {
    #[tf(optional)]
    name: String,
}

fn main() {}
