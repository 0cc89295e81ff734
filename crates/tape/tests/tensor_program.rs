//! Programs of tensors: the bits of the recorded function, on other arguments, and what a trace refuses.

use tape::{Error, Tape, Tensor, TensorProgram, tensors, unrecorded};

/// Numbers that look random and are the same every time, in [-1, 1).
fn filled(shape: &[usize], seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / 2.0_f64.powi(52) - 1.0
    };
    Tensor::from_vec((0..shape.iter().product()).map(|_| next()).collect(), shape).unwrap()
}

type Function = fn(&[Tensor]) -> Result<Tensor, Error>;

/// Functions of `a: (3, 4)`, `b: (4, 2)` and `c: (2)`, each with one number for its value.
const FUNCTIONS: [(&str, Function); 13] = [
    ("a layer", |x| Ok((x[0].matmul(&x[1])? + &x[2]).sigmoid().sum())),
    ("one argument many times", |x| Ok((&x[0] * &x[0] + x[0].sin() * &x[0]).mean())),
    ("ways that part and meet", |x| {
        let y = x[0].matmul(&x[1])?;
        Ok((y.tanh() * y.exp() - y.softplus()).sum() + y.sum_of_squares())
    }),
    ("moved elements", |x| {
        let y = x[0].transpose().reshape(&[2, 6])?.slice(&[0..2, 1..5])?;
        Ok(Tensor::concat(&[&y, &y], 1)?.powi(3).sum())
    }),
    ("broadcasting", |x| {
        let row = x[2].reshape(&[1, 2])?;
        Ok((x[1].mul(&row)? - x[2].broadcast_to(&[4, 2])?).powi(2).sum())
    }),
    ("sums over axes", |x| Ok((x[0].sum_axes(&[0], true)? * x[0].mean_axes(&[1], true)?).sum())),
    ("softmax and its kin", |x| {
        let y = x[0].matmul(&x[1])?;
        Ok((y.softmax(1)? * y.log_softmax(0)?).sum() + y.log_sum_exp())
    }),
    ("scans and products", |x| Ok(x[0].cumprod(1)?.cumsum(0)?.sum() + x[1].prod_axes(&[0], false)?.sum())),
    ("extremes, deviations and norms", |x| {
        let most = x[0].max_axes(&[0], false)?.sum() + x[1].min_all()? + x[0].sigmoid().max_all()?;
        let spread = x[0].std_axes(&[1], 1, false)?.sum() + x[2].std(0) + (&x[2] * 0.0).std(0);
        Ok(most
            + spread
            + x[1].norm(3.0)?
            + x[0].norm_axes(1.5, &[1], false)?.sum()
            + x[0].norm(f64::INFINITY)?)
    }),
    ("moments", |x| Ok(x[0].var_axes(&[1], 1, false)?.sum() + x[1].var(0) + x[2].norm(2.0)?)),
    ("batches", |x| {
        let a = x[0].reshape(&[1, 3, 4])?.broadcast_to(&[2, 3, 4])?;
        Ok(Tensor::einsum("bij,jk->bik", &[&a, &x[1]])?.sin().sum())
    }),
    ("a convolution", |x| {
        let y = x[0].reshape(&[1, 3, 4])?.conv1d(&x[1].narrow(0, 0, 3)?.reshape(&[1, 3, 2])?, 1, 1)?;
        Ok(y.powi(2).sum())
    }),
    ("constants among variables", |x| {
        let mask = Tensor::from_slice(&[1.0, 0.0, 1.0, 1.0], &[4])?;
        Ok(Tensor::select(&mask, &x[0], &Tensor::scalar(0.5))?.mul(&x[0])?.sum())
    }),
];

fn arguments(seed: u64) -> [Tensor; 3] {
    [filled(&[3, 4], seed), filled(&[4, 2], seed + 1), filled(&[2], seed + 2)]
}

#[test]
fn a_program_has_the_bits_of_the_recorded_function_wherever_it_runs() {
    for (name, f) in FUNCTIONS {
        let traced = arguments(100);
        let mut program = TensorProgram::trace(3, &traced.each_ref(), f).unwrap();
        for seed in [1, 2, 3] {
            let x = arguments(seed);
            let (want, gradient) = tensors::value_and_grad(f, &x).unwrap();
            assert_eq!(program.value(&x.each_ref()).unwrap().item(), Ok(want), "{name}");
            assert_eq!(program.value_and_gradient(&x.each_ref()), Ok(want), "{name}");
            for (k, want) in gradient.iter().enumerate() {
                let got = program.gradient(k).cloned().unwrap_or_else(|| Tensor::zeros(want.shape()));
                assert_eq!(got, *want, "{name}, argument {k}");
            }
        }
    }
}

