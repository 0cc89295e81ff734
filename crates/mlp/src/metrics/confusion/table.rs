//! Confusion matrices as text.

use std::fmt;

use super::ConfusionMatrix;

impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.counts.iter().all(|count| count.fract() == 0.0);
        let decimals = f.precision().unwrap_or(if whole { 0 } else { 3 });
        let cells: Vec<String> = self.counts.iter().map(|count| format!("{count:.decimals$}")).collect();
        let name = |class: usize| class.to_string();
        let widths: Vec<usize> = (0..self.n_classes)
            .map(|class| {
                let column = cells.iter().skip(class).step_by(self.n_classes).map(String::len);
                column.max().unwrap_or(0).max(name(class).len())
            })
            .collect();
        let title = "true \\ predicted";
        f.write_str(title)?;
        for (class, width) in widths.iter().enumerate() {
            write!(f, "  {:>width$}", name(class))?;
        }
        for (class, row) in cells.chunks_exact(self.n_classes).enumerate() {
            write!(f, "\n{:>width$}", name(class), width = title.len())?;
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "  {cell:>width$}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::{Targets, confusion_matrix};

    #[test]
    fn columns_are_aligned_whatever_the_weights() {
        let labels = [0, 1, 11, 11];
        let weights = [1.0, 12345.0, 0.25, 2.0];
        let matrix = confusion_matrix(Targets::weighted(&labels, &weights), &[0, 1, 11, 0], 12).unwrap();
        let text = matrix.to_string();
        let widths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(widths, [widths[0]; 13], "{text}");
        assert!(text.lines().nth(2).unwrap().contains("1  0.000  12345.000  0.000"), "{text}");
        assert!(format!("{matrix:.1}").lines().nth(12).unwrap().contains("11  2.0  "), "{matrix:.1}");
    }

    #[test]
    fn names_may_be_wider_than_counts() {
        let text = confusion_matrix(&[10], &[10], 11).unwrap().to_string();
        assert!(text.ends_with("              10  0  0  0  0  0  0  0  0  0  0   1"), "{text}");
        assert!(text.starts_with("true \\ predicted  0  1  2  3  4  5  6  7  8  9  10\n"), "{text}");
    }
}
