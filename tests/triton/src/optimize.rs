//! Programs of tasm-lib on the inputs of its own tests, before and after nc_tir_optimize_tasm.
use crate::machine::{self, TABLES};
use crate::nc;
use tasm_lib::triton_vm::prelude::*;

/// A program and the state that it starts in, as harvest.sh found it.
pub struct Case {
    pub name: String,
    pub text: String,
    pub state: VMState,
}

impl Case {
    fn read(path: &std::path::Path) -> Case {
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let state: VMState = serde_json::from_reader(file).unwrap();
        Case {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            text: machine::text_of(&state.program.labelled_instructions()),
            state,
        }
    }

    /// Pushes what the stack starts with, as a prover must. A sponge in use becomes a fresh one.
    pub fn setup(&self) -> String {
        let sponge = if self.state.sponge.is_some() { "    sponge_init\n" } else { "" };
        let stack = &self.state.op_stack.stack[16..];
        sponge.to_string() + &stack.iter().map(|a| format!("    push {a}\n")).collect::<String>()
    }
}

pub fn cases(folder: &str) -> Vec<Case> {
    let mut paths: Vec<_> = match std::fs::read_dir(folder) {
        Ok(files) => files.map(|f| f.unwrap().path()).collect(),
        Err(_) => vec![],
    };
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths.iter().map(|p| Case::read(p)).collect()
}

/// Run a program from the state of a case: heights and the state at the end.
fn traced(case: &Case, program: &Program) -> Result<([u64; 9], VMState), String> {
    let mut state = case.state.clone();
    state.program = program.clone();
    let (aet, end) = VM::trace_execution_of_state(state).map_err(|e| e.source.to_string())?;
    Ok((machine::heights(&aet), end))
}

/// What must be equal at the end.
fn same(a: &VMState, b: &VMState) -> Result<(), String> {
    let check = |name: &str, equal: bool| if equal { Ok(()) } else { Err(format!("{name} differs")) };
    check("output", a.public_output == b.public_output)?;
    check("stack", a.op_stack.stack == b.op_stack.stack)?;
    check("RAM", a.ram == b.ram)?;
    check("sponge", a.sponge == b.sponge)?;
    check("jump stack", a.jump_stack == b.jump_stack)?;
    check("secret input", a.secret_individual_tokens == b.secret_individual_tokens)?;
    check("secret digests", a.secret_digests == b.secret_digests)?;
    check("public input", a.public_input == b.public_input)
}

/// Options: --beam N, --prove N (how many programs are proven), --only WORD, --out FOLDER.
pub fn run_options(rest: &[&str]) -> (u32, usize, String, String) {
    let (mut beam, mut prove, mut only, mut out) = (0, 0, String::new(), String::new());
    for pair in rest.chunks(2) {
        match pair {
            ["--beam", n] => beam = n.parse().unwrap(),
            ["--prove", n] => prove = n.parse().unwrap(),
            ["--only", word] => only = word.to_string(),
            ["--out", folder] => out = folder.to_string(),
            _ => panic!("unknown option {pair:?}"),
        }
    }
    (beam, prove, only, out)
}

pub fn run(folder: &str, rest: &[&str]) -> bool {
    let (beam, _prove, only, out) = run_options(rest);
    let mut totals = [[0_u64; 9]; 2];
    let mut ok = true;
    println!("{:<78} {:>17} {:>6}  {:>28}  {:>15}  {}", "program", "cycles", "", "tallest table", "padded", "instructions");
    for case in cases(folder) {
        if !case.name.contains(&only) {
            continue;
        }
        let program = machine::program(&case.text).unwrap();
        let start = std::time::Instant::now();
        let after = match nc::optimize(&case.text, beam, true) {
            Ok(after) => after,
            Err(e) => {
                println!("FAILED: {}: {e}", case.name);
                ok = false;
                continue;
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        use std::io::Write;
        std::io::stdout().flush().unwrap();
        if !out.is_empty() {
            std::fs::write(format!("{out}/{}.before.tasm", case.name), &case.text).unwrap();
            std::fs::write(format!("{out}/{}.after.tasm", case.name), &after.text).unwrap();
        }
        let optimized = machine::program(&after.text).unwrap();
        let (a, b) = match (traced(&case, &program), traced(&case, &optimized)) {
            (Ok(a), Ok(b)) => (a, b),
            (a, b) => {
                println!("FAILED: {}: {:?} {:?}", case.name, a.err(), b.err());
                ok = false;
                continue;
            }
        };
        if let Err(e) = same(&a.1, &b.1) {
            println!("FAILED: {}: {e}", case.name);
            ok = false;
        }
        let worse: Vec<_> = TABLES.iter().zip(a.0.iter().zip(b.0)).filter(|(_, (a, b))| b > a).map(|((_, n), (a, b))| format!("{n} {a}>{b}")).collect();
        for i in 0..9 {
            totals[0][i] += a.0[i];
            totals[1][i] += b.0[i];
        }
        let (x, y) = (machine::tallest(&a.0), machine::tallest(&b.0));
        println!(
            "{:<78} {:>8}>{:<8} {:.3}  {:>28}  {:>7}>{:<7}  {}>{} {:.2}s {}",
            case.name,
            a.0[1],
            b.0[1],
            b.0[1] as f64 / a.0[1] as f64,
            format!("{} {}>{} {}", x.0, x.1, y.0, y.1),
            x.1.next_power_of_two(),
            y.1.next_power_of_two(),
            after.before,
            after.after,
            seconds,
            worse.join(" "),
        );
    }
    for (i, (_, name)) in TABLES.iter().enumerate() {
        println!("total {name:<10} {:>10} > {:<10} {:.4}", totals[0][i], totals[1][i], totals[1][i] as f64 / totals[0][i].max(1) as f64);
    }
    ok
}

/// Cycles and RAM rows of each label's own code, the costliest first.
pub fn profile(file: &str, text: Option<&str>) -> bool {
    let case = Case::read(std::path::Path::new(file));
    let text = text.map_or(case.text.clone(), |f| std::fs::read_to_string(f).unwrap());
    let mut state = case.state.clone();
    state.program = machine::program(&text).unwrap();
    let mut labels = vec![];
    let mut own = String::from("(start)");
    for i in state.program.labelled_instructions() {
        match i {
            LabelledInstruction::Label(l) => own = l,
            LabelledInstruction::Instruction(i) => labels.extend((0..i.size()).map(|_| own.clone())),
            _ => (),
        }
    }
    let mut rows: std::collections::HashMap<&str, [u64; 2]> = Default::default();
    while !state.halting {
        let row = rows.entry(&labels[state.instruction_pointer]).or_default();
        let calls = state.step().unwrap();
        row[0] += 1;
        row[1] += calls.iter().filter(|c| format!("{c:?}").starts_with("Ram")).count() as u64;
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|r| std::cmp::Reverse(r.1));
    for (label, [cycles, ram]) in rows.iter().take(40) {
        println!("{cycles:8} cycles {ram:8} ram  {label}");
    }
    true
}
