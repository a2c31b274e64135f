//! Large and hostile archives.

use std::{fs, io::Read};

use eod_testkit::argocd::{ArgoCd, Settings};

use super::{CONFIG, POLICY, RenderStory, deadline::expect_nothing_left, object};

/// Bytes that cannot be compressed.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut noise).unwrap();
    noise
}

#[test]
fn large_repository_is_rendered_and_refused_like_a_small_one() {
    let story = RenderStory::begin(ArgoCd::shared(), "archive@large", &[("shop/one.yaml", CONFIG)]);
    story.repository.write("large/noise.bin", noise(16 << 20));
    story.repository.commit("large");
    story.rendered(&story.request("shop-pr-7"));
    let text = story.refused(&story.request("shop"));
    assert!(text.contains("namespace `shop` is not allowed for project `previews`; allowed are: `*-pr-*`"), "{text}");
    let bytes = |what: &str| story.plugin.number(&format!("eod_cmp_archive_bytes_total{{what=\"{what}\"}}"));
    assert!(bytes("received") > f64::from(32 << 20), "{}", bytes("received"));
    assert!(bytes("kept") < 1e6, "{}", bytes("kept"));
}

/// Argo CD reads a reply only after it has sent everything.
#[test]
fn error_in_the_middle_of_the_archive_is_returned_complete() {
    let story = RenderStory::begin(ArgoCd::shared(), "archive@middle", &[("shop/one.yaml", CONFIG)]);
    let deep = format!("deep/{}one.yaml", "a/".repeat(70));
    story.repository.write(&deep, CONFIG);
    // The rest of the archive.
    story.repository.write("large/noise.bin", noise(16 << 20));
    story.repository.commit("deep");
    let text = story.refused(&story.request("shop-pr-7"));
    assert!(
        text.contains(
            "the archive from Argo CD\n  rule:   file\n  found:  path must have at most 64 components, got `deep/a/a/"
        ),
        "{text}"
    );
    assert!(text.contains("`\n  remedy: rename the file"), "{text}");
}

#[test]
fn decompression_bomb_is_refused() {
    let story = RenderStory::begin(ArgoCd::shared(), "archive@bomb", &[("shop/one.yaml", CONFIG)]);
    story.repository.write("bomb.bin", vec![0; 96 << 20]);
    story.repository.commit("bomb");
    let text = story.refused(&story.request("shop-pr-7"));
    assert!(
        text.contains("unpacked archive must have at most 200 times the size of the compressed archive\n  remedy: remove the file that is \
             much larger when it is unpacked"),
        "{text}"
    );
    expect_nothing_left(&story);
    story.repository.remove("bomb.bin");
    story.repository.commit("no bomb");
    // The file is still in the history, which is not unpacked.
    story.rendered(&story.request("shop-pr-7").hard());
}

#[test]
fn file_that_is_too_large_is_named_if_it_is_missing() {
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

/// The size of the parts of an archive and the size of a reply are settings of Argo CD.
#[test]
fn large_parts_and_large_replies_are_received_complete() {
    let environment = vec![("ARGOCD_CMP_CHUNK_SIZE".to_owned(), (8 << 20).to_string())];
    let argocd = ArgoCd::with(&Settings { environment, ..Settings::default() });
    // More than the default limit of gRPC, which is 4 MiB.
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
