//! The interpreter: every instruction on a block of lanes, each lane an input of its own.

use super::compile::{Compiled, Instruction};
use super::operation::{self, Code};
use crate::kernel::{self, Pass};
use crate::primitive::{self, Binary, Ternary, Unary, primitives};
use std::any::TypeId;

/// Some numbers side by side, one of each lane.
pub(super) trait Lanes: Copy + Send + std::fmt::Debug {
    /// How many.
    const WIDTH: usize;
    /// The same number in all.
    fn splat(value: f64) -> Self;
    /// One after the other.
    fn as_slice(&self) -> &[f64];
    /// The same, to write.
    fn as_mut_slice(&mut self) -> &mut [f64];
    /// Every lane by itself.
    fn map<const N: usize>(operands: [Self; N], f: impl Fn([f64; N]) -> f64) -> Self;
}

/// A vector of eight, which fills a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Eight([f64; 8]);

macro_rules! lanes {
    ($Lanes:ident, $width:literal) => {
        impl Lanes for $Lanes {
            const WIDTH: usize = $width;
            #[inline(always)]
            fn splat(value: f64) -> Self {
                $Lanes([value; $width])
            }
            #[inline(always)]
            fn as_slice(&self) -> &[f64] {
                &self.0
            }
            #[inline(always)]
            fn as_mut_slice(&mut self) -> &mut [f64] {
                &mut self.0
            }
            #[inline(always)]
            fn map<const N: usize>(operands: [Self; N], f: impl Fn([f64; N]) -> f64) -> Self {
                let mut out = [0.0; $width];
                for (lane, out) in out.iter_mut().enumerate() {
                    *out = f(operands.map(|operand| operand.0[lane]));
                }
                $Lanes(out)
            }
        }
    };
}
lanes!(Eight, 8);

/// The registers during a replay: each is `stride` groups of lanes, of which the first `groups` are in use.
struct File<'a, L> {
    registers: &'a mut [L],
    stride: usize,
    groups: usize,
}

impl<L: Lanes> File<'_, L> {
    /// Sets the output of an instruction to `f` of its first `N` registers. All are read before one is written, group
    /// by group, since the output may lie where an input was.
    #[inline(always)]
    fn apply<const N: usize>(&mut self, instruction: &Instruction, f: impl Fn([f64; N]) -> f64) {
        let operands: [usize; N] = std::array::from_fn(|k| instruction.inputs[k] as usize * self.stride);
        let output = instruction.output as usize * self.stride;
        for group in 0..self.groups {
            let read = operands.map(|operand| self.registers[operand + group]);
            self.registers[output + group] = L::map(read, &f);
        }
    }
}

/// Whether a primitive is one of these; decided while compiling, for a type has one id.
macro_rules! is_one_of {
    ($P:ty: $($Primitive:ident)*) => {
        $(TypeId::of::<$P>() == TypeId::of::<primitive::$Primitive>())||*
    };
}

/// The value of a unary primitive in a lane: by vector arithmetic where the kernels have it, or the processor; by a call
/// else. Compiled into the interpreter, which exists six times, the other primitives would take minutes to build.
#[inline(always)]
fn unary<P: Unary, const FUSED: bool>(p: P, x: f64) -> f64 {
    #[inline(never)]
    fn call<P: Unary>(p: P, x: f64) -> f64 {
        p.value(x)
    }
    match () {
        () if is_one_of!(P: Exp) => kernel::lane::exp::<FUSED>(x),
        () if is_one_of!(P: Ln) => kernel::lane::ln::<FUSED>(x),
        () if is_one_of!(P: Tanh) => kernel::lane::tanh::<FUSED>(x),
        () if is_one_of!(P: Sigmoid) => kernel::lane::sigmoid::<FUSED>(x),
        () if is_one_of!(P: Softplus) => kernel::lane::softplus::<FUSED>(x),
        () if is_one_of!(P: Neg Recip Sqrt Abs Scale Shift Relu ToDegrees ToRadians) => p.value(x),
        () => call(p, x),
    }
}

/// The value of a binary primitive in a lane.
#[inline(always)]
fn binary<P: Binary>(p: P, a: f64, b: f64) -> f64 {
    #[inline(never)]
    fn call<P: Binary>(p: P, a: f64, b: f64) -> f64 {
        p.value(a, b)
    }
    match () {
        () if is_one_of!(P: Add Sub Mul Div Max Min Heaviside Gate) => p.value(a, b),
        () if is_one_of!(P: Greater GreaterEqual Less LessEqual Equal NotEqual) => p.value(a, b),
        () => call(p, a, b),
    }
}

/// A replay of all instructions on one block. What comes back is the place of the comparison that comes out differently
/// in some lane, if one does.
pub(super) struct Replay<'a, L> {
    pub(super) program: &'a Compiled,
    pub(super) registers: &'a mut [L],
    pub(super) stride: usize,
    pub(super) groups: usize,
}

