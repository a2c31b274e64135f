//! What arrives may be large, and made to do harm.

use std::{fs, io::Read};

use eod_testkit::argocd::{ArgoCd, Settings};

use super::{CONFIG, POLICY, RenderStory, deadline::expect_nothing_left, object};

/// Bytes that cannot be packed any smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut noise).unwrap();
    noise
}

#[test]
fn a_large_repository_is_rendered_and_refused_like_any_other() {
    let story = RenderStory::begin(ArgoCd::shared(), "archive@large", &[("shop/one.yaml", CONFIG)]);
    story.repository.write("large/noise.bin", noise(16 << 20));
    story.repository.commit("large");
    story.rendered(&story.request("shop-pr-7"));
    let text = story.refused(&story.request("shop"));
    assert!(text.contains("render for `*-pr-*`, not for `shop`"), "{text}");
    let bytes = |what: &str| story.plugin.number(&format!("eod_cmp_archive_bytes_total{{what=\"{what}\"}}"));
    assert!(bytes("received") > f64::from(32 << 20), "{}", bytes("received"));
    assert!(bytes("kept") < 1e6, "{}", bytes("kept"));
}

/// Argo CD sends to the end before it listens: whoever answers earlier is not heard.
#[test]
fn a_refusal_in_the_middle_of_the_archive_arrives_whole() {
    let story = RenderStory::begin(ArgoCd::shared(), "archive@middle", &[("shop/one.yaml", CONFIG)]);
    let deep = format!("deep/{}one.yaml", "a/".repeat(70));
    story.repository.write(&deep, CONFIG);
    // What comes behind it.
    story.repository.write("large/noise.bin", noise(16 << 20));
    story.repository.commit("deep");
    let text = story.refused(&story.request("shop-pr-7"));
    assert!(text.contains("the archive from Argo CD\n  rule:   file\n  found:  `deep/a/a/"), "{text}");
    assert!(text.contains("has more than 64 parts\n  remedy: rename the file"), "{text}");
}

#[test]
fn a_file_that_is_made_to_grow_is_refused() {
    let story = RenderStory::begin(ArgoCd::shared(), "archive@bomb", &[("shop/one.yaml", CONFIG)]);
    story.repository.write("bomb.bin", vec![0; 96 << 20]);
    story.repository.commit("bomb");
    let text = story.refused(&story.request("shop-pr-7"));
    assert!(
        text.contains("unpacks to more than 200 times its size\n  remedy: remove the file that is made to grow"),
        "{text}"
    );
    expect_nothing_left(&story);
    story.repository.remove("bomb.bin");
    story.repository.commit("no bomb");
    // It is still in the history, which nobody unpacks.
    story.rendered(&story.request("shop-pr-7").hard());
}

#[test]
fn a_file_too_large_to_be_a_manifest_is_named_where_it_is_missed() {
    let story =
        RenderStory::begin(ArgoCd::shared(), "archive@left", &[("shop/kustomization.yaml", "resources: [big.yaml]\n")]);
    story.repository.write("shop/big.yaml", format!("{CONFIG}#{}\n", "x".repeat(9 << 20)));
    story.repository.write("shop/noise.bin", noise(4 << 20));
    story.repository.commit("big");
    let text = story.refused(&story.request("shop-pr-7"));
    assert!(
        text.contains("shop/big.yaml\n  rule:   file\n  found:  this file was left out because it is too large"),
        "{text}"
    );
}

/// The pieces in which Argo CD sends are a setting of its own, and so is how much it takes back.
#[test]
fn large_pieces_and_large_answers_arrive_whole() {
    let environment = vec![("ARGOCD_CMP_CHUNK_SIZE".to_owned(), (8 << 20).to_string())];
    let argocd = ArgoCd::with(&Settings { environment, ..Settings::default() });
    // More than gRPC takes unless it is told otherwise, which is 4 MiB.
    const COUNT: usize = 6;
    let policy = format!("{POLICY}    caps: {{ bytes: 16Mi }}\n");
    let story = RenderStory::under(&policy, &argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    story.repository.write("large/noise.bin", noise(12 << 20));
    let value = "x".repeat(1 << 20);
    for number in 0..COUNT {
        let name = format!("large-{number}");
        let text = CONFIG.replace("settings", &name).replace("production", &format!("{number}{value}"));
        story.repository.write(&format!("shop/{name}.yaml"), text);
    }
    story.repository.commit("large");
    let manifests = story.rendered(&story.request("shop-pr-7"));
    for number in 0..COUNT {
        let mode = &object(&manifests, &format!("ConfigMap/large-{number}"))["data"]["mode"];
        assert_eq!(mode.as_str().unwrap(), format!("{number}{value}"));
    }
}
