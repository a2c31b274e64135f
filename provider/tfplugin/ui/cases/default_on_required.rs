#[derive(tfplugin::Model)]
struct Input {
    #[tf(default = 3)]
    size: u64,
}

fn main() {}
