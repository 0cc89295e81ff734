//! How the time of a training step grows with the rows of a step, the width of the hidden layers and their number, each
//! doubling while the rest stays as it is: by the tape, by hand-written backpropagation, and of the bare matrix products;
//! then what each part of the tape's step costs beside the products. In f32, one thread.
//!
//! It writes `scaling.svg`, `scaling.tsv` and `scaling-parts.tsv` into the target folder.

#[expect(dead_code, reason = "there are no rows of ratios.tsv here")]
mod ratios;
mod scaling_picture;
mod written_step;

use mlp::{Backprop, Network, Objective, Optimizer, Stepper, Updater};
use rand::{RngExt, SeedableRng};
use ratios::{median, time};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tape::Tensor;
use written_step::{Clock, Part, WrittenStep};

/// The net where the three axes meet.
const INPUTS: usize = 256;
const OUTPUTS: usize = 10;
const WIDTH: usize = 256;
const DEPTH: usize = 2;
const ROWS: usize = 128;

const LAMBDA: f32 = 1.0;
/// So small that thousands of steps leave the parameters about where they are: the steps of a bench must be alike.
const ALPHA: f32 = 1e-6;

/// What grows, what it counts, and how far.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Axis {
    Batch,
    Width,
    Depth,
}

impl Axis {
    const ALL: [Axis; 3] = [Axis::Batch, Axis::Width, Axis::Depth];

    fn name(self) -> &'static str {
        match self {
            Axis::Batch => "batch",
            Axis::Width => "width",
            Axis::Depth => "depth",
        }
    }

    /// What it counts, and what stays as it is.
    fn title(self) -> String {
        match self {
            Axis::Batch => format!("rows of a step ({INPUTS}-{WIDTH}-{WIDTH}-{OUTPUTS})"),
            Axis::Width => format!("width w ({INPUTS}-w-w-{OUTPUTS}, {ROWS} rows)"),
            Axis::Depth => format!("hidden layers of {WIDTH} ({ROWS} rows)"),
        }
    }

    /// The net with so much of it.
    fn at(self, value: usize) -> Net {
        match self {
            Axis::Batch => Net { rows: value, ..Net::BASE },
            Axis::Width => Net { width: value, ..Net::BASE },
            Axis::Depth => Net { depth: value, ..Net::BASE },
        }
    }

    fn values(self) -> impl Iterator<Item = usize> {
        let (first, last) = match self {
            Axis::Batch => (1, 4096),
            Axis::Width => (16, 4096),
            Axis::Depth => (1, 64),
        };
        let last = if ratios::is_test() { 2 * first } else { last };
        std::iter::successors(Some(first), |value| Some(2 * value)).take_while(move |value| *value <= last)
    }
}

/// A network and the rows that it sees in a step.
#[derive(Clone, Copy, Debug)]
struct Net {
    rows: usize,
    width: usize,
    depth: usize,
}

impl Net {
    const BASE: Net = Net { rows: ROWS, width: WIDTH, depth: DEPTH };

    fn sizes(self) -> Vec<usize> {
        let hidden = std::iter::repeat_n(self.width, self.depth);
        std::iter::once(INPUTS).chain(hidden).chain([OUTPUTS]).collect()
    }

    fn describe(self) -> String {
        let Net { rows, width, depth } = self;
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        match depth {
            1..=3 => {
                let sizes: Vec<_> = self.sizes().iter().map(usize::to_string).collect();
                format!("{}, {rows}", sizes.join("-"))
            }
            _ => format!("{INPUTS}-{depth}×{width}-{OUTPUTS}, {rows}"),
        }
    }
}

/// The sides, on one problem. Each has its own parameters and walks from the same point.
struct Sides {
    x: Tensor<f32>,
    y: Tensor<f32>,
    network: Network<f32>,
    stepper: Stepper<f32>,
    parameters: Vec<f32>,
    backprop: Backprop<f32>,
    written: WrittenStep,
}

