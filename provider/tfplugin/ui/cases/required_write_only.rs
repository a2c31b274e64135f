#[derive(tfplugin::Model)]
struct Input {
    #[tf(write_only)]
    secret: String,
}

fn main() {}
