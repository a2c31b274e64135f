#[derive(tfplugin::Model)]
#[tf(computed)]
struct Output {
    id: String,
}

fn main() {}
