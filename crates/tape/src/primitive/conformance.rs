//! One suite for every primitive of the list, at each of its samples, on everything that runs it.
//!
//! The value is held against itself in `f32`, its derivatives against central differences; what runs the
//! pullback (duals, tapes, programs, tensors) against the pullback. The suite itself is tested: with the sign
//! of any one partial flipped it has to complain.

mod choices;
mod extremes;
mod std_semantics;
mod tails;

use super::{Binary, Reads, Ternary, Unary};
use crate::{Dual, Elementary, Error, Program, Tape, Tensor, Traced, Var, value_and_grad};
use num_traits::Float as Plain;
use std::fmt::Debug;

/// A primitive of `N` arguments, whatever its family.
trait Primitive<const N: usize>: Copy + Debug + 'static {
    fn reads(self) -> Reads;
    fn value<T: Plain>(self, x: [T; N]) -> T;
    fn pullback<E: Elementary>(self, x: [E; N], y: E, y_bar: E) -> [E; N];
    /// The method or operator by which code reaches it.
    fn call<E: Elementary>(self, x: [E; N]) -> E;
}

/// Parameters at which a parametric primitive is tested.
trait Parameter: Copy + 'static {
    const SEVERAL: &'static [Self];
}
impl Parameter for i32 {
    const SEVERAL: &'static [i32] = &[3, -3, -2, -1, 0, 1, 2, 7];
}
impl Parameter for u32 {
    const SEVERAL: &'static [u32] = &[2, 0, 1, 3, 6];
}
impl Parameter for f64 {
    const SEVERAL: &'static [f64] = &[2.5, -0.125, 1.0, 0.0, 1e3];
}

/// What maps arguments to one cotangent each.
type Pullback<const N: usize, T> = Box<dyn Fn([T; N]) -> [T; N]>;

/// A primitive behind pointers, so that the suite is compiled once and not for each primitive.
struct Subject<const N: usize> {
    name: String,
    samples: Vec<[f64; N]>,
    reads: Reads,
    value: Box<dyn Fn([f64; N]) -> f64>,
    value_f32: Box<dyn Fn([f32; N]) -> f32>,
    pullback: Box<dyn Fn([f64; N], f64, f64) -> [f64; N]>,
    pullback_f32: Pullback<N, f32>,
    /// The pullback over duals, whose tangents are second derivatives.
    pullback_dual: Pullback<N, Dual<f64>>,
    dual: Box<dyn Fn([Dual<f64>; N]) -> Dual<f64>>,
    var: Box<dyn Fn([Var; N]) -> Var>,
    var_f32: Box<dyn Fn([Var<f32>; N]) -> Var<f32>>,
    traced: Box<dyn Fn([Traced; N]) -> Traced>,
    tensor: Box<dyn Fn([Tensor; N]) -> Tensor>,
}

impl<const N: usize> Subject<N> {
    fn new(name: &str, p: impl Primitive<N>, samples: &[[f64; N]]) -> Self {
        Subject {
            name: format!("{name} {p:?}"),
            samples: samples.to_vec(),
            reads: p.reads(),
            value: Box::new(move |x| p.value(x)),
            value_f32: Box::new(move |x| p.value(x)),
            pullback: Box::new(move |x, y, y_bar| p.pullback(x, y, y_bar)),
            pullback_f32: Box::new(move |x| p.pullback(x, p.value(x), 1.0)),
            pullback_dual: Box::new(move |x| p.pullback(x, p.call(x), Dual::constant(1.0))),
            dual: Box::new(move |x| p.call(x)),
            var: Box::new(move |x| p.call(x)),
            var_f32: Box::new(move |x| p.call(x)),
            traced: Box::new(move |x| p.call(x)),
            tensor: Box::new(move |x| p.call(x)),
        }
    }

    fn partials(&self, x: [f64; N]) -> [f64; N] {
        (self.pullback)(x, (self.value)(x), 1.0)
    }

