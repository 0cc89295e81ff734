//! Comparisons that a recorded function made, which every replay makes again.

use std::cmp::Ordering;
use std::fmt;

/// A comparison of two lines, and how it came out where the function was traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Guard {
    pub(super) relation: Relation,
    /// The lines that are compared.
    pub(super) inputs: [u32; 2],
    /// Their numbers in the list as it was traced, which is the one that a reader knows.
    pub(super) traced: [u32; 2],
}

/// What was asked, and the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Relation {
    Less(bool),
    LessEqual(bool),
    Equal(bool),
    Order(Option<Ordering>),
    /// By [`f64::total_cmp`].
    TotalOrder(Ordering),
    /// Whether the numbers are so many steps apart at most, a step leading from a number to the next greater one.
    WithinSteps(u32, bool),
}

/// Whether the patterns of two numbers are at most so many steps apart.
pub(super) fn within_steps(a: f64, b: f64, most: u32) -> bool {
    a.to_bits().abs_diff(b.to_bits()) <= u64::from(most)
}

const STEPS: &str = "within_steps_";

impl Relation {
    /// Whether `a` and `b` give the answer that was recorded.
    #[inline(always)]
    pub(super) fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Relation::Less(answer) => (a < b) == answer,
            Relation::LessEqual(answer) => (a <= b) == answer,
            Relation::Equal(answer) => (a == b) == answer,
            Relation::Order(answer) => a.partial_cmp(&b) == answer,
            Relation::TotalOrder(answer) => a.total_cmp(&b) == answer,
            Relation::WithinSteps(most, answer) => within_steps(a, b, most) == answer,
        }
    }

    /// The two words that stand for it in the text form.
    pub(super) fn words(self) -> [String; 2] {
        let order = |answer| match answer {
            Some(Ordering::Less) => "less".to_owned(),
            Some(Ordering::Equal) => "equal".to_owned(),
            Some(Ordering::Greater) => "greater".to_owned(),
            None => "unordered".to_owned(),
        };
        match self {
            Relation::Less(answer) => ["less".to_owned(), answer.to_string()],
            Relation::LessEqual(answer) => ["less_equal".to_owned(), answer.to_string()],
            Relation::Equal(answer) => ["equal".to_owned(), answer.to_string()],
            Relation::Order(answer) => ["order".to_owned(), order(answer)],
            Relation::TotalOrder(answer) => ["total_order".to_owned(), order(Some(answer))],
            Relation::WithinSteps(most, answer) => [format!("{STEPS}{most}"), answer.to_string()],
        }
    }

    /// The relation with these words.
    pub(super) fn of_words(question: &str, answer: &str) -> Option<Relation> {
        let truth = || answer.parse().ok();
        let order = || match answer {
            "less" => Some(Ordering::Less),
            "equal" => Some(Ordering::Equal),
            "greater" => Some(Ordering::Greater),
            _ => None,
        };
        let relation = match question {
            "less" => truth().map(Relation::Less),
            "less_equal" => truth().map(Relation::LessEqual),
            "equal" => truth().map(Relation::Equal),
            "order" if answer == "unordered" => Some(Relation::Order(None)),
            "order" => order().map(|answer| Relation::Order(Some(answer))),
            "total_order" => order().map(Relation::TotalOrder),
            _ => {
                let most = question.strip_prefix(STEPS)?.parse().ok()?;
                truth().map(|answer| Relation::WithinSteps(most, answer))
            }
        };
        // Not `+4` or `04` steps: one text for one program.
        relation.filter(|relation| relation.words() == [question, answer])
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.traced;
        let [_, answer] = self.relation.words();
        match self.relation {
            Relation::Less(_) => write!(f, "line {a} < line {b} was recorded as {answer}"),
            Relation::LessEqual(_) => write!(f, "line {a} <= line {b} was recorded as {answer}"),
            Relation::Equal(_) => write!(f, "line {a} == line {b} was recorded as {answer}"),
            Relation::Order(_) => write!(f, "the order of lines {a} and {b} was recorded as {answer}"),
            Relation::TotalOrder(_) => {
                write!(f, "the total order of lines {a} and {b} was recorded as {answer}")
            }
            Relation::WithinSteps(most, _) => {
                write!(f, "that lines {a} and {b} are within {most} steps was recorded as {answer}")
            }
        }
    }
}
