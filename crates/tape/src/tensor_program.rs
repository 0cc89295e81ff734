//! A function of tensors, recorded once and run again: every operation into the memory of its output, no tape.
//!
//! For a tiny network the recording is most of a step. A program keeps the operations in their order, with room for every
//! value and every cotangent, and runs the same rules over them that a sweep runs over nodes.

use crate::tape::{self, Event, Kind, Sort};
use crate::tensor::{Accumulator, At, Inputs, Op};
use crate::{Error, Float, Shape, Tape, Tensor};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// The operations that a function of tensors ran on some arguments, to be run on others of the same shapes: its value, and
/// its gradient by those of the arguments that are its variables.
///
/// It is the tensors' [`Program`](crate::Program), and answers only for what the function *records*. Code that looks at
/// values (`as_slice`, `item`, a loop that ends by them) would have to run again, so a trace in which a recorded value is
/// read is refused; so is `masked_select`, whose shape depends on values. Masks, the places of extremes and the pivots of
/// matrices are found anew in each run. Plain numbers that the function computes for itself, such as a learning rate or a
/// list of indices, stay what they were. After the second run nothing is allocated but by determinants (`det`),
/// polygammas and functions of the user's own.
///
/// The values are those of the recorded function to the last bit.
///
/// ```
/// use tape::{Tensor, TensorProgram};
/// # fn main() -> Result<(), tape::Error> {
/// let (theta, x) = (Tensor::full(&[1, 2], 0.5), Tensor::full(&[4, 2], 1.0));
/// // The first of the two arguments is a variable, the second is data.
/// let f = |a: &[Tensor]| Ok(a[1].matmul(a[0].t())?.sigmoid().sum());
/// let mut program = TensorProgram::trace(1, &[&theta, &x], f)?;
///
/// let other = Tensor::full(&[4, 2], 0.0);
/// assert_eq!(program.value(&[&theta, &other])?.item()?, 2.0);
/// assert_eq!(program.value_and_gradient(&[&theta, &other])?, 2.0);
/// assert_eq!(program.gradient(0).map(Tensor::to_vec), Some(vec![0.0, 0.0]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TensorProgram<T: Float = f64> {
    /// The shapes of the arguments.
    shapes: Vec<Shape>,
    steps: Vec<Step<T>>,
    /// The outputs of the steps.
    values: Vec<Tensor<T>>,
    /// The cotangents of the arguments, then of the outputs; empty ones where nothing comes by.
    bars: Vec<Option<Accumulator<T>>>,
    /// What the last sweep left beside the gradient by each argument.
    decays: SmallVec<[Option<Decay<T>>; 3]>,
    /// The result stands last among the steps, or is an argument.
    result: Source<T>,
}

/// What is still to be added to a gradient by x: `factor · x` over some parts of it, in ascending order and apart.
///
/// It is the gradient of a penalty on squares (`add_quadratic_penalty`). Whoever updates x by its gradient reads x anyway, and
/// adds it there for nothing, where a pass over a large gradient would cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Decay<T> {
    /// How many times x.
    pub factor: T,
    /// Which elements of x.
    pub parts: Arc<[Range<usize>]>,
}

#[derive(Debug)]
struct Step<T: Float> {
    op: Op,
    inputs: SmallVec<[Source<T>; 3]>,
    /// For each input, the place of the cotangent that it hands on to, if there is one.
    bars: SmallVec<[Option<usize>; 3]>,
}

/// Where an operation finds an input.
#[derive(Debug)]
enum Source<T: Float> {
    /// The kth argument.
    Argument(usize),
    /// The output of the kth step.
    Step(usize),
    /// The same in every run.
    Constant(Tensor<T>),
}

