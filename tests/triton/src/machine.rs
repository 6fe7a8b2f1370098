//! The real machine: runs, traces, proofs.
use crate::nc::{self, Reads};
use tasm_lib::triton_vm;
use tasm_lib::triton_vm::prelude::*;

pub const TABLES: [(TableId, &str); 9] = [
    (TableId::Program, "program"),
    (TableId::Processor, "processor"),
    (TableId::OpStack, "op_stack"),
    (TableId::Ram, "ram"),
    (TableId::JumpStack, "jump_stack"),
    (TableId::Hash, "hash"),
    (TableId::Cascade, "cascade"),
    (TableId::Lookup, "lookup"),
    (TableId::U32, "u32"),
];

pub fn bfe(a: u64) -> BFieldElement {
    BFieldElement::new(a)
}

pub fn values(list: &[BFieldElement]) -> Vec<u64> {
    list.iter().map(|a| a.value()).collect()
}

pub fn program(text: &str) -> Result<Program, String> {
    Program::from_code(text).map_err(|e| e.to_string())
}

/// The text of a program, hints and error ids included.
pub fn text_of(instructions: &[LabelledInstruction]) -> String {
    instructions.iter().map(|i| format!("{i}\n")).collect()
}

pub fn heights(aet: &triton_vm::aet::AlgebraicExecutionTrace) -> [u64; 9] {
    TABLES.map(|(id, _)| aet.height_of_table(id) as u64)
}

pub fn tallest(height: &[u64; 9]) -> (&'static str, u64) {
    // the first among equals is the processor, then in TableId's order
    let order = [1, 0, 2, 3, 4, 5, 6, 7, 8];
    let best = order
        .into_iter()
        .fold(1, |b, i| if height[i] > height[b] { i } else { b });
    (TABLES[best].1, height[best])
}

/// The interpreter's outcome for an error of the machine.
fn kind(error: &InstructionError) -> &'static str {
    use InstructionError::*;
    match error {
        InstructionPointerOverflow | JumpStackIsEmpty => "jump stack empty or code ended",
        AssertionFailed(_) | VectorAssertionFailed(..) => "assertion failed",
        InverseOfZero | DivisionByZero | LogarithmOfZero => {
            "inverse, logarithm or division of zero"
        }
        SpongeNotInitialized => "sponge not initialised",
        EmptyPublicInput(_) | EmptySecretInput(_) | EmptySecretDigestInput => "input exhausted",
        OpStackError(tasm_lib::triton_vm::prelude::OpStackError::TooShallow) => "stack too shallow",
        OpStackError(_) => "operand is not a u32",
        _ => "an error that no program should meet",
    }
}

pub fn reads_of(state: &VMState) -> Reads {
    let digest = |d: &Digest| d.values().map(|a| a.value());
    Reads {
        public: state.public_input.iter().map(|a| a.value()).collect(),
        secret: state
            .secret_individual_tokens
            .iter()
            .map(|a| a.value())
            .collect(),
        digests: state.secret_digests.iter().map(digest).collect(),
        ram: state
            .ram
            .iter()
            .map(|(a, v)| (a.value(), v.value()))
            .collect(),
    }
}

pub fn input_of(reads: &Reads) -> (PublicInput, NonDeterminism) {
    let list = |l: &[u64]| l.iter().map(|&a| bfe(a)).collect::<Vec<_>>();
    let ram: std::collections::HashMap<_, _> =
        reads.ram.iter().map(|&(a, v)| (bfe(a), bfe(v))).collect();
    let digests: Vec<_> = reads
        .digests
        .iter()
        .map(|d| Digest::new(d.map(bfe)))
        .collect();
    (
        PublicInput::new(list(&reads.public)),
        NonDeterminism::new(list(&reads.secret))
            .with_digests(digests)
            .with_ram(ram),
    )
}

/// A run on both machines, which agree.
pub struct Compared {
    pub ending: &'static str,
    pub output: Vec<u64>,
    pub ours: [u64; 9],
    /// of a run that halted
    pub real: [u64; 9],
}

