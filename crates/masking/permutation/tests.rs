use std::collections::BTreeSet;

use super::*;
use crate::key::MaskingKey;

fn key(domain: &str) -> DomainKey {
    MaskingKey::from_secret(b"0123456789abcdef0123456789abcdef").unwrap().domain(domain)
}

fn all(radices: &[u8]) -> Vec<Vec<Place>> {
    let mut found = vec![Vec::new()];
    for &radix in radices {
        found = found
            .iter()
            .flat_map(|begin| (0..radix).map(move |value| [begin.as_slice(), &[Place { value, radix }]].concat()))
            .collect();
    }
    found
}

#[test]
fn every_input_has_its_own_output_and_none_is_unchanged() {
    for radices in [&[10][..], &[2], &[26, 10], &[10, 10, 10], &[2, 2, 2, 2, 2], &[36, 3, 10], &[10, 10, 10, 10, 10]] {
        let inputs = all(radices);
        let mut outputs = BTreeSet::new();
        for input in &inputs {
            let mut output = input.clone();
            permute(&key("a"), 0, &mut output);
            assert_ne!(&output, input, "{radices:?}");
            assert!(output.iter().zip(radices).all(|(position, radix)| position.value < *radix));
            outputs.insert(output.iter().map(|position| position.value).collect::<Vec<_>>());
        }
        assert_eq!(outputs.len(), inputs.len(), "{radices:?}");
    }
}

#[test]
fn outputs_depend_on_key_and_tweak() {
    let permuted = |domain, tweak| {
        let mut positions = vec![Place { value: 3, radix: 10 }; 40];
        permute(&key(domain), tweak, &mut positions);
        positions
    };
    assert_eq!(permuted("a", 0), permuted("a", 0));
    assert_ne!(permuted("a", 0), permuted("b", 0));
    assert_ne!(permuted("a", 0), permuted("a", 1));
}

#[test]
fn outputs_of_neighbours_have_nothing_in_common() {
    let mut equal = 0;
    for number in 0..1000_u16 {
        let permuted = |number: u16| {
            let mut positions: Vec<_> =
                format!("{number:012}").bytes().map(|digit| Place { value: digit - b'0', radix: 10 }).collect();
            permute(&key("a"), 0, &mut positions);
            positions
        };
        equal += permuted(number).iter().zip(permuted(number + 1)).filter(|(one, other)| *one == other).count();
    }
    // 12,000 digits, of which a tenth are equal by chance.
    assert!((900..1500).contains(&equal), "{equal}");
}