impl<T: Float> TensorProgram<T> {
    /// The program that `f` runs on `arguments`, the first `variables` of which it is to be differentiated by.
    ///
    /// # Errors
    /// When `f` fails, reads a value of what it records, leaves the tensors of this precision, or returns a constant; and
    /// when there are more variables than arguments.
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let x = Tensor::full(&[3], 2.0);
    /// assert!(TensorProgram::trace(1, &[&x], |x| Ok(x[0].powi(2).sum())).is_ok());
    /// let read = TensorProgram::trace(1, &[&x], |x| Ok(&x[0] * x[0].as_slice()[0]));
    /// assert!(read.unwrap_err().to_string().contains("reads a value"));
    /// ```
    pub fn trace(
        variables: usize,
        arguments: &[&Tensor<T>],
        f: impl FnOnce(&[Tensor<T>]) -> Result<Tensor<T>, Error>,
    ) -> Result<Self, Error> {
        if variables > arguments.len() {
            let want = format!("wants at least {variables} arguments, one for each variable");
            return Err(Error::Length { operation: "trace", want, got: arguments.len() });
        }
        let tape = Tape::begin();
        // Constants are wanted by the next run also where no pullback reads them.
        tape.keep_all();
        let leaves: Vec<_> = arguments.iter().map(|x| tape.tensor(&x.unhandled())).collect();
        let result = tape::traced(|| f(&leaves))?;
        tape::with_state(|state| {
            if !result.is_recorded() {
                return Err(Error::NotRecorded { operation: "trace" });
            }
            tape::check_root(state, result.handle(), Sort::Node(T::PRECISION))?;
            let of_tensors = |event: &Event| matches!(event.kind, Kind::Node { precision, .. } if precision == T::PRECISION);
            if !state.events.iter().all(of_tensors) {
                let why = "wants a function of tensors of one precision, got one that goes through scalars or casts";
                return Err(Error::NotTraceable { operation: "trace", why });
            }
            Ok(Self::of(T::nodes(state), leaves.len(), variables, result.handle().number as usize))
        })
    }

    /// The nodes that the result depends on, as a program.
    fn of(nodes: &[tape::Node<T>], arguments: usize, variables: usize, result: usize) -> Self {
        // Whether the result depends on a node, and whether a cotangent comes to it: masks and factors get none.
        let (mut needed, mut reached) = (vec![false; nodes.len()], vec![false; nodes.len()]);
        (needed[result], reached[result]) = (true, true);
        for k in (arguments..=result).rev() {
            let Some(op) = &nodes[k].op else { continue };
            let inputs = nodes[k].inputs.iter().enumerate();
            for (argument, input) in inputs.filter(|(_, input)| input.is_recorded()) {
                let input = input.handle().number as usize;
                needed[input] |= needed[k];
                reached[input] |= reached[k] && op.hands_on(argument);
            }
        }
        let steps_before: Vec<usize> = (0..=nodes.len())
            .scan(0, |count, k| {
                let before = *count;
                *count += usize::from(k >= arguments && k < nodes.len() && needed[k]);
                Some(before)
            })
            .collect();
        let source = |node: usize| match node < arguments {
            true => Source::Argument(node),
            false => Source::Step(steps_before[node]),
        };
        let bar = |node: &tape::Node<T>, wanted: bool| {
            wanted.then(|| Accumulator::beginning_with(Tensor::zeros(node.output.dims())))
        };
        let mut program = TensorProgram {
            shapes: nodes[..arguments].iter().map(|node| node.output.dims().clone()).collect(),
            steps: Vec::new(),
            values: Vec::new(),
            bars: (0..arguments).map(|k| bar(&nodes[k], needed[k] && k < variables)).collect(),
            decays: SmallVec::from_elem(None, arguments),
            result: source(result),
        };
        for k in (arguments..nodes.len()).filter(|&k| needed[k]) {
            let node = &nodes[k];
            let Some(op) = &node.op else { unreachable!("arguments are the only leaves") };
            let inputs: SmallVec<[Source<T>; 3]> = node
                .inputs
                .iter()
                .map(|input| match input.is_recorded() {
                    true => source(input.handle().number as usize),
                    false => Source::Constant(input.clone()),
                })
                .collect();
            let bars: SmallVec<[Option<usize>; 3]> = inputs
                .iter()
                .enumerate()
                .map(|(argument, input)| program.place(input).filter(|_| op.hands_on(argument)))
                .collect();
            program.bars.push(bar(node, reached[k] && bars.iter().any(Option::is_some)));
            program.values.push(node.output.unhandled());
            program.steps.push(Step { op: op.clone(), inputs, bars });
        }
        program
    }

