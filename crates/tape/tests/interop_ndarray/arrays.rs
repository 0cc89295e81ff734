// What holds of either version, which the module that includes this names `ndarray`.

use self::ndarray::{Array1, Array2, Array3, ArrayD, ArrayViewD, Axis, Ix2, ShapeBuilder, array, s};
use tape::{Dual, Error, Program, Tape, Tensor, Var, grad, hvp};

/// `Σ tanh(A x)²`, with `dot`, `mapv`, arithmetic of arrays and `sum`.
macro_rules! network {
    ($x:expr) => {{
        let x = $x;
        let a = Array2::from_shape_vec((2, 2), x[..4].to_vec()).expect("four numbers");
        let b = Array1::from(x[4..].to_vec());
        let y = a.dot(&b).mapv(|y| y.tanh());
        let z = &y * &y + &b * x[0] - a.sum_axis(Axis(0));
        (&z * &z).sum() + a.dot(&a.t()).diag().sum()
    }};
}

const X: [f64; 6] = [0.3, -0.2, 0.5, 0.7, 1.1, -0.4];

#[test]
fn dot_mapv_and_sum_differentiate() {
    let gradient = grad(|x| network!(x), &X);
    for k in 0..6 {
        let at = |step: f64| {
            let mut x = X;
            x[k] += step;
            network!(&x)
        };
        let want = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((gradient[k] - want).abs() < 1e-8, "{gradient:?}");
    }
    let program = Program::trace(|x| network!(x), &X);
    assert!(program.gradient().iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-12));
    let single = grad(|x| network!(x), &X.map(|x| x as f32));
    assert!(single.iter().zip(&gradient).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5));
}

#[test]
fn arrays_of_duals_of_recorded_numbers_give_hessians() {
    let moved = |h: f64| grad(|x| network!(x), &[X[0] + h, X[1], X[2], X[3], X[4], X[5]]);
    let product =
        hvp(|x: &[Dual<Var>]| network!(x), &X, &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]).expect("lengths fit");
    for (got, (ahead, behind)) in product.iter().zip(moved(1e-5).iter().zip(moved(-1e-5))) {
        assert!((got - (ahead - behind) / 2e-5).abs() < 1e-7, "{product:?}");
    }
}

#[test]
fn arrays_become_tensors_without_a_copy_where_they_lie_in_order() -> Result<(), Error> {
    let array = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let at = array.as_ptr();
    let tensor = Tensor::from(array.clone());
    assert_eq!((tensor.shape(), tensor.to_vec()), (&[2, 3][..], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let moved = Tensor::from(array.clone().into_shape_with_order((3, 2)).expect("six numbers"));
    assert_eq!(moved.shape(), [3, 2]);
    assert_eq!(
        Tensor::from(array.view().reversed_axes().to_owned()).to_vec(),
        [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    );
    assert_eq!(Tensor::from(array.clone().slice_move(s![1.., ..2])).to_vec(), [4.0, 5.0]);
    assert_eq!(Tensor::from(array.slice(s![.., ..;2])).to_vec(), [1.0, 3.0, 4.0, 6.0]);
    assert_eq!(Tensor::from(array).as_slice().as_ptr(), at);
    assert_eq!(Tensor::from(Array2::<f32>::zeros((3, 0))).shape(), [3, 0]);
    Ok(())
}

#[test]
fn arrays_of_any_layout_are_read_in_order() -> Result<(), Error> {
    let array = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (100 * i + 10 * j + k) as f64);
    let column_major = Array3::from_shape_fn((2, 3, 4).f(), |(i, j, k)| (100 * i + 10 * j + k) as f64);
    assert_eq!(Tensor::from(&column_major), Tensor::from(&array));
    assert_eq!(Tensor::from(column_major), Tensor::from(array.clone()));
    let steps = Tensor::from(array.slice(s![.., ..;2, ..;-3]));
    assert_eq!((steps.shape(), steps.to_vec()), (
        &[2, 2, 2][..],
        vec![3.0, 0.0, 23.0, 20.0, 103.0, 100.0, 123.0, 120.0],
    ));
    let moved = Tensor::from(array.view().permuted_axes([2, 0, 1]));
    assert_eq!((moved.shape(), &moved.to_vec()[..7]), (&[4, 2, 3][..], &[0.0, 10.0, 20.0, 100.0, 110.0, 120.0, 1.0][..]));
    let repeated = Tensor::from(array![1.0, 2.0].broadcast((2, 2)).expect("two rows of it"));
    assert_eq!(repeated, Tensor::from([[1.0, 2.0], [1.0, 2.0]]));
    // Owned, and turned round in place: as an array of its own, but not from the start of its memory.
    let mut turned = array![1.0_f32, 2.0, 3.0];
    turned.invert_axis(Axis(0));
    assert_eq!(Tensor::from(turned).to_vec(), [3.0, 2.0, 1.0]);
    assert_eq!(Tensor::from(Array2::<f32>::zeros((0, 3)).t()).shape(), [3, 0]);
    Ok(())
}

#[test]
fn tensors_become_views_without_a_copy_and_arrays_with_one() -> Result<(), Error> {
    let tensor = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    let view = ArrayViewD::from(&tensor);
    assert_eq!(view.as_ptr(), tensor.as_slice().as_ptr());
    assert_eq!(
        view.into_dimensionality::<Ix2>().map(|view| view.dot(&view)),
        Ok(array![[7.0, 10.0], [15.0, 22.0]])
    );
    assert_eq!(Tensor::from(ArrayD::from(&tensor)), tensor);
    assert_eq!(ArrayD::from(&Tensor::scalar(3.0)).ndim(), 0);
    Ok(())
}

#[test]
fn gradients_cross_between_arrays_of_scalars_and_tensors() -> Result<(), Error> {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?);
    let scalars = ArrayD::<Var>::try_from(&x)?;
    let squares = scalars.mapv(|x| x * x);
    let y = (&Tensor::try_from(&squares)? * 10.0).sum();
    assert_eq!(tape.sweep(&y)?.of(&x)?.to_vec(), [20.0, 40.0, 60.0, 80.0]);
    Ok(())
}
