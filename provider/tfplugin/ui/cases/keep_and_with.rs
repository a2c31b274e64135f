#[derive(tfplugin::Model)]
#[tf(output)]
struct Output {
    #[tf(keep, with = "Input::name")]
    id: String,
}

fn main() {}