    /// How many operations there are.
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let x = Tensor::full(&[3], 2.0);
    /// let program = TensorProgram::trace(1, &[&x], |x| Ok(x[0].exp().sum()))?;
    /// assert_eq!(program.operations(), 2);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn operations(&self) -> usize {
        self.steps.len()
    }

    /// The value at these arguments.
    ///
    /// # Errors
    /// When they have other shapes than the traced ones, or an operation does not take their values.
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let x = Tensor::full(&[3], 2.0);
    /// let mut program = TensorProgram::trace(1, &[&x], |x| Ok(&x[0] * 3.0))?;
    /// assert_eq!(program.value(&[&Tensor::full(&[3], 1.0)])?.to_vec(), [3.0; 3]);
    /// let error = program.value(&[&Tensor::full(&[4], 1.0)]).unwrap_err();
    /// assert_eq!(error.to_string(), "program: argument 0 must have the shape it was traced with, got [3] and [4]");
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn value<'a>(&'a mut self, arguments: &[&'a Tensor<T>]) -> Result<&'a Tensor<T>, Error> {
        tape::unrecorded(|| self.forward(arguments))?;
        Ok(self.result(arguments))
    }

    /// The value at these arguments, one number, and its gradient, which is left in [`gradient`](TensorProgram::gradient).
    ///
    /// # Errors
    /// As [`value`](TensorProgram::value), and when the result is not one number.
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let x = Tensor::full(&[2], 2.0);
    /// let mut program = TensorProgram::trace(1, &[&x], |x| Ok(x[0].powi(3).sum()))?;
    /// assert_eq!(program.value_and_gradient(&[&Tensor::full(&[2], 1.0)])?, 2.0);
    /// assert_eq!(program.gradient(0).map(Tensor::to_vec), Some(vec![3.0, 3.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn value_and_gradient(&mut self, arguments: &[&Tensor<T>]) -> Result<T, Error> {
        self.one_number_and_gradient(arguments, false)
    }

    /// The same value; but the gradient of a penalty on squares of a variable is not added to the rest of its
    /// gradient: it is left to the caller, in [`decay`](TensorProgram::decay).
    ///
    /// # Errors
    /// As [`value_and_gradient`](TensorProgram::value_and_gradient).
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let theta = Tensor::full(&[3], 2.0);
    /// // Σθ + ½ · 0.1 (θ₀² + θ₁²)
    /// let f = |a: &[Tensor]| a[0].sum().add_quadratic_penalty(0.05, &a[0], &[0..2].into());
    /// let mut program = TensorProgram::trace(1, &[&theta], f)?;
    /// program.value_and_gradient(&[&theta])?;
    /// assert_eq!(program.gradient(0).map(Tensor::to_vec), Some(vec![1.2, 1.2, 1.0]));
    /// program.value_and_gradient_before_decay(&[&theta])?;
    /// assert_eq!(program.gradient(0).map(Tensor::to_vec), Some(vec![1.0; 3]));
    /// let decay = program.decay(0).expect("there is a penalty");
    /// assert_eq!((decay.factor, &decay.parts[..]), (0.1, &[0..2][..]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn value_and_gradient_before_decay(&mut self, arguments: &[&Tensor<T>]) -> Result<T, Error> {
        self.one_number_and_gradient(arguments, true)
    }

    fn one_number_and_gradient(&mut self, arguments: &[&Tensor<T>], before_decay: bool) -> Result<T, Error> {
        tape::unrecorded(|| {
            self.forward(arguments)?;
            let value = self.result(arguments).item()?;
            self.backward(arguments, None, before_decay)?;
            Ok(value)
        })
    }

    /// What is to be added to the gradient by a variable, after
    /// [`value_and_gradient_before_decay`](TensorProgram::value_and_gradient_before_decay); else, and where there is no penalty,
    /// nothing.
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let x = Tensor::full(&[2], 2.0);
    /// let mut program = TensorProgram::trace(1, &[&x], |x| Ok(x[0].sum()))?;
    /// program.value_and_gradient_before_decay(&[&x])?;
    /// assert_eq!(program.decay(0), None);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn decay(&self, variable: usize) -> Option<&Decay<T>> {
        self.decays.get(variable)?.as_ref()
    }

    /// The vector-Jacobian products at these arguments for the cotangent `seed` of the result, left in
    /// [`gradient`](TensorProgram::gradient).
    ///
    /// # Errors
    /// As [`value`](TensorProgram::value), and when the seed has not the shape of the result.
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let x = Tensor::full(&[2], 2.0);
    /// let mut program = TensorProgram::trace(1, &[&x], |x| Ok(x[0].powi(2)))?;
    /// program.vjp(&[&x], &Tensor::from_slice(&[1.0, 10.0], &[2])?)?;
    /// assert_eq!(program.gradient(0).map(Tensor::to_vec), Some(vec![4.0, 40.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn vjp(&mut self, arguments: &[&Tensor<T>], seed: &Tensor<T>) -> Result<(), Error> {
        tape::unrecorded(|| {
            self.forward(arguments)?;
            let result = self.result(arguments);
            if seed.dims() != result.dims() {
                let want = "the seed must have the shape of the result";
                return Err(Error::shape("program", want, &[seed.shape(), result.shape()]));
            }
            self.backward(arguments, Some(seed), false)
        })
    }

    /// The cotangent of a variable as the last sweep left it, zero before the first; `None` if the result does not depend
    /// on it.
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let x = Tensor::full(&[2], 2.0);
    /// let mut program = TensorProgram::trace(2, &[&x, &x], |x| Ok(x[0].sum()))?;
    /// program.value_and_gradient(&[&x, &x])?;
    /// assert!(program.gradient(0).is_some() && program.gradient(1).is_none());
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn gradient(&self, variable: usize) -> Option<&Tensor<T>> {
        self.bars[..self.shapes.len()].get(variable)?.as_ref().map(Accumulator::sum)
    }

    /// The same, to be changed: to clip it, say. The next sweep writes it anew.
    ///
    /// ```
    /// use tape::{Tensor, TensorProgram};
    /// let x = Tensor::full(&[2], 2.0);
    /// let mut program = TensorProgram::trace(1, &[&x], |x| Ok(x[0].powi(2).sum()))?;
    /// program.value_and_gradient(&[&x])?;
    /// program.gradient_mut(0).expect("x is a variable")[1] = 0.5;
    /// assert_eq!(program.gradient(0).map(Tensor::to_vec), Some(vec![4.0, 0.5]));
    /// program.value_and_gradient(&[&x])?;
    /// assert_eq!(program.gradient(0).map(Tensor::to_vec), Some(vec![4.0, 4.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn gradient_mut(&mut self, variable: usize) -> Option<&mut [T]> {
        let bar = self.bars[..self.shapes.len()].get_mut(variable)?.as_mut()?;
        Some(bar.sum_mut().as_mut_slice())
    }

    /// Which cotangent belongs to a source, if it has one.
    fn place(&self, source: &Source<T>) -> Option<usize> {
        let place = match source {
            Source::Argument(k) => *k,
            Source::Step(k) => self.shapes.len() + k,
            Source::Constant(_) => return None,
        };
        self.bars[place].is_some().then_some(place)
    }

    fn result<'a>(&'a self, arguments: &[&'a Tensor<T>]) -> &'a Tensor<T> {
        found(&self.result, arguments, &self.values)
    }

    fn forward(&mut self, arguments: &[&Tensor<T>]) -> Result<(), Error> {
        if arguments.len() != self.shapes.len() {
            let want = format!("wants {} arguments", self.shapes.len());
            return Err(Error::Length { operation: "program", want, got: arguments.len() });
        }
        for (k, (argument, shape)) in arguments.iter().zip(&self.shapes).enumerate() {
            if argument.dims() != shape {
                let want = format!("argument {k} must have the shape it was traced with");
                return Err(Error::shape("program", want, &[shape, argument.dims()]));
            }
        }
        for (k, step) in self.steps.iter().enumerate() {
            let (before, rest) = self.values.split_at_mut(k);
            step.with_inputs(arguments, before, |inputs| step.op.forward_again(inputs, &mut rest[0]))?;
        }
        Ok(())
    }

    fn backward(
        &mut self,
        arguments: &[&Tensor<T>],
        seed: Option<&Tensor<T>>,
        before_decay: bool,
    ) -> Result<(), Error> {
        self.bars.iter_mut().flatten().for_each(Accumulator::restart);
        self.decays.fill(None);
        let Some(result) = self.place(&self.result) else {
            // The result depends on variables by what hands nothing on.
            self.bars.iter_mut().flatten().for_each(Accumulator::complete);
            return Ok(());
        };
        if before_decay {
            self.bars[..self.shapes.len()].iter_mut().flatten().for_each(Accumulator::leave_beside);
        }
        if let Some(bar) = &mut self.bars[result] {
            let (bar, _) = bar.whole();
            match seed {
                Some(seed) => bar.copy_from_slice(seed.as_slice()),
                None => bar.fill(T::from_f64(1.0)),
            }
        }
        let first = self.shapes.len();
        for (k, step) in self.steps.iter().enumerate().rev() {
            let (bars, rest) = self.bars.split_at_mut(first + k);
            let Some(y_bar) = &mut rest[0] else { continue };
            let (before, rest) = self.values.split_at(k);
            let output = &rest[0];
            y_bar.complete();
            step.with_inputs(arguments, before, |inputs| {
                let given = Inputs::Given(inputs);
                step.op.inner_cotangent_in_place(given, output, y_bar.sum_mut());
                let at = At { inputs: given, output, cotangent: y_bar.sum() };
                for (argument, place) in step.bars.iter().enumerate() {
                    let Some(x_bar) = place.and_then(|place| bars[place].as_mut()) else { continue };
                    if step.op.adds_in_place(argument) {
                        step.op.pullback_onto(&at, argument, x_bar);
                    } else {
                        x_bar.add(step.op.pullback(&at, argument)?.summed_to(inputs[argument].shape())?);
                    }
                }
                Ok(())
            })?;
        }
        self.bars[..first].iter_mut().flatten().for_each(Accumulator::complete);
        if before_decay {
            for ((bar, decay), argument) in self.bars.iter_mut().zip(&mut self.decays).zip(arguments) {
                let beside = bar.as_mut().and_then(|bar| bar.take_beside(argument));
                *decay = beside.map(|(factor, parts)| Decay { factor, parts });
            }
        }
        Ok(())
    }
}

impl<T: Float> Step<T> {
    /// Runs `body` on the inputs. They stand in an array, since a vector is moved, and waits for its parts.
    #[inline]
    fn with_inputs<'a, R>(
        &'a self,
        arguments: &[&'a Tensor<T>],
        values: &'a [Tensor<T>],
        body: impl FnOnce(&[&'a Tensor<T>]) -> R,
    ) -> R {
        let find = |k: usize| found(&self.inputs[k], arguments, values);
        match self.inputs.len() {
            1 => body(&[find(0)]),
            2 => body(&[find(0), find(1)]),
            3 => body(&[find(0), find(1), find(2)]),
            more => body(&(0..more).map(find).collect::<Vec<_>>()),
        }
    }
}

#[inline]
fn found<'a, T: Float>(
    source: &'a Source<T>,
    arguments: &[&'a Tensor<T>],
    values: &'a [Tensor<T>],
) -> &'a Tensor<T> {
    match source {
        Source::Argument(k) => arguments[*k],
        Source::Step(k) => &values[*k],
        Source::Constant(constant) => constant,
    }
}
