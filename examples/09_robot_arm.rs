//! The Jacobian of a robot arm, through the transformations of `nalgebra`: from the code that says where the hand is, to the
//! joint speeds that move it, and to the joint angles that bring it to a place.
//!
//! Run it with `cargo run --release --example 09_robot_arm --features tape/nalgebra`.

use nalgebra::{
    DVector, Isometry3, Matrix3, RealField, Rotation3, SVector, Translation3, UnitQuaternion, Vector3,
};
use tape::{Error, Real, jacobian};

/// The six joints of a PUMA 560 by Denavit and Hartenberg's rule: offset d and length a in metres, twist alpha (Corke &
/// Armstrong-Hélouvry 1994).
const JOINTS: [(f64, f64, f64); 6] = [
    (0.0, 0.0, 90.0),
    (0.0, 0.4318, 0.0),
    (0.15005, 0.0203, -90.0),
    (0.4318, 0.0, 90.0),
    (0.0, 0.0, -90.0),
    (0.0, 0.0, 0.0),
];

/// Where each joint and, last, the hand stands: generic code as anyone would write it with `nalgebra`.
fn frames<R: RealField + Copy>(angles: &[R]) -> Vec<Isometry3<R>> {
    let of = |x: f64| nalgebra::convert::<f64, R>(x);
    let mut frames = vec![Isometry3::identity()];
    for (&angle, (d, a, alpha)) in angles.iter().zip(JOINTS) {
        let turn = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), angle);
        let along = Translation3::new(of(a), of(0.0), of(d));
        let twist = UnitQuaternion::from_axis_angle(&Vector3::x_axis(), of(alpha.to_radians()));
        let last = *frames.last().expect("the base");
        // Rot_z(θ) Trans_z(d) Trans_x(a) Rot_x(α).
        frames.push(last * turn * along * twist);
    }
    frames
}

/// How far the hand is from where it should be: position, and the sine of the angle between the axes (Luh, Walker & Paul
/// 1980).
fn miss<R: Real + RealField>(angles: &[R], place: &Isometry3<f64>) -> Vec<R> {
    let hand = *frames(angles).last().expect("the hand");
    let aim: Isometry3<R> = nalgebra::convert(*place);
    let (axes, wanted) = (hand.rotation.to_rotation_matrix(), aim.rotation.to_rotation_matrix());
    let half = nalgebra::convert::<f64, R>(0.5);
    let crossed =
        |k: usize| wanted.matrix().column(k).into_owned().cross(&axes.matrix().column(k).into_owned());
    let turned = (crossed(0) + crossed(1) + crossed(2)) * half;
    let moved = hand.translation.vector - aim.translation.vector;
    moved.iter().chain(turned.iter()).copied().collect()
}

fn main() -> Result<(), Error> {
    let angles = [0.3, -0.8, 0.5, 0.2, 1.1, -0.4];
    let hand = |angles: &[f64]| *frames(angles).last().expect("the hand");

    // Three rows: metres of the hand per radian of each joint.
    let position = jacobian(|q| frames(q)[6].translation.vector.iter().copied().collect(), &angles);
    println!(
        "the hand is at {:.4} {:.4} {:.4} m; it moves, in m per rad of each joint, by",
        hand(&angles).translation.x,
        hand(&angles).translation.y,
        hand(&angles).translation.z
    );
    for row in position.as_slice().chunks(6) {
        println!("    {}", row.iter().map(|x| format!("{x:>9.5}")).collect::<String>());
    }
    // Mechanics says what it is: column k is zₖ × (p - pₖ), by the axis and place of joint k.
    let all = frames(&angles);
    for (k, frame) in all[..6].iter().enumerate() {
        let axis = frame.rotation * Vector3::z();
        let column = axis.cross(&(all[6].translation.vector - frame.translation.vector));
        for (row, want) in column.iter().enumerate() {
            assert!((position.as_slice()[row * 6 + k] - want).abs() < 1e-14);
        }
    }

    // Newton's method, damped: from the angles above to a place of the hand that other angles have.
    let place = hand(&[-0.4, -0.3, 0.1, 0.6, 0.8, 0.5]);
    let mut at = DVector::from_row_slice(&angles);
    println!("\ninverse kinematics:");
    for step in 0..30 {
        let far = DVector::from_vec(miss(at.as_slice(), &place));
        println!("    step {step}: the hand is off by {:.3e}", far.norm());
        if far.norm() < 1e-13 {
            break;
        }
        let slope = nalgebra::DMatrix::<f64>::try_from(&jacobian(|q| miss(q, &place), at.as_slice()))?;
        let damping = 0.01 * far.norm_squared();
        let damped = slope.transpose() * &slope + nalgebra::DMatrix::identity(6, 6) * damping;
        let step = damped.cholesky().expect("positive definite").solve(&(slope.transpose() * far));
        at -= step;
    }
    let error: SVector<f64, 3> = hand(at.as_slice()).translation.vector - place.translation.vector;
    let turn: Matrix3<f64> = (Rotation3::from(hand(at.as_slice()).rotation).inverse()
        * Rotation3::from(place.rotation))
    .into_inner();
    assert!(error.norm() < 1e-12 && (turn - Matrix3::identity()).norm() < 1e-10);
    println!("joint angles: {}", at.iter().map(|x| format!("{x:>9.5}")).collect::<String>());
    Ok(())
}
