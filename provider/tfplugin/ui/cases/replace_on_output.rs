#[derive(tfplugin::Model)]
#[tf(output)]
struct Output {
    #[tf(replace)]
    id: String,
}

fn main() {}
