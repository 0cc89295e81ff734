//! Two inputs, two hidden units, one output: forward propagation, δ and the gradient by hand, beside the table that the
//! tape writes of the same network. Every number can be checked with a pocket calculator.
//!
//! Run it with `cargo run --release --example 16_by_hand pictures`: it writes `graph.svg`, `forward.svg` and `delta.svg`
//! to that folder.

mod picture;

use picture::{Area, BLUE, Drawn, FAINT, ORANGE, centred};
use plotters::prelude::*;
use tape::{Error, Program, Real, Tape, Tensor};

/// Θ⁽¹⁾: (2, 2), b⁽¹⁾: (2), Θ⁽²⁾: (1, 2), b⁽²⁾: (1).
const THETA_1: [[f64; 2]; 2] = [[0.1, 0.2], [-0.3, 0.4]];
const BIAS_1: [f64; 2] = [0.1, -0.1];
const THETA_2: [f64; 2] = [0.5, -1.0];
const BIAS_2: f64 = 0.2;

/// The one example: x and y.
const X: [f64; 2] = [1.0, 2.0];
const Y: f64 = 1.0;

/// All that goes forward and comes back.
struct ByHand {
    z: [f64; 2],
    a: [f64; 2],
    z_out: f64,
    h: f64,
    j: f64,
    delta_out: f64,
    delta: [f64; 2],
    /// ∂J/∂Θ⁽²⁾ and ∂J/∂Θ⁽¹⁾; the biases have δ itself.
    theta_2: [f64; 2],
    theta_1: [[f64; 2]; 2],
}

fn by_hand() -> ByHand {
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    // Forward: z⁽²⁾ = Θ⁽¹⁾ x + b⁽¹⁾, a⁽²⁾ = g(z⁽²⁾), z⁽³⁾ = Θ⁽²⁾ a⁽²⁾ + b⁽²⁾, h = a⁽³⁾ = g(z⁽³⁾).
    let z = [0, 1].map(|k| THETA_1[k][0] * X[0] + THETA_1[k][1] * X[1] + BIAS_1[k]);
    let a = z.map(sigmoid);
    let z_out = THETA_2[0] * a[0] + THETA_2[1] * a[1] + BIAS_2;
    let h = sigmoid(z_out);
    let j = -Y * h.ln() - (1.0 - Y) * (1.0 - h).ln();
    // Backward: δ⁽³⁾ = a⁽³⁾ - y, δ⁽²⁾ = Θ⁽²⁾ᵀ δ⁽³⁾ ∘ a⁽²⁾ ∘ (1 - a⁽²⁾), ∂J/∂Θ⁽ˡ⁾ = δ⁽ˡ⁺¹⁾ a⁽ˡ⁾ᵀ.
    let delta_out = h - Y;
    let delta = [0, 1].map(|k| THETA_2[k] * delta_out * a[k] * (1.0 - a[k]));
    let theta_2 = a.map(|a| delta_out * a);
    let theta_1 = delta.map(|delta| X.map(|x| delta * x));
    ByHand { z, a, z_out, h, j, delta_out, delta, theta_2, theta_1 }
}

/// The loss of one unit with one input, -ln σ(w x + b), for x = 2 and y = 1.
fn unit<R: Real>(v: &[R]) -> R {
    -(v[0].scale(2.0) + v[1]).sigmoid().ln()
}

/// The same network on a tape: its table, and the cotangents of what has a δ.
fn by_tape(hand: &ByHand) -> Result<(), Error> {
    let tape = Tape::begin();
    tape.keep_all();
    let leaf = |values: &[f64], shape: &[usize]| {
        Ok::<Tensor, Error>(tape.tensor(&Tensor::from_slice(values, shape)?))
    };
    let (theta_1, bias_1) = (leaf(THETA_1.as_flattened(), &[2, 2])?, leaf(&BIAS_1, &[2])?);
    let (theta_2, bias_2) = (leaf(&THETA_2, &[1, 2])?, leaf(&[BIAS_2], &[1])?);
    let (x, y) = (Tensor::from_slice(&X, &[1, 2])?, Tensor::from_slice(&[Y], &[1, 1])?);
    let z = x.matmul(theta_1.t())? + &bias_1;
    let a = z.sigmoid();
    let z_out = a.matmul(theta_2.t())? + &bias_2;
    let j = z_out.sigmoid_cross_entropy(&y)?;
    let bar = tape.sweep(&j)?;
    println!("{}", tape.table(Some(&bar)));

    let pairs = [
        ("z of the hidden units", z.to_vec(), hand.z.to_vec()),
        ("J", j.to_vec(), vec![hand.j]),
        ("δ of the output", bar.of(&z_out)?.to_vec(), vec![hand.delta_out]),
        ("δ of the hidden units", bar.of(&z)?.to_vec(), hand.delta.to_vec()),
        ("∂J/∂Θ⁽²⁾", bar.of(&theta_2)?.to_vec(), hand.theta_2.to_vec()),
        ("∂J/∂b⁽²⁾", bar.of(&bias_2)?.to_vec(), vec![hand.delta_out]),
        ("∂J/∂Θ⁽¹⁾", bar.of(&theta_1)?.to_vec(), hand.theta_1.concat()),
        ("∂J/∂b⁽¹⁾", bar.of(&bias_1)?.to_vec(), hand.delta.to_vec()),
    ];
    println!("{:24}{:40}by hand", "", "by the tape");
    for (name, tape, hand) in pairs {
        let said = |values: &[f64]| values.iter().map(|value| format!("{value:10.6}")).collect::<String>();
        println!("{name:24}{:40}{}", said(&tape), said(&hand));
        assert_eq!(tape.len(), hand.len());
        assert!(tape.iter().zip(&hand).all(|(tape, hand)| (tape - hand).abs() < 1e-15), "{name}");
    }
    Ok(())
}

