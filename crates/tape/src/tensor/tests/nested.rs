//! Tensors from nested arrays and from rows.

use crate::{Error, Tensor};

#[test]
fn nested_arrays_are_tensors_of_as_many_axes() {
    assert_eq!(Tensor::from([1.0, 2.0]), Tensor::from_slice(&[1.0, 2.0], &[2]).unwrap());
    let matrix = Tensor::from([[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(matrix, Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]).unwrap());
    let deep = Tensor::from([[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]]]);
    assert_eq!(deep, Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[3, 1, 2]).unwrap());
    assert_eq!(Tensor::from([[0.0_f64; 3]; 0]).shape(), [0, 3]);
    assert_eq!(Tensor::from([[[0.0_f64; 0]; 2]; 3]).shape(), [3, 2, 0]);
    assert_eq!(Tensor::from(Vec::<f64>::new()).shape(), [0]);
}

#[test]
fn a_vector_is_taken_over_and_rows_are_copied() {
    let elements = vec![1.0, 2.0, 3.0];
    let at = elements.as_ptr();
    assert_eq!(Tensor::from(elements).as_slice().as_ptr(), at);
    let rows = vec![vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.0]];
    assert_eq!(Tensor::try_from(&rows[..2]), Ok(Tensor::from([[1.0, 2.0], [3.0, 4.0]])));
    assert_eq!(Tensor::try_from(rows), Ok(Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])));
    let shape = |rows: Vec<Vec<f32>>| Tensor::try_from(rows).map(|x| x.shape().to_vec());
    assert_eq!(shape(vec![]), Ok(vec![0, 0]));
    assert_eq!(shape(vec![vec![], vec![]]), Ok(vec![2, 0]));
}

#[test]
fn ragged_rows_are_an_error_that_names_the_row() {
    let ragged = |rows: Vec<Vec<f64>>| Tensor::try_from(rows).unwrap_err();
    let longer = ragged(vec![vec![1.0], vec![2.0], vec![3.0, 4.0]]);
    assert_eq!(longer.to_string(), "from rows: wants 1 elements in row 2, as in row 0, got 2");
    assert!(matches!(ragged(vec![vec![], vec![2.0]]), Error::Length { got: 1, .. }));
}
