use super::*;
use crate::kernel::Plain;

const LEVELS: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

/// Numbers that no two places share, with few bits: sums of their products are exact in both types.
fn small_integers<T: Plain>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            T::from((state >> 40) % 17).expect("an integer below 17") - T::from(8).expect("8")
        })
        .collect()
}

fn element<T: Plain>(factor: Factor<'_, T>, rows: usize, columns: usize, i: usize, j: usize) -> T {
    factor.data[if factor.transposed { j * rows + i } else { i * columns + j }]
}

/// The formula, one element at a time: the safe twin of the tiles.
fn naive<T: Plain>(
    MatmulShape { m, k, n }: MatmulShape,
    alpha: T,
    a: Factor<'_, T>,
    b: Factor<'_, T>,
    beta: T,
    c: &[T],
) -> Vec<T> {
    let mut result = Vec::with_capacity(m * n);
    for i in 0..m {
        for j in 0..n {
            let sum = (0..k).fold(T::zero(), |sum, p| sum + element(a, m, k, i, p) * element(b, k, n, p, j));
            let old = if beta.is_zero() { T::zero() } else { beta * c[i * n + j] };
            result.push(alpha * sum + old);
        }
    }
    result
}

fn cases(
    transposed_sizes: impl Iterator<Item = (usize, usize, usize)>,
    mut case: impl FnMut(MatmulShape, bool, bool),
) {
    for (m, k, n) in transposed_sizes {
        for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
            case(MatmulShape { m, k, n }, a, b);
        }
    }
}

fn agrees_with_the_formula<T: Plain>(sizes: &[(usize, usize, usize)]) {
    let number = |x: f64| T::from(x).expect("a small number");
    cases(sizes.iter().copied(), |shape, a_transposed, b_transposed| {
        let MatmulShape { m, k, n } = shape;
        let (a, b, old) =
            (small_integers::<T>(m * k, 1), small_integers::<T>(k * n, 2), small_integers::<T>(m * n, 3));
        let (a, b) =
            (Factor { data: &a, transposed: a_transposed }, Factor { data: &b, transposed: b_transposed });
        // The formula takes its time over large products: two of the four pairs do for them.
        let pairs = [(1.0, 0.0), (-0.5, 2.0), (1.0, 1.0), (0.0, 1.0)];
        for &(alpha, beta) in &pairs[..if m * k * n > 1 << 20 { 2 } else { 4 }] {
            let (alpha, beta) = (number(alpha), number(beta));
            let want = naive(shape, alpha, a, b, beta, &old);
            for level in LEVELS {
                let mut c = if beta.is_zero() { vec![T::nan(); m * n] } else { old.clone() };
                T::matmul_at(level, shape, alpha, a, b, (beta, None), &mut c);
                assert_eq!(c, want, "{shape:?} {a_transposed} {b_transposed} {alpha:?} {beta:?} {level:?}");
                // Onto another matrix, whatever stands where the result goes.
                c.fill(T::nan());
                T::matmul_at(level, shape, alpha, a, b, (beta, Some(&old)), &mut c);
                assert_eq!(
                    c, want,
                    "onto another: {shape:?} {a_transposed} {b_transposed} {beta:?} {level:?}"
                );
            }
        }
    });
}

fn all_sizes(ms: &[usize], ks: &[usize], ns: &[usize]) -> Vec<(usize, usize, usize)> {
    let mut all = Vec::new();
    for &m in ms {
        for &k in ks {
            all.extend(ns.iter().map(|&n| (m, k, n)));
        }
    }
    all
}

#[test]
fn every_small_size_and_transposition_agrees_with_the_formula() {
    let few = [0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 17];
    let sizes = all_sizes(&few, &[0, 1, 2, 5, 8, 19], &few);
    agrees_with_the_formula::<f32>(&sizes);
    agrees_with_the_formula::<f64>(&sizes);
}

#[test]
fn every_remainder_of_a_tile_agrees_with_the_formula() {
    let sizes = all_sizes(&[1, 6, 23, 24, 31], &[3, 33], &(1..=50).chain([95, 97]).collect::<Vec<_>>());
    agrees_with_the_formula::<f32>(&sizes);
    agrees_with_the_formula::<f64>(&sizes);
}

#[test]
fn sizes_around_the_parts_and_blocks_agree_with_the_formula() {
    // Parts of the sum are 512 long, blocks of the right factor some 500 or 1000 wide, of the left 96 rows.
    let mut sizes = all_sizes(&[5, 33], &[511, 512, 513, 1025], &[10, 50]);
    sizes.extend([
        (3, 2, 1100),
        (17, 513, 1010),
        (97, 1025, 193),
        (30, 40, 1050),
        (1030, 5, 200),
        (520, 260, 9),
        (1000, 3, 25),
    ]);
    agrees_with_the_formula::<f32>(&sizes);
    agrees_with_the_formula::<f64>(&sizes);
}

