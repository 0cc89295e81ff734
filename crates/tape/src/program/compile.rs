//! From a list to instructions: multiplications fused into additions, an order in which few values are alive at
//! once, and a register for each.

use super::List;
use super::guard::Guard;
use super::operation::{Code, Operation};
use std::collections::HashMap;

/// One step of a replay. The inputs are registers first, then places of constants, as the code says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) code: Code,
    /// Which of the inputs the instruction before has just written, a bit for each: a single lane takes them from there
    /// and does not wait until they can be read from their register.
    pub(super) chained: u8,
    pub(super) output: u32,
    pub(super) inputs: [u32; 3],
}

/// A list made ready for replays.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) instructions: Vec<Instruction>,
    /// Plain numbers that instructions read.
    pub(super) constants: Vec<f64>,
    /// Which input comes into which register before the first instruction.
    pub(super) loads: Vec<(u32, u32)>,
    /// Registers that hold a constant throughout.
    pub(super) fills: Vec<(u32, f64)>,
    /// The registers of the outputs.
    pub(super) outputs: Vec<u32>,
    pub(super) guards: Vec<Guard>,
    pub(super) registers: usize,
}

/// A line as an instruction whose registers are still lines.
#[derive(Clone, Copy, Debug)]
struct Node {
    code: Code,
    inputs: [u32; 3],
}

impl Node {
    fn operands(&self) -> &[u32] {
        &self.inputs[..self.code.operands()]
    }
}

/// The constants of instructions, each once.
#[derive(Default)]
struct Constants {
    all: Vec<f64>,
    places: HashMap<u64, u32>,
}

impl Constants {
    fn place(&mut self, value: f64) -> u32 {
        *self.places.entry(value.to_bits()).or_insert_with(|| {
            self.all.push(value);
            (self.all.len() - 1) as u32
        })
    }
}

impl Compiled {
    /// The instructions of a list that is optimised already. `fused` allows one rounding where the list has two.
    pub(super) fn new(list: &List, fused: bool) -> Compiled {
        let mut constants = Constants::default();
        let mut nodes: Vec<Option<Node>> = list
            .steps
            .iter()
            .map(|step| {
                let mut inputs = step.inputs;
                if let Some(parameter) = step.operation.parameter() {
                    inputs[1] = constants.place(parameter);
                }
                step.operation.code().map(|code| Node { code, inputs })
            })
            .collect();
        if fused {
            fuse(list, &mut nodes, &mut constants);
        }
        // The order of the list is the one that the function was written in; going on with what has just become
        // possible often needs fewer registers, above all where a gradient is a sum over rows.
        let as_written: Vec<u32> =
            (0..nodes.len() as u32).filter(|&line| nodes[line as usize].is_some()).collect();
        let eager = as_soon_as_possible(&nodes);
        let [as_written, eager] = [as_written, eager].map(|order| Allocation::new(list, &nodes, &order));
        let best = if eager.registers < as_written.registers { eager } else { as_written };
        Compiled {
            instructions: best.instructions,
            constants: constants.all,
            loads: best.loads,
            fills: best.fills,
            outputs: best.outputs,
            guards: list.guards.clone(),
            registers: best.registers,
        }
    }

    /// What the compiled program takes, without the registers.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.instructions.as_slice())
            + size_of_val(self.constants.as_slice())
            + size_of_val(self.loads.as_slice())
            + size_of_val(self.fills.as_slice())
            + size_of_val(self.outputs.as_slice())
            + size_of_val(self.guards.as_slice())
    }
}