impl Sides {
    fn new(net: Net) -> Self {
        let (sizes, rows) = (net.sizes(), net.rows);
        let mut random = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
        let mut draw = |n: usize, width: f64| -> Vec<f32> {
            (0..n).map(|_| (random.random_range(-1.0..1.0) * width) as f32).collect()
        };
        let x = Tensor::from_vec(draw(rows * INPUTS, 1.0), &[rows, INPUTS]).expect("rows of inputs");
        let y = draw(rows * OUTPUTS, 1.0).iter().map(|&y| f32::from(u8::from(y > 0.8))).collect();
        let y = Tensor::from_vec(y, &[rows, OUTPUTS]).expect("rows of targets");
        // Twice the usual width: σ takes a quarter at the most from what passes it, and the gradient would be gone, in
        // slow subnormal numbers, before it has passed 64 layers. Without σ the bare products double their numbers in
        // each layer, which f32 bears as well.
        let mut parameters = Vec::new();
        for layer in mlp::Layer::stack(&sizes) {
            parameters.extend(draw(layer.theta.len(), (12.0 / layer.n_in as f64).sqrt()));
            parameters.extend(draw(layer.n_out, 0.1));
        }
        Sides {
            network: Network::from_parameters(&sizes, parameters.clone()).expect("parameters of these sizes"),
            stepper: Stepper::new(),
            backprop: Backprop::new(&sizes, rows).expect("sizes of a net"),
            written: WrittenStep::new(&sizes, &parameters, &x, &y),
            parameters,
            x,
            y,
        }
    }

    /// All must compute the same J and the same gradient.
    fn must_agree(&mut self, net: Net) {
        let written = self.written.step(LAMBDA, ALPHA, &mut Clock::start());
        let (x, y) = (self.x.as_slice(), self.y.as_slice());
        let mut by_hand = self.parameters.clone();
        let hand = self.backprop.step(&mut by_hand, x, y, LAMBDA, ALPHA).expect("lengths fit");
        let moves = || self.parameters.iter().zip(&by_hand).map(|(before, after)| after - before);
        let largest = moves().fold(0.0_f32, |largest, moved| largest.max(moved.abs()));
        for (&hand, &written) in by_hand.iter().zip(self.written.parameters()) {
            let off = (hand - written).abs();
            assert!(off <= 1e-4 * largest, "{net:?}: parameters are {hand} and {written}");
        }
        let tape = by_tape(&mut self.stepper, &mut self.network, &self.x, &self.y);
        for j in [hand, written] {
            assert!((j - tape).abs() <= 1e-4 * tape, "{net:?}: J is {tape} by the tape and {j}");
        }
        self.written.products();
        let normal = self.written.gradient().iter().filter(|g| g.is_normal()).count();
        assert!(2 * normal > self.parameters.len(), "{net:?}: the bare products have left the range of f32");
    }
}

fn by_tape(stepper: &mut Stepper<f32>, network: &mut Network<f32>, x: &Tensor<f32>, y: &Tensor<f32>) -> f32 {
    let mut descent = Updater::new(Optimizer::gradient_descent(f64::from(ALPHA))).expect("a learning rate");
    stepper.step(network, (x, y), &Objective::l2(f64::from(LAMBDA)), &mut descent, 1.0).expect("shapes fit")
}

/// Times a call of each side in turn, in nanoseconds, for about so long and at least fifteen times; each by as many calls
/// as take a millisecond. The one that begins changes.
fn in_turns<const N: usize>(total: Duration, mut sides: [&mut dyn FnMut(); N]) -> Vec<[f64; N]> {
    let mut batch = |side: usize, calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| sides[side]());
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    let calls: [u32; N] = std::array::from_fn(|side| {
        let once = batch(side, 1).min(batch(side, 1));
        (1e6 / once).clamp(1.0, 1e6) as u32
    });
    let least = if ratios::is_test() { 1 } else { 15 };
    let mut rounds = Vec::new();
    let start = Instant::now();
    while rounds.len() < least || start.elapsed() < total {
        let mut times = [0.0; N];
        for turn in 0..N {
            let side = (turn + rounds.len()) % N;
            times[side] = batch(side, calls[side]);
        }
        rounds.push(times);
    }
    rounds
}

