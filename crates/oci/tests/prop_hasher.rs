//! Properties of hashing: where a body is cut, and how often its hasher is saved, does not show.

use proptest::prelude::*;
use slipway_oci::{Algorithm, Digest, Hasher};

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![Just(Algorithm::Sha256), Just(Algorithm::Sha512)]
}

fn chunks() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12)
}

proptest! {
    #[test]
    fn any_split_with_a_save_at_each_cut_gives_the_same_digest(
        algorithm in algorithm(),
        chunks in chunks(),
    ) {
        let mut hasher = Hasher::new(algorithm);
        for chunk in &chunks {
            hasher.update(chunk);
            hasher = Hasher::restore(&hasher.save()).unwrap();
            prop_assert_eq!(hasher.algorithm(), algorithm);
        }
        prop_assert_eq!(hasher.finish(), Digest::of(algorithm, &chunks.concat()));
    }

    #[test]
    fn the_saved_state_depends_on_the_bytes_alone(algorithm in algorithm(), chunks in chunks()) {
        let mut at_once = Hasher::new(algorithm);
        at_once.update(&chunks.concat());
        let mut piecewise = Hasher::new(algorithm);
        chunks.iter().for_each(|chunk| piecewise.update(chunk));
        prop_assert_eq!(at_once.save(), piecewise.save());
    }

    #[test]
    fn a_copy_of_a_hasher_goes_its_own_way(
        algorithm in algorithm(),
        start in prop::collection::vec(any::<u8>(), 0..200),
        rest in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(&start);
        let mut longer = hasher.clone();
        longer.update(&rest);
        prop_assert_eq!(hasher.finish(), Digest::of(algorithm, &start));
        prop_assert_eq!(longer.finish(), Digest::of(algorithm, &[start, rest].concat()));
    }

    #[test]
    fn no_bytes_make_restore_panic(saved in prop::collection::vec(any::<u8>(), 0..240)) {
        if let Ok(hasher) = Hasher::restore(&saved) {
            prop_assert_eq!(Some(hasher.algorithm()), Algorithm::from_db_byte(saved[0]));
        }
    }

    #[test]
    fn a_state_of_random_bytes_is_taken_or_refused_without_panic(
        algorithm in algorithm(),
        seed in prop::collection::vec(any::<u8>(), 208),
        small_count in any::<bool>(),
        more in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut saved = Hasher::new(algorithm).save();
        let state_bytes = saved.len() - 1;
        saved[1..].copy_from_slice(&seed[..state_bytes]);
        if small_count {
            // Where the block count and the fill of the buffer stand; else hardly a state is taken.
            let chaining_bytes = algorithm.digest_len();
            let counter_bytes = chaining_bytes / 4;
            saved[1 + chaining_bytes + 2..=chaining_bytes + counter_bytes].fill(0);
            saved[1 + chaining_bytes + counter_bytes] %= 64;
        }
        if let Ok(mut hasher) = Hasher::restore(&saved) {
            hasher.update(&more);
            let digest = hasher.finish();
            prop_assert_eq!(digest.algorithm(), algorithm);
        }
    }
}
