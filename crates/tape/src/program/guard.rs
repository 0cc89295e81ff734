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
}

impl Relation {
    /// Whether `a` and `b` give the answer that was recorded.
    #[inline(always)]
    pub(super) fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Relation::Less(answer) => (a < b) == answer,
            Relation::LessEqual(answer) => (a <= b) == answer,
            Relation::Equal(answer) => (a == b) == answer,
            Relation::Order(answer) => a.partial_cmp(&b) == answer,
        }
    }

    /// The two words that stand for it in the text form.
    pub(super) fn words(self) -> [&'static str; 2] {
        let truth = |answer| if answer { "true" } else { "false" };
        match self {
            Relation::Less(answer) => ["less", truth(answer)],
            Relation::LessEqual(answer) => ["less_equal", truth(answer)],
            Relation::Equal(answer) => ["equal", truth(answer)],
            Relation::Order(answer) => {
                let order = match answer {
                    Some(Ordering::Less) => "less",
                    Some(Ordering::Equal) => "equal",
                    Some(Ordering::Greater) => "greater",
                    None => "unordered",
                };
                ["order", order]
            }
        }
    }

    /// The relation with these words.
    pub(super) fn of_words(question: &str, answer: &str) -> Option<Relation> {
        let both = [true, false];
        let orders = [Some(Ordering::Less), Some(Ordering::Equal), Some(Ordering::Greater), None];
        let all = both.iter().flat_map(|&b| [Relation::Less(b), Relation::LessEqual(b), Relation::Equal(b)]);
        all.chain(orders.map(Relation::Order)).find(|relation| relation.words() == [question, answer])
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.traced;
        let [question, answer] = self.relation.words();
        match self.relation {
            Relation::Order(_) => write!(f, "the order of lines {a} and {b} was recorded as {answer}"),
            _ => {
                let sign = match question {
                    "less" => "<",
                    "less_equal" => "<=",
                    _ => "==",
                };
                write!(f, "line {a} {sign} line {b} was recorded as {answer}")
            }
        }
    }
}