/// The network as circles and lines, with these words in the circles and these numbers on the lines.
fn draw(
    area: &Area<'_>,
    heading: &str,
    colour: RGBColor,
    nodes: [[String; 2]; 5],
    edges: [f64; 6],
    below: [String; 2],
) -> Drawn {
    const PLACES: [(i32, i32); 5] = [(170, 210), (170, 510), (790, 210), (790, 510), (1410, 360)];
    const ENDS: [(usize, usize); 6] = [(0, 2), (1, 2), (0, 3), (1, 3), (2, 4), (3, 4)];
    area.draw(&Text::new(heading.to_owned(), (790, 50), centred(34)))?;
    for ((from, to), number) in ENDS.into_iter().zip(edges) {
        let ends = [PLACES[from], PLACES[to]];
        area.draw(&PathElement::new(ends, RGBColor(150, 150, 150).stroke_width(4)))?;
        // A third of the way along, where lines that cross are apart.
        let at = |from: i32, to: i32| from + (to - from) * 33 / 100;
        let (x, y) = (at(ends[0].0, ends[1].0), at(ends[0].1, ends[1].1));
        let words = number_of(number);
        let half = 12 + 8 * words.chars().count() as i32;
        area.draw(&Rectangle::new([(x - half, y - 20), (x + half, y + 20)], WHITE.filled()))?;
        area.draw(&Text::new(words, (x, y), centred(28).color(&colour)))?;
    }
    for ((x, y), [upper, lower]) in PLACES.into_iter().zip(nodes) {
        area.draw(&Circle::new((x, y), 108, FAINT.filled()))?;
        area.draw(&Circle::new((x, y), 108, colour.stroke_width(4)))?;
        let lines = if lower.is_empty() { vec![(0, upper)] } else { vec![(-22, upper), (22, lower)] };
        for (shift, words) in lines {
            area.draw(&Text::new(words, (x, y + shift), centred(28)))?;
        }
    }
    for ((x, y), words) in [(790, 660), (1410, 510)].into_iter().zip(below) {
        area.draw(&Text::new(words, (x, y), centred(28).color(&colour)))?;
    }
    Ok(())
}

/// At most six digits behind the point, as few as say the number.
fn number_of(number: f64) -> String {
    format!("{}", (number * 1e6).round() / 1e6).replace('-', "−")
}

fn main() -> Drawn {
    let hand = by_hand();
    by_tape(&hand)?;

    // The graph of a single unit, in scalars.
    let program = Program::trace(unit, &[0.5, -1.0]).named(&["w", "b"])?;
    println!("\n-ln σ(w x + b) for x = 2:\n\n{}", program.table());
    // At w x + b = 0 the unit says ½; δ = h - y = -½ reaches b as it is, and w times x.
    assert!(program.gradient().iter().zip([-1.0, -0.5]).all(|(got, wanted)| (got - wanted).abs() < 1e-15));
    picture::write_svg("graph.svg", &program.svg())?;

    let said = |name: &str, value: f64| format!("{name} = {}", number_of(value));
    let [weights, gradient] = [(THETA_1, THETA_2), (hand.theta_1, hand.theta_2)]
        .map(|(one, two)| [one[0][0], one[0][1], one[1][0], one[1][1], two[0], two[1]]);
    picture::write("forward.svg", (1600, 720), |root| {
        let hidden = |k: usize| [said("z", hand.z[k]), said("a", hand.a[k])];
        let nodes = [
            [said("x₁", X[0]), String::new()],
            [said("x₂", X[1]), String::new()],
            hidden(0),
            hidden(1),
            [said("z", hand.z_out), said("h", hand.h)],
        ];
        let biases = format!("biases {} and {}", number_of(BIAS_1[0]), number_of(BIAS_1[1]));
        let below = [biases, format!("bias {}, y = 1, {}", number_of(BIAS_2), said("J", hand.j))];
        draw(root, "Forward: weights on the lines, z and a in the units", BLUE, nodes, weights, below)
    })?;
    picture::write("delta.svg", (1600, 720), |root| {
        let delta = |value: f64| ["δ".to_owned(), number_of(value)];
        let nodes = [
            ["x₁".to_owned(), String::new()],
            ["x₂".to_owned(), String::new()],
            delta(hand.delta[0]),
            delta(hand.delta[1]),
            delta(hand.delta_out),
        ];
        let below = ["by each bias: the δ of its unit".to_owned(), "h − y".to_owned()];
        draw(root, "Backward: δ in the units, ∂J by each weight on its line", ORANGE, nodes, gradient, below)
    })
}