/// Takes products that are read once into the sum or the gate that reads them.
fn fuse(list: &List, nodes: &mut [Option<Node>], constants: &mut Constants) {
    let mut readers = vec![0_u32; nodes.len()];
    for node in nodes.iter().flatten() {
        for &line in node.operands() {
            readers[line as usize] += 1;
        }
    }
    for &line in list.outputs.iter().chain(list.guards.iter().flat_map(|guard| &guard.inputs)) {
        readers[line as usize] += 1;
    }
    for k in 0..nodes.len() {
        let Some(Node { code, inputs: [a, b, _] }) = nodes[k] else { continue };
        let once = |line: u32| nodes[line as usize].filter(|_| readers[line as usize] == 1);
        let product = |line: u32| once(line).filter(|node| node.code == Code::Mul);
        let scaled = |line: u32| once(line).filter(|node| node.code == Code::Scale);
        let fused = match code {
            Code::Add => {
                // The later of two products: the earlier may be part of a longer sum.
                let (first, last) = if a > b { (b, a) } else { (a, b) };
                [(last, first), (first, last)].into_iter().find_map(|(line, rest)| {
                    let of_product =
                        product(line).map(|p| (line, Code::FusedMulAdd, [p.inputs[0], p.inputs[1], rest]));
                    let of_scaled =
                        scaled(line).map(|p| (line, Code::FusedScaleAdd, [p.inputs[0], rest, p.inputs[1]]));
                    of_product.or(of_scaled)
                })
            }
            Code::Sub => {
                let right = product(b).map(|p| (b, Code::FusedNegMulAdd, [p.inputs[0], p.inputs[1], a]));
                let left = || product(a).map(|p| (a, Code::FusedMulSub, [p.inputs[0], p.inputs[1], b]));
                let scaled_right = || {
                    let p = scaled(b)?;
                    let negative = constants.place(-constants.all[p.inputs[1] as usize]);
                    Some((b, Code::FusedScaleAdd, [p.inputs[0], a, negative]))
                };
                let scaled_left =
                    || scaled(a).map(|p| (a, Code::FusedScaleSub, [p.inputs[0], b, p.inputs[1]]));
                right.or_else(scaled_right).or_else(left).or_else(scaled_left)
            }
            // b is the place of the constant here.
            Code::Shift => {
                let of_product = product(a).map(|p| (a, Code::FusedMulShift, [p.inputs[0], p.inputs[1], b]));
                of_product
                    .or_else(|| scaled(a).map(|p| (a, Code::FusedScaleShift, [p.inputs[0], p.inputs[1], b])))
            }
            // A cotangent times a partial that may be infinite.
            Code::Gate | Code::HandedOn => product(b).and_then(|p| {
                let [x, y, _] = p.inputs;
                let other = if x == a { Some(y) } else { (y == a).then_some(x) };
                other.map(|other| (b, Code::GatedMul, [a, other, 0]))
            }),
            _ => None,
        };
        if let Some((line, code, inputs)) = fused {
            nodes[line as usize] = None;
            nodes[k] = Some(Node { code, inputs });
        }
    }
}

/// The order that goes on, after each line, with the lines that have just become possible, the earliest first.
fn as_soon_as_possible(nodes: &[Option<Node>]) -> Vec<u32> {
    // The readers of a line are `readers[begins[line]..begins[line + 1]]`.
    let mut begins = vec![0_u32; nodes.len() + 1];
    let mut missing = vec![0_u8; nodes.len()];
    let edges = || {
        let of = |(k, node): (usize, &Option<Node>)| {
            let operands =
                node.map_or([None; 3], |node| std::array::from_fn(|i| node.operands().get(i).copied()));
            operands.into_iter().flatten().map(move |line| (line as usize, k))
        };
        nodes.iter().enumerate().flat_map(of).filter(|&(line, _)| nodes[line].is_some())
    };
    for (line, k) in edges() {
        begins[line + 1] += 1;
        missing[k] += 1;
    }
    for k in 0..nodes.len() {
        begins[k + 1] += begins[k];
    }
    let mut readers = vec![0_u32; begins[nodes.len()] as usize];
    let mut next = begins.clone();
    for (line, k) in edges() {
        readers[next[line] as usize] = k as u32;
        next[line] += 1;
    }
    let seeds = (0..nodes.len()).filter(|&k| nodes[k].is_some() && missing[k] == 0);
    let seeds: Vec<u32> = seeds.map(|k| k as u32).collect();
    let (mut order, mut ready) = (Vec::with_capacity(nodes.len()), Vec::new());
    for seed in seeds {
        ready.push(seed);
        while let Some(line) = ready.pop() {
            order.push(line);
            let range = begins[line as usize] as usize..begins[line as usize + 1] as usize;
            for &reader in readers[range].iter().rev() {
                missing[reader as usize] -= 1;
                if missing[reader as usize] == 0 {
                    ready.push(reader);
                }
            }
        }
    }
    order
}

