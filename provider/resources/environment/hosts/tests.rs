use super::*;

#[test]
fn only_beginnings_of_a_host_are_rivals() {
    let name: EnvironmentName = "shop-pr-1".parse().unwrap();
    let hosts = ["shop-pr-1-api.d.example".to_owned(), "shop-pr-1.d.example".to_owned()];
    let found: Vec<_> = rivals(&name, hosts.iter()).into_iter().collect();
    assert_eq!(found, ["shop", "shop-pr", "shop-pr-1-api"]);
}
