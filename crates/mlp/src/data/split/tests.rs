use super::*;
use crate::data::Target;

fn data(labels: &[usize]) -> Dataset {
    let classes = (0..=labels.iter().copied().max().unwrap()).map(|class| class.to_string()).collect();
    Dataset::new(vec![0.0; labels.len()], vec!["x".into()], "y".into(), labels.to_vec(), classes).unwrap()
}

#[test]
fn every_row_is_on_one_side_and_every_class_on_both() {
    let labels: Vec<usize> = (0..97).map(|i| (i * i) % 7 % 4).collect();
    let data = data(&labels);
    for seed in 0..20 {
        for fraction in [0.001, 0.2, 0.5, 0.999] {
            let split = Split::stratified(&data, fraction, seed).unwrap();
            let mut all = [split.train.clone(), split.held_out.clone()].concat();
            all.sort_unstable();
            assert_eq!(all, (0..97).collect::<Vec<_>>());
            for class in data.labels() {
                assert!(split.train.iter().any(|row| labels[*row] == *class));
                assert!(split.held_out.iter().any(|row| labels[*row] == *class));
            }
        }
    }
}

#[test]
fn a_seed_means_these_rows_for_ever() {
    let split = Split::stratified(&data(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]), 0.4, 7).unwrap();
    assert_eq!(split.held_out, [0, 1, 3, 6]);
    assert_ne!(split, Split::stratified(&data(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]), 0.4, 8).unwrap());
}

#[test]
fn a_class_of_one_row_is_named() {
    let error = Split::stratified(&data(&[0, 0, 1, 2, 2]), 0.5, 0).unwrap_err();
    assert!(error.to_string().contains("class `1` has only 1 row"), "{error}");
}

#[test]
fn a_fraction_outside_its_range_is_refused() {
    for fraction in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
        assert!(matches!(Split::stratified(&data(&[0, 1]), fraction, 0), Err(Error::Setting { .. })));
    }
}

#[test]
fn numbers_below_a_bound_are_equally_likely() {
    let mut rng = generator(0);
    let mut counts = [0_u32; 6];
    for _ in 0..6000 {
        counts[below(6, &mut rng) as usize] += 1;
    }
    // Six standard deviations of a count of mean 1000.
    assert!(counts.iter().all(|count| count.abs_diff(1000) < 175), "{counts:?}");
}

fn folds(by: KFold, data: &Dataset) -> Vec<Split> {
    let folds = by.split(data).unwrap();
    let n_folds = folds.len();
    let folds: Vec<Split> = folds.collect();
    assert_eq!(folds.len(), n_folds);
    folds
}

/// Whether each row is held out in exactly one of these, and trained on in all others.
fn each_row_is_held_out_once(folds: &[Split], n_rows: usize) {
    let mut held_out = vec![0; n_rows];
    for split in folds {
        let mut all = [split.train.clone(), split.held_out.clone()].concat();
        assert!(split.train.is_sorted() && split.held_out.is_sorted());
        all.sort_unstable();
        assert_eq!(all, (0..n_rows).collect::<Vec<_>>());
        split.held_out.iter().for_each(|row| held_out[*row] += 1);
    }
    assert_eq!(held_out, vec![1; n_rows]);
}

/// The difference between the largest and the smallest count.
fn spread(counts: impl Iterator<Item = usize> + Clone) -> usize {
    counts.clone().max().unwrap() - counts.min().unwrap()
}

