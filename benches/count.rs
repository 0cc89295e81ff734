//! How many operations the functions of the benches have, counted by running them on a number that counts.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

#[path = "functions.rs"]
pub(crate) mod functions;

/// What the functions ask of a number.
pub(crate) trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    fn from_f64(value: f64) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn sqrt(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tanh(self) -> Self;
}

/// A number that counts what is done with it. Constants come free; operations on them count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted(f64);

thread_local! {
    static OPERATIONS: Cell<usize> = const { Cell::new(0) };
}

/// How many operations `f` does at `x`.
pub(crate) fn operations<R>(f: impl FnOnce(&[Counted]) -> R, x: &[f64]) -> usize {
    let x: Vec<_> = x.iter().map(|&x| Counted(x)).collect();
    OPERATIONS.set(0);
    f(&x);
    OPERATIONS.get()
}

fn counted(value: f64) -> Counted {
    OPERATIONS.set(OPERATIONS.get() + 1);
    Counted(value)
}

macro_rules! operators {
    ($($Operator:ident $operator:ident),*) => {
        $(impl $Operator for Counted {
            type Output = Self;
            fn $operator(self, other: Self) -> Self { counted(self.0.$operator(other.0)) }
        })*
    };
}
operators!(Add add, Sub sub, Mul mul, Div div);

macro_rules! assigning_operators {
    ($($Operator:ident $operator:ident $by:tt),*) => {
        $(impl $Operator for Counted {
            fn $operator(&mut self, other: Self) { *self = *self $by other; }
        })*
    };
}
assigning_operators!(AddAssign add_assign +, SubAssign sub_assign -, MulAssign mul_assign *);

impl Neg for Counted {
    type Output = Self;
    fn neg(self) -> Self {
        counted(-self.0)
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl Real for Counted {
    fn from_f64(value: f64) -> Self {
        Counted(value)
    }
    fn exp(self) -> Self {
        counted(self.0.exp())
    }
    fn ln(self) -> Self {
        counted(self.0.ln())
    }
    fn sqrt(self) -> Self {
        counted(self.0.sqrt())
    }
    fn sin(self) -> Self {
        counted(self.0.sin())
    }
    fn cos(self) -> Self {
        counted(self.0.cos())
    }
    fn tanh(self) -> Self {
        counted(self.0.tanh())
    }
}
