//! The picture of the bench `scaling`: a column for each axis; above the times, below those of the tape over the others.

use super::{Axis, Point};
use plotters::coord::Shift;
use plotters::element::{ComposedElement, DashedPathElement};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<'a> = DrawResult<(), SVGBackend<'a>>;

/// Pixels of a canvas that is shown at about half its size.
const SIZE: (u32, u32) = (1800, 1160);
const HEADING: u32 = 140;
const TIMES: u32 = 580;
const INK: RGBColor = RGBColor(40, 40, 40);

/// How the times of one side are drawn: in tones that differ in grey as well, by marks that are seen where lines lie on
/// each other.
struct Curve {
    name: &'static str,
    time: fn(&Point) -> f64,
    /// The tape's time over this one.
    ratio: Option<fn(&Point) -> f64>,
    colour: RGBColor,
    dashed: bool,
    /// Corners of the mark, and the way from its middle to each.
    corners: u32,
    radius: f64,
    filled: bool,
}

/// From the lowest to the one on top.
const CURVES: [Curve; 3] = [
    Curve {
        name: "the bare matrix products",
        time: |point| point.products,
        ratio: Some(|point| point.tape_to_products),
        colour: RGBColor(110, 195, 170),
        dashed: false,
        corners: 3,
        radius: 12.0,
        filled: true,
    },
    Curve {
        name: "written by hand",
        time: |point| point.hand,
        ratio: Some(|point| point.tape_to_hand),
        colour: RGBColor(210, 105, 30),
        dashed: true,
        corners: 4,
        radius: 13.0,
        filled: false,
    },
    Curve {
        name: "by the tape",
        time: |point| point.tape,
        ratio: None,
        colour: RGBColor(20, 50, 110),
        dashed: false,
        corners: 16,
        radius: 5.0,
        filled: true,
    },
];

/// A mark at a place: its face and its edge.
type Mark<'a, C> = ComposedElement<C, SVGBackend<'a>, Polygon<(i32, i32)>, PathElement<(i32, i32)>>;

impl Curve {
    fn stroke(&self) -> ShapeStyle {
        self.colour.stroke_width(3)
    }

    fn mark<'a, C>(&self, place: C) -> Mark<'a, C> {
        let corner = |k: u32| {
            let angle = std::f64::consts::TAU * (f64::from(k) + 0.5) / f64::from(self.corners);
            let (sine, cosine) = angle.sin_cos();
            ((self.radius * sine).round() as i32, (self.radius * cosine).round() as i32)
        };
        let edge: Vec<_> = (0..=self.corners).map(corner).collect();
        let face = if self.filled { self.colour } else { WHITE };
        EmptyElement::at(place)
            + Polygon::new(edge.clone(), face.filled())
            + PathElement::new(edge, self.stroke())
    }
}

/// The picture as SVG.
pub(crate) fn draw(points: &[Point]) -> String {
    let mut svg = String::new();
    draw_on(&SVGBackend::with_string(&mut svg, SIZE).into_drawing_area(), points)
        .expect("a string takes every picture");
    svg
}

fn draw_on<'a>(root: &Area<'a>, points: &[Point]) -> Drawn<'a> {
    root.fill(&WHITE)?;
    let (heading, below) = root.split_vertically(HEADING);
    draw_heading(&heading)?;
    let (above, below) = below.split_vertically(TIMES);
    let decades = (0..12).map(|exponent| 10_f64.powi(exponent));
    let times =
        Scale::new("time of a step", points, decades, time_label, |curve, point| Some((curve.time)(point)));
    let round = [0.5, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0];
    let ratios = Scale::new("tape's time over theirs", points, round, f64::to_string, |curve, point| {
        curve.ratio.map(|ratio| ratio(point))
    });
    for (scale, row) in [(times, above), (ratios, below)] {
        for (axis, area) in Axis::ALL.into_iter().zip(row.split_evenly((1, 3))) {
            let points: Vec<_> = points.iter().filter(|point| point.axis == axis).copied().collect();
            scale.panel(&area, axis, &points)?;
        }
    }
    root.present()
}

