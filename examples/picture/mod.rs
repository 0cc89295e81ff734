//! What the pictures of the guide share: ink and letters, axes, keys, and where they are written.
#![allow(dead_code, reason = "each example uses its part of this")]

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(crate) type Drawn<T = ()> = Result<T, Box<dyn Error>>;
pub(crate) type Chart<'a, X, Y> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>;

pub(crate) const INK: RGBColor = RGBColor(40, 40, 40);
pub(crate) const FAINT: RGBColor = RGBColor(225, 225, 225);
pub(crate) const BLUE: RGBColor = RGBColor(20, 50, 110);
pub(crate) const SKY: RGBColor = RGBColor(60, 130, 200);
pub(crate) const ORANGE: RGBColor = RGBColor(210, 105, 30);
pub(crate) const RED: RGBColor = RGBColor(170, 60, 40);
pub(crate) const GREEN: RGBColor = RGBColor(60, 110, 30);
pub(crate) const MINT: RGBColor = RGBColor(110, 195, 170);

/// Letters of this size, beginning at their place, with its height in their middle.
pub(crate) fn text(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Center))
}

/// The same, with their place in the middle.
pub(crate) fn centred(size: i32) -> TextStyle<'static> {
    text(size).pos(Pos::new(HPos::Center, VPos::Center))
}

/// Draws a picture of this size and writes it, under this name, to the folder that the command line names, or to the one
/// that the program runs in.
pub(crate) fn write(name: &str, size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> Drawn {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        draw(&root)?;
        root.present()?;
    }
    write_svg(name, &svg)
}

/// The same for a picture that is drawn already.
pub(crate) fn write_svg(name: &str, svg: &str) -> Drawn {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let path = std::path::Path::new(&folder).join(name);
    std::fs::write(&path, svg)?;
    println!("The picture is in {}.", path.display());
    Ok(())
}

/// Axes under a heading; `names` are those of x and y.
pub(crate) fn axes<'a, X, Y>(
    area: &Area<'a>,
    heading: &str,
    (x, y): (X, Y),
    names: [&str; 2],
) -> Drawn<Chart<'a, X::CoordDescType, Y::CoordDescType>>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let width = area.dim_in_pixel().0 as i32;
    area.draw(&Text::new(heading.to_owned(), (width / 2 + 35, 34), centred(28)))?;
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .margin_top(62)
        .margin_right(24)
        .x_label_area_size(74)
        .y_label_area_size(104)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(text(24))
        .axis_desc_style(text(26))
        .x_desc(names[0])
        .y_desc(names[1])
        .x_labels(7)
        .y_labels(7)
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .draw()?;
    Ok(chart)
}

/// A number beside an axis.
fn label(value: &f64) -> String {
    match value.abs() {
        size if size > 0.0 && !(1e-2..1e5).contains(&size) => format!("{value:.0e}"),
        _ => ((value * 1e6).round() / 1e6 + 0.0).to_string(),
    }
}

/// What lines of these colours are called, one under the other from this place on.
pub(crate) fn key(area: &Area<'_>, (x, y): (i32, i32), lines: &[(&str, RGBColor)]) -> Drawn {
    // Nothing shows through.
    let longest = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) as i32;
    let end = (x + 66 + 12 * longest, y - 18 + 36 * lines.len() as i32);
    area.draw(&Rectangle::new([(x - 10, y - 18), end], WHITE.filled()))?;
    for (k, (name, colour)) in lines.iter().enumerate() {
        let y = y + 36 * k as i32;
        area.draw(&PathElement::new([(x, y), (x + 44, y)], colour.stroke_width(5)))?;
        area.draw(&Text::new((*name).to_owned(), (x + 56, y), text(24)))?;
    }
    Ok(())
}
