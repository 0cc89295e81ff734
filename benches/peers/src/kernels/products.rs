//! Matrix products, ours and in the crates that are fast at them, at the sizes that networks ask for.

use crate::peers::{self, Number, Product};
use crate::race::{Effort, race, side};
use crate::ratios::{Race, median};
use std::collections::HashSet;
use std::hint::black_box;
use tape::kernel::{Factor, MatmulShape};

/// The networks: how many values come in, how many units the layers have; how many rows a step sees.
const NETS: [(&[usize], usize); 5] = [
    (&[4, 8, 3], 16),
    (&[64, 64, 10], 64),
    (&[400, 25, 10], 5000),
    (&[784, 256, 128, 10], 128),
    (&[784, 2048, 2048, 10], 512),
];

/// Whether the factors are stored transposed.
const CASES: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];
const CASE_NAMES: [&str; 4] = ["A B", "A Bᵀ", "Aᵀ B", "Aᵀ Bᵀ"];

type Racer<T> = fn(&Product<'_, T>, &mut [T]);

/// What was measured at one size, stored in one way.
struct Measured {
    shape: MatmulShape,
    of_a_net: bool,
    case: usize,
    best: &'static str,
    race: Race,
}

impl Measured {
    /// Our speed over that of the best.
    fn ratio(&self) -> f64 {
        1.0 / self.race.ratio
    }
}

/// The products of a training step of these networks, each size once, and whether it is one; then squares.
fn shapes() -> Vec<(MatmulShape, bool)> {
    let mut shapes = Vec::new();
    for (sizes, rows) in NETS {
        for (l, layer) in sizes.windows(2).enumerate() {
            let &[n_in, n_out] = layer else { unreachable!("windows of two") };
            // z = a Θᵀ, Θ̄ = δᵀ a, and δ Θ, which the first layer does not need.
            shapes.push((MatmulShape { m: rows, k: n_in, n: n_out }, true));
            shapes.push((MatmulShape { m: n_out, k: rows, n: n_in }, true));
            if l > 0 {
                shapes.push((MatmulShape { m: rows, k: n_out, n: n_in }, true));
            }
        }
    }
    shapes.extend((4..=10).map(|power| 1 << power).map(|m| (MatmulShape { m, k: m, n: m }, false)));
    let mut seen = HashSet::new();
    shapes.retain(|&(MatmulShape { m, k, n }, _)| seen.insert((m, k, n)));
    shapes
}

/// Numbers between -1 and 1 without a pattern, beginning where a line of the cache does.
struct Buffer<T> {
    data: Vec<T>,
    skipped: usize,
}

impl<T: Number> Buffer<T> {
    fn new(count: usize) -> Self {
        let mut state = count as u64;
        let number = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            T::from((state >> 40) as f64 / f64::from(1 << 23) - 1.0).expect("a number between -1 and 1")
        };
        let spare = 64 / size_of::<T>();
        let data: Vec<T> = (0..count + spare).map(number).collect();
        let skipped = data.as_ptr().align_offset(64).min(spare);
        Self { data, skipped }
    }

    fn first(&self, count: usize) -> &[T] {
        &self.data[self.skipped..][..count]
    }

    fn first_mut(&mut self, count: usize) -> &mut [T] {
        &mut self.data[self.skipped..][..count]
    }
}

/// Races all products of one type, prints a line for each as it is measured and a summary, and returns the race of the
/// worst product that a network asks for. With sizes in `only`, these and no others.
pub(crate) fn measure<T: Number>(effort: Effort, only: &[String]) -> Result<Race, String> {
    println!("\nmatrix products in {}: ours / the best peer in GFLOP/s, its name, ours over it\n", T::NAME);
    println!("{:<18}{}", "m × k × n", CASE_NAMES.map(|case| format!("{case:>29} ")).concat());
    let mut results = Vec::new();
    let asked_for =
        |&(shape, _): &(MatmulShape, bool)| only.is_empty() || only.contains(&name(shape).replace(' ', ""));
    for (shape, of_a_net) in shapes().into_iter().filter(asked_for) {
        let MatmulShape { m, k, n } = shape;
        print!("{:<18}", name(shape));
        for case in 0..CASES.len() {
            let (best, race) = one::<T>(effort, shape, case)?;
            let result = Measured { shape, of_a_net, case, best, race };
            let speed = |ns: f64| 2.0 * (m * k * n) as f64 / ns;
            let (ours, theirs) = (speed(race.ours), speed(race.rival));
            let mark = if result.ratio() < 0.95 { "*" } else { " " };
            let cell = format!("{ours:.1} / {theirs:.1} {best} {:.2}{mark}", result.ratio());
            print!("{cell:>30}");
            results.push(result);
        }
        println!();
    }
    if results.is_empty() {
        return Err("usage: --only wants sizes of the table, such as 64×64×10".to_owned());
    }
    summarize::<T>(&results);
    let of_nets = results.iter().filter(|result| result.of_a_net || !only.is_empty());
    let worst = of_nets.min_by(|x, y| x.ratio().total_cmp(&y.ratio())).expect("networks have products");
    Ok(worst.race)
}