    /// `∂²y/∂xₖ∂xⱼ`.
    fn second(&self, x: [f64; N], k: usize, j: usize) -> f64 {
        (self.pullback_dual)(along(x, j))[k].tangent
    }
}

/// What is done with every primitive of the list.
trait Visit {
    fn visit<const N: usize>(&mut self, p: &Subject<N>);
}

macro_rules! unary_primitive {
    ($P:ident, |$p:ident, $x:ident| $call:expr) => {
        impl Primitive<1> for super::$P {
            fn reads(self) -> Reads {
                <Self as Unary>::READS
            }
            fn value<T: Plain>(self, [x]: [T; 1]) -> T {
                Unary::value(self, x)
            }
            fn pullback<E: Elementary>(self, [x]: [E; 1], y: E, y_bar: E) -> [E; 1] {
                [Unary::pullback(self, x, y, y_bar)]
            }
            fn call<E: Elementary>(self, [$x]: [E; 1]) -> E {
                let $p = self;
                let _ = $p;
                $call
            }
        }
    };
}

macro_rules! binary_primitive {
    ($P:ident, $call:expr) => {
        impl Primitive<2> for super::$P {
            fn reads(self) -> Reads {
                <Self as Binary>::READS
            }
            fn value<T: Plain>(self, [a, b]: [T; 2]) -> T {
                Binary::value(self, a, b)
            }
            fn pullback<E: Elementary>(self, [a, b]: [E; 2], y: E, y_bar: E) -> [E; 2] {
                let left = self.left(a.clone(), b.clone(), y.clone(), y_bar.clone());
                [left, self.right(a, b, y, y_bar)]
            }
            fn call<E: Elementary>(self, [a, b]: [E; 2]) -> E {
                $call(a, b)
            }
        }
    };
}

macro_rules! suite {
    (
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        $(unary_primitive!($NU, |p, x| std::ops::$NU::$nu(x));)*
        $(unary_primitive!($U, |p, x| Elementary::$u(x));)*
        $(unary_primitive!($P, |p, x| Elementary::$p(x, p.0));)*
        $(binary_primitive!($NB, std::ops::$NB::$nb);)*
        $(binary_primitive!($B, Elementary::$b);)*
        $(impl Primitive<3> for super::$T {
            fn reads(self) -> Reads {
                <Self as Ternary>::READS
            }
            fn value<T: Plain>(self, [a, b, c]: [T; 3]) -> T {
                Ternary::value(self, a, b, c)
            }
            fn pullback<E: Elementary>(self, x: [E; 3], y: E, y_bar: E) -> [E; 3] {
                Ternary::pullback(self, x, y, y_bar)
            }
            fn call<E: Elementary>(self, [a, b, c]: [E; 3]) -> E {
                Elementary::$t(a, b, c)
            }
        })*

        /// Every primitive, at `parameters` of the parametric ones, at most.
        fn each_primitive(parameters: usize, visit: &mut impl Visit) {
            $(visit.visit(&Subject::new(stringify!($nu), super::$NU, &single(<super::$NU as Unary>::SAMPLES)));)*
            $(visit.visit(&Subject::new(stringify!($u), super::$U, &single(<super::$U as Unary>::SAMPLES)));)*
            $(for &k in <$type as Parameter>::SEVERAL.iter().take(parameters) {
                let samples = single(<super::$P as Unary>::SAMPLES);
                visit.visit(&Subject::new(stringify!($p), super::$P(k), &samples));
            })*
            $(visit.visit(&Subject::new(stringify!($nb), super::$NB, <super::$NB as Binary>::SAMPLES));)*
            $(visit.visit(&Subject::new(stringify!($b), super::$B, <super::$B as Binary>::SAMPLES));)*
            $(visit.visit(&Subject::new(stringify!($t), super::$T, <super::$T as Ternary>::SAMPLES));)*
        }

        /// The types of the list.
        fn listed_types() -> Vec<&'static str> {
            vec![
                $(stringify!($NU),)* $(stringify!($U),)* $(stringify!($P),)*
                $(stringify!($NB),)* $(stringify!($B),)* $(stringify!($T),)*
            ]
        }

        /// That every handle has the methods is a matter of compiling this.
        #[test]
        fn every_handle_has_a_method_for_every_primitive() {
            let unary: Vec<(&str, fn(Var) -> Var, fn(Dual<f64>) -> Dual<f64>, fn(Traced) -> Traced, fn(&Tensor) -> Tensor)> =
                vec![$((stringify!($u), Var::$u, Dual::$u, Traced::$u, Tensor::$u)),*];
            for (name, var, dual, traced, tensor) in unary {
                let want = var(Var::from(0.5)).value();
                let (dual, traced) = (dual(Dual::new(0.5, 0.0)).value, traced(Traced::from(0.5)).value());
                assert_eq!(dual.to_bits(), want.to_bits(), "{name} of a dual");
                assert_eq!(traced.to_bits(), want.to_bits(), "{name} of a traced scalar");
                let got = tensor(&Tensor::scalar(0.5)).item().unwrap();
                assert!(near(got, want, 1e-15), "{name} of a tensor: {got}, of a scalar: {want}");
            }
            let names = [$(stringify!($nu),)* $(stringify!($u),)* $(stringify!($p),)*
                $(stringify!($nb),)* $(stringify!($b),)* $(stringify!($t),)*];
            let table: Vec<&str> = super::table().iter().map(|row| row.name).collect();
            assert_eq!(table, names);
        }
    };
}
primitives!(suite);