#[test]
fn right_factors_in_place_and_copied_agree_with_the_formula() {
    // In place are parts up to 512 kB, but for rows that lie whole pages apart; after short sums tiles of six rows are cut
    // there, also from a copied left factor.
    let sizes =
        [(27, 30, 201), (33, 530, 129), (33, 513, 300), (35, 40, 1024), (29, 70, 1024), (1030, 5, 1024)];
    agrees_with_the_formula::<f32>(&sizes);
    agrees_with_the_formula::<f64>(&sizes);
}

#[test]
fn long_dot_products_of_few_rows_agree_with_the_formula() {
    // From 64 terms on a transposed left factor is copied, parts of 4096 at a time.
    let mut sizes = all_sizes(&[1, 3, 7], &[63, 64, 65, 130], &[1, 5, 9]);
    sizes.extend([(4, 4095, 3), (7, 4096, 6), (10, 4099, 5), (16, 8201, 2)]);
    agrees_with_the_formula::<f32>(&sizes);
    agrees_with_the_formula::<f64>(&sizes);
}

#[test]
fn nan_and_infinity_go_where_the_formula_takes_them() {
    for level in LEVELS {
        for (m, n) in [(3, 5), (40, 50)] {
            let shape = MatmulShape { m, k: 4, n };
            let (mut a, mut b) = (vec![1.0_f32; m * 4], vec![1.0_f32; 4 * n]);
            a[4] = f32::NAN; // row 1
            b[2] = f32::INFINITY; // column 2
            a[8] = 0.0; // row 2, which meets the infinity
            let mut c = vec![f32::NAN; m * n];
            f32::matmul_at(level, shape, 1.0, Factor::plain(&a), Factor::plain(&b), (0.0, None), &mut c);
            for (at, &c) in c.iter().enumerate() {
                match (at / n, at % n) {
                    (1, _) | (2, 2) => assert!(c.is_nan(), "{at} {c}"),
                    (_, 2) => assert_eq!(c, f32::INFINITY),
                    (2, _) => assert_eq!(c, 3.0),
                    _ => assert_eq!(c, 4.0),
                }
            }
        }
    }
}

#[test]
fn an_empty_sum_scales_what_is_there() {
    let shape = MatmulShape { m: 1, k: 0, n: 2 };
    let mut c = [3.0, f64::NAN];
    matmul(shape, 1.0, Factor::plain(&[]), Factor::plain(&[]), 0.5, &mut c);
    assert!(c[0] == 1.5 && c[1].is_nan());
    matmul(shape, 1.0, Factor::plain(&[]), Factor::plain(&[]), 0.0, &mut c);
    assert_eq!(c, [0.0, 0.0]);
}

/// Numbers whose products round.
fn fractions<T: Plain>(count: usize, seed: u64) -> Vec<T> {
    let third = T::from(1.0 / 3.0).expect("a third");
    small_integers::<T>(count, seed).into_iter().map(|x| (x + third) * third).collect()
}

fn bits<T: Plain>(x: &[T]) -> Vec<(u64, i16, i8)> {
    x.iter().map(|x| x.integer_decode()).collect()
}

fn parts_have_the_bits_of_the_whole<T: Plain>() {
    let shape = MatmulShape { m: 61, k: 600, n: 77 };
    let MatmulShape { m, k, n } = shape;
    let one = T::one();
    let (a, b) = (fractions::<T>(m * k, 1), fractions::<T>(k * n, 2));
    let mut b_transposed = vec![T::zero(); k * n];
    for p in 0..k {
        for j in 0..n {
            b_transposed[j * k + p] = b[p * n + j];
        }
    }
    for level in LEVELS {
        let mut whole = vec![T::zero(); m * n];
        T::matmul_at(level, shape, one, Factor::plain(&a), Factor::plain(&b), (T::zero(), None), &mut whole);
        // Every split of the rows, from factors that start anywhere.
        for rows in [1, 2, 3, 7, 20, 60] {
            let mut c = vec![T::nan(); m * n + 1];
            for (a, c) in a.chunks(rows * k).zip(c[1..].chunks_mut(rows * n)) {
                let part = MatmulShape { m: a.len() / k, k, n };
                T::matmul_at(level, part, one, Factor::plain(a), Factor::plain(&b), (T::zero(), None), c);
            }
            assert_eq!(bits(&c[1..]), bits(&whole), "{rows} rows at {level:?}");
        }
        let mut c = vec![T::nan(); m * n];
        T::matmul_at(
            level,
            shape,
            one,
            Factor::plain(&a),
            Factor::transposed(&b_transposed),
            (T::zero(), None),
            &mut c,
        );
        assert_eq!(bits(&c), bits(&whole), "transposed at {level:?}");
        if level > Level::Avx2 {
            T::matmul_at(
                Level::Avx2,
                shape,
                one,
                Factor::plain(&a),
                Factor::plain(&b),
                (T::zero(), None),
                &mut c,
            );
            assert_eq!(bits(&c), bits(&whole), "AVX2 against AVX-512");
        }
    }
}

