//! The first gradient: y = (x + w)(w + 1) at x = 2, w = 1, seen line by line, then taken the fast way.
//!
//! Run it with `cargo run --release --example 01_first_gradient`.

use tape::{Program, Real, Real64, Tape, Var, grad, value_and_grad};

/// Written once, for every kind of number: `R` may be `f64`, or a handle that records what is done with it.
/// A plain number comes into such code by `R::from_f64`.
fn f<R: Real>(v: &[R]) -> R {
    let (x, w) = (v[0], v[1]);
    (x + w) * (w + R::from_f64(1.0))
}

fn main() -> Result<(), tape::Error> {
    the_list()?;
    the_fast_tape()?;
    plain_numbers();
    Ok(())
}

/// What a derivative is computed from: a list of operations, one a line, that is walked backward.
fn the_list() -> Result<(), tape::Error> {
    let program = Program::trace(f, &[2.0, 1.0]).named(&["x", "w"])?;
    println!("y = (x + w)(w + 1) at x = 2, w = 1, as the list of its operations:\n");
    println!("{}", program.table());

    // The cotangent of a line is the derivative of y by that line. It is 1 for y itself, and each line hands its
    // own back to the lines it read, times the partial derivative by each. A line that is read in two places
    // receives two contributions, and they add up.
    //
    // w is read twice, by x + w (line 2) and by w + 1 (line 4), both times with partial derivative 1:
    let cotangent = program.cotangents();
    let (through_sum, through_factor) = (cotangent[2], cotangent[4]);
    println!("w reaches y along two paths:");
    println!("    through x + w  it contributes  w + 1 = {through_sum}");
    println!("    through w + 1  it contributes  x + w = {through_factor}");
    println!("    so  dy/dw = {through_sum} + {through_factor} = {}\n", cotangent[1]);
    assert_eq!((through_sum, through_factor), (2.0, 3.0));
    assert_eq!(cotangent[1], 5.0);
    assert_eq!((program.value(), program.gradient()), (6.0, vec![2.0, 5.0]));

    println!("The same as a picture (put it through `dot -Tsvg`):\n");
    println!("{}", program.graphviz());
    Ok(())
}

/// The list above is for looking at. For speed there is a tape that holds partial derivatives instead of
/// operations, and writes a line only where two lines meet.
fn the_fast_tape() -> Result<(), tape::Error> {
    // By a function: nothing to hold, and a plain call of `f` is untouched by it all.
    assert_eq!(f(&[2.0, 1.0]), 6.0);
    let gradient = grad(f, &[2.0, 1.0]);
    println!("grad(f, [2, 1]) = {gradient:?}");
    assert_eq!(gradient, [2.0, 5.0]);
    assert_eq!(value_and_grad(f, &[2.0_f32, 1.0]), (6.0, vec![2.0, 5.0])); // in f32 as well

    // By holding the tape: any code between the leaves and the sweep.
    let tape = Tape::begin();
    let (x, w): (Var, Var) = (tape.var(2.0), tape.var(1.0)); // `Var` is `Var<f64>`; there is `Var<f32>` too
    let sum = x + w; // two lines meet: a line
    let factor = (w + 1.0).keep(); // a function of one line: no line, unless `keep` asks for one
    let y = sum * factor;
    let bar = tape.sweep(&y)?;
    println!("on a tape held by hand: dy/dx = {}, dy/dw = {}", bar.of(&x)?, bar.of(&w)?);
    println!("and of the intermediates: dy/d(x + w) = {}, dy/d(w + 1) = {}", bar.of(&sum)?, bar.of(&factor)?);
    println!("lines on it: {} (x, w, x + w, w + 1, y)\n", tape.lines());
    assert_eq!((bar.of(&x)?, bar.of(&w)?), (2.0, 5.0));
    assert_eq!((bar.of(&sum)?, bar.of(&factor)?), (2.0, 3.0));
    assert_eq!(tape.lines(), 5);
    Ok(())
}

/// Half of x², plus one, in every way that a plain number can be written. None of them records anything.
fn plain_numbers() {
    // Over `Real`, where f32 is allowed too: constants by `from_f64`, or `scale` and `shift`. (`x * 0.5` can't be had
    // here, because Rust has no product of an f32 and an f64.)
    fn by_constants<R: Real>(x: R) -> R {
        x * x * R::from_f64(0.5) + R::from_f64(1.0)
    }
    fn by_scale_and_shift<R: Real>(x: R) -> R {
        (x * x).scale(0.5).shift(1.0)
    }
    // Over `Real64`, for code that is about f64: plain numbers on the right of every operator.
    fn by_operators<R: Real64>(x: R) -> R {
        x * x * 0.5 + 1.0
    }
    // With a handle at hand instead of a type parameter: on either side.
    fn on_either_side(x: Var) -> Var {
        1.0 + 0.5 * x * x
    }

    let tape = Tape::begin();
    let x = tape.var(3.0);
    for y in [by_constants(x), by_scale_and_shift(x), by_operators(x), on_either_side(x)] {
        assert_eq!(y.value(), 5.5);
        assert_eq!(tape.sweep(&y).and_then(|bar| bar.of(&x)), Ok(3.0));
    }
    assert_eq!(tape.lines(), 1);
    assert_eq!(by_constants(3.0_f32), 5.5);
    println!("x²/2 + 1 written in four ways has left {} line on the tape: x itself", tape.lines());
}