#[test]
fn arguments_that_are_no_variables_change_the_value_and_have_no_gradient() {
    let f = |x: &[Tensor]| Ok(x[0].matmul(x[1].exp())?.sum());
    let x = arguments(1);
    let mut program = TensorProgram::trace(1, &[&x[0], &x[1]], f).unwrap();
    let other = filled(&[4, 2], 9);
    let want = tensors::value_and_grad(f, &[x[0].clone(), other.clone()]).unwrap();
    assert_eq!(program.value_and_gradient(&[&x[0], &other]), Ok(want.0));
    assert_eq!(program.gradient(0), Some(&want.1[0]));
    assert!(program.gradient(1).is_none(), "data");
    assert!(program.gradient(2).is_none(), "not even an argument");
}

#[test]
fn a_variable_that_is_not_used_has_no_gradient_and_one_that_cancels_has_zeros() {
    let x = arguments(1);
    let f = |x: &[Tensor]| Ok((&x[0] - &x[0]).sum());
    let mut program = TensorProgram::trace(2, &[&x[0], &x[1]], f).unwrap();
    assert_eq!(program.gradient(0), Some(&Tensor::zeros(&[3, 4])), "zeros before the first run too");
    program.value_and_gradient(&[&x[0], &x[1]]).unwrap();
    assert_eq!(program.gradient(0), Some(&Tensor::zeros(&[3, 4])));
    assert_eq!(program.gradient(1), None);
}

#[test]
fn what_a_caller_holds_of_a_run_stays_what_it_was() {
    let x = arguments(1);
    let f = |x: &[Tensor]| Ok(x[0].sin() * &x[0]);
    let mut program = TensorProgram::trace(1, &[&x[0]], f).unwrap();
    let first = program.value(&[&x[0]]).unwrap().clone();
    program.vjp(&[&x[0]], &Tensor::full(&[3, 4], 1.0)).unwrap();
    let gradient = program.gradient(0).unwrap().clone();
    let other = filled(&[3, 4], 7);
    program.vjp(&[&other], &Tensor::full(&[3, 4], 2.0)).unwrap();
    assert_eq!(first, x[0].sin() * &x[0]);
    let (_, want) = tensors::vjp(f, &x[..1], &Tensor::full(&[3, 4], 1.0)).unwrap();
    assert_eq!(gradient, want[0]);
    assert_ne!(program.gradient(0), Some(&gradient));
}

#[test]
fn a_program_may_return_an_argument_and_run_on_recorded_tensors_without_recording() {
    let x = filled(&[3], 1);
    let mut same = TensorProgram::trace(1, &[&x], |x| Ok(x[0].clone())).unwrap();
    assert_eq!(same.operations(), 0);
    let seed = filled(&[3], 2);
    same.vjp(&[&x], &seed).unwrap();
    assert_eq!(same.gradient(0), Some(&seed));

    let tape = Tape::begin();
    let leaf = tape.tensor(&x);
    let mut square = TensorProgram::trace(1, &[&leaf], |x| Ok(x[0].powi(2))).unwrap();
    let y = square.value(&[&leaf]).unwrap();
    assert!(!y.is_recorded());
    assert_eq!(tape.nodes(), 1);
}