fn single(samples: &[f64]) -> Vec<[f64; 1]> {
    samples.iter().map(|&x| [x]).collect()
}

/// A partial that is multiplied by something: by -1, its sign is flipped. What the suite must find.
#[derive(Clone, Copy, Debug)]
struct Planted {
    argument: usize,
    factor: f64,
}

/// Whether two numbers agree to `relative`, infinities and NaN with themselves.
fn near(a: f64, b: f64, relative: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= relative * a.abs().max(b.abs())
}

/// The derivative of `f` by argument `k` at `x`, by central differences extrapolated once (Richardson 1911), and
/// how far the rounding of `f` may have carried it.
fn difference<const N: usize>(f: &dyn Fn([f64; N]) -> f64, x: [f64; N], k: usize) -> (f64, f64) {
    let width = 2.0_f64.powi(-10) * if x[k] == 0.0 { 1.0 } else { x[k].abs() };
    let at = |h: f64| {
        let mut moved = x;
        moved[k] += h;
        f(moved)
    };
    let central = |h: f64| (at(h) - at(-h)) / (2.0 * h);
    let noise = 32.0 * f64::EPSILON * at(width).abs().max(at(-width).abs()) / width;
    ((4.0 * central(width / 2.0) - central(width)) / 3.0, noise)
}