/// The median of a figure over some rounds.
fn middle<R>(rounds: &[R], figure: impl Fn(&R) -> f64) -> f64 {
    median(rounds.iter().map(figure).collect())
}

/// What a point of an axis showed; times in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Point {
    axis: Axis,
    value: usize,
    tape: f64,
    hand: f64,
    products: f64,
    /// The medians of the ratios of the rounds.
    tape_to_hand: f64,
    tape_to_products: f64,
    /// What the bare products do, in 10⁹ operations a second.
    rate: f64,
}

fn measure(axis: Axis, value: usize, total: Duration) -> Point {
    let net = axis.at(value);
    let mut sides = Sides::new(net);
    sides.must_agree(net);
    let Sides { x, y, network, stepper, parameters, backprop, written } = &mut sides;
    let operations = written.operations();
    let rounds = in_turns(
        total,
        [
            &mut || {
                black_box(by_tape(stepper, network, x, y));
            },
            &mut || {
                let j = backprop.step(parameters, x.as_slice(), y.as_slice(), LAMBDA, ALPHA);
                black_box(j.expect("lengths fit"));
            },
            &mut || written.products(),
        ],
    );
    let products = middle(&rounds, |round| round[2]);
    Point {
        axis,
        value,
        tape: middle(&rounds, |round| round[0]),
        hand: middle(&rounds, |round| round[1]),
        products,
        tape_to_hand: middle(&rounds, |round| round[0] / round[1]),
        tape_to_products: middle(&rounds, |round| round[0] / round[2]),
        rate: operations / products,
    }
}

/// What a step of a net goes into.
struct Account {
    name: String,
    /// Of the tape's step, in nanoseconds.
    step: f64,
    /// Names and nanoseconds; they add up to the step.
    parts: Vec<(&'static str, f64)>,
}

fn measure_parts(name: String, net: Net, total: Duration) -> Account {
    let mut sides = Sides::new(net);
    sides.must_agree(net);
    let Sides { x, y, network, stepper, written, .. } = &mut sides;
    let mut tape = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| {
            black_box(by_tape(stepper, network, x, y));
        });
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    let mut written = |calls: u32| {
        let mut clock = Clock::start();
        (0..calls).for_each(|_| {
            black_box(written.step(LAMBDA, ALPHA, &mut clock));
        });
        clock.spent.map(|spent| spent / f64::from(calls))
    };
    let calls = (1e6 / tape(1).min(tape(1))).clamp(1.0, 1e6) as u32;
    let least = if ratios::is_test() { 1 } else { 15 };
    let mut rounds = Vec::new();
    let start = Instant::now();
    while rounds.len() < least || start.elapsed() < total {
        rounds.push((tape(calls), written(calls)));
    }
    let step = middle(&rounds, |round| round.0);
    let part = |part: Part| middle(&rounds, |(_, spent)| spent[part as usize]);
    let mut parts = vec![
        ("matrix products", part(Part::Products)),
        ("bias and sigmoid", part(Part::Sigmoid)),
        ("loss and its gradient", part(Part::Loss)),
        ("slope a (1 - a)", part(Part::Slope)),
        ("column sums", part(Part::ColumnSums)),
        ("penalty", part(Part::Squares)),
        ("update and decay", part(Part::Update)),
    ];
    let known: f64 = parts.iter().map(|part| part.1).sum();
    parts.push(("the tape, and the rest", step - known));
    Account { name, step, parts }
}

