//! Every public function of tensors in a program: recorded at one set of arguments and run at others, where signs, orders,
//! masks and pivots are others. The values and gradients are those of a fresh recording, bit by bit.

mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use table::{functions, primitives, refused};
use tape::{Error, Float, Tape, Tensor, TensorProgram, tensors};

type Function<T> = fn(&[Tensor<T>]) -> Result<Tensor<T>, Error>;

/// The shapes of a, b and c.
const ARGUMENTS: [&[usize]; 3] = [&[4, 4], &[4, 3], &[4]];

/// Numbers that look random and are the same every time, in [-2, 2).
fn filled<T: Float>(shape: &[usize], seed: u64) -> Tensor<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        T::from_f64((state >> 11) as f64 / 2.0_f64.powi(51) - 2.0)
    };
    Tensor::from_vec((0..shape.iter().product()).map(|_| next()).collect(), shape).unwrap()
}

fn arguments<T: Float>(seed: u64) -> Vec<Tensor<T>> {
    ARGUMENTS.iter().zip(seed * 10..).map(|(shape, seed)| filled(shape, seed)).collect()
}

/// The shape and the bits, in which all NaN are alike: of two that meet the processor may keep either.
fn bits<T: Float>(x: &Tensor<T>) -> (Vec<usize>, Vec<u64>) {
    let bits = |x: &T| if x.to_f64().is_nan() { u64::MAX } else { x.to_f64().to_bits() };
    (x.shape().to_vec(), x.as_slice().iter().map(bits).collect())
}

fn runs_as_it_records<T: Float>(name: &str, f: Function<T>) {
    let traced = arguments::<T>(1);
    let mut program = TensorProgram::trace(3, &traced.iter().collect::<Vec<_>>(), f)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let first = program.value(&traced.iter().collect::<Vec<_>>()).unwrap().clone();
    let (mut values, mut finite) = (BTreeSet::from([bits(&first).1]), false);
    for seed in 2..7 {
        let x = arguments::<T>(seed);
        let x_refs: Vec<_> = x.iter().collect();
        let y_bar = filled::<T>(first.shape(), seed + 100);
        let (y, x_bar) = tensors::vjp(f, &x, &y_bar).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Once for the value, and again in the memory of that.
        assert_eq!(bits(program.value(&x_refs).unwrap()), bits(&y), "{name}, {}, the value", T::NAME);
        program.vjp(&x_refs, &y_bar).unwrap();
        for (k, want) in x_bar.iter().enumerate() {
            let got = program.gradient(k).cloned().unwrap_or_else(|| Tensor::zeros(want.shape()));
            assert_eq!(bits(&got), bits(want), "{name}, {}, argument {k}", T::NAME);
        }
        assert_eq!(bits(program.value(&x_refs).unwrap()), bits(&y), "{name}, {}, the value again", T::NAME);
        finite |= y.as_slice().iter().any(|y| y.to_f64().is_finite());
        values.insert(bits(&y).1);
    }
    assert!(finite, "{name}: no value says anything");
    assert!(values.len() == 6, "{name}: {} different values of 6 runs", values.len());
}

#[test]
fn primitives_over_elements_run_as_they_record() {
    for (name, f) in primitives::<f64>() {
        runs_as_it_records(name, f);
    }
    for (name, f) in primitives::<f32>() {
        runs_as_it_records(name, f);
    }
}

#[test]
fn all_other_functions_run_as_they_record() {
    for (name, f) in functions::<f64>() {
        runs_as_it_records(name, f);
    }
    for (name, f) in functions::<f32>() {
        runs_as_it_records(name, f);
    }
}

#[test]
fn what_can_t_be_followed_is_refused() {
    for (name, f) in refused::<f64>() {
        let x = arguments(1);
        let error = TensorProgram::trace(3, &x.iter().collect::<Vec<_>>(), f).expect_err(name);
        assert!(matches!(error, Error::NotTraceable { operation: "trace", .. }), "{name}: {error}");
    }
}

/// The names after `pub fn` in a source; not those that a macro makes.
fn public_functions(source: &str) -> Vec<String> {
    let after = |line: &str| {
        let name: String = line
            .trim()
            .strip_prefix("pub fn ")?
            .chars()
            .take_while(|&c| c.is_alphanumeric() || c == '_')
            .collect();
        (!name.is_empty()).then_some(name)
    };
    source.lines().filter_map(after).collect()
}

#[test]
fn no_public_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(sources.join("tensor")).unwrap().map(|entry| entry.unwrap().path());
    let mut wanted = BTreeSet::new();
    for file in files.chain([sources.join("tensor.rs")]).filter(|file| file.is_file()) {
        wanted.extend(public_functions(&fs::read_to_string(&file).unwrap()));
    }
    // The list of primitives: pairs of a type and a method, in brackets.
    let list = fs::read_to_string(sources.join("primitive.rs")).unwrap();
    let list = list.split("unary_operators [").nth(1).unwrap().split("};").next().unwrap();
    let words: Vec<&str> = list.split([' ', '\n', ',', '[', ']']).filter(|word| !word.is_empty()).collect();
    let starts_large = |word: &str| word.starts_with(char::is_uppercase);
    let methods = words.windows(2).filter(|pair| starts_large(pair[0])).map(|pair| pair[1].to_owned());
    wanted.extend(methods);
    assert!(wanted.len() > 170, "{wanted:?}");

    let all = [primitives::<f64>(), functions(), refused()].concat();
    let tried: BTreeSet<String> = all.iter().map(|&(name, _)| name.to_owned()).collect();
    assert_eq!(tried.len(), all.len(), "a name stands here twice");
    let missing: Vec<_> = wanted.difference(&tried).collect();
    assert!(missing.is_empty(), "not tried in a program: {missing:?}");
}