#[test]
fn a_trace_that_could_not_be_followed_is_refused() {
    let x = filled(&[3], 1);
    let refused: [(&str, Function); 11] = [
        ("as_slice", |x| Ok(&x[0] * x[0].as_slice()[0])),
        ("item", |x| Ok(&x[0] * x[0].sum().item()?)),
        ("to_vec", |x| Ok(&x[0] + &Tensor::from_vec(x[0].to_vec(), &[3])?)),
        ("to_constant", |x| Ok(&x[0] * &x[0].to_constant())),
        ("unrecorded", |x| Ok(&x[0] * &unrecorded(|| x[0].exp()))),
        ("argmax", |x| x[0].narrow(0, 0, x[0].argmax(0)?.0[0] + 1)),
        ("masked_select, whose shape depends on the mask", |x| {
            x[0].masked_select(&x[0].greater(&Tensor::scalar(0.0))?)
        }),
        ("a view", |x| Ok(&x[0] * &x[0].view(1, &[1])?)),
        ("as_mut_slice", |x| {
            let mut changed = x[0].clone();
            changed.as_mut_slice()[0] = 1.0;
            Ok(&x[0] * &changed)
        }),
        ("a gradient within", |x| {
            let gradient = tensors::grad(|x| Ok(x[0].powi(3).sum()), &x[..1])?;
            Ok((&x[0] * &gradient[0]).sum())
        }),
        ("at", |x| Tensor::from_vars(&[x[0].at(&[0])?], &[1])),
    ];
    for (name, f) in refused {
        let error = TensorProgram::trace(1, &[&x], f).expect_err(name);
        assert!(matches!(error, Error::NotTraceable { operation: "trace", .. }), "{name}: {error}");
    }
    // The refusal ends with the trace: values are read again as before.
    assert!(TensorProgram::trace(1, &[&x], |x| Ok(x[0].exp())).is_ok());
    let tape = Tape::begin();
    assert_eq!(tape.tensor(&x).as_slice(), x.as_slice());
}

#[test]
fn what_a_trace_is_not_given_rightly_is_said() {
    let x = filled(&[3], 1);
    let said = |error: Error| error.to_string();
    assert_eq!(
        said(TensorProgram::trace(2, &[&x], |x| Ok(x[0].exp())).unwrap_err()),
        "trace: wants at least 2 arguments, one for each variable, got 1"
    );
    let constant = TensorProgram::trace(1, &[&x], |_| Ok(Tensor::scalar(1.0)));
    assert!(matches!(constant, Err(Error::NotRecorded { .. })));
    let failing = TensorProgram::trace(1, &[&x], |x| x[0].reshape(&[4]));
    assert!(said(failing.unwrap_err()).starts_with("reshape:"));

    let mut program = TensorProgram::trace(1, &[&x], |x| Ok(x[0].exp())).unwrap();
    assert_eq!(said(program.value(&[]).unwrap_err()), "program: wants 1 arguments, got 0");
    assert!(
        said(program.value_and_gradient(&[&x]).unwrap_err()).starts_with("item: wants exactly one element")
    );
    assert_eq!(
        said(program.vjp(&[&x], &Tensor::scalar(1.0)).unwrap_err()),
        "program: the seed must have the shape of the result, got [] and [3]"
    );
}

#[test]
fn an_operation_refuses_values_in_a_run_as_it_does_when_it_is_recorded() {
    let (z, t) = (filled(&[3], 1), Tensor::full(&[3], 0.5));
    let f = |x: &[Tensor]| x[0].sigmoid_cross_entropy(&x[1]);
    let mut program = TensorProgram::trace(1, &[&z, &t], f).unwrap();
    let outside = Tensor::full(&[3], 2.0);
    assert_eq!(program.value_and_gradient(&[&z, &outside]), Err(f(&[z.clone(), outside]).unwrap_err()));
    // And goes on with others.
    assert_eq!(program.value_and_gradient(&[&z, &t]), f(&[z.clone(), t.clone()]).and_then(|y| y.item()));
}

#[test]
fn a_program_goes_to_another_thread() {
    let x = arguments(1);
    let mut program = TensorProgram::trace(3, &x.each_ref(), FUNCTIONS[0].1).unwrap();
    let here = program.value_and_gradient(&x.each_ref()).unwrap();
    let there = std::thread::spawn(move || program.value_and_gradient(&x.each_ref()).unwrap());
    assert_eq!(there.join().unwrap(), here);
}

/// A step of a random program on what there is so far.
fn step(pool: &[Tensor], what: u64) -> Tensor {
    let pick = |shift: u32| &pool[(what >> shift) as usize % pool.len()];
    let (a, b) = (pick(8), pick(20));
    let matrix = a.shape().len() == 2;
    let tried = match what % 14 {
        0 => a.add(b),
        1 => a.sub(b),
        2 => a.mul(b),
        3 => a.div(&(b.powi(2) + 1.0)),
        4 => a.matmul(b),
        5 => a.matmul(b.t()),
        6 if matrix => a.sum_axes(&[0], true),
        7 if matrix => a.mean_axes(&[1], false),
        8 if matrix => Ok(a.transpose()),
        9 if matrix => Tensor::concat(&[a, a], 1),
        10 => a.reshape(&[a.len(), 1]),
        11 => Ok(a.sigmoid() * a.softplus()),
        12 if matrix => a.softmax(1),
        _ => Ok(a.sin()),
    };
    tried.ok().filter(|y| y.len() <= 60).unwrap_or_else(|| a.cos()).tanh()
}