fn print_points(points: &[Point]) {
    let build = if ratios::is_native() { "native" } else { "portable" };
    println!("\none training step in f32, {build} build, one thread; medians, the sides in turn");
    println!(
        "{:<7}{:>6}  {:<27}{:>12}{:>14}{:>15}{:>11}{:>12}{:>15}",
        "axis", "", "net", "tape", "hand-written", "bare products", "tape/hand", "tape/bare", "bare, GFLOP/s"
    );
    for point in points {
        println!(
            "{:<7}{:>6}  {:<27}{:>12}{:>14}{:>15}{:>11.3}{:>12.3}{:>15.1}",
            point.axis.name(),
            point.value,
            point.axis.at(point.value).describe(),
            time(point.tape),
            time(point.hand),
            time(point.products),
            point.tape_to_hand,
            point.tape_to_products,
            point.rate
        );
    }
}

fn print_accounts(accounts: &[Account]) {
    println!(
        "\nwhat the tape's step goes into, in %; the rest is what it takes beyond the same kernels in a row"
    );
    let row = |name: &str, cell: &dyn Fn(&Account) -> String| {
        let cells: String = accounts.iter().map(|account| format!("{:>12}", cell(account))).collect();
        println!("{name:<24}{cells}");
    };
    row("", &|account| account.name.clone());
    for (k, (name, _)) in accounts[0].parts.iter().enumerate() {
        row(name, &|account| format!("{:.1}", 100.0 * account.parts[k].1 / account.step));
    }
    row("the step", &|account| time(account.step));
    println!();
}

/// Writes a table with tabs beside `ratios.tsv`.
fn write_table(name: &str, header: &str, rows: impl Iterator<Item = String>) {
    let text: String = std::iter::once(header.to_owned()).chain(rows).map(|row| row + "\n").collect();
    write(name, &text);
}

fn write(name: &str, text: &str) {
    let path = ratios::table_path().with_file_name(name);
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn main() {
    let is_test = ratios::is_test();
    if !is_test && (ratios::is_for_criterion() || ratios::delegate("mlp", "scaling", &[])) {
        return;
    }
    tape::kernel::set_threads(1);
    let total = if is_test { Duration::ZERO } else { Duration::from_millis(1500) };
    let mut points = Vec::new();
    for axis in Axis::ALL {
        points.extend(axis.values().map(|value| measure(axis, value, total)));
    }
    let ends = [(Axis::Batch, 1), (Axis::Batch, 4096), (Axis::Width, 4096), (Axis::Depth, 64)];
    let mut nets = vec![("base".to_owned(), Net::BASE)];
    if !is_test {
        nets.extend(ends.map(|(axis, value)| (format!("{} {value}", axis.name()), axis.at(value))));
    }
    let accounts: Vec<_> = nets.into_iter().map(|(name, net)| measure_parts(name, net, 2 * total)).collect();
    print_points(&points);
    print_accounts(&accounts);
    let picture = scaling_picture::draw(&points);
    assert!(picture.ends_with("</svg>\n"), "the picture is not complete");
    if is_test {
        return;
    }
    write("scaling.svg", &picture);
    let header =
        "axis\tvalue\tnet\ttape ns\thand-written ns\tbare products ns\ttape/hand-written\ttape/bare products";
    let row = |point: &Point| {
        let Point { axis, value, tape, hand, products, tape_to_hand, tape_to_products, .. } = point;
        let (axis, net) = (axis.name(), axis.at(*value).describe());
        format!(
            "{axis}\t{value}\t{net}\t{tape:.1}\t{hand:.1}\t{products:.1}\t{tape_to_hand:.3}\t{tape_to_products:.3}"
        )
    };
    write_table("scaling.tsv", header, points.iter().map(row));
    let rows = accounts.iter().flat_map(|account| {
        let net = &account.name;
        account.parts.iter().map(move |(part, ns)| format!("{net}\t{part}\t{ns:.1}"))
    });
    write_table("scaling-parts.tsv", "net\tpart\tns", rows);
}
