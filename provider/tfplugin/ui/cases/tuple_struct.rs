#[derive(tfplugin::Model)]
struct Input(String);

fn main() {}
