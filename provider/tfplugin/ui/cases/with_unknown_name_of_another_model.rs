#[derive(tfplugin::Model)]
struct Input {
    name: String,
}

#[derive(tfplugin::Model)]
#[tf(output)]
struct Output {
    #[tf(with = "Input::nmae")]
    id: String,
}

fn main() {
    let _ = (Input::NAME, Output::ID);
}