fn name(MatmulShape { m, k, n }: MatmulShape) -> String {
    format!("{m} × {k} × {n}")
}

/// The best of the peers at one product, and the race against it.
fn one<T: Number>(effort: Effort, shape: MatmulShape, case: usize) -> Result<(&'static str, Race), String> {
    const NAMES: [&str; 4] = ["ours", "faer", "gemm", "matrixmultiply"];
    let racers: [Racer<T>; 4] = [peers::ours, peers::by_faer, peers::by_gemm, T::by_matrixmultiply];
    let MatmulShape { m, k, n } = shape;
    let (a, b) = (Buffer::<T>::new(m * k), Buffer::<T>::new(k * n));
    let product = Product {
        shape,
        a: Factor { data: a.first(m * k), transposed: CASES[case].0 },
        b: Factor { data: b.first(k * n), transposed: CASES[case].1 },
    };
    let mut results = racers.map(|_| Buffer::<T>::new(m * n));
    for (racer, c) in racers.iter().zip(&mut results) {
        racer(&product, c.first_mut(m * n));
    }
    let ours = results[0].first(m * n);
    let size = |x: T| <T as num_traits::Float>::abs(x);
    let largest = ours.iter().fold(T::zero(), |largest, &c| largest.max(size(c)));
    let tolerance = T::from(100.0).expect("100") * <T as num_traits::Float>::epsilon() * largest;
    for (peer, c) in NAMES.iter().zip(&results) {
        let agrees = |(&ours, &theirs): (&T, &T)| size(ours - theirs) <= tolerance;
        if !ours.iter().zip(c.first(m * n)).all(agrees) {
            return Err(format!("{}, {}: {peer} has another result", name(shape), CASE_NAMES[case]));
        }
    }
    let product = &product;
    let [c0, c1, c2, c3] = results.each_mut().map(|c| c.first_mut(m * n));
    let mut sides = [
        side(move || peers::ours(black_box(product), black_box(c0))),
        side(move || peers::by_faer(black_box(product), black_box(c1))),
        side(move || peers::by_gemm(black_box(product), black_box(c2))),
        side(move || T::by_matrixmultiply(black_box(product), black_box(c3))),
    ];
    let races = NAMES[1..].iter().copied().zip(race(effort, &mut sides));
    Ok(races.max_by(|(_, x), (_, y)| x.ratio.total_cmp(&y.ratio)).expect("there are peers"))
}

/// The least and the middle ratio of each way to store the factors, and what is below the floor.
fn summarize<T: Number>(results: &[Measured]) {
    println!("\nours over the best in {}, least and median", T::NAME);
    println!("{:<10}{:>24}{:>24}", "", "sizes of networks", "squares");
    for (case, case_name) in CASE_NAMES.iter().enumerate() {
        let cell = |of_a_net: bool| {
            let here = results.iter().filter(|result| result.case == case && result.of_a_net == of_a_net);
            let ratios: Vec<f64> = here.map(Measured::ratio).collect();
            if ratios.is_empty() {
                return "–".to_owned();
            }
            format!("{:.2}, {:.2}", ratios.iter().copied().fold(f64::INFINITY, f64::min), median(ratios))
        };
        println!("{case_name:<10}{:>24}{:>24}", cell(true), cell(false));
    }
    let below: Vec<_> = results.iter().filter(|result| result.ratio() < 0.95).collect();
    println!("below 0.95 (*): {} of {}", below.len(), results.len());
    for result in below {
        let (shape, case) = (name(result.shape), CASE_NAMES[result.case]);
        println!("    {shape}, {case}: {:.3} of {}", result.ratio(), result.best);
    }
}
