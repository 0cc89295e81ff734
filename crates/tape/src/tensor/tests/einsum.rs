//! Einstein's summation against loops over all indices, and its derivatives against differences.

use super::derivatives::confirm;
use super::{filled, indices};
use crate::{Error, Tensor};
use proptest::prelude::*;

/// The sums by loops over all letters; letters alone, and the output given.
fn by_loops(equation: &str, tensors: &[&Tensor]) -> Tensor {
    let (inputs, output) = equation.split_once("->").expect("an output");
    let inputs: Vec<Vec<char>> = inputs.split(',').map(|input| input.chars().collect()).collect();
    let mut letters: Vec<char> = inputs.concat();
    letters.sort_unstable();
    letters.dedup();
    let length = |letter: char| {
        let of_one = |(input, tensor): (&Vec<char>, &&Tensor)| {
            input.iter().position(|&own| own == letter).map(|axis| tensor.shape()[axis])
        };
        inputs.iter().zip(tensors).find_map(of_one).expect("a letter of an input")
    };
    let lengths: Vec<usize> = letters.iter().map(|&letter| length(letter)).collect();
    let shape: Vec<usize> = output.chars().map(length).collect();
    let mut y = Tensor::zeros(&shape);
    for index in indices(&lengths) {
        let of = |letter: char| index[letters.iter().position(|&own| own == letter).unwrap()];
        let place = |letters: &mut dyn Iterator<Item = char>| {
            letters.fold(0, |place, letter| place * length(letter) + of(letter))
        };
        let factor =
            |(input, tensor): (&Vec<char>, &&Tensor)| tensor.as_slice()[place(&mut input.iter().copied())];
        let product: f64 = inputs.iter().zip(tensors).map(factor).product();
        y.as_mut_slice()[place(&mut output.chars())] += product;
    }
    y
}

fn close(got: &Tensor, want: &Tensor) {
    assert_eq!(got.shape(), want.shape());
    for (got, want) in got.as_slice().iter().zip(want.as_slice()) {
        assert!((got - want).abs() < 1e-13, "{got}, wants {want}");
    }
}