/// Registers for lines in a given order, each given back after the last instruction that reads it.
struct Allocation {
    instructions: Vec<Instruction>,
    loads: Vec<(u32, u32)>,
    fills: Vec<(u32, f64)>,
    outputs: Vec<u32>,
    registers: usize,
}

impl Allocation {
    fn new(list: &List, nodes: &[Option<Node>], order: &[u32]) -> Allocation {
        let sequence = with_comparisons(list, nodes, order);
        // When a line is read last; 0 is never, and an output is read at the end.
        const END: u32 = u32::MAX;
        let mut last = vec![0_u32; nodes.len()];
        for (time, (_, node)) in (1..).zip(&sequence) {
            for &line in node.operands() {
                last[line as usize] = time;
            }
        }
        for &line in &list.outputs {
            last[line as usize] = END;
        }

        let mut free = Free::default();
        let mut place = vec![0_u32; nodes.len()];
        let (mut loads, mut fills) = (Vec::new(), Vec::new());
        for (line, step) in list.steps.iter().enumerate() {
            match step.operation {
                _ if last[line] == 0 => {}
                Operation::Input => {
                    place[line] = free.take();
                    loads.push((line as u32, place[line]));
                }
                Operation::Constant => {
                    place[line] = free.take();
                    last[line] = END;
                    fills.push((place[line], step.value));
                }
                _ => {}
            }
        }
        let mut instructions = Vec::with_capacity(sequence.len());
        let mut before = None;
        for (time, (line, node)) in (1..).zip(&sequence) {
            let (mut inputs, operands) = (node.inputs, node.operands());
            let is_before = |operand: u32| u8::from(Some(operand) == before);
            let chained = (0..).zip(operands).fold(0, |bits, (k, &operand)| bits | is_before(operand) << k);
            before = *line;
            for (k, &operand) in operands.iter().enumerate() {
                inputs[k] = place[operand as usize];
                if last[operand as usize] == time && !operands[..k].contains(&operand) {
                    free.give(inputs[k]);
                }
            }
            let output = line.map_or(0, |line| {
                place[line as usize] = free.take();
                place[line as usize]
            });
            instructions.push(Instruction { code: node.code, chained, output, inputs });
        }
        let outputs = list.outputs.iter().map(|&line| place[line as usize]).collect();
        Allocation { instructions, loads, fills, outputs, registers: free.registers as usize }
    }
}

/// The registers that nobody needs any more; the one given back last is taken first, for it is in the cache.
#[derive(Default)]
struct Free {
    given: Vec<u32>,
    registers: u32,
}

impl Free {
    fn take(&mut self) -> u32 {
        self.given.pop().unwrap_or_else(|| {
            self.registers += 1;
            self.registers - 1
        })
    }

    fn give(&mut self, register: u32) {
        self.given.push(register);
    }
}

/// The nodes in that order with the lines that they write, and each comparison behind the later of its two lines.
fn with_comparisons(list: &List, nodes: &[Option<Node>], order: &[u32]) -> Vec<(Option<u32>, Node)> {
    let mut when = vec![0_u32; nodes.len()];
    for (time, &line) in (1..).zip(order) {
        when[line as usize] = time;
    }
    let due = |k: usize| list.guards[k].inputs.map(|line| when[line as usize]).into_iter().max();
    let mut guards: Vec<usize> = (0..list.guards.len()).collect();
    guards.sort_by_key(|&k| due(k));
    let mut guards = guards.into_iter().peekable();
    let mut sequence = Vec::with_capacity(order.len() + list.guards.len());
    for time in 0..=order.len() {
        if let Some(&line) = time.checked_sub(1).and_then(|before| order.get(before)) {
            sequence.extend(nodes[line as usize].map(|node| (Some(line), node)));
        }
        while let Some(k) = guards.next_if(|&k| due(k) <= Some(time as u32)) {
            let [a, b] = list.guards[k].inputs;
            sequence.push((None, Node { code: Code::Compare, inputs: [a, b, k as u32] }));
        }
    }
    sequence
}
