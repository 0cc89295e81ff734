//! Einstein's summation over one or two tensors, composed of diagonals, sums, permutations and one batched product.

use super::Tensor;
use super::broadcast::Repeated;
use crate::shape::Axes;
use crate::{Error, Float, Shape};
use smallvec::SmallVec;

/// What an axis is called: a letter, or the place of an axis that the dots stand for, counted from the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Dots(usize),
    Letter(char),
}

type Labels = SmallVec<[Label; 6]>;

impl<T: Float> Tensor<T> {
    /// The sums that `equation` names: a letter for each axis of each tensor, an arrow, and the letters of the result.
    /// What the result does not name is summed over.
    ///
    /// A letter twice in one tensor means its diagonal. `...` stands for all axes that no letter names; they broadcast.
    /// Without an arrow the result has the axes of the dots, then the letters that stand once, in the order of the
    /// alphabet (NumPy's `einsum`). Letters are those of ASCII, small ones after capitals; spaces do not count.
    ///
    /// # Errors
    /// When there is not one tensor or two, the equation can't be read or does not fit them, a letter stands for axes of
    /// different lengths, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let a = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(Tensor::einsum("ij,jk->ik", &[&a, &a])?, a.matmul(&a)?);
    /// assert_eq!(Tensor::einsum("ii", &[&a])?.item(), Ok(5.0)); // the trace
    /// assert_eq!(Tensor::einsum("...i->...", &[&a])?.to_vec(), [3.0, 7.0]);
    /// let error = Tensor::einsum("ij,ij", &[&a, &Tensor::zeros(&[2, 3])]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "einsum: `ij,ij`: `j` must stand for one length, has 2 and 3, got [2, 2] and [2, 3]",
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn einsum(equation: &str, tensors: &[&Tensor<T>]) -> Result<Self, Error> {
        let (mut operands, output) = read(equation, tensors)?;
        match operands.len() {
            1 => operands.remove(0).summed(|label| !output.contains(&label))?.arranged(&output),
            _ => {
                let b = operands.remove(1);
                contracted(operands.remove(0), b, &output)?.arranged(&output)
            }
        }
    }
}

/// A tensor whose axes have labels.
#[derive(Clone, Debug)]
struct Labelled<T: Float> {
    tensor: Tensor<T>,
    /// One for each axis, each once after [`diagonal`](Labelled::diagonal).
    labels: Labels,
}

impl<T: Float> Labelled<T> {
    fn length(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|&own| own == label).map(|axis| self.tensor.shape()[axis])
    }

    /// Along axes with one label only those elements whose indices are equal.
    fn diagonal(self) -> Result<Self, Error> {
        let (shape, mut stride) = (self.tensor.dims().clone(), 1);
        let (mut labels, mut lengths, mut strides) = (Labels::new(), Axes::new(), Axes::new());
        for (axis, &label) in self.labels.iter().enumerate().rev() {
            match labels.iter().position(|&other| other == label) {
                Some(k) => strides[k] += stride,
                None => {
                    labels.push(label);
                    lengths.push(shape[axis]);
                    strides.push(stride);
                }
            }
            stride *= shape[axis];
        }
        if labels.len() == self.labels.len() {
            return Ok(self);
        }
        labels.reverse();
        lengths.reverse();
        strides.reverse();
        let picked = Shape::new(&lengths);
        let offsets = Repeated::with_strides(&lengths, strides).take(picked.elements()).collect();
        Ok(Labelled { tensor: self.tensor.pick(offsets, picked)?, labels })
    }

    /// Summed over the axes with such labels.
    fn summed(mut self, over: impl Fn(Label) -> bool) -> Result<Self, Error> {
        let axes: Axes = (0..self.labels.len()).filter(|&axis| over(self.labels[axis])).collect();
        if !axes.is_empty() {
            self.tensor = self.tensor.sum_axes(&axes, false)?;
            self.labels.retain(|label| !over(*label));
        }
        Ok(self)
    }

    /// The tensor with its axes in the order of these labels, which are all that it has.
    fn arranged(self, labels: &[Label]) -> Result<Tensor<T>, Error> {
        if *self.labels == *labels {
            return Ok(self.tensor);
        }
        let place =
            |label| self.labels.iter().position(|own| own == label).expect("the output has its labels");
        self.tensor.permute(&labels.iter().map(place).collect::<Axes>())
    }

    /// The tensor with the axes of each group made one, and whether the last two groups stand the other way round: so
    /// they do where that spares moving elements.
    fn grouped(self, [batch, first, second]: [&[Label]; 3]) -> Result<(Tensor<T>, bool), Error> {
        let count = |group: &[Label]| -> usize {
            group.iter().map(|&label| self.length(label).expect("a group has labels of the tensor")).product()
        };
        let (mut shape, mut counts) = (Axes::new(), [count(first), count(second)]);
        if !batch.is_empty() {
            shape.push(count(batch));
        }
        let order = [batch, first, second].concat();
        let exchanged = *self.labels != *order && *self.labels == *[batch, second, first].concat();
        let tensor = if exchanged { self.tensor } else { self.arranged(&order)? };
        if exchanged {
            counts.reverse();
        }
        shape.extend(counts);
        Ok((tensor.reshape(&shape)?, exchanged))
    }
}