/// The primitive by itself at one sample: value in both precisions, first and second derivatives against
/// differences, linearity. Err says what is off.
fn check<const N: usize>(p: &Subject<N>, plant: Option<Planted>, x: [f64; N]) -> Result<(), String> {
    let planted = |k: usize| plant.map_or(1.0, |plant| if plant.argument == k { plant.factor } else { 1.0 });
    let y = (p.value)(x);
    if x.iter().all(|&x| (x as f32).is_normal() || x == 0.0) {
        let single = x.map(|x| x as f32);
        let (got, want) = (f64::from((p.value_f32)(single)), (p.value)(single.map(f64::from)));
        if !near(got, want, 1e-6) {
            return Err(format!("value in f32 {got}, in f64 {want}"));
        }
    }
    for k in 0..N {
        let pullback = |x, y, y_bar| planted(k) * (p.pullback)(x, y, y_bar)[k];
        let partial = pullback(x, y, 1.0);
        // The one whose derivative is not that of its value.
        let stops = p.name.starts_with("stop_gradient");
        let (want, noise) = if stops { (0.0, 0.0) } else { difference(&p.value, x, k) };
        let off = (partial - want).abs();
        if off.is_nan() || off > 1e-7 * want.abs() + noise {
            return Err(format!("partial {k} is {partial}, differences say {want}"));
        }
        for j in 0..N {
            let got = planted(k) * p.second(x, k, j);
            let (want, noise) = difference(&|x| pullback(x, (p.value)(x), 1.0), x, j);
            // Beyond the range of f64 there is nothing to compare.
            let off = (got - want).abs();
            if want.is_finite() && (off.is_nan() || off > 1e-6 * want.abs() + noise) {
                return Err(format!("second partial {k} {j} is {got}, differences say {want}"));
            }
        }
        let halves = pullback(x, y, 0.25) + pullback(x, y, 0.75);
        let (double, none) = (pullback(x, y, -2.0), pullback(x, y, 0.0));
        if !near(double, -2.0 * partial, 1e-15) || !near(halves, partial, 1e-14) || none != 0.0 {
            return Err(format!("partial {k} is not linear in the cotangent"));
        }
    }
    Ok(())
}

/// Duals at `x` in the direction of argument `j`.
fn along<const N: usize>(x: [f64; N], j: usize) -> [Dual<f64>; N] {
    std::array::from_fn(|i| Dual::new(x[i], f64::from(u8::from(i == j))))
}

struct ByItself(usize);
impl Visit for ByItself {
    fn visit<const N: usize>(&mut self, p: &Subject<N>) {
        assert!(p.samples.len() >= 2, "{} wants samples", p.name);
        for &x in &p.samples {
            if let Err(what) = check(p, None, x) {
                panic!("{} at {x:?}: {what}", p.name);
            }
        }
        self.0 += 1;
    }
}

#[test]
fn values_and_derivatives_of_two_orders_are_confirmed_by_differences() {
    let mut visited = ByItself(0);
    each_primitive(usize::MAX, &mut visited);
    assert!(visited.0 >= super::table().len());
}

/// Which partials are zero wherever they are tested: nothing can be found wrong with their sign.
#[derive(Default)]
struct Mutations {
    vanishing: Vec<String>,
    found: usize,
}
impl Visit for Mutations {
    fn visit<const N: usize>(&mut self, p: &Subject<N>) {
        for argument in 0..N {
            if p.samples.iter().all(|&x| p.partials(x)[argument] == 0.0) {
                self.vanishing.push(format!("{} {argument}", p.name));
                continue;
            }
            for factor in [-1.0, 0.0, 1.01] {
                let plant = Some(Planted { argument, factor });
                let report = p.samples.iter().find_map(|&x| check(p, plant, x).err());
                let report = report.unwrap_or_else(|| panic!("{}: {plant:?} passed", p.name));
                assert!(report.starts_with(&format!("partial {argument} is")), "{}: {report}", p.name);
                self.found += 1;
            }
        }
    }
}

#[test]
fn a_partial_with_its_sign_flipped_is_reported() {
    let mut mutations = Mutations::default();
    each_primitive(1, &mut mutations);
    let steps = ["signum", "floor", "ceil", "round", "trunc", "stop_gradient"].map(|name| (name, 1));
    let masks = ["heaviside", "greater", "greater_equal", "less", "less_equal", "equal", "not_equal"]
        .map(|name| (name, 2));
    let of_step =
        |name: &str| steps.iter().chain(&masks).find(|step| step.0 == name).map_or(0, |step| step.1);
    let mut found_flat: Vec<(&str, usize)> = Vec::new();
    for vanishing in &mutations.vanishing {
        let name = vanishing.split(' ').next().unwrap_or_default();
        match found_flat.iter_mut().find(|flat| flat.0 == name) {
            Some(flat) => flat.1 += 1,
            None => found_flat.push((name, 1)),
        }
    }
    for (name, count) in found_flat {
        let chooses = matches!(name, "copysign" | "gate" | "select");
        assert!(count == of_step(name) || chooses && count == 1, "{name}: {count} partials are flat");
    }
    let partials: usize = super::table().iter().map(|row| row.arguments).sum();
    assert_eq!(mutations.found, 3 * (partials - mutations.vanishing.len()));
}