#[test]
fn the_sign_of_a_determinant_follows_the_rows() {
    let a = Tensor::from_slice(&[2.0, 1.0, 0.0, 0.0, 3.0, 1.0, 1.0, 0.0, 4.0], &[3, 3]).unwrap();
    let exchanged = a.index_select(0, &[1, 0, 2]).unwrap();
    let mut program = TensorProgram::trace(1, &[&a], |x| Ok(x[0].slogdet()?.0)).unwrap();
    assert_eq!(program.value(&[&a]).unwrap().item(), Ok(1.0));
    assert_eq!(program.value(&[&exchanged]).unwrap().item(), Ok(-1.0));
    assert_eq!(program.value(&[&-&a]).unwrap().item(), Ok(-1.0));
    // Nothing is differentiated of it.
    program.vjp(&[&a], &Tensor::scalar(1.0)).unwrap();
    assert_eq!(program.gradient(0), Some(&Tensor::zeros(&[3, 3])));
    let tape = Tape::begin();
    let leaf = tape.tensor(&a);
    let (sign, size) = leaf.slogdet().unwrap();
    let of_both = tape.sweep(&(&sign * &size)).unwrap().of(&leaf).unwrap();
    assert_eq!(of_both, tape.sweep(&size).unwrap().of(&leaf).unwrap());
    assert_eq!(tape.sweep(&sign).unwrap().of(&leaf).unwrap(), Tensor::zeros(&[3, 3]));
}

#[test]
fn a_singular_matrix_is_an_error_in_a_run_and_the_next_goes_on() {
    let regular = filled::<f64>(&[2, 2, 2], 3);
    let mut singular = regular.clone();
    // The second of the batch, in its second pivot.
    singular.as_mut_slice()[4..].copy_from_slice(&[1.0, 2.0, 2.0, 4.0]);
    let asked: [(&str, Function<f64>); 4] = [
        ("solve", |x| Ok(x[0].solve(&Tensor::eye(2))?.sum())),
        ("solve", |x| Ok(x[0].t().solve(&Tensor::eye(2))?.sum())),
        ("inverse", |x| Ok(x[0].inverse()?.sum())),
        ("slogdet", |x| Ok(x[0].slogdet()?.1.sum())),
    ];
    for (operation, f) in asked {
        let mut program = TensorProgram::trace(1, &[&regular], f).unwrap();
        let want = program.value_and_gradient(&[&regular]).unwrap();
        let gradient = program.gradient(0).unwrap().clone();
        let error = Error::Singular { operation, pivot: 1 };
        assert_eq!(program.value(&[&singular]).unwrap_err(), error);
        assert_eq!(program.value_and_gradient(&[&singular]).unwrap_err(), error);
        assert_eq!(f(&[singular.clone()]).unwrap_err(), error);
        assert_eq!(program.value_and_gradient(&[&regular]), Ok(want));
        assert_eq!(program.gradient(0), Some(&gradient));
    }
}

#[test]
fn nothing_comes_to_what_is_hidden_nor_to_the_mask() {
    let x = Tensor::from_slice(&[-1.0, 2.0, -3.0, 4.0], &[4]).unwrap();
    let f = |x: &[Tensor]| Ok(x[0].masked_fill(&x[0].less(&Tensor::scalar(0.0))?, 0.0)?.sqrt().sum());
    let mut program = TensorProgram::trace(1, &[&x], f).unwrap();
    assert_eq!(program.value_and_gradient(&[&-&x]), Ok(1.0 + 3.0_f64.sqrt()));
    let gradient = program.gradient(0).unwrap().to_vec();
    assert_eq!(gradient, [0.5, 0.0, 0.5 / 3.0_f64.sqrt(), 0.0]);
    assert!(gradient.iter().all(|x| x.is_sign_positive()));
}

#[test]
fn functions_of_nothing_have_gradients_of_nothing() {
    let nothing: [&[usize]; 4] = [&[2, 3, 0], &[0, 3, 3], &[0], &[1, 0]];
    let asked: [(&str, Function<f64>); 8] = [
        ("cumprod", |x| x[0].cumprod(0)),
        ("cumprod from within", |x| x[0].cumprod(x[0].shape().len() - 1)),
        ("max_axes", |x| x[0].max_axes(&[], false)),
        ("solve", |x| x[0].solve(&x[0])),
        ("inverse", |x| x[0].inverse()),
        ("slogdet", |x| Ok(x[0].slogdet()?.1)),
        ("masked_fill", |x| x[0].masked_fill(&x[0], 1.0)),
        ("narrow", |x| x[0].narrow(0, 0, 0)),
    ];
    for shape in nothing {
        let x = Tensor::zeros(shape);
        for (name, f) in asked {
            // Where there are no square matrices, nothing is to be solved.
            let Ok(mut program) = TensorProgram::trace(1, &[&x], f) else {
                assert!(["solve", "inverse", "slogdet"].contains(&name) && shape != [0, 3, 3], "{name}");
                continue;
            };
            let y_bar = Tensor::full(program.value(&[&x]).unwrap().shape(), 1.0);
            program.vjp(&[&x], &y_bar).unwrap();
            assert_eq!(program.gradient(0), Some(&x), "{name} of {shape:?}");
        }
    }
    // Of no rows there is one determinant, and it is 1.
    let (sign, size) = Tensor::<f64>::zeros(&[0, 0]).slogdet().unwrap();
    assert_eq!((sign.item(), size.item()), (Ok(1.0), Ok(0.0)));
    assert!(size.as_slice()[0].is_sign_positive());
}
