//! The list as a picture: boxes in columns from inputs to output, arrows from what is read to what reads it.
//!
//! The columns, their order and the heights follow Sugiyama, Tagawa & Toda (1981): longest paths give the columns, a
//! few passes over the means of neighbours the order within them, and least squares under that order the heights.

use super::Row;
use std::fmt::Write;

/// Beyond this many boxes nobody sees anything, and the picture says how many lines are left out.
pub(crate) const MOST_BOXES: usize = 400;

/// Characters of a label that are shown; the whole of it stands in the box's tooltip.
const MOST_CHARACTERS: usize = 30;

const MARGIN: f64 = 24.0;
const COLUMN_GAP: f64 = 64.0;
const ROW_GAP: f64 = 20.0;
const LANE_GAP: f64 = 12.0;
const PADDING: f64 = 12.0;
const TEXT_LINE: f64 = 18.0;
const CHARACTER: f64 = 7.3;

/// Light and dark: the second set holds where the reader prefers it.
const STYLE: &str = "
    text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1f2328 }
    .page { fill: #ffffff }
    .box { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.2 }
    .leaf .box { fill: #ddf4ff; stroke: #218bff }
    .constant .box { fill: #ffffff; stroke-dasharray: 4 3 }
    .result .box { fill: #dafbe1; stroke: #2da44e; stroke-width: 2 }
    .operation { font-weight: 600; font-size: 13px }
    .name, .note { fill: #59636e }
    .number { text-anchor: end }
    .line { text-anchor: end; fill: #818b98; font-size: 10px }
    .bar { fill: #bc4c00 }
    .arrow { fill: none; stroke: #8c959f; stroke-width: 1.3 }
    .head { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3 }
        .page { fill: #0d1117 }
        .box { fill: #161b22; stroke: #6e7681 }
        .leaf .box { fill: #0c2d6b; stroke: #388bfd }
        .constant .box { fill: #0d1117 }
        .result .box { fill: #0f3d22; stroke: #3fb950 }
        .name, .note { fill: #9198a1 }
        .line { fill: #7d8590 }
        .bar { fill: #ffa657 }
        .arrow { stroke: #6e7681 }
        .head { fill: #6e7681 }
    }
";

/// What stands at a place of a column: a box, or the bend of an arrow that goes on to a later column.
struct Vertex {
    row: Option<usize>,
    column: usize,
    before: Vec<usize>,
    after: Vec<usize>,
    width: f64,
    height: f64,
    /// The middle.
    y: f64,
}

/// The rows as a picture.
pub(crate) fn svg(rows: &[Row], what: &str) -> String {
    let shown = &rows[..rows.len().min(MOST_BOXES)];
    let mut graph = Graph::of(shown);
    graph.order();
    graph.level();
    graph.draw(shown, rows.len(), what)
}

struct Graph {
    vertices: Vec<Vertex>,
    /// The vertices of each column, from the top.
    columns: Vec<Vec<usize>>,
}

impl Graph {
    fn of(rows: &[Row]) -> Graph {
        let columns = columns(rows);
        let mut vertices: Vec<_> = rows.iter().zip(&columns).enumerate().map(box_of).collect();
        // An arrow to a later column bends in each column that it passes, once for all who read the same line.
        let mut bends: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
        for (reader, row) in rows.iter().enumerate() {
            for (k, &read) in row.inputs.iter().enumerate() {
                if row.inputs[..k].contains(&read) {
                    continue;
                }
                let passed = columns[reader] - columns[read] - 1;
                for k in bends[read].len()..passed {
                    let last = bends[read].last().copied().unwrap_or(read);
                    let column = columns[read] + 1 + k;
                    let (before, after, bend) = (vec![last], Vec::new(), vertices.len());
                    vertices.push(Vertex {
                        row: None,
                        column,
                        before,
                        after,
                        width: 0.0,
                        height: 0.0,
                        y: 0.0,
                    });
                    vertices[last].after.push(bend);
                    bends[read].push(bend);
                }
                let last = if passed == 0 { read } else { bends[read][passed - 1] };
                vertices[last].after.push(reader);
                vertices[reader].before.push(last);
            }
        }
        let count = columns.iter().max().map_or(0, |&last| last + 1);
        let mut columns = vec![Vec::new(); count];
        for (k, vertex) in vertices.iter().enumerate() {
            columns[vertex.column].push(k);
        }
        Graph { vertices, columns }
    }

    /// Sorts each column by the mean place of its neighbours, to and fro, and keeps the order with the fewest
    /// crossings.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.columns.clone());
        for pass in 0..12 {
            let forward = pass % 2 == 0;
            let count = self.columns.len();
            for k in 0..count {
                let column = if forward { k } else { count - 1 - k };
                let place = self.places();
                let mean = |&vertex: &usize| {
                    let Vertex { before, after, .. } = &self.vertices[vertex];
                    let neighbours = if forward { before } else { after };
                    let sum: usize = neighbours.iter().map(|&other| place[other]).sum();
                    if neighbours.is_empty() {
                        place[vertex] as f64
                    } else {
                        sum as f64 / neighbours.len() as f64
                    }
                };
                let mut keyed: Vec<_> = self.columns[column].iter().map(|v| (mean(v), *v)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.columns[column] = keyed.into_iter().map(|(_, vertex)| vertex).collect();
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.columns.clone());
            }
        }
        self.columns = best.1;
    }

    fn places(&self) -> Vec<usize> {
        let mut place = vec![0; self.vertices.len()];
        for column in &self.columns {
            for (k, &vertex) in column.iter().enumerate() {
                place[vertex] = k;
            }
        }
        place
    }

    fn crossings(&self) -> usize {
        let place = self.places();
        let mut crossings = 0;
        for column in &self.columns {
            let ends: Vec<Vec<usize>> = column
                .iter()
                .map(|&from| self.vertices[from].after.iter().map(|&to| place[to]).collect())
                .collect();
            for (k, upper) in ends.iter().enumerate() {
                for lower in &ends[k + 1..] {
                    for a in upper {
                        crossings += lower.iter().filter(|b| *b < a).count();
                    }
                }
            }
        }
        crossings
    }

    /// Moves each vertex to the mean height of its neighbours, as far as the order and the gaps allow.
    fn level(&mut self) {
        for column in 0..self.columns.len() {
            self.settle(column, |_| 0.0);
        }
        for pass in 0..40 {
            let count = self.columns.len();
            for k in 0..count {
                let column = if pass % 2 == 0 { k } else { count - 1 - k };
                let ends: Vec<_> =
                    self.vertices.iter().map(|vertex| (vertex.y, vertex.row.is_none())).collect();
                self.settle(column, |vertex| {
                    let (mut sum, mut weights) = (0.0, 0.0);
                    for &other in vertex.before.iter().chain(&vertex.after) {
                        let (y, bends) = ends[other];
                        // The long way of an arrow is to be straight before all else (Gansner et al. 1993, 2.1).
                        let weight = [1.0, 2.0, 8.0][usize::from(bends) + usize::from(vertex.row.is_none())];
                        sum += weight * y;
                        weights += weight;
                    }
                    if weights == 0.0 { vertex.y } else { sum / weights }
                });
            }
        }
        let top = self.vertices.iter().map(|v| v.y - v.height / 2.0).fold(f64::INFINITY, f64::min);
        for vertex in &mut self.vertices {
            vertex.y += MARGIN - top;
        }
    }

    /// The heights nearest to the wished ones, by least squares, that keep order and gaps: isotonic regression by
    /// pooling neighbours (Barlow et al. 1972).
    fn settle(&mut self, column: usize, wish: impl Fn(&Vertex) -> f64) {
        let mut offset = 0.0;
        let mut offsets = Vec::new();
        let mut pools: Vec<(f64, usize)> = Vec::new();
        let column = &self.columns[column];
        for (k, &at) in column.iter().enumerate() {
            let vertex = &self.vertices[at];
            if let Some(&above) = k.checked_sub(1).and_then(|above| column.get(above)) {
                let above = &self.vertices[above];
                let gap = if above.row.is_none() && vertex.row.is_none() { LANE_GAP } else { ROW_GAP };
                offset += (above.height + vertex.height) / 2.0 + gap;
            }
            offsets.push(offset);
            let mut pool = (wish(vertex) - offset, 1);
            while let Some(&(mean, count)) = pools.last().filter(|last| last.0 > pool.0) {
                let both = count + pool.1;
                pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / both as f64, both);
                pools.pop();
            }
            pools.push(pool);
        }
        let heights = pools.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count));
        for ((&at, offset), height) in column.iter().zip(offsets).zip(heights) {
            self.vertices[at].y = height + offset;
        }
    }

    fn draw(&self, rows: &[Row], all: usize, what: &str) -> String {
        let widths: Vec<f64> = self
            .columns
            .iter()
            .map(|column| column.iter().map(|&k| self.vertices[k].width).fold(0.0, f64::max))
            .collect();
        let mut lefts = vec![MARGIN];
        for width in &widths {
            lefts.push(lefts[lefts.len() - 1] + width + COLUMN_GAP);
        }
        let right = lefts[widths.len()] - if widths.is_empty() { 0.0 } else { COLUMN_GAP };
        let bottom = self.vertices.iter().map(|v| v.y + v.height / 2.0).fold(MARGIN, f64::max);
        let note = match all - rows.len() {
            0 if all == 0 => "nothing is recorded".to_owned(),
            0 => String::new(),
            1 => "… 1 more line".to_owned(),
            more => format!("… {more} more lines"),
        };
        let note_height = if note.is_empty() { 0.0 } else { 30.0 };
        let (width, height) = ((right + MARGIN).max(200.0).ceil(), (bottom + MARGIN + note_height).ceil());

        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
             <title>{}</title>\n<desc>{}</desc>\n<style>{STYLE}</style>\n\
             <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
             markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
             <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n",
            escaped(&format!("{what} of {all} {}", if all == 1 { "line" } else { "lines" })),
            "A box for each line, with its number, operation, value and cotangent; an arrow from each line to \
             those that read it; inputs stand to the left, results to the right.",
        );
        for (from, vertex) in self.vertices.iter().enumerate() {
            for &to in &vertex.after {
                self.arrow(&mut text, from, to, &lefts, &widths);
            }
        }
        for (k, row) in rows.iter().enumerate() {
            let read = !self.vertices[k].after.is_empty();
            let left = lefts[self.vertices[k].column];
            draw_box(&mut text, row, read, &self.vertices[k], left, widths[self.vertices[k].column]);
        }
        if !note.is_empty() {
            let y = height - MARGIN;
            let _ = writeln!(text, "<text class=\"note\" x=\"{MARGIN}\" y=\"{y}\">{note}</text>");
        }
        text.push_str("</svg>\n");
        text
    }

    /// From the right edge of a box, or the far end of a bend, to the left edge of what follows.
    fn arrow(&self, text: &mut String, from: usize, to: usize, lefts: &[f64], widths: &[f64]) {
        let (start, end) = (&self.vertices[from], &self.vertices[to]);
        let x = lefts[start.column] + widths[start.column];
        let far = lefts[end.column];
        let middle = (x + far) / 2.0;
        // Several arrows into one box arrive apart, in the order in which they come from above.
        let mut sources: Vec<usize> = end.before.clone();
        sources.sort_by(|&a, &b| self.vertices[a].y.total_cmp(&self.vertices[b].y));
        let place = sources.iter().position(|&k| k == from).unwrap_or(0) as f64;
        let apart = (end.height / (sources.len() as f64 + 1.0)).min(14.0);
        let (y, y_end) = (start.y, end.y + (place - (sources.len() as f64 - 1.0) / 2.0) * apart);
        let _ = write!(
            text,
            "<path class=\"arrow\" d=\"M{x:.1} {y:.1}C{middle:.1} {y:.1} {middle:.1} {y_end:.1} "
        );
        let _ = if end.row.is_some() {
            writeln!(text, "{far:.1} {y_end:.1}\" marker-end=\"url(#head)\"/>")
        } else {
            writeln!(text, "{far:.1} {y_end:.1}H{:.1}\"/>", far + widths[end.column])
        };
    }
}

/// The column of each row: one after the last that it reads; those that read nothing stand before their first reader.
fn columns(rows: &[Row]) -> Vec<usize> {
    let mut columns = vec![0; rows.len()];
    for (k, row) in rows.iter().enumerate() {
        columns[k] = row.inputs.iter().map(|&read| columns[read] + 1).max().unwrap_or(0);
    }
    let mut first_reader = vec![None; rows.len()];
    for (k, row) in rows.iter().enumerate() {
        for &read in &row.inputs {
            let first = first_reader[read].get_or_insert(columns[k]);
            *first = columns[k].min(*first);
        }
    }
    for (k, row) in rows.iter().enumerate() {
        if let (true, Some(first)) = (row.operation == "constant", first_reader[k]) {
            columns[k] = first - 1;
        }
    }
    columns
}

fn box_of((row, (shown, &column)): (usize, (&Row, &usize))) -> Vertex {
    let entries = entries(shown);
    let characters = |text: &str| text.chars().count().min(MOST_CHARACTERS) as f64;
    let longest = entries.iter().map(|(name, entry, _)| characters(name) + 2.0 + characters(entry));
    let head = characters(&shown.operation) * 1.1 + 2.0 + shown.line.to_string().len() as f64;
    let width = longest.fold(head, f64::max) * CHARACTER + 2.0 * PADDING;
    let height = (1 + entries.len()) as f64 * TEXT_LINE + PADDING;
    Vertex { row: Some(row), column, before: Vec::new(), after: Vec::new(), width, height, y: 0.0 }
}

/// What stands under the operation: name, text, class.
fn entries(row: &Row) -> Vec<(&'static str, &str, &'static str)> {
    let both = [("value", row.value.as_str(), "number"), ("cotangent", row.cotangent.as_str(), "number bar")];
    both.into_iter().filter(|(_, entry, _)| !entry.is_empty()).collect()
}

fn draw_box(text: &mut String, row: &Row, is_read: bool, vertex: &Vertex, left: f64, width: f64) {
    let class = match (row.inputs.is_empty(), is_read) {
        (true, _) if row.operation == "constant" => "constant",
        (true, _) => "leaf",
        (false, false) => "result",
        (false, true) => "step",
    };
    let (top, height) = (vertex.y - vertex.height / 2.0, vertex.height);
    let (inner, right) = (left + PADDING, left + width - PADDING);
    let mut tooltip = format!("line {}: {}", row.line, row.operation);
    for (name, entry, _) in entries(row) {
        let _ = write!(tooltip, ", {name} {entry}");
    }
    let _ = write!(
        text,
        "<g class=\"{class}\"><title>{}</title><rect class=\"box\" x=\"{left:.1}\" y=\"{top:.1}\" \
         width=\"{width:.1}\" height=\"{height:.1}\" rx=\"6\"/>\
         <text class=\"operation\" x=\"{inner:.1}\" y=\"{:.1}\">{}</text>\
         <text class=\"line\" x=\"{right:.1}\" y=\"{:.1}\">{}</text>",
        escaped(&tooltip),
        top + TEXT_LINE,
        escaped(&cut(&row.operation)),
        top + TEXT_LINE,
        row.line,
    );
    for (k, (name, entry, class)) in entries(row).into_iter().enumerate() {
        let y = top + (k + 2) as f64 * TEXT_LINE;
        let _ = write!(
            text,
            "<text class=\"name\" x=\"{inner:.1}\" y=\"{y:.1}\">{name}</text>\
             <text class=\"{class}\" x=\"{right:.1}\" y=\"{y:.1}\">{}</text>",
            escaped(&cut(entry)),
        );
    }
    text.push_str("</g>\n");
}

fn cut(label: &str) -> String {
    if label.chars().count() <= MOST_CHARACTERS {
        return label.to_owned();
    }
    label.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}

/// Text as it may stand in XML, with its marks escaped.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ => safe.push(character),
        }
    }
    safe
}