/// Which declared reads made a difference somewhere, by the name of the primitive without its parameter.
#[derive(Default)]
struct ReadsAreTrue(Vec<(String, bool)>);
impl Visit for ReadsAreTrue {
    fn visit<const N: usize>(&mut self, p: &Subject<N>) {
        let method = p.name.split(' ').next().unwrap_or_default();
        for argument in 0..=N {
            let declared = if argument == N { p.reads.output } else { p.reads.inputs[argument] };
            let mut matters = false;
            // Zero is what a gate looks for.
            for (&x, wrong) in p.samples.iter().flat_map(|x| [(x, f64::NAN), (x, 0.0)]) {
                let (mut fed, mut y) = (x, (p.value)(x));
                let want = (p.pullback)(x, y, 0.7).map(f64::to_bits);
                *fed.get_mut(argument).unwrap_or(&mut y) = wrong;
                matters |= (p.pullback)(fed, y, 0.7).map(f64::to_bits) != want;
            }
            assert!(declared || !matters, "{} reads value {argument}, but does not declare it", p.name);
            if declared {
                self.0.push((format!("{method} {argument}"), matters));
            }
        }
    }
}

#[test]
fn pullbacks_read_what_they_declare_and_nothing_else() {
    let mut reads = ReadsAreTrue::default();
    each_primitive(usize::MAX, &mut reads);
    let needless: Vec<_> =
        reads.0.iter().filter(|(name, _)| !reads.0.contains(&(name.clone(), true))).collect();
    assert!(needless.is_empty(), "declared, kept on the tape, and never looked at: {needless:?}");
}

/// Duals, tapes of both precisions and programs do what the pullback says, to the bit.
struct ScalarRunners;
impl Visit for ScalarRunners {
    fn visit<const N: usize>(&mut self, p: &Subject<N>) {
        for &x in &p.samples {
            let at = format!("{} at {x:?}", p.name);
            let want = ((p.value)(x), p.partials(x).to_vec());
            let forward: [f64; N] = std::array::from_fn(|k| (p.dual)(along(x, k)).tangent);
            assert_eq!(((p.dual)(along(x, 0)).value, forward.to_vec()), want, "{at}: dual");
            let by_tape = value_and_grad(|x| (p.var)(std::array::from_fn(|k| x[k])), &x);
            assert_eq!(by_tape, want, "{at}: tape");
            let program = Program::trace(|x| (p.traced)(std::array::from_fn(|k| x[k])), &x);
            assert_eq!((program.value(), program.gradient()), want, "{at}: program");

            let single = x.map(|x| x as f32);
            let want = ((p.value_f32)(single), (p.pullback_f32)(single).to_vec());
            if want.1.iter().all(|partial| partial.is_finite()) {
                let by_tape = value_and_grad(|x| (p.var_f32)(std::array::from_fn(|k| x[k])), &single);
                assert_eq!(by_tape, want, "{at}: tape in f32");
            }
        }
    }
}

#[test]
fn duals_tapes_and_programs_do_what_the_pullback_says() {
    each_primitive(usize::MAX, &mut ScalarRunners);
}