/// The products of two tensors, summed over the labels that the output does not have.
fn contracted<T: Float>(a: Labelled<T>, b: Labelled<T>, output: &[Label]) -> Result<Labelled<T>, Error> {
    // Axes of length 1 that broadcast leave the repeating to the other tensor.
    let narrow = |label: Label, own: &Labelled<T>, other: &Labelled<T>| {
        own.length(label) == Some(1) && other.length(label).is_some_and(|length| length != 1)
    };
    let alone = |label: Label, other: &Labelled<T>| !output.contains(&label) && other.length(label).is_none();
    let (of_a, of_b) = (a.clone(), b.clone());
    let a = a.summed(|label| narrow(label, &of_a, &of_b))?;
    let b = b.summed(|label| narrow(label, &of_b, &of_a))?;
    let (of_a, of_b) = (a.clone(), b.clone());
    let mut a = a.summed(|label| alone(label, &of_b))?;
    let mut b = b.summed(|label| alone(label, &of_a))?;
    let first_of = |own: &Labelled<T>, other: &Labelled<T>| {
        output.iter().position(|label| own.labels.contains(label) && !other.labels.contains(label))
    };
    if let (Some(left), Some(right)) = (first_of(&a, &b), first_of(&b, &a))
        && right < left
    {
        std::mem::swap(&mut a, &mut b);
    }

    let named = |in_a: bool, in_b: bool| -> Labels {
        let here = |label: &&Label| a.labels.contains(label) == in_a && b.labels.contains(label) == in_b;
        output.iter().filter(here).copied().collect()
    };
    let (batch, left, right) = (named(true, true), named(true, false), named(false, true));
    let inner: Labels = a.labels.iter().filter(|label| !output.contains(label)).copied().collect();
    let lengths = |of: &Labelled<T>, labels: &[Label]| -> Axes {
        labels.iter().map(|&label| of.length(label).expect("a group has labels of the tensor")).collect()
    };
    let shape: Axes =
        [lengths(&a, &batch), lengths(&a, &left), lengths(&b, &right)].into_iter().flatten().collect();
    let labels = [&*batch, &*left, &*right].concat().into();

    if inner.is_empty() {
        // Nothing to sum: a product of elements, each tensor with axes of length 1 for those of the other.
        let ones = |count| Axes::from_elem(1, count);
        let spread_a: Axes =
            shape[..batch.len() + left.len()].iter().copied().chain(ones(right.len())).collect();
        let spread_b: Axes =
            lengths(&b, &batch).into_iter().chain(ones(left.len())).chain(lengths(&b, &right)).collect();
        let a = a.arranged(&[&*batch, &*left].concat())?.reshape(&spread_a)?;
        let b = b.arranged(&[&*batch, &*right].concat())?.reshape(&spread_b)?;
        return Ok(Labelled { tensor: a.mul(&b)?, labels });
    }
    if left.is_empty() && right.is_empty() {
        // Scalar products: one pass over elements, where a batch of products would be one call for each.
        let order = [&*batch, &*inner].concat();
        let product = a.arranged(&order)?.mul(&b.arranged(&order)?)?;
        let axes: Axes = (batch.len()..order.len()).collect();
        return Ok(Labelled { tensor: product.sum_axes(&axes, false)?, labels });
    }
    let (a, a_transposed) = a.grouped([&batch, &left, &inner])?;
    let (b, b_transposed) = b.grouped([&batch, &inner, &right])?;
    let product = super::matmul::multiply([a_transposed, b_transposed], &a, &b)?;
    Ok(Labelled { tensor: product.reshape(&shape)?, labels })
}

