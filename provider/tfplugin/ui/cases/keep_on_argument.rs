#[derive(tfplugin::Model)]
struct Input {
    #[tf(keep)]
    name: Option<String>,
}

fn main() {}
