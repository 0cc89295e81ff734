//! The list on a page: as a plain table, as a graph in the language of Graphviz, and as a picture in SVG.

mod svg;

pub(crate) use svg::svg;

use crate::sweep::Slot;
use crate::tape::columns::COLUMNS;
use crate::tape::{self, Kind, Precision, State};
use crate::{Cotangents, Float, Tape, Tensor};
use std::fmt::Write;

/// One line of the list, as it is shown.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) operation: String,
    pub(crate) inputs: Vec<usize>,
    pub(crate) value: String,
    pub(crate) cotangent: String,
}

/// The rows under the heads line, operation, inputs, value, cotangent; text to the left, numbers to the right.
pub(crate) fn table(rows: &[Row]) -> String {
    let heads = ["line", "operation", "inputs", "value", "cotangent"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        let inputs: Vec<_> = row.inputs.iter().map(usize::to_string).collect();
        [
            row.line.to_string(),
            row.operation.clone(),
            inputs.join(" "),
            row.value.clone(),
            row.cotangent.clone(),
        ]
    });
    let lines: Vec<_> = std::iter::once(heads).chain(cells).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);

    let mut text = String::new();
    for (k, [line, operation, inputs, value, cotangent]) in lines.iter().enumerate() {
        let [a, b, c, d, e] = widths;
        let row = format!("{line:>a$}  {operation:<b$}  {inputs:<c$}  {value:>d$}  {cotangent:>e$}");
        let _ = writeln!(text, "{}", row.trim_end());
        if k == 0 {
            let _ = writeln!(text, "{}", "-".repeat(a + b + c + d + e + 8));
        }
    }
    text
}

/// The rows as a directed graph from what is read to what reads it.
pub(crate) fn graphviz(rows: &[Row]) -> String {
    let mut text =
        "digraph tape {\n    rankdir=LR;\n    node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
    for row in rows {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let mut label = format!("{}: {}", row.line, quoted(&row.operation));
        for (name, entry) in [("value", &row.value), ("cotangent", &row.cotangent)] {
            if !entry.is_empty() {
                let _ = write!(label, "\\n{name} {}", quoted(entry));
            }
        }
        let _ = writeln!(text, "    n{} [label=\"{label}\"];", row.line);
    }
    for row in rows {
        for input in &row.inputs {
            let _ = writeln!(text, "    n{input} -> n{};", row.line);
        }
    }
    text.push_str("}\n");
    text
}

/// A name that somebody chose, on one line: what would break it or turn its direction is written as an escape, such as `\n`.
/// Tables, graphs and pictures show names so; what their languages want quoted they quote themselves.
pub(crate) fn name(name: &str) -> String {
    let breaks = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
    };
    name.chars().fold(String::with_capacity(name.len()), |mut shown, c| {
        if breaks(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    })
}

/// A number in at most six digits, as short as it can be said.
pub(crate) fn number(x: f64) -> String {
    let plain = x.to_string();
    if plain.len() <= 8 {
        return plain;
    }
    // Rust has no `%g`: round to six significant digits, then let the shorter notation win.
    let rounded: f64 = format!("{x:.5e}").parse().unwrap_or(x);
    let (plain, scientific) = (rounded.to_string(), format!("{rounded:e}"));
    if plain.len() <= 12 { plain } else { scientific }
}

/// A tensor in one line: all elements if they are few, else the shape and the first of them.
fn tensor<T: Float>(tensor: &Tensor<T>) -> String {
    let Some(elements) = tensor.data_if_kept() else {
        return format!("{:?} not kept", tensor.shape());
    };
    let shown: Vec<_> = elements.iter().take(6).map(|&x| number(x.to_f64())).collect();
    match (tensor.shape(), elements.len()) {
        ([], _) => shown.join(""),
        ([_], ..=6) => format!("[{}]", shown.join(", ")),
        (shape, ..=6) => format!("{shape:?} [{}]", shown.join(", ")),
        (shape, _) => format!("{shape:?} [{}, …]", shown.join(", ")),
    }
}

