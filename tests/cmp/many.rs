//! Concurrent renders of many Applications.

use eod_testkit::argocd::ArgoCd;
use serde_json::json;

use super::{LONG, RenderStory, SHOP, deadline::expect_nothing_left, object, ours, titles};

const COUNT: usize = 64;

#[test]
fn sixty_four_concurrent_applications_get_their_own_manifests() {
    let story = RenderStory::begin(ArgoCd::shared(), "many@once", &[("shop/shop.yaml", SHOP)]);
    let name = |number: usize| format!("shop-pr-{}", number + 1);
    let request = |number: usize| {
        let request = story.request(&name(number)).deadline(LONG);
        let request = request.parameter("repository", "acme/shop").parameter("pull-request", (number + 1).to_string());
        request
            .parameter("owner", format!("developer-{number}"))
            .parameter("image.tag", format!("v{number}"))
            .parameter("image.repository", "registry.acme.internal/shop")
    };
    let requests: Vec<_> = (0..COUNT).map(request).collect();
    let answers = story.argocd.generate_all(&requests, COUNT);
    assert_eq!(answers.len(), COUNT);
    let mut all = Vec::new();
    for (number, answer) in answers.into_iter().enumerate() {
        let (manifests, name) = (answer.expect_manifests(), name(number));
        let namespace = object(&manifests, &format!("Namespace/{name}"));
        assert_eq!(ours(&namespace["metadata"]["annotations"], "owner"), &format!("developer-{number}"));
        let pod = &object(&manifests, "Deployment/api")["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["image"], format!("registry.acme.internal/shop:v{number}"));
        let host = format!("{name}-api.preview.acme.internal");
        assert_eq!(object(&manifests, "Ingress/api")["spec"]["rules"][0]["host"], host);
        for manifest in manifests.iter().filter(|manifest| manifest["kind"] != "Namespace") {
            assert_eq!(manifest["metadata"]["namespace"], json!(name), "{manifest}");
        }
        // No text of another Application.
        let text = json!(manifests).to_string();
        let others = (0..COUNT).filter(|other| *other != number && text.contains(&format!("\"developer-{other}\"")));
        assert_eq!(others.count(), 0, "{text}");
        all.push(manifests);
    }
    assert_eq!(story.cache(), (0.0, 64.0));
    expect_nothing_left(&story);

    // A single render gives the same manifests.
    for number in [0, 31, COUNT - 1] {
        story.plugin.stop();
        story.plugin.restart();
        let alone = story.rendered(&request(number).hard());
        assert_eq!((titles(&alone), &alone), (titles(&all[number]), &all[number]));
        assert_eq!(story.cache(), (0.0, 1.0));
    }
}