/// The same for a single input, whose registers are plain numbers: without loops over lanes and groups.
pub(super) struct Single<'a> {
    pub(super) program: &'a Compiled,
    pub(super) registers: &'a mut [f64],
}

macro_rules! interpreter {
    (
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        /// What an instruction does, told by `$apply!` as a function of the lanes of its first registers; `$compare!` is for
        /// comparisons.
        macro_rules! executed {
            ($FUSED:ident, $i:ident, $constants:ident, $apply:ident, $compare:ident) => {{
                let constant = |place: u32| $constants[place as usize];
                let mul_add = kernel::lane::mul_add::<$FUSED>;
                match $i.code {
                    $(Code::$NU => $apply!(|[x]| unary::<_, $FUSED>(primitive::$NU, x)),)*
                    $(Code::$U => $apply!(|[x]| unary::<_, $FUSED>(primitive::$U, x)),)*
                    $(Code::$P => {
                        let p = primitive::$P(constant($i.inputs[1]) as $type);
                        $apply!(|[x]| unary::<_, $FUSED>(p, x))
                    })*
                    $(Code::$NB => $apply!(|[a, b]| binary(primitive::$NB, a, b)),)*
                    $(Code::$B => $apply!(|[a, b]| binary(primitive::$B, a, b)),)*
                    $(Code::$T => $apply!(|[a, b, c]| primitive::$T.value(a, b, c)),)*
                    Code::FusedMulAdd => $apply!(|[a, b, c]| mul_add(a, b, c)),
                    Code::FusedMulSub => $apply!(|[a, b, c]| mul_add(a, b, -c)),
                    Code::FusedNegMulAdd => $apply!(|[a, b, c]| mul_add(-a, b, c)),
                    Code::FusedScaleAdd => {
                        let k = constant($i.inputs[2]);
                        $apply!(|[a, b]| mul_add(a, k, b))
                    }
                    Code::FusedScaleSub => {
                        let k = constant($i.inputs[2]);
                        $apply!(|[a, b]| mul_add(a, k, -b))
                    }
                    Code::FusedMulShift => {
                        let k = constant($i.inputs[2]);
                        $apply!(|[a, b]| mul_add(a, b, k))
                    }
                    Code::FusedScaleShift => {
                        let (k, l) = (constant($i.inputs[1]), constant($i.inputs[2]));
                        $apply!(|[a]| mul_add(a, k, l))
                    }
                    Code::HandedOn => $apply!(|[a, b]| operation::handed_on(a, b)),
                    Code::GatedMul => $apply!(|[a, b]| primitive::Gate.value(a, a * b)),
                    Code::Compare => $compare!(),
                }
            }};
        }

        impl<L: Lanes> Pass for Replay<'_, L> {
            type Output = Option<usize>;

            #[inline(always)]
            fn run<const FUSED: bool>(self) -> Option<usize> {
                let Compiled { instructions, constants, guards, .. } = self.program;
                let mut file = File { registers: self.registers, stride: self.stride, groups: self.groups };
                for (at, i) in instructions.iter().enumerate() {
                    macro_rules! apply { ($f:expr) => { file.apply(i, $f) } }
                    macro_rules! compare { () => {{
                        let relation = guards[i.inputs[2] as usize].relation;
                        let [a, b] = [i.inputs[0], i.inputs[1]].map(|r| r as usize * file.stride);
                        for group in 0..file.groups {
                            let (a, b) = (file.registers[a + group], file.registers[b + group]);
                            if !a.as_slice().iter().zip(b.as_slice()).all(|(&a, &b)| relation.holds(a, b)) {
                                return Some(at);
                            }
                        }
                    }} }
                    executed!(FUSED, i, constants, apply, compare);
                }
                None
            }
        }

        impl Pass for Single<'_> {
            type Output = Option<usize>;

            #[inline(always)]
            fn run<const FUSED: bool>(self) -> Option<usize> {
                /// The value of `f` of the first `N` inputs of an instruction.
                #[inline(always)]
                fn applied<const N: usize>(
                    registers: &[f64],
                    last: f64,
                    instruction: &Instruction,
                    f: impl Fn([f64; N]) -> f64,
                ) -> f64 {
                    f(std::array::from_fn(|k| match instruction.chained >> k & 1 {
                        0 => registers[instruction.inputs[k] as usize],
                        _ => last,
                    }))
                }
                let Compiled { instructions, constants, guards, .. } = self.program;
                let registers = self.registers;
                let mut last = 0.0;
                for (at, i) in instructions.iter().enumerate() {
                    macro_rules! apply { ($f:expr) => { applied(registers, last, i, $f) } }
                    macro_rules! compare { () => {{
                        let [a, b] = [i.inputs[0], i.inputs[1]].map(|r| registers[r as usize]);
                        if !guards[i.inputs[2] as usize].relation.holds(a, b) {
                            return Some(at);
                        }
                        continue;
                    }} }
                    last = executed!(FUSED, i, constants, apply, compare);
                    registers[i.output as usize] = last;
                }
                None
            }
        }
    };
}
primitives!(interpreter);