/// Tensors: plain and recorded sweeps, and the second derivative, element by element.
struct TensorRunner;
impl Visit for TensorRunner {
    fn visit<const N: usize>(&mut self, p: &Subject<N>) {
        // Kernels are within 3 ulp of the primitive, and 1 - y may cost digits.
        let agree = |what: &str, got: &Tensor, want: &dyn Fn([f64; N]) -> f64| {
            for (&got, &x) in got.as_slice().iter().zip(&p.samples) {
                let want = want(x);
                let same = near(got, want, 1e-11) || (got - want).abs() < 1e-15;
                assert!(same, "{} at {x:?}: {what} of the tensor {got}, of the scalar {want}", p.name);
            }
        };
        let tape = Tape::begin();
        let length = p.samples.len();
        let x: [Tensor; N] = std::array::from_fn(|k| {
            let column: Vec<f64> = p.samples.iter().map(|x| x[k]).collect();
            tape.tensor(&Tensor::from_vec(column, &[length]).unwrap())
        });
        let ones = || Tensor::full(&[length], 1.0);
        let y = (p.tensor)(x.clone());
        agree("value", &y, &p.value);
        let bar = tape.sweep_with(&y, ones()).unwrap();
        let recorded = tape.sweep_recorded_with(&y, ones()).unwrap();
        for (k, x_k) in x.iter().enumerate() {
            let partial = |x: [f64; N]| p.partials(x)[k];
            agree("sweep", &bar.of(x_k).unwrap(), &partial);
            let first = recorded.of(x_k).unwrap();
            agree("recorded sweep", &first, &partial);
            let again = match tape.sweep_with(&first, ones()) {
                Ok(again) => Some(again),
                Err(Error::NotRecorded { .. }) => None,
                Err(other) => panic!("{}: {other}", p.name),
            };
            for (j, x_j) in x.iter().enumerate() {
                let got = again.as_ref().map_or(Tensor::zeros(&[length]), |bar| bar.of(x_j).unwrap());
                agree("second derivative", &got, &|x| p.second(x, k, j));
            }
        }
    }
}

#[test]
fn tensors_map_the_primitive_and_its_derivatives_over_their_elements() {
    each_primitive(usize::MAX, &mut TensorRunner);
}

/// The names after `unary! {`, `binary! {`, `ternary! {`, `mask! {` in the files of the families.
fn written_types() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/primitive");
    let mut types = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("conformance.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("readable");
        let mut inside = false;
        for line in text.lines().map(str::trim) {
            if ["unary! {", "binary! {", "ternary! {", "mask! {"].contains(&line) {
                inside = true;
            } else if inside && !line.starts_with("///") && !line.starts_with('#') {
                let name = line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
                // Nothing stands before the `$` in a macro of a family.
                types.extend((!name.is_empty()).then(|| name.to_owned()));
                inside = false;
            }
        }
    }
    types
}

/// The table of the documentation as the list says it.
fn rendered_table() -> String {
    let mut text = "| method or operator | arguments | value and cotangents | domain | kinks: chosen |\n\
                    |---|---|---|---|---|\n"
        .to_owned();
    for row in super::table() {
        let or = |words: &'static str, none: &'static str| if words.is_empty() { none } else { words };
        let cells =
            [row.maths, or(row.domain, "all"), or(row.kinks, "–")].map(|cell| cell.replace('|', "\\|"));
        let [maths, domain, kinks] = cells;
        text += &format!("| `{}` | {} | `{maths}` | {domain} | {kinks} |\n", row.name, row.arguments);
    }
    text
}

#[test]
fn the_table_of_the_documentation_has_a_row_for_each_primitive() {
    let want = rendered_table();
    if std::env::var_os("REWRITE_TABLE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/primitive/table.md");
        std::fs::write(path, &want).expect("the sources can be written");
        return;
    }
    let got = include_str!("table.md");
    assert!(got == want, "primitive/table.md is not what the list says; run this test with REWRITE_TABLE=1");
}

#[test]
fn every_primitive_that_is_written_is_on_the_list() {
    let (mut written, mut listed) = (written_types(), listed_types());
    written.sort_unstable();
    listed.sort_unstable();
    assert_eq!(written, listed);
    for row in super::table() {
        assert!(row.maths.starts_with("y = ") && row.maths.contains('ȳ'), "{}: {}", row.name, row.maths);
        assert!((1..=3).contains(&row.arguments));
    }
}
