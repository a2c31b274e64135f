use super::*;

#[test]
fn only_a_name_that_is_a_prefix_of_the_host_can_collide() {
    let name: EnvironmentName = "shop-pr-1".parse().unwrap();
    let hosts = ["shop-pr-1-api.d.example".to_owned(), "shop-pr-1.d.example".to_owned()];
    let found: Vec<_> = possible_owners(&name, hosts.iter()).into_iter().collect();
    assert_eq!(found, ["shop", "shop-pr", "shop-pr-1-api"]);
}