impl Tape {
    /// The recording as a plain table: line, operation, inputs, value, and, where a sweep is given, cotangent.
    ///
    /// Tensors know their operations. Their values are shown as far as the tape has kept them (all of them after
    /// [`keep_all`](Tape::keep_all)). Scalar lines hold partials, not values: they are shown with those, and
    /// [`Program::trace`](crate::Program::trace) shows the operations of scalar code. Cotangents of another tape, or from
    /// before a rewind, are left out.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// tape.keep_all();
    /// let x = tape.tensor(&Tensor::from_slice(&[1.0, 2.0], &[2])?);
    /// let y = (&x * &x).sum();
    /// let table = tape.table(Some(&tape.sweep(&y)?));
    /// assert!(table.contains("mul"));
    /// assert!(table.contains("[2, 4]")); // the cotangent of x
    /// # Ok(())
    /// # }
    /// ```
    pub fn table(&self, cotangents: Option<&Cotangents>) -> String {
        table(&self.rows(cotangents))
    }

    /// The recording as a graph in the language of Graphviz.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::full(&[2], 3.0));
    /// let _ = x.exp();
    /// assert!(tape.graphviz(None).contains("n0 -> n1"));
    /// ```
    pub fn graphviz(&self, cotangents: Option<&Cotangents>) -> String {
        graphviz(&self.rows(cotangents))
    }

    /// The recording as a picture in SVG, which needs no outside program: a box for each line, inputs to the left, in
    /// light or dark as the reader prefers. It shows 400 lines and says how many more there are.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let tape = tape::Tape::begin();
    /// let x = tape.tensor(&tape::Tensor::full(&[2], 3.0));
    /// let y = x.exp().sum();
    /// let picture = tape.svg(Some(&tape.sweep(&y)?));
    /// assert!(picture.starts_with("<svg") && picture.contains(">exp</text>"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn svg(&self, cotangents: Option<&Cotangents>) -> String {
        svg(&self.rows(cotangents), "Tape")
    }

    fn rows(&self, cotangents: Option<&Cotangents>) -> Vec<Row> {
        tape::with_state(|state| {
            self.must_be_current("table", state);
            let lines = COLUMNS.with(|columns| columns.lend().to_vec());
            let cotangents = cotangents.filter(|bar| bar.are_of(state));
            let mut page = Page { state, cotangents, lines, ..Page::default_for(state) };
            let mut end = 0;
            for event in &state.events {
                page.scalar_lines(end, event.line as usize);
                page.event(event.line, event.kind);
                end = (event.line + event.kind.lines()) as usize;
            }
            page.scalar_lines(end, page.lines.len());
            page.rows
        })
    }
}

/// The rows under way, with the row on which each line and node came to stand.
struct Page<'a> {
    state: &'a State,
    cotangents: Option<&'a Cotangents>,
    lines: Vec<tape::columns::Line>,
    rows: Vec<Row>,
    of_line: Vec<usize>,
    of_single: Vec<usize>,
    of_double: Vec<usize>,
}

impl<'a> Page<'a> {
    fn default_for(state: &'a State) -> Self {
        Page {
            state,
            cotangents: None,
            lines: Vec::new(),
            rows: Vec::new(),
            of_line: Vec::new(),
            of_single: Vec::new(),
            of_double: Vec::new(),
        }
    }

    fn push(&mut self, operation: String, inputs: Vec<usize>, value: String, cotangent: String) {
        self.rows.push(Row { line: self.rows.len(), operation, inputs, value, cotangent });
    }

    fn of_node(&mut self, precision: Precision) -> &mut Vec<usize> {
        match precision {
            Precision::Single => &mut self.of_single,
            Precision::Double => &mut self.of_double,
        }
    }

    fn scalar_cotangent(&self, line: usize) -> String {
        let bar = self.cotangents.and_then(|bar| bar.columns().lines.get(line));
        bar.map_or(String::new(), |&bar| number(bar))
    }

    fn scalar(&mut self, line: usize, operation: String, inputs: Vec<usize>) {
        self.of_line.push(self.rows.len());
        let cotangent = self.scalar_cotangent(line);
        self.push(operation, inputs, String::new(), cotangent);
    }

