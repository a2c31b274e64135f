#[derive(tfplugin::Model)]
#[tf(output)]
struct Output {
    #[tf(keep, with = "name")]
    id: String,
}

fn main() {}
