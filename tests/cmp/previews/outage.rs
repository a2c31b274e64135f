//! Outage of the plugin.

use super::{CONFIG, Previews, controllers, uid};

#[test]
fn environments_stay_during_an_outage_of_the_plugin_and_can_be_deleted() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let seven = previews.open(7, &[]);
    let eight = previews.open(8, &[]);
    previews.expect_synced(7, &seven);
    previews.expect_synced(8, &eight);
    let before = previews.deployment(7);

    previews.story.plugin.stop();
    let pushed = previews.push(7, &[("shop/config.yaml", &CONFIG.replace("production", "later"))]);
    previews.expect_condition(7, "could not find cmp-server plugin with name \"eod@v1\"");
    assert_eq!(uid(&previews.deployment(7)), uid(&before));
    // A deletion needs no render.
    previews.forge.close(8);
    previews.expect_gone(8);

    previews.story.plugin.restart();
    previews.refresh(7);
    previews.expect_synced(7, &pushed);
    assert_eq!(previews.read(7, "api/v1", "configmaps/settings").unwrap()["data"]["mode"], "later");
    assert_eq!(uid(&previews.deployment(7)), uid(&before));
    previews.end(&[7]);
}
