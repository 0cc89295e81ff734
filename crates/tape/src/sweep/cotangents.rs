//! What a sweep leaves: the cotangents of leaves, lines and kept values, and where they are while it runs.

use crate::tape::{self, Admission, Counts, Handle, Sort, State, pages};
use crate::tensor::Accumulator;
use crate::{Error, Float, Tensor, Var};

/// The cotangents while they are swept, and after: by line, and by node of either precision.
#[derive(Debug, Default)]
pub struct Columns {
    pub(crate) lines: Vec<f64>,
    pub(crate) single: Vec<Slot<f32>>,
    pub(crate) double: Vec<Slot<f64>>,
}

/// The place of one tensor's cotangent.
#[derive(Debug, Default)]
pub enum Slot<T: Float> {
    /// Nothing has come in.
    #[default]
    Absent,
    /// The sum of what has come in so far.
    Present(Accumulator<T>),
    /// It was handed on to the inputs and let go.
    Released,
}

/// What a sweep left: the cotangents of leaves, lines and kept values. It stays readable after the tape is
/// rewound or ended; its memory goes back to the thread when it is dropped.
///
/// ```
/// # fn main() -> Result<(), tape::Error> {
/// let tape = tape::Tape::begin();
/// let x = tape.var(3.0);
/// let bar = tape.sweep(&(x * x))?;
/// drop(tape);
/// assert_eq!(bar.of(&x)?, 6.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Cotangents {
    pub(super) columns: Columns,
    pub(super) admission: Admission,
    pub(super) counts: Counts,
}

/// A recorded value, [`Var`] or [`Tensor`]: something to sweep from, and to read a cotangent of.
pub trait Recorded {
    /// What its cotangent is: a number, or a tensor of the same shape.
    type Cotangent: Clone;

    #[doc(hidden)]
    fn seed(
        &self,
        seed: Self::Cotangent,
        recorded: bool,
        state: &State,
        columns: &mut Columns,
    ) -> Result<(), Error>;
    #[doc(hidden)]
    fn unit(&self) -> Result<Self::Cotangent, Error>;
    #[doc(hidden)]
    fn read(&self, cotangents: &Cotangents) -> Result<Option<Self::Cotangent>, Error>;
    #[doc(hidden)]
    fn zero(&self) -> Self::Cotangent;
}

impl<T: Float> Recorded for Var<T> {
    type Cotangent = T;

    fn seed(&self, seed: T, _recorded: bool, state: &State, columns: &mut Columns) -> Result<(), Error> {
        tape::check_root(state, self.handle(), Sort::Line)?;
        columns.lines[self.handle().number as usize] += seed.to_f64() * self.partial();
        Ok(())
    }

    fn unit(&self) -> Result<T, Error> {
        Ok(T::from_f64(1.0))
    }

    fn read(&self, cotangents: &Cotangents) -> Result<Option<T>, Error> {
        cotangents.admit(self.handle(), Sort::Line)?;
        if self.is_merged() {
            let why = "this scalar was merged into another line and has no cotangent of its own; give it one \
                       with `keep` before it is used";
            return Err(Error::NotKept { operation: "of", why });
        }
        Ok(Some(T::from_f64(cotangents.columns.lines[self.handle().number as usize])))
    }

    fn zero(&self) -> T {
        T::from_f64(0.0)
    }
}

impl<T: Float> Recorded for Tensor<T> {
    type Cotangent = Tensor<T>;

    fn seed(
        &self,
        seed: Tensor<T>,
        recorded: bool,
        state: &State,
        columns: &mut Columns,
    ) -> Result<(), Error> {
        tape::check_root(state, self.handle(), Sort::Node(T::PRECISION))?;
        if seed.dims() != self.dims() {
            let want = "the seed must have the shape of what is swept from";
            return Err(Error::shape("sweep", want, &[seed.shape(), self.shape()]));
        }
        // A plain sweep leaves constants, also where a cotangent is the seed passed through.
        let seed = if recorded { seed } else { seed.to_constant() };
        if seed.is_recorded() {
            tape::check_root(state, seed.handle(), Sort::Node(T::PRECISION))?;
        }
        T::cotangents_mut(columns)[self.handle().number as usize] =
            Slot::Present(Accumulator::beginning_with(seed));
        Ok(())
    }

    fn unit(&self) -> Result<Tensor<T>, Error> {
        if self.len() != 1 {
            let want = "wants a tensor of one element, or a seed (`sweep_with`)";
            return Err(Error::shape("sweep", want, &[self.shape()]));
        }
        Ok(self.alike(|seed| seed.fill(T::from_f64(1.0))))
    }

    fn read(&self, cotangents: &Cotangents) -> Result<Option<Tensor<T>>, Error> {
        Ok(cotangents.tensor(self)?.cloned())
    }

    fn zero(&self) -> Tensor<T> {
        Tensor::zeros(self.shape())
    }
}

