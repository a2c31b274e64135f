use tfplugin::{Key, Model};

#[derive(Model)]
struct Inner {
    name: Option<String>,
    label: Option<String>,
}

#[derive(Model)]
struct Whole {
    #[tf(flatten)]
    inner: Inner,
}

#[derive(Model)]
struct Part {
    #[tf(flatten(except = "label"))]
    inner: Inner,
}

const WHOLE: Key<Whole, String> = Inner::NAME.flattened();
const PART: Key<Part, String> = Inner::LABEL.flattened();

fn main() {
    let _ = (WHOLE, PART);
}
