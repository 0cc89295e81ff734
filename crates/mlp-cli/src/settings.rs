//! Settings as they are written on the command line, and the ranges they must keep.

use std::str::FromStr;

/// The units of each hidden layer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hidden(pub(crate) Vec<usize>);

impl FromStr for Hidden {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let wrong = || "wants whole numbers of at least 1 with commas between them, or `none`".to_owned();
        let units = text.split(',').map(|units| at_least_one(units.trim()).map_err(|_| wrong()));
        Ok(Self(units.collect::<Result<_, _>>()?))
    }
}

/// The rows that make one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum BatchSize {
    All,
    Rows(usize),
}

impl FromStr for BatchSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            text => at_least_one(text).map(Self::Rows).map_err(|error| format!("{error}, or `all`")),
        }
    }
}

pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| *number >= 1)
        .ok_or_else(|| "wants a whole number of at least 1".to_owned())
}

pub(crate) fn positive(text: &str) -> Result<f64, String> {
    number(text, |number| number > 0.0).ok_or_else(|| "wants a finite number above 0".to_owned())
}

pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    number(text, |number| number >= 0.0).ok_or_else(|| "wants a finite number of at least 0".to_owned())
}

pub(crate) fn fraction(text: &str) -> Result<f64, String> {
    number(text, |number| number > 0.0 && number < 1.0)
        .ok_or_else(|| "wants a fraction above 0 and below 1, such as 0.2".to_owned())
}

fn number(text: &str, in_range: impl Fn(f64) -> bool) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && in_range(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_layers_are_a_list_or_none() {
        assert_eq!("25".parse(), Ok(Hidden(vec![25])));
        assert_eq!("25, 10".parse(), Ok(Hidden(vec![25, 10])));
        assert_eq!("none".parse(), Ok(Hidden(vec![])));
        for wrong in ["", "0", "25,", "25,0", "-3", "2.5", "None", "99999999999999999999"] {
            assert!(wrong.parse::<Hidden>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_batch_is_a_number_of_rows_or_all() {
        assert_eq!("32".parse(), Ok(BatchSize::Rows(32)));
        assert_eq!("all".parse(), Ok(BatchSize::All));
        assert!("0".parse::<BatchSize>().is_err());
    }

    #[test]
    fn numbers_keep_their_ranges() {
        for wrong in ["0", "-1", "NaN", "inf", "", "one"] {
            assert!(positive(wrong).is_err(), "{wrong}");
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
        assert_eq!(positive("1e-3"), Ok(1e-3));
        assert_eq!(not_negative("0"), Ok(0.0));
        assert!(not_negative("-0.1").is_err() && not_negative("NaN").is_err());
        assert!(fraction("1").is_err() && fraction("1.5").is_err());
        assert_eq!(fraction("0.5"), Ok(0.5));
    }
}
