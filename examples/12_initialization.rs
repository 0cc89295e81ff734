//! What the first weights do to a deep net: the standard deviation of the activations, layer by layer, through a hundred
//! layers of 256 units. From the right width it stays, from any other it vanishes or all units say ±1.
//!
//! Run it with `cargo run --release --example 12_initialization depth.svg`, and open the file in a browser.

use mlp::{Error, Fan, Init, Network};
use plotters::prelude::*;
use tape::Tensor;

const DEPTH: usize = 100;
const WIDTH: usize = 256;
const ROWS: usize = 256;
const SEED: u64 = 1;

/// What is drawn no lower than this.
const FLOOR: f64 = 1e-18;

type Activation = fn(&Tensor) -> Tensor;

/// A net of one activation, and how its weights are drawn.
struct Case {
    name: &'static str,
    init: Init,
    activation: Activation,
    colour: RGBColor,
    width: u32,
}

fn cases() -> [Case; 7] {
    let (tanh, relu): (Activation, Activation) = (Tensor::tanh, Tensor::relu);
    let case = |name, init, activation, colour, width| Case { name, init, activation, colour, width };
    let (narrow, wide) = (Init::Normal { mean: 0.0, sd: 0.01 }, Init::Normal { mean: 0.0, sd: 1.0 });
    let he = Init::KaimingNormal { fan: Fan::In, gain: 2.0_f64.sqrt() };
    [
        case("tanh, N(0, 1)", wide, tanh, RGBColor(170, 60, 40), 4),
        case(
            "tanh, Xavier, gain 5/3",
            Init::XavierUniform { gain: 5.0 / 3.0 },
            tanh,
            RGBColor(20, 50, 110),
            4,
        ),
        case("tanh, Xavier", Init::default(), tanh, RGBColor(60, 130, 200), 4),
        case("tanh, orthogonal", Init::Orthogonal { gain: 1.0 }, tanh, RGBColor(110, 195, 170), 2),
        case("tanh, N(0, 0.01)", narrow, tanh, RGBColor(230, 150, 110), 4),
        case("ReLU, Kaiming", he, relu, RGBColor(60, 110, 30), 4),
        case("ReLU, Xavier", Init::XavierNormal { gain: 1.0 }, relu, RGBColor(150, 190, 90), 4),
    ]
}

/// The standard deviation of the activations behind each layer, over rows of normal inputs.
fn deviations(case: &Case) -> Result<Vec<f64>, Error> {
    let network = Network::<f64>::with_init(&[WIDTH; DEPTH + 1], case.init, SEED)?;
    let parameters = Tensor::from_slice(network.parameters(), &[network.parameters().len()])?;
    let mut a = Tensor::normal(&[ROWS, WIDTH], 0.0, 1.0, SEED)?;
    let through = |layer: &mlp::Layer| {
        a = (case.activation)(&a.dense(&parameters, layer.theta.start, layer.n_out)?);
        Ok(a.std(0).item()?)
    };
    network.layers().iter().map(through).collect()
}

/// The curves as SVG, layers to the right and standard deviations upward: above those that stay, below all.
fn picture(curves: &[(Case, Vec<f64>)]) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (1200, 1000)).into_drawing_area();
        root.fill(&WHITE)?;
        let text = |size: i32| ("sans-serif", size).into_font();
        let titled =
            root.titled("Standard deviation of the activations behind each of 100 layers", text(30))?;
        let (above, below) = titled.split_vertically(440);
        let decades = (-18..=0).step_by(3).map(|exponent| 10.0_f64.powi(exponent)).collect();
        let panels = [
            (above, 0.04..2.0, vec![0.05, 0.1, 0.2, 0.5, 1.0, 2.0], ""),
            (below, FLOOR..10.0, decades, "layer"),
        ];
        for (area, range, ticks, x_desc) in panels {
            let (lowest, highest) = (range.start, range.end);
            let mut chart = ChartBuilder::on(&area)
                .margin(16)
                .margin_right(280)
                .x_label_area_size(60)
                .y_label_area_size(90)
                .build_cartesian_2d(0.0..DEPTH as f64, range.log_scale().with_key_points(ticks))?;
            chart
                .configure_mesh()
                .bold_line_style(RGBColor(220, 220, 220))
                .light_line_style(TRANSPARENT)
                .label_style(text(22))
                .axis_desc_style(text(24))
                .x_desc(x_desc)
                .x_label_formatter(&|layer| format!("{layer:.0}"))
                .y_label_formatter(&|&sd| if sd < 0.01 { format!("{sd:.0e}") } else { sd.to_string() })
                .draw()?;
            for (case, sds) in curves {
                let places = sds.iter().enumerate().map(|(k, &sd)| ((k + 1) as f64, sd));
                let shown = places.take_while(|(_, sd)| (lowest..highest).contains(sd));
                chart.draw_series(LineSeries::new(shown, case.colour.stroke_width(case.width)))?;
            }
        }
        // What each curve is called, to the right, in the order of their ends.
        let mut ends: Vec<_> = curves.iter().map(|(case, sds)| (sds[DEPTH - 1], case)).collect();
        ends.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        for (k, (_, case)) in ends.into_iter().enumerate() {
            let y = 90 + 40 * k as i32;
            root.draw(&PathElement::new([(940, y), (985, y)], case.colour.stroke_width(case.width)))?;
            root.draw(&Text::new(case.name, (995, y - 10), text(22)))?;
        }
        root.present()?;
    }
    Ok(svg)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut curves = Vec::new();
    for case in cases() {
        let sds = deviations(&case)?;
        curves.push((case, sds));
    }

    let layers = [1, 2, 5, 10, 20, 50, 100];
    print!("behind layer            ");
    layers.iter().for_each(|layer| print!("{layer:>9}"));
    println!();
    for (case, sds) in &curves {
        print!("{:24}", case.name);
        for layer in layers {
            let sd = sds[layer - 1];
            if sd > 1e-3 { print!("{sd:9.3}") } else { print!("{sd:9.0e}") }
        }
        println!();
    }

    let last: Vec<f64> = curves.iter().map(|(_, sds)| sds[DEPTH - 1]).collect();
    let [saturated, tanh_gain, tanh_xavier, orthogonal, vanished, relu_kaiming, relu_xavier] = last[..]
    else {
        return Err("seven cases".into());
    };
    println!(
        "\ntanh: Xavier's width keeps a signal alive, with the gain 5/3 for good; a standard deviation of 1 has"
    );
    println!("every unit near ±1, where tanh is flat, and one of 0.01 leaves {vanished:.0e} of the signal.");
    println!(
        "ReLU: half of the square is lost in each layer; Kaiming's width makes up for it, Xavier's does not."
    );
    assert!(saturated > 0.95 && vanished < 1e-70);
    assert!((0.6..0.7).contains(&tanh_gain), "level at √E[tanh²]: {tanh_gain}");
    assert!(tanh_xavier > 0.03 && (orthogonal * (2.0 * DEPTH as f64).sqrt() - 1.0).abs() < 0.02);
    assert!(relu_kaiming > 0.1 && relu_xavier < 1e-14);

    let svg = picture(&curves)?;
    match std::env::args().nth(1) {
        Some(path) => {
            std::fs::write(&path, svg)?;
            println!("The picture is in {path}.");
        }
        None => println!("The picture has {} bytes of SVG; name a file to have it written there.", svg.len()),
    }
    Ok(())
}
