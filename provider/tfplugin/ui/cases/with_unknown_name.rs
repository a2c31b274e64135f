#[derive(tfplugin::Model)]
struct Input {
    name: Option<String>,
    #[tf(computed, with = "nmae")]
    label: Option<String>,
}

fn main() {}
