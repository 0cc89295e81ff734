//! Elementwise functions, ours and those of `std` in a loop, in the cache and from memory.

use crate::peers::Number;
use crate::race::{Effort, race, side};
use num_traits::Float;
use std::hint::black_box;
use std::time::Duration;
use tape::kernel;

/// How many numbers: in the cache, and far beyond it.
const COUNTS: [usize; 2] = [4096, 16 << 20];

/// A function: ours, that of `std`, and elements per nanosecond, in cache and from memory, of the best vectorised
/// code found elsewhere, for `f32` and `f64`; that was measured on a Zen 3, which has AVX2.
struct Function<T> {
    name: &'static str,
    ours: fn(&[T], &mut [T]),
    std: fn(T) -> T,
    floors: [[Option<f64>; 2]; 2],
}

fn functions<T: Number>() -> [Function<T>; 5] {
    let none = [None; 2];
    [
        Function {
            name: "exp",
            ours: kernel::exp,
            std: <T as Float>::exp,
            floors: [[Some(3.0), Some(2.7)], [Some(0.42), Some(0.61)]],
        },
        Function {
            name: "sigmoid",
            ours: kernel::sigmoid,
            std: |x| (T::one() + Float::exp(-x)).recip(),
            floors: [[Some(1.5), Some(2.2)], [Some(0.49), None]],
        },
        Function {
            name: "tanh",
            ours: kernel::tanh,
            std: <T as Float>::tanh,
            floors: [[Some(1.3), Some(2.1)], none],
        },
        Function {
            name: "softplus",
            ours: kernel::softplus,
            std: |x| Float::max(x, T::zero()) + Float::ln_1p(Float::exp(-Float::abs(x))),
            floors: [[Some(0.43), Some(0.56)], none],
        },
        Function { name: "ln", ours: kernel::ln, std: |x| Float::ln(x), floors: [none, none] },
    ]
}

/// Races each function of one type and prints a line for it.
pub(crate) fn measure<T: Number>(effort: Effort) -> Result<(), String> {
    println!(
        "\nelementwise in {}: elements per ns; the floor was measured on a Zen 3, must is 0.9 of it\n",
        T::NAME
    );
    let place =
        |words: &str| format!("{words:>10}{:>8}{:>8}{:>10}{:>11}", "std", "floor", "of floor", "of std");
    println!("{:<10}{}{}", "", place("in cache"), place("memory"));
    for function in functions::<T>() {
        print!("{:<10}", function.name);
        for (place, count) in COUNTS.into_iter().enumerate() {
            // Numbers from -10 to 10, of which the logarithm takes the sizes.
            let number = |i: usize| {
                let x = T::from((i * 7919 % 20_011) as f64 / 1000.5 - 10.0).expect("a small number");
                if function.name == "ln" { Float::abs(x) } else { x }
            };
            let x: Vec<T> = (0..count).map(number).collect();
            let (mut y, mut y_std) = (x.clone(), x.clone());
            let by_std =
                |y: &mut [T]| y.iter_mut().zip(black_box(&x)).for_each(|(y, &x)| *y = (function.std)(x));
            (function.ours)(&x, &mut y);
            by_std(&mut y_std);
            let tolerance = T::from(8.0).expect("8") * <T as Float>::epsilon();
            let agrees = |(&ours, &std): (&T, &T)| {
                ours == std || Float::abs(ours - std) <= tolerance * Float::abs(std)
            };
            if !y.iter().zip(&y_std).all(agrees) {
                return Err(format!("{}: std has another result", function.name));
            }
            let effort = Effort { total: if place == 0 { effort.total } else { Duration::ZERO }, ..effort };
            let mut sides = [
                side(|| (function.ours)(black_box(&x), black_box(&mut y))),
                side(|| by_std(black_box(&mut y_std))),
            ];
            let race = race(effort, &mut sides)[0];
            let speed = |ns: f64| count as f64 / ns;
            let (ours, std) = (speed(race.ours), speed(race.rival));
            let floor = function.floors[usize::from(size_of::<T>() == 8)][place];
            let cell = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
            let (of_floor, of_std) =
                (cell(floor.map(|floor| ours / floor)), format!("{:.1}", 1.0 / race.ratio));
            print!("{ours:>10.2}{std:>8.2}{:>8}{of_floor:>10}{of_std:>11}", cell(floor));
        }
        println!();
    }
    Ok(())
}