#[test]
fn parts_transpositions_alignments_and_widths_give_the_same_bits() {
    parts_have_the_bits_of_the_whole::<f32>();
    parts_have_the_bits_of_the_whole::<f64>();
}

fn dots_have_the_same_bits_in_any_width<T: Plain>() {
    for (m, k, n) in
        [(1, 7, 5), (1, 64, 9), (3, 16, 8), (4, 100, 7), (5, 333, 6), (16, 1003, 10), (3, 4103, 5)]
    {
        let shape = MatmulShape { m, k, n };
        assert!(pays_dots::<T>(m, k), "{shape:?}");
        let (a, b, old) = (fractions::<T>(m * k, 1), fractions::<T>(k * n, 2), fractions::<T>(m * n, 3));
        let columns = |p: usize| (0..m).map(move |i| i * k + p);
        let a_transposed: Vec<T> = (0..k).flat_map(columns).map(|at| a[at]).collect();
        let product = |level, a| {
            let mut c = old.clone();
            let (alpha, beta) = (T::from(0.7).expect("a number"), T::from(-1.3).expect("a number"));
            T::matmul_at(level, shape, alpha, a, Factor::transposed(&b), (beta, None), &mut c);
            c
        };
        let wide = product(Level::Avx512, Factor::plain(&a));
        assert_eq!(bits(&product(Level::Avx2, Factor::plain(&a))), bits(&wide), "{shape:?}");
        if k >= LEAST_COPIED_DOTS {
            for level in [Level::Avx2, Level::Avx512] {
                let copied = product(level, Factor::transposed(&a_transposed));
                assert_eq!(bits(&copied), bits(&wide), "transposed {shape:?} {level:?}");
            }
        }
        // The portable path rounds each product.
        let most = T::from(100 * k).expect("a number") * T::epsilon();
        let portable = product(Level::Portable, Factor::plain(&a));
        assert!(portable.iter().zip(&wide).all(|(&p, &w)| (p - w).abs() <= most), "{shape:?}");
    }
}

#[test]
fn dot_products_have_the_same_bits_in_registers_of_any_width() {
    dots_have_the_same_bits_in_any_width::<f32>();
    dots_have_the_same_bits_in_any_width::<f64>();
}

#[test]
fn the_portable_path_is_as_near_to_the_exact_sum_as_its_bound() {
    let shape = MatmulShape { m: 17, k: 700, n: 19 };
    let (a, b) = (fractions::<f32>(17 * 700, 1), fractions::<f32>(700 * 19, 2));
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let (a_wide, b_wide) = (wide(&a), wide(&b));
    let exact = naive(shape, 1.0, Factor::plain(&a_wide), Factor::plain(&b_wide), 0.0, &[]);
    let absolute = |x: &[f64]| x.iter().map(|x| x.abs()).collect::<Vec<_>>();
    let (a_absolute, b_absolute) = (absolute(&a_wide), absolute(&b_wide));
    let size = naive(shape, 1.0, Factor::plain(&a_absolute), Factor::plain(&b_absolute), 0.0, &[]);
    for level in LEVELS {
        let mut c = vec![0.0; 17 * 19];
        f32::matmul_at(level, shape, 1.0, Factor::plain(&a), Factor::plain(&b), (0.0, None), &mut c);
        for ((&c, exact), size) in c.iter().zip(&exact).zip(&size) {
            let bound = 700.0 * 2_f64.powi(-24) * size;
            assert!((f64::from(c) - exact).abs() <= bound, "{c} against {exact} at {level:?}");
        }
    }
}

#[test]
#[should_panic(expected = "matmul: length of the right must be k * n")]
fn a_factor_of_the_wrong_length_is_refused() {
    let shape = MatmulShape { m: 1, k: 2, n: 1 };
    matmul(shape, 1.0, Factor::plain(&[1.0, 2.0]), Factor::plain(&[1.0]), 0.0, &mut [0.0]);
}

#[test]
#[should_panic(expected = "matmul: length of the left must be m * k")]
fn sizes_whose_product_overflows_are_refused() {
    let shape = MatmulShape { m: usize::MAX, k: 2, n: 0 };
    matmul(shape, 1.0, Factor::plain(&[1.0_f32; 2]), Factor::plain(&[]), 0.0, &mut []);
}
