#[derive(tfplugin::Model)]
enum Input {
    Name,
}

fn main() {}
