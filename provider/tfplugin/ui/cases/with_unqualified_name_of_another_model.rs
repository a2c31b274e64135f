#[derive(tfplugin::Model)]
struct Input {
    name: String,
}

#[derive(tfplugin::Model)]
#[tf(output)]
struct Output {
    #[tf(with = "name")]
    id: String,
}

fn main() {
    let _ = Input::NAME;
}
