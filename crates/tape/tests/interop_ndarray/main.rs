//! Arrays of handles compute and differentiate; arrays and tensors become each other, in both versions of the crate.

#[cfg(feature = "ndarray")]
mod version_0_17 {
    use ndarray;
    include!("arrays.rs");
}

#[cfg(feature = "ndarray-0_16")]
mod version_0_16 {
    use ndarray_0_16 as ndarray;
    include!("arrays.rs");
}