    fn scalar_lines(&mut self, start: usize, end: usize) {
        for k in start..end {
            let tape::columns::Line { partials: [a, b], inputs } = self.lines[k];
            let inputs = inputs.map(|line| self.of_line[line as usize]).to_vec();
            self.scalar(k, format!("scalar, partials {} {}", number(a), number(b)), inputs);
        }
    }

    fn event(&mut self, line: u32, kind: Kind) {
        let start = line as usize;
        match kind {
            Kind::Leaves { count } => {
                for k in 0..count as usize {
                    self.scalar(start + k, "scalar leaf".to_owned(), Vec::new());
                }
            }
            Kind::Kept { input, partial } => {
                let input = self.of_line[input as usize];
                self.scalar(start, format!("keep, partial {}", number(partial)), vec![input]);
            }
            Kind::Element { precision, node, offset } => {
                let input = self.of_node(precision)[node as usize];
                self.scalar(start, format!("element {offset}"), vec![input]);
            }
            Kind::Joined { start: first, count } => {
                let partials = self.state.gathered(first, count).iter().take(4).map(|&(_, p)| number(p));
                let partials: Vec<_> = partials.collect();
                let more = if count > 4 { " …" } else { "" };
                let operation = format!("scalar, partials {}{more}", partials.join(" "));
                self.scalar(start, operation, self.gathered(first, count));
            }
            Kind::Rule { rule, outputs } => {
                let (first, count) = self.state.rules[rule as usize].reads();
                let inputs = self.gathered(first, count);
                for k in 0..outputs as usize {
                    self.scalar(start + k, format!("rule, output {k}"), inputs.clone());
                }
            }
            Kind::Node { precision: Precision::Single, node } => self.node::<f32>(node, None),
            Kind::Node { precision: Precision::Double, node } => self.node::<f64>(node, None),
            Kind::Gather { precision, node, start, count } => {
                let inputs = self.gathered(start, count);
                match precision {
                    Precision::Single => self.node::<f32>(node, Some(("gather", inputs))),
                    Precision::Double => self.node::<f64>(node, Some(("gather", inputs))),
                }
            }
            Kind::Cast { to: Precision::Single, node, of } => {
                let input = self.of_double[of as usize];
                self.node::<f32>(node, Some(("cast", vec![input])));
            }
            Kind::Cast { to: Precision::Double, node, of } => {
                let input = self.of_single[of as usize];
                self.node::<f64>(node, Some(("cast", vec![input])));
            }
        }
    }

    /// The rows of what an event reads of scalars.
    fn gathered(&self, start: u32, count: u32) -> Vec<usize> {
        let lines = self.state.gathered(start, count).iter().filter(|(_, partial)| *partial != 0.0);
        lines.map(|&(line, _)| self.of_line[line as usize]).collect()
    }

    fn node<T: Float>(&mut self, number: u32, crossing: Option<(&'static str, Vec<usize>)>) {
        let node = &T::nodes(self.state)[number as usize];
        let operation = match (&node.op, &crossing) {
            (Some(op), _) => op.name(),
            (None, Some((name, _))) => name,
            (None, None) => "leaf",
        };
        let rows = self.of_node(T::PRECISION);
        let recorded = node.inputs.iter().filter(|input| input.is_recorded());
        let inputs = recorded.map(|input| rows[input.handle().number as usize]).collect();
        let constants = node.inputs.iter().filter(|input| !input.is_recorded()).map(tensor);
        let operation =
            std::iter::once(operation.to_owned()).chain(constants).collect::<Vec<_>>().join(" by ");
        let slot = self.cotangents.and_then(|bar| T::cotangents(bar.columns()).get(number as usize));
        let cotangent = match slot {
            None | Some(Slot::Absent) => String::new(),
            Some(Slot::Present(bar)) => tensor(bar.sum()),
            Some(Slot::Released) => "let go".to_owned(),
        };
        let row = self.rows.len();
        self.of_node(T::PRECISION).push(row);
        self.push(operation, crossing.map_or(inputs, |(_, inputs)| inputs), tensor(&node.output), cotangent);
    }
}
