#[derive(tfplugin::Model)]
struct Input {
    #[tf(write_only, default = "x")]
    secret: Option<String>,
}

fn main() {}