/// One program on both machines: how it ended on both, or what differs.
pub fn compare(text: &str, reads: &Reads, max_cycles: u64) -> Result<Compared, String> {
    let ours = nc::execute(text, reads, max_cycles);
    let program = match (program(text), &ours) {
        (Ok(p), Ok(_)) => p,
        (Err(_), Err(_)) => {
            return Ok(Compared {
                ending: "refused by both",
                output: vec![],
                ours: [0; 9],
                real: [0; 9],
            });
        }
        (Ok(_), Err(e)) => return Err(format!("only ours refuses the text: {e}")),
        (Err(e), Ok(_)) => return Err(format!("only the machine refuses the text: {e}")),
    };
    let ours = ours?;
    let digest = program.hash().values().map(|a| a.value());
    if digest != ours.digest {
        return Err(format!("program digest {:?}, not {digest:?}", ours.digest));
    }
    let (input, secret) = input_of(reads);
    let mut state = VMState::new(program.clone(), input.clone(), secret.clone());
    let mut error = None;
    while !state.halting && u64::from(state.cycle_count) < max_cycles {
        if let Err(e) = state.step() {
            error = Some(e);
            break;
        }
    }
    let ending = match &error {
        Some(e) => kind(e),
        None if state.halting => "halted",
        None => "cycle limit reached",
    };
    let check = |name: &str, ours: &[u64], real: &[u64]| match ours == real {
        true => Ok(()),
        false => Err(format!(
            "{name} {ours:?}, not {real:?}; the run ends with: {ending}"
        )),
    };
    if nc::outcome_text(ours.outcome) != ending {
        return Err(format!(
            "ours: {}, the machine: {ending}, after {} cycles{}",
            nc::outcome_text(ours.outcome),
            state.cycle_count,
            error.map_or(String::new(), |e| format!(" ({e})"))
        ));
    }
    check("cycles", &[ours.height[1]], &[u64::from(state.cycle_count)])?;
    check("output", &ours.output, &values(&state.public_output))?;
    if ending != "halted" {
        return Ok(Compared {
            ending,
            output: ours.output,
            ours: ours.height,
            real: [0; 9],
        });
    }
    let depth = state.op_stack.stack.len();
    check("stack depth", &[ours.depth], &[depth as u64])?;
    let top: Vec<u64> = state
        .op_stack
        .stack
        .iter()
        .rev()
        .take(16)
        .map(|a| a.value())
        .collect();
    check("stack", &ours.stack, &top)?;
    let (aet, output) = VM::trace_execution(program.clone(), input.clone(), secret.clone())
        .map_err(|e| e.source.to_string())?;
    check("traced output", &ours.output, &values(&output))?;
    let real = heights(&aet);
    for ((_, name), (a, b)) in TABLES.iter().zip(ours.height.iter().zip(&real)) {
        check(&format!("{name} table"), &[*a], &[*b])?;
    }
    check(
        "padded height",
        &[ours.padded],
        &[aet.padded_height() as u64],
    )?;
    let run = VM::run(program, input, secret).map_err(|e| e.source.to_string())?;
    check("output of VM::run", &ours.output, &values(&run))?;
    Ok(Compared {
        ending,
        output: ours.output,
        ours: ours.height,
        real,
    })
}

pub struct Proven {
    /// of the prover and of the verifier
    pub seconds: [f64; 2],
    pub padded: u64,
    pub bytes: usize,
    pub security: usize,
}

/// Prove and verify with the machine's own parameters; the proof must be none of another output.
pub fn prove(program: &Program, reads: &Reads) -> Result<Proven, String> {
    let (input, secret) = input_of(reads);
    let claim = Claim::about_program(program).with_input(input.individual_tokens.clone());
    let (aet, output) =
        VM::trace_execution(program.clone(), input, secret).map_err(|e| e.source.to_string())?;
    let mut other = output.clone();
    other.push(bfe(0));
    let other = claim.clone().with_output(other);
    let claim = claim.with_output(output);
    let stark = Stark::default();
    let start = std::time::Instant::now();
    let proof = stark.prove(&claim, &aet).map_err(|e| e.to_string())?;
    let proving = start.elapsed().as_secs_f64();
    stark.verify(&claim, &proof).map_err(|e| e.to_string())?;
    let verifying = start.elapsed().as_secs_f64() - proving;
    if stark.verify(&other, &proof).is_ok() {
        return Err("the proof is one of another output, too".into());
    }
    Ok(Proven {
        seconds: [proving, verifying],
        padded: aet.padded_height() as u64,
        bytes: 8 * proof.0.len(),
        security: stark.security_level,
    })
}
