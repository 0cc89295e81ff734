//! Confusion matrices as text.

use std::fmt::Write;

/// More classes than this make too wide a table.
const MOST_CLASSES: usize = 20;
/// Longer names are cut in the table.
const LONGEST_NAME: usize = 14;

/// The confusion matrix `counts`, row-major (true class, predicted class), as lines for a reader. With many classes,
/// only the most frequent confusions.
pub(crate) fn table(counts: &[f64], classes: &[String]) -> String {
    if classes.len() > MOST_CLASSES {
        return most_frequent(counts, classes);
    }
    let names: Vec<String> = classes.iter().map(|class| cut(class)).collect();
    let title = "true \\ predicted";
    let first = names.iter().map(|name| width(name)).max().unwrap_or(0).max(width(title));
    let widths: Vec<usize> = (0..names.len())
        .map(|column| {
            let numbers = (0..names.len()).map(|row| counts[row * names.len() + column].to_string().len());
            numbers.max().unwrap_or(0).max(width(&names[column])).max(3)
        })
        .collect();
    let mut text = padded(title, first, true);
    for (name, width) in names.iter().zip(&widths) {
        let _ = write!(text, "  {}", padded(name, *width, false));
    }
    for (name, row) in names.iter().zip(counts.chunks_exact(names.len())) {
        let _ = write!(text, "\n{}", padded(name, first, true));
        for (count, width) in row.iter().zip(&widths) {
            let _ = write!(text, "  {}", padded(&count.to_string(), *width, false));
        }
    }
    text
}

fn most_frequent(counts: &[f64], classes: &[String]) -> String {
    let mut confusions: Vec<(f64, usize)> = (0..counts.len())
        .filter(|at| at / classes.len() != at % classes.len() && counts[*at] > 0.0)
        .map(|at| (counts[at], at))
        .collect();
    confusions.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    if confusions.is_empty() {
        return format!("no confusions among {} classes", classes.len());
    }
    let mut text = format!("most frequent confusions among {} classes:", classes.len());
    for (count, at) in confusions.iter().take(10) {
        let (class, predicted) = (&classes[at / classes.len()], &classes[at % classes.len()]);
        let _ = write!(text, "\n{count:>6} × {} taken for {}", cut(class), cut(predicted));
    }
    text
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn cut(name: &str) -> String {
    let mut short: String = name.chars().take(LONGEST_NAME).flat_map(char::escape_debug).collect();
    if width(name) > LONGEST_NAME {
        short.push('…');
    }
    short
}

fn padded(text: &str, to: usize, left: bool) -> String {
    let blanks = " ".repeat(to.saturating_sub(width(text)));
    if left { format!("{text}{blanks}") } else { format!("{blanks}{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_the_names() {
        let classes = ["a".to_owned(), "größer".to_owned(), "a name that is far too long".to_owned()];
        let text = table(&[10.0, 0.0, 1.0, 0.0, 12345.0, 0.0, 2.0, 0.0, 9.0], &classes);
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [widths[0]; 4], "{text}");
        assert!(text.contains("größer              0   12345"), "{text}");
        assert!(text.contains("a name that is…"), "{text}");
    }

    #[test]
    fn many_classes_are_summed_up() {
        let classes: Vec<String> = (0..30).map(|class| format!("c{class}")).collect();
        let mut counts = vec![0.0; 900];
        assert!(table(&counts, &classes).contains("no confusions"));
        counts[3 * 30 + 4] = 2.0;
        counts[5 * 30 + 1] = 7.0;
        let text = table(&counts, &classes);
        let lines: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
        assert_eq!(lines, ["7 × c5 taken for c1", "2 × c3 taken for c4"]);
    }
}