#[test]
fn random_programs_have_the_bits_of_what_was_recorded() {
    let mut state = 5_u64;
    for _ in 0..200 {
        let steps: Vec<u64> = (0..12)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 16
            })
            .collect();
        let f = |x: &[Tensor]| {
            let mut pool = x.to_vec();
            for &what in &steps {
                pool.push(step(&pool, what));
            }
            Ok(pool.iter().map(Tensor::sum).fold(Tensor::scalar(0.0), |sum, term| sum + term))
        };
        let (traced, x) = (arguments(1), arguments(7));
        let mut program = TensorProgram::trace(3, &traced.each_ref(), f).unwrap();
        let (want, gradient) = tensors::value_and_grad(f, &x).unwrap();
        assert_eq!(program.value_and_gradient(&x.each_ref()), Ok(want), "{steps:?}");
        for (k, want) in gradient.iter().enumerate() {
            assert_eq!(program.gradient(k), Some(want), "{steps:?}, argument {k}");
        }
    }
}

#[test]
fn a_gradient_and_what_was_left_out_of_it_are_the_gradient() {
    type Penalised = fn(&[Tensor]) -> Result<Tensor, Error>;
    // Of six parameters: a dense layer takes a part, and others come before, after and between.
    let costs: [(&str, Penalised, usize); 5] = [
        (
            "a penalty alone",
            |x| Tensor::scalar(0.0).add_quadratic_penalty(0.3, &x[0], &[1..3, 4..6].into()),
            2,
        ),
        (
            "beside elements",
            |x| x[0].powi(3).sum().add_quadratic_penalty(0.3, &x[0], &[0..2, 5..6].into()),
            2,
        ),
        (
            "two penalties, of which the first swept stays",
            |x| {
                let cost = x[0].sin().sum().add_quadratic_penalty(0.3, &x[0], &[0..3, 3..6].into())?;
                cost.add_quadratic_penalty(0.7, &x[0], &[2..3, 3..4].into())
            },
            2,
        ),
        (
            "parts that overlap are added at once",
            |x| x[0].exp().sum().add_quadratic_penalty(0.3, &x[0], &[0..4, 2..6].into()),
            0,
        ),
        (
            "of another tensor than the variable",
            |x| {
                let doubled = x[0].scale(2.0);
                doubled.sum().add_quadratic_penalty(0.3, &doubled, &[0..3, 3..6].into())
            },
            0,
        ),
    ];
    for (name, f, parts) in costs {
        let (traced, x) = (filled(&[6], 7), filled(&[6], 8));
        let mut program = TensorProgram::trace(1, &[&traced], f).unwrap();
        let value = program.value_and_gradient(&[&x]).unwrap();
        assert_eq!(program.decay(0), None, "{name}");
        let whole = program.gradient(0).unwrap().to_vec();
        assert_eq!(program.value_and_gradient_before_decay(&[&x]).unwrap(), value, "{name}");
        let mut gradient = program.gradient(0).unwrap().to_vec();
        let decay = program.decay(0).cloned();
        assert_eq!(decay.as_ref().map_or(0, |decay| decay.parts.len()), parts, "{name}");
        for part in decay.iter().flat_map(|decay| decay.parts.iter()) {
            part.clone().for_each(|i| gradient[i] += decay.as_ref().unwrap().factor * x.to_vec()[i]);
        }
        for (got, want) in gradient.iter().zip(&whole) {
            assert!((got - want).abs() <= 1e-15 * want.abs().max(1.0), "{name}: {gradient:?} and {whole:?}");
        }
        // What is left of a run does not stay for the next.
        program.value_and_gradient(&[&x]).unwrap();
        assert_eq!((program.gradient(0).unwrap().to_vec(), program.decay(0)), (whole, None), "{name}");
    }
}