impl Cotangents {
    /// The cotangent of a leaf, a line or a kept value; zero where the sweep did not come by.
    ///
    /// # Errors
    /// When the value is a constant, is not of the tape that was swept, was recorded after the sweep, or is an
    /// intermediate that has no cotangent of its own (see [`Var::keep`], [`Tensor::keep`]).
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let tape = tape::Tape::begin();
    /// let (x, unused) = (tape.var(3.0), tape.var(1.0));
    /// let bar = tape.sweep(&x.powi(2))?;
    /// assert_eq!((bar.of(&x)?, bar.of(&unused)?), (6.0, 0.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn of<N: Recorded>(&self, value: &N) -> Result<N::Cotangent, Error> {
        Ok(value.read(self)?.unwrap_or_else(|| value.zero()))
    }

    /// The cotangent of a value, or `None` if it is a tensor that the sweep did not come by: what was swept
    /// from does not depend on it. For scalars that is not told apart from a zero.
    ///
    /// # Errors
    /// As [`of`](Cotangents::of).
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let (x, unused) = (tape.tensor(&Tensor::scalar(3.0)), tape.tensor(&Tensor::scalar(1.0)));
    /// let bar = tape.sweep(&x.exp())?;
    /// assert!(bar.get(&x)?.is_some() && bar.get(&unused)?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get<N: Recorded>(&self, value: &N) -> Result<Option<N::Cotangent>, Error> {
        value.read(self)
    }

    /// The cotangent of a tensor where it lies, without a copy; `None` if the sweep did not come by.
    ///
    /// # Errors
    /// As [`of`](Cotangents::of).
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::full(&[2], 3.0));
    /// let bar = tape.sweep(&x.sum_of_squares())?;
    /// assert_eq!(bar.slice(&x)?, Some(&[6.0, 6.0][..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn slice<T: Float>(&self, tensor: &Tensor<T>) -> Result<Option<&[T]>, Error> {
        Ok(self.tensor(tensor)?.map(Tensor::as_slice))
    }

    fn tensor<T: Float>(&self, tensor: &Tensor<T>) -> Result<Option<&Tensor<T>>, Error> {
        self.admit(tensor.handle(), Sort::Node(T::PRECISION))?;
        match &T::cotangents(&self.columns)[tensor.handle().number as usize] {
            Slot::Absent => Ok(None),
            Slot::Present(cotangent) => Ok(Some(cotangent.sum())),
            Slot::Released => {
                let why = "the sweep has let go of the cotangent of this intermediate tensor; ask for it with \
                           `keep` before the sweep";
                Err(Error::NotKept { operation: "of", why })
            }
        }
    }

    /// The cotangents of the first lines of the tape.
    pub(crate) fn of_first_lines<T: Float>(&self, count: usize) -> Vec<T> {
        self.columns.lines[..count].iter().map(|&bar| T::from_f64(bar)).collect()
    }

    fn admit(&self, handle: Handle, sort: Sort) -> Result<(), Error> {
        if handle.tape == 0 {
            return Err(Error::NotRecorded { operation: "of" });
        }
        if self.admission.admits(handle, sort, self.counts) {
            return Ok(());
        }
        let why = "this value was not on the tape when it was swept: it is of another tape, was rewound past, or \
                   was recorded later";
        Err(Error::Foreign { operation: "of", why: why.to_owned() })
    }

    /// Whether these are of the recording as it stands, apart from what was added to it since.
    pub(crate) fn are_of(&self, state: &State) -> bool {
        self.admission.is_of(state.admission())
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }
}

impl Drop for Cotangents {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.columns));
    }
}

/// The memory of a sweep goes back to the thread, for the next one.
fn give_back(mut columns: Columns) {
    columns.clear();
    tape::try_with_room(|room| {
        if room.spare_cotangents.len() < 4 {
            room.spare_cotangents.push(columns);
        }
    });
}

/// Zeros, or an error that says how much memory they want.
pub(super) fn resize(numbers: &mut Vec<f64>, length: usize) -> Result<(), Error> {
    let before = numbers.capacity();
    numbers.clear();
    if numbers.try_reserve(length).is_err() {
        return Err(Error::Memory {
            operation: "sweep",
            what: "cotangents",
            bytes: length * size_of::<f64>(),
        });
    }
    if numbers.capacity() > before {
        pages::wish_for_huge(numbers);
    }
    numbers.resize(length, 0.0);
    Ok(())
}

impl Columns {
    fn clear(&mut self) {
        self.lines.clear();
        self.single.clear();
        self.double.clear();
    }

    /// Zero for every line, nothing for every node.
    pub(super) fn size(&mut self, counts: Counts) -> Result<(), Error> {
        resize(&mut self.lines, counts.lines as usize)?;
        self.single.resize_with(counts.single as usize, Slot::default);
        self.double.resize_with(counts.double as usize, Slot::default);
        Ok(())
    }
}

impl<T: Float> Slot<T> {
    /// The sum so far, to add to; nothing yet, if nothing has come in.
    #[inline]
    pub(super) fn present(&mut self, of: &Tensor<T>) -> Result<&mut Accumulator<T>, Error> {
        if !matches!(self, Slot::Present(_)) {
            *self = Slot::Present(Accumulator::empty(of)?);
        }
        match self {
            Slot::Present(sum) => Ok(sum),
            _ => unreachable!("it was just made present"),
        }
    }

    /// Adds in place, as a plain sweep does.
    #[inline]
    pub(super) fn add(&mut self, more: Tensor<T>) {
        match self {
            Slot::Present(sum) => sum.add(more),
            _ => *self = Slot::Present(Accumulator::beginning_with(more)),
        }
    }

    /// Adds by a recorded operation.
    pub(super) fn add_recorded(&mut self, more: Tensor<T>) -> Result<(), Error> {
        let sum = match self {
            Slot::Present(sum) => Tensor::add(sum.sum(), &more)?,
            _ => more,
        };
        *self = Slot::Present(Accumulator::beginning_with(sum));
        Ok(())
    }
}