#[test]
fn a_random_split_holds_out_a_share_of_the_rows() {
    let data = data(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    for (fraction, held_out) in [(0.3, 3), (0.01, 1), (0.99, 9)] {
        let split = Split::random(&data, fraction, 1).unwrap();
        assert_eq!((split.train.len(), split.held_out.len()), (10 - held_out, held_out));
        assert_eq!(split, Split::random(&data, fraction, 1).unwrap());
    }
    assert_ne!(Split::random(&data, 0.5, 1).unwrap(), Split::random(&data, 0.5, 2).unwrap());
    let mut times = [0; 10];
    for seed in 0..2000 {
        Split::random(&data, 0.3, seed).unwrap().held_out.iter().for_each(|row| times[*row] += 1);
    }
    // Six standard deviations of a count of mean 600.
    assert!(times.iter().all(|times: &i32| times.abs_diff(600) < 123), "{times:?}");
}

#[test]
fn what_cannot_be_split_is_refused() {
    let one = data(&[0]);
    assert!(Split::random(&one, 0.5, 0).unwrap_err().to_string().contains("at least two rows, got 1"));
    assert!(Split::grouped(&one, 0.5, 0).unwrap_err().to_string().contains("rows that belong to groups"));
    let group = data(&[0, 1]).with_groups(vec![5, 5]).unwrap();
    assert!(Split::grouped(&group, 0.5, 0).unwrap_err().to_string().contains("at least two groups, got 1"));
    for fraction in [0.0, 1.0, f64::NAN] {
        assert!(Split::random(&group, fraction, 0).is_err() && Split::grouped(&group, fraction, 0).is_err());
    }
    let target = Target::numbers(vec!["y".into()], vec![1.0, 2.0]).unwrap();
    let numbers = Dataset::of(group.frame().clone(), target).unwrap();
    assert!(Split::stratified(&numbers, 0.5, 0).unwrap_err().to_string().contains("a target of classes"));
    assert!(KFold::stratified(2).split(&numbers).is_err());
}

#[test]
fn folds_that_cannot_be_filled_are_refused() {
    let data = data(&[0, 0, 0, 1, 1]);
    let message = |folds: KFold| folds.split(&data).unwrap_err().to_string();
    assert_eq!(message(KFold::new(1)), "folds: wants at least 2, got 1");
    assert_eq!(message(KFold { repeats: 0, ..KFold::new(2) }), "repeats: wants at least 1, got 0");
    assert_eq!(message(KFold::new(6)), "folds: wants at most as many folds as rows, 5, got 6");
    assert!(message(KFold::stratified(3)).contains("class `1` has only 2 rows, fewer than 3 folds"));
    assert!(message(KFold::grouped(2)).contains("rows that belong to groups"));
    let groups = data.clone().with_groups(vec![1, 1, 2, 2, 2]).unwrap();
    let error = KFold::grouped(3).split(&groups).unwrap_err().to_string();
    assert_eq!(error, "folds: wants at most as many folds as groups, 2, got 3");
    assert!(KFold { repeats: usize::MAX, ..KFold::new(5) }.split(&data).unwrap().next().is_some());
}

#[test]
fn a_seed_means_these_folds_for_ever() {
    let data = data(&[0, 1, 0, 1, 0, 1, 0, 1]).with_groups(vec![0, 0, 1, 1, 2, 2, 3, 3]).unwrap();
    let held_out = |folds: KFold| {
        KFold { seed: 3, ..folds }.split(&data).unwrap().map(|split| split.held_out).collect::<Vec<_>>()
    };
    assert_eq!(held_out(KFold::new(3)), [vec![2, 3, 5], vec![0, 4, 6], vec![1, 7]]);
    assert_eq!(held_out(KFold::stratified(2)), [vec![2, 3, 4, 5], vec![0, 1, 6, 7]]);
    assert_eq!(held_out(KFold::grouped(2)), [vec![2, 3, 4, 5], vec![0, 1, 6, 7]]);
}

#[test]
fn repeats_differ_and_do_not_depend_on_how_many_there_are() {
    let data = data(&(0..30).map(|row| row % 2).collect::<Vec<_>>());
    let once = folds(KFold::stratified(3), &data);
    let thrice = folds(KFold { repeats: 3, ..KFold::stratified(3) }, &data);
    assert_eq!((thrice.len(), &thrice[..3]), (9, &once[..]));
    assert!(thrice[3..6] != thrice[..3] && thrice[6..] != thrice[3..6]);
    thrice.chunks(3).for_each(|repeat| each_row_is_held_out_once(repeat, 30));
    assert_ne!(once, folds(KFold { seed: 1, ..KFold::stratified(3) }, &data));
}

proptest::proptest! {
    #[test]
    fn folds_part_the_rows_and_are_balanced(
        labels in proptest::collection::vec(0_usize..4, 2..80),
        n_folds in 2_usize..7,
        seed in 0_u64..1000,
    ) {
        let n_rows = labels.len();
        let groups: Vec<usize> = labels.iter().enumerate().map(|(row, label)| row / 3 + label).collect();
        let data = data(&labels).with_groups(groups.clone()).unwrap();
        let of = |by| KFold { folds: n_folds, by, repeats: 1, seed };
        if n_folds <= n_rows {
            let folds = folds(of(FoldBy::Rows), &data);
            each_row_is_held_out_once(&folds, n_rows);
            assert!(spread(folds.iter().map(|split| split.held_out.len())) <= 1);
        }
        let count = |of: &[usize], what| of.iter().filter(|label| **label == what).count();
        let fits = |class| count(&labels, class) == 0 || count(&labels, class) >= n_folds;
        assert_eq!(of(FoldBy::Classes).split(&data).is_ok(), (0..4).all(fits));
        if (0..4).all(fits) {
            let folds = folds(of(FoldBy::Classes), &data);
            each_row_is_held_out_once(&folds, n_rows);
            assert!(spread(folds.iter().map(|split| split.held_out.len())) <= 1);
            for class in 0..4 {
                let of_class = |split: &Split| {
                    split.held_out.iter().filter(|row| labels[**row] == class).count()
                };
                assert!(spread(folds.iter().map(of_class)) <= 1, "class {class}");
            }
        }
        let sizes: Vec<usize> = (0..=n_rows).map(|group| count(&groups, group)).filter(|size| *size > 0).collect();
        if n_folds <= sizes.len() {
            let folds = folds(of(FoldBy::Groups), &data);
            each_row_is_held_out_once(&folds, n_rows);
            let most = sizes.iter().max().unwrap();
            assert!(spread(folds.iter().map(|split| split.held_out.len())) <= *most);
            for split in folds.iter().chain([&Split::grouped(&data, 0.3, seed).unwrap()]) {
                assert!(!split.held_out.is_empty() && !split.train.is_empty());
                assert!(split.held_out.iter().all(|a| split.train.iter().all(|b| groups[*a] != groups[*b])));
            }
        }
    }
}