/// The tensors with their labels, each label once in each, and the labels of the output.
fn read<T: Float>(equation: &str, tensors: &[&Tensor<T>]) -> Result<(Vec<Labelled<T>>, Labels), Error> {
    if !(1..=2).contains(&tensors.len()) {
        let want = "wants one tensor or two".to_owned();
        return Err(Error::Length { operation: "einsum", want, got: tensors.len() });
    }
    let shapes: Vec<&[usize]> = tensors.iter().map(|tensor| tensor.shape()).collect();
    let fault = |want: String| Error::shape("einsum", format!("`{equation}`: {want}"), &shapes);

    let text: String = equation.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (&*text, None),
    };
    let inputs: Vec<&str> = inputs.split(',').collect();
    if inputs.len() != tensors.len() {
        return Err(fault(format!("wants {} tensors", inputs.len())));
    }
    let mut operands = Vec::with_capacity(tensors.len());
    let mut dots = 0;
    for (text, &tensor) in inputs.into_iter().zip(tensors) {
        let rank = tensor.dims().rank();
        let (before, after) = letters(text).map_err(fault)?;
        let named = before.len() + after.as_ref().map_or(0, |after| after.len());
        let hidden = match after {
            Some(_) if named <= rank => rank - named,
            None if named == rank => 0,
            _ => return Err(fault(format!("`{text}` names {named} axes of a tensor that has {rank}"))),
        };
        dots = dots.max(hidden);
        let labels =
            before.into_iter().chain((0..hidden).rev().map(Label::Dots)).chain(after.unwrap_or_default());
        operands.push(Labelled { tensor: tensor.clone(), labels: labels.collect() });
    }

    // One length for each label; the axes of the dots broadcast.
    let all =
        || operands.iter().flat_map(|of| of.labels.iter().copied().zip(of.tensor.shape().iter().copied()));
    for (label, length) in all() {
        for (other, its) in all() {
            let fits = length == its || (matches!(label, Label::Dots(_)) && (length == 1 || its == 1));
            if label == other && !fits {
                let name = match label {
                    Label::Letter(letter) => format!("`{letter}` must stand for one length"),
                    Label::Dots(_) => "the axes of `...` must broadcast".to_owned(),
                };
                return Err(fault(format!("{name}, has {length} and {its}")));
            }
        }
    }

    let all_dots = (0..dots).rev().map(Label::Dots);
    let output: Labels = match output {
        Some(text) => {
            let (before, after) = letters(text).map_err(fault)?;
            if after.is_none() && dots > 0 {
                return Err(fault("the output must have `...` too, where it stands for axes".to_owned()));
            }
            let shown = after.is_some().then_some(all_dots).into_iter().flatten();
            before.into_iter().chain(shown).chain(after.unwrap_or_default()).collect()
        }
        None => {
            let count = |label: Label| all().filter(|(other, _)| *other == label).count();
            let letters = ('A'..='Z').chain('a'..='z').map(Label::Letter);
            all_dots.chain(letters.filter(|&letter| count(letter) == 1)).collect()
        }
    };
    for (k, label) in output.iter().enumerate() {
        if let Label::Letter(letter) = label {
            if output[..k].contains(label) {
                return Err(fault(format!("`{letter}` stands twice in the output")));
            }
            if all().all(|(other, _)| other != *label) {
                return Err(fault(format!("`{letter}` of the output is in no tensor")));
            }
        }
    }
    let operands = operands.into_iter().map(Labelled::diagonal).collect::<Result<_, _>>()?;
    Ok((operands, output))
}

/// The letters before the dots, and where there are dots, those after.
fn letters(text: &str) -> Result<(Labels, Option<Labels>), String> {
    let of = |part: &str| -> Result<Labels, String> {
        let label = |letter: char| match letter {
            'a'..='z' | 'A'..='Z' => Ok(Label::Letter(letter)),
            _ => Err(format!("wants letters, `...`, `,` and one `->`, has `{letter}`")),
        };
        part.chars().map(label).collect()
    };
    match text.split_once("...") {
        Some((before, after)) => Ok((of(before)?, Some(of(after)?))),
        None => Ok((of(text)?, None)),
    }
}
