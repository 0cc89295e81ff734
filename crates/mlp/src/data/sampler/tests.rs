use super::*;

#[test]
fn an_epoch_follows_from_its_number_alone() {
    let labels: Vec<usize> = (0..50).map(|row| row % 3).collect();
    for sampler in [
        Sampler::random(50, 3),
        Sampler::with_replacement(50, 70, 3).unwrap(),
        Sampler::weighted(&[1.0; 50], 70, 3).unwrap(),
        Sampler::stratified(&labels, 3),
    ] {
        let forward: Vec<_> = (0..5).map(|epoch| sampler.order(epoch)).collect();
        let again = sampler.clone();
        for epoch in (0..5).rev() {
            assert_eq!(again.order(epoch), forward[epoch as usize]);
            assert_eq!(forward[epoch as usize].len(), sampler.draws());
        }
        for epoch in 1..5 {
            assert_ne!(forward[epoch], forward[epoch - 1]);
        }
        let other = Sampler { seed: 4, ..sampler };
        assert_ne!(other.order(0), forward[0]);
    }
}

#[test]
fn a_seed_and_an_epoch_mean_these_rows_for_ever() {
    assert_eq!(Sampler::random(8, 3).order(2), [2, 4, 3, 1, 7, 5, 0, 6]);
    assert_eq!(Sampler::with_replacement(8, 8, 3).unwrap().order(2), [6, 0, 7, 1, 2, 4, 3, 7]);
}

#[test]
fn rows_without_replacement_come_once() {
    let labels: Vec<usize> = (0..97).map(|row| row * row % 7).collect();
    for sampler in [Sampler::sequential(97), Sampler::random(97, 1), Sampler::stratified(&labels, 1)] {
        let mut order = sampler.order(6);
        order.sort_unstable();
        assert_eq!(order, (0..97).collect::<Vec<_>>());
    }
}

#[test]
fn draws_are_as_likely_as_they_should_be() {
    let counts = |sampler: Sampler| {
        let mut counts = vec![0_usize; sampler.n_rows()];
        sampler.order(1).iter().for_each(|row| counts[*row] += 1);
        counts
    };
    // Six standard deviations of a count of mean 1000 among 4000 are 164, of mean 2000 190.
    let even = counts(Sampler::with_replacement(4, 4000, 0).unwrap());
    assert!(even.iter().all(|count| count.abs_diff(1000) < 164), "{even:?}");
    let odd = counts(Sampler::weighted(&[0.0, 1.0, 0.0, 2.0, 1.0, 0.0], 4000, 0).unwrap());
    assert_eq!([odd[0], odd[2], odd[5]], [0, 0, 0]);
    assert!(
        odd[1].abs_diff(1000) < 164 && odd[3].abs_diff(2000) < 190 && odd[4].abs_diff(1000) < 164,
        "{odd:?}"
    );
    assert_eq!(counts(Sampler::weighted(&[0.0, 5e-324, 0.0], 100, 0).unwrap()), [0, 100, 0]);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    assert!(Sampler::with_replacement(0, 1, 0).is_err());
    for weights in
        [&[][..], &[0.0, 0.0], &[1.0, -1.0], &[1.0, f64::NAN], &[f64::INFINITY], &[f64::MAX, f64::MAX]]
    {
        assert!(Sampler::weighted(weights, 1, 0).is_err(), "{weights:?}");
    }
    assert!(Sampler::random(0, 0).order(0).is_empty() && Sampler::stratified(&[], 0).order(0).is_empty());
    assert!(Sampler::with_replacement(0, 0, 0).unwrap().order(0).is_empty());
}

proptest::proptest! {
    #[test]
    fn every_stretch_has_its_share_of_every_class(
        labels in proptest::collection::vec(proptest::prop_oneof![8 => 0_usize..1, 3 => 1_usize..4, 1 => 4_usize..9], 1..120),
        seed in 0_u64..100,
    ) {
        let n = labels.len();
        let order = Sampler::stratified(&labels, seed).order(seed);
        for class in 0..9 {
            let share = labels.iter().filter(|label| **label == class).count() as f64 / n as f64;
            for begin in 0..n {
                let mut come = 0.0;
                for end in begin..n {
                    come += f64::from(u8::from(labels[order[end]] == class));
                    let wanted = share * (end + 1 - begin) as f64;
                    assert!((come - wanted).abs() < 2.0, "class {class} from {begin} to {end}: {come} for {wanted}");
                }
            }
        }
    }
}
