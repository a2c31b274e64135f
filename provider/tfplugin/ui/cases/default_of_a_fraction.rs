#[derive(tfplugin::Model)]
struct Input {
    #[tf(default = 0.5)]
    share: Option<tfplugin::Number>,
}

fn main() {}