/// Letters of inputs, which may repeat, and those of an output, which may not.
fn equations() -> impl Strategy<Value = (Vec<Vec<char>>, Vec<char>)> {
    let letter = prop::sample::select(vec!['i', 'j', 'k', 'l', 'B']);
    let inputs = prop::collection::vec(prop::collection::vec(letter, 0..4), 1..3);
    inputs.prop_flat_map(|inputs| {
        let mut letters = inputs.concat();
        letters.sort_unstable();
        letters.dedup();
        let count = 0..=letters.len();
        let output = prop::sample::subsequence(letters, count).prop_shuffle();
        (Just(inputs), output)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn any_equation_is_what_loops_over_its_letters_say(
        (inputs, output) in equations(), lengths in prop::collection::vec(0_usize..4, 5)
    ) {
        let length = |letter: &char| lengths["ijklB".find(*letter).unwrap()];
        let tensors: Vec<Tensor> = inputs.iter().enumerate().map(|(k, input)| {
            filled(&input.iter().map(length).collect::<Vec<_>>(), k as u64)
        }).collect();
        let tensors: Vec<&Tensor> = tensors.iter().collect();
        let text = |letters: &Vec<char>| letters.iter().collect::<String>();
        let equation = format!("{}->{}", inputs.iter().map(text).collect::<Vec<_>>().join(","), text(&output));
        close(&Tensor::einsum(&equation, &tensors).unwrap(), &by_loops(&equation, &tensors));
    }
}

#[test]
fn without_an_arrow_letters_that_stand_once_come_in_the_order_of_the_alphabet() {
    let (a, b) = (filled(&[2, 3], 1), filled(&[3, 4], 2));
    let einsum = |equation: &str, tensors: &[&Tensor]| Tensor::einsum(equation, tensors).unwrap();
    close(&einsum("kj,ji", &[&a, &b]), &by_loops("kj,ji->ik", &[&a, &b]));
    close(&einsum("ba", &[&a]), &a.transpose());
    close(&einsum("aB", &[&a]), &a.transpose());
    close(&einsum(" i j , j k -> i k ", &[&a, &b]), &a.matmul(&b).unwrap());
    close(&einsum("ii", &[&filled(&[3, 3], 1)]), &by_loops("ii->", &[&filled(&[3, 3], 1)]));
    close(&einsum(",ij", &[&Tensor::scalar(2.0), &a]), &(&a * 2.0));
}

#[test]
fn dots_stand_for_the_axes_that_no_letter_names_and_broadcast() {
    let einsum = |equation: &str, tensors: &[&Tensor]| Tensor::einsum(equation, tensors).unwrap();
    let (a, b) = (filled(&[2, 1, 3, 4], 1), filled(&[5, 4, 2], 2));
    close(&einsum("...ij,...jk->...ik", &[&a, &b]), &a.matmul(&b).unwrap());
    close(&einsum("...ij,...jk", &[&a, &b]), &a.matmul(&b).unwrap());
    close(&einsum("...ij->...ji", &[&a]), &a.permute(&[0, 1, 3, 2]).unwrap());
    close(&einsum("i...->...i", &[&a]), &a.permute(&[1, 2, 3, 0]).unwrap());
    close(
        &einsum("...,...", &[&filled(&[2, 3], 1), &filled(&[3], 2)]),
        &(filled(&[2, 3], 1) * filled(&[3], 2)),
    );
    close(&einsum("...i,i->...", &[&a, &filled(&[4], 3)]), &a.matmul(filled(&[4], 3)).unwrap());
    close(&einsum("ij...,...", &[&filled(&[2, 3], 1), &Tensor::scalar(3.0)]), &(filled(&[2, 3], 1) * 3.0));
    close(&einsum("...ii->...i", &[&filled(&[2, 3, 3], 4)]), &by_loops("bii->bi", &[&filled(&[2, 3, 3], 4)]));
    close(
        &einsum("a...,...->a...", &[&filled(&[2, 1, 3], 1), &filled(&[0, 1], 2)]),
        &Tensor::zeros(&[2, 0, 3]),
    );
}

#[test]
fn sums_of_products_have_the_derivatives_that_differences_say() {
    let of_two: [(&str, &[usize], &[usize]); 12] = [
        ("bij,bjk->bik", &[2, 2, 3], &[2, 3, 2]),
        ("ij,kj->ki", &[2, 3], &[4, 3]),
        ("i,i->", &[3], &[3]),
        ("bi,bi->b", &[2, 3], &[2, 3]),
        ("i,j->ji", &[2], &[3]),
        ("ijk,k->ij", &[2, 2, 3], &[3]),
        ("iij,jkk->ik", &[2, 2, 3], &[3, 2, 2]),
        ("ijl,kj->k", &[2, 3, 2], &[2, 3]),
        ("ab,cd->", &[2, 2], &[2, 3]),
        ("...ij,...j->...i", &[2, 1, 2, 3], &[3, 3]),
        ("ij,jk->ik", &[2, 0], &[0, 3]),
        ("abc,cdb->ad", &[2, 3, 2], &[2, 2, 3]),
    ];
    for (equation, a, b) in of_two {
        confirm(equation, |x| Tensor::einsum(equation, &[&x[0], &x[1]]), &[filled(a, 1), filled(b, 2)]);
    }
    for (equation, a) in [("ii", &[3, 3][..]), ("ii->i", &[3, 3]), ("ijk->kj", &[2, 3, 2]), ("ij->", &[2, 3])]
    {
        confirm(equation, |x| Ok(Tensor::einsum(equation, &[&x[0]])?.powi(2)), &[filled(a, 1)]);
    }
    confirm("x with itself", |x| Tensor::einsum("ij,jk->ik", &[&x[0], &x[0]]), &[filled(&[3, 3], 1)]);
}

#[test]
fn what_is_wrong_with_an_equation_is_said() {
    let a = Tensor::<f64>::zeros(&[2, 3]);
    let says = |equation: &str, tensors: &[&Tensor], want: &str| {
        let error: Error = Tensor::einsum(equation, tensors).expect_err("it does not fit");
        assert_eq!(error.to_string(), format!("einsum: {want}"));
    };
    says(
        "ij,jk->ik",
        &[&a, &a],
        "`ij,jk->ik`: `j` must stand for one length, has 3 and 2, got [2, 3] and [2, 3]",
    );
    says("ii", &[&a], "`ii`: `i` must stand for one length, has 2 and 3, got [2, 3]");
    says(
        "...,...",
        &[&a, &Tensor::zeros(&[2])],
        "`...,...`: the axes of `...` must broadcast, has 3 and 2, got [2, 3] and [2]",
    );
    says("ijk->i", &[&a], "`ijk->i`: `ijk` names 3 axes of a tensor that has 2, got [2, 3]");
    says("i->i", &[&a], "`i->i`: `i` names 1 axes of a tensor that has 2, got [2, 3]");
    says("ij->ik", &[&a], "`ij->ik`: `k` of the output is in no tensor, got [2, 3]");
    says("ij->ii", &[&a], "`ij->ii`: `i` stands twice in the output, got [2, 3]");
    says("...j->j", &[&a], "`...j->j`: the output must have `...` too, where it stands for axes, got [2, 3]");
    says("i1->i", &[&a], "`i1->i`: wants letters, `...`, `,` and one `->`, has `1`, got [2, 3]");
    says("ij->i->j", &[&a], "`ij->i->j`: wants letters, `...`, `,` and one `->`, has `-`, got [2, 3]");
    says("ij,jk", &[&a], "`ij,jk`: wants 2 tensors, got [2, 3]");
    says("ij", &[], "wants one tensor or two, got 0");
    says("ij,ij,ij", &[&a, &a, &a], "wants one tensor or two, got 3");
}