fn draw_heading<'a>(area: &Area<'a>) -> Drawn<'a> {
    let style = |size: i32, at| ("sans-serif", size).into_font().color(&INK).pos(Pos::new(at, VPos::Center));
    let title = "Time of one training step as the batch, the width and the depth double (f32, one thread)";
    area.draw(&Text::new(title, (SIZE.0 as i32 / 2, 40), style(40, HPos::Center)))?;
    for (k, curve) in CURVES.iter().rev().enumerate() {
        let (x, y) = (360 + 400 * k as i32, 105);
        let ends = [(x, y), (x + 90, y)];
        match curve.dashed {
            true => area.draw(&DashedPathElement::new(ends, 12, 8, curve.stroke()))?,
            false => area.draw(&PathElement::new(ends, curve.stroke()))?,
        }
        area.draw(&curve.mark((x + 45, y)))?;
        area.draw(&Text::new(curve.name, (x + 105, y), style(30, HPos::Left)))?;
    }
    Ok(())
}

/// A vertical axis, the same in all columns, and what is shown on it.
struct Scale {
    name: &'static str,
    ticks: Vec<f64>,
    label: fn(&f64) -> String,
    figure: fn(&Curve, &Point) -> Option<f64>,
}

impl Scale {
    /// One on which all figures have room, between two of these ticks.
    fn new(
        name: &'static str,
        points: &[Point],
        ticks: impl IntoIterator<Item = f64>,
        label: fn(&f64) -> String,
        figure: fn(&Curve, &Point) -> Option<f64>,
    ) -> Self {
        let figures = CURVES.iter().flat_map(|curve| points.iter().filter_map(|point| figure(curve, point)));
        let (least, most) =
            figures.fold((f64::INFINITY, 0.0_f64), |(least, most), f| (least.min(f), most.max(f)));
        let mut ticks: Vec<_> = ticks.into_iter().collect();
        let first = ticks.iter().rposition(|&tick| tick <= least).unwrap_or(0);
        let last = ticks.iter().position(|&tick| tick >= most).unwrap_or(ticks.len() - 1);
        ticks.truncate(last + 1);
        ticks.drain(..first);
        Scale { name, ticks, label, figure }
    }

    fn panel<'a>(&self, area: &Area<'a>, axis: Axis, points: &[Point]) -> Drawn<'a> {
        let values: Vec<_> = points.iter().map(|point| point.value as f64).collect();
        let (first, last) = (values[0], values[values.len() - 1]);
        // As many labels as have room.
        let labelled = values.iter().copied().step_by(values.len().div_ceil(8)).collect();
        let range = self.ticks[0]..self.ticks[self.ticks.len() - 1];
        let (text, heading) =
            (("sans-serif", 26).into_font().color(&INK), ("sans-serif", 28).into_font().color(&INK));
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(80)
            .y_label_area_size(120)
            .build_cartesian_2d(
                (first / 1.3..last * 1.3).log_scale().with_key_points(labelled),
                range.log_scale().with_key_points(self.ticks.clone()),
            )?;
        chart
            .configure_mesh()
            .bold_line_style(RGBColor(215, 215, 215))
            .axis_style(INK)
            .label_style(text)
            .axis_desc_style(heading)
            .x_desc(axis.title())
            .y_desc(if axis == Axis::ALL[0] { self.name } else { "" })
            .x_label_formatter(&f64::to_string)
            .y_label_formatter(&self.label)
            .draw()?;
        for curve in &CURVES {
            let place = |point: &Point| Some((point.value as f64, (self.figure)(curve, point)?));
            let places: Vec<_> = points.iter().filter_map(place).collect();
            match curve.dashed {
                true => chart.draw_series(DashedLineSeries::new(places.clone(), 12, 8, curve.stroke()))?,
                false => chart.draw_series(LineSeries::new(places.clone(), curve.stroke()))?,
            };
            chart.draw_series(places.into_iter().map(|place| curve.mark(place)))?;
        }
        Ok(())
    }
}

/// A number of nanoseconds, in full units.
fn time_label(ns: &f64) -> String {
    match *ns {
        ..1e3 => format!("{ns:.0} ns"),
        ..1e6 => format!("{:.0} µs", ns / 1e3),
        ..1e9 => format!("{:.0} ms", ns / 1e6),
        _ => format!("{:.0} s", ns / 1e9),
    }
}
