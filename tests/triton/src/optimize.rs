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
        let sponge = if self.state.sponge.is_some() {
            "    sponge_init\n"
        } else {
            ""
        };
        let stack = &self.state.op_stack.stack[16..];
        sponge.to_string()
            + &stack
                .iter()
                .map(|a| format!("    push {a}\n"))
                .collect::<String>()
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
    let check = |name: &str, equal: bool| {
        if equal {
            Ok(())
        } else {
            Err(format!("{name} differs"))
        }
    };
    check("output", a.public_output == b.public_output)?;
    check("stack", a.op_stack.stack == b.op_stack.stack)?;
    check("RAM", a.ram == b.ram)?;
    check("sponge", a.sponge == b.sponge)?;
    check("jump stack", a.jump_stack == b.jump_stack)?;
    check(
        "secret input",
        a.secret_individual_tokens == b.secret_individual_tokens,
    )?;
    check("secret digests", a.secret_digests == b.secret_digests)?;
    check("public input", a.public_input == b.public_input)
}

/// Options: --beam N (0: the default), --only WORD, --most N (instructions of a program), --rows N
/// (the largest programs shown), --prove WORD,WORD (prove those whose names hold one of the words),
/// --out FOLDER (the texts).
#[derive(Default)]
struct Options {
    beam: u32,
    rows: usize,
    most: u32,
    only: String,
    prove: Vec<String>,
    out: String,
}

impl Options {
    fn read(words: &[&str]) -> Options {
        let mut options = Options {
            rows: usize::MAX,
            most: u32::MAX,
            ..Default::default()
        };
        for pair in words.chunks(2) {
            match *pair {
                ["--beam", n] => options.beam = n.parse().unwrap(),
                ["--rows", n] => options.rows = n.parse().unwrap(),
                ["--most", n] => options.most = n.parse().unwrap(),
                ["--only", word] => options.only = word.into(),
                ["--prove", list] => options.prove = list.split(',').map(String::from).collect(),
                ["--out", folder] => options.out = folder.into(),
                _ => panic!("unknown option {pair:?}"),
            }
        }
        options
    }
}

/// A program before and after.
struct Row {
    name: String,
    height: [[u64; 9]; 2],
    /// seconds and padded height of a proof, stack setup included
    proof: Option<[(f64, u64); 2]>,
}

/// tasmlib_list_pop.bench.1 as list_pop
fn short(name: &str) -> String {
    let name = name
        .trim_start_matches("tasmlib_")
        .trim_start_matches("tasm_lib_");
    let (name, case) = name.rsplit_once(".bench.").unwrap_or((name, ""));
    let mut name: String = name.chars().take(48).collect();
    match case {
        "1" => name += ", common",
        "2" => name += ", worst",
        _ => (),
    }
    name
}

impl Row {
    fn worse(&self) -> Vec<String> {
        let pairs = TABLES
            .iter()
            .zip(self.height[0].iter().zip(&self.height[1]));
        pairs
            .filter(|(_, (a, b))| b > a)
            .map(|((_, n), (a, b))| format!("{n} {a}>{b}"))
            .collect()
    }

    fn line(&self) -> String {
        let [a, b] = self.height;
        let (x, y) = (machine::tallest(&a), machine::tallest(&b));
        let proof = self.proof.map_or(String::new(), |[p, q]| {
            format!("{:6.2} > {:<6.2} {:>7} > {}", p.0, q.0, p.1, q.1)
        });
        format!(
            "{:<58} {:>7} > {:<7} {:.3}  {:>16} > {:<16} {:>7} > {:<7} {}",
            short(&self.name),
            a[1],
            b[1],
            b[1] as f64 / a[1] as f64,
            format!("{} {}", x.0, x.1),
            format!("{} {}", y.0, y.1),
            x.1.next_power_of_two(),
            y.1.next_power_of_two(),
            proof
        )
    }
}

/// Programs that have been optimised: the cases of a benchmark share theirs.
type Known = std::collections::HashMap<String, nc::Optimized>;

/// Both programs of a case on the machine, and proofs of them if wanted.
fn measure(case: &Case, options: &Options, known: &mut Known) -> Result<Row, String> {
    let program = machine::program(&case.text)?;
    if !known.contains_key(&case.text) {
        known.insert(
            case.text.clone(),
            nc::optimize(&case.text, options.beam, true)?,
        );
    }
    let after = &known[&case.text];
    if !options.out.is_empty() {
        let path = |what: &str| format!("{}/{}.{what}.tasm", options.out, case.name);
        std::fs::write(path("before"), &case.text).unwrap();
        std::fs::write(path("after"), &after.text).unwrap();
    }
    let optimized = machine::program(&after.text)?;
    let (a, b) = (traced(case, &program)?, traced(case, &optimized)?);
    same(&a.1, &b.1)?;
    let mut row = Row {
        name: case.name.clone(),
        height: [a.0, b.0],
        proof: None,
    };
    if options.prove.iter().any(|w| case.name.contains(w.as_str())) {
        let prove = |text: &str| {
            let program = machine::program(&(case.setup() + text))?;
            let proof = machine::prove(&program, &machine::reads_of(&case.state))?;
            Ok::<_, String>((proof.seconds[0], proof.padded))
        };
        let mut best = [prove(&case.text)?, prove(&after.text)?];
        for _ in 0..2 {
            for (best, text) in best.iter_mut().zip([&case.text, &after.text]) {
                best.0 = best.0.min(prove(text)?.0); // the first proof of a process is slower
            }
        }
        row.proof = Some(best);
    }
    Ok(row)
}

pub fn run(folder: &str, words: &[&str]) -> bool {
    let options = Options::read(words);
    let (mut rows, mut ok, mut known) = (vec![], true, Known::new());
    for case in cases(folder) {
        let small = case.state.program.instructions.len() <= options.most as usize;
        if !case.name.contains(&options.only) || !small || !case.name.contains(".bench.") {
            continue;
        }
        match measure(&case, &options, &mut known) {
            Ok(row) => rows.push(row),
            Err(e) => {
                println!("FAILED: {}: {e}", case.name);
                ok = false;
            }
        }
    }
    rows.sort_by_key(|r| std::cmp::Reverse(r.height[0][1]));
    println!(
        "{:<58} {:>17} {:>6}  {:>35} {:>17}   {}",
        "program of tasm-lib, its own input",
        "cycles",
        "ratio",
        "tallest table",
        "padded height",
        "proving s, padded with stack setup"
    );
    for row in rows
        .iter()
        .take(options.rows)
        .chain(rows.iter().skip(options.rows).filter(|r| r.proof.is_some()))
    {
        println!("{}", row.line());
    }
    println!(
        "\n{} programs, each beside itself: same output, stack, RAM, sponge",
        rows.len()
    );
    let total = |side: usize, table: usize| rows.iter().map(|r| r.height[side][table]).sum::<u64>();
    for (i, (_, name)) in TABLES.iter().enumerate() {
        let ratio = total(1, i) as f64 / total(0, i).max(1) as f64;
        println!(
            "  rows of {name:<10} {:>9} > {:<9} {ratio:.4}",
            total(0, i),
            total(1, i)
        );
    }
    let mean: f64 = rows
        .iter()
        .map(|r| (r.height[1][1] as f64 / r.height[0][1] as f64).ln())
        .sum();
    println!(
        "  mean ratio of cycles, each program once: {:.3}",
        (mean / rows.len().max(1) as f64).exp()
    );
    let padded = |h: &[u64; 9]| machine::tallest(h).1.next_power_of_two();
    let fallen: Vec<_> = rows
        .iter()
        .filter(|r| padded(&r.height[1]) < padded(&r.height[0]))
        .collect();
    println!("  below a cliff: {} programs", fallen.len());
    for row in &fallen {
        println!(
            "    {} {} > {}",
            short(&row.name),
            padded(&row.height[0]),
            padded(&row.height[1])
        );
    }
    // The program's own hash looks up other limbs when the program changes: by chance a few more.
    for row in &rows {
        let worse = row.worse();
        if !worse.is_empty() {
            println!("  taller: {} {}", short(&row.name), worse.join(" "));
        }
        ok &= worse.iter().all(|w| w.starts_with("cascade"));
        ok &= padded(&row.height[1]) <= padded(&row.height[0]);
    }
    let (before, after) = known
        .values()
        .fold((0, 0), |s, o| (s.0 + o.before, s.1 + o.after));
    let (proofs, rejected) = known
        .values()
        .fold((0, 0), |s, o| (s.0 + o.proofs, s.1 + o.rejected));
    println!(
        "  {} different programs, instructions {before} > {after}: {proofs} replacements proven, {rejected} candidates rejected",
        known.len()
    );
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
            LabelledInstruction::Instruction(i) => {
                labels.extend((0..i.size()).map(|_| own.clone()))
            }
            _ => (),
        }
    }
    let mut rows: std::collections::HashMap<&str, [u64; 2]> = Default::default();
    while !state.halting {
        let row = rows.entry(&labels[state.instruction_pointer]).or_default();
        let calls = state.step().unwrap();
        row[0] += 1;
        row[1] += calls
            .iter()
            .filter(|c| format!("{c:?}").starts_with("Ram"))
            .count() as u64;
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|r| std::cmp::Reverse(r.1));
    for (label, [cycles, ram]) in rows.iter().take(40) {
        println!("{cycles:8} cycles {ram:8} ram  {label}");
    }
    true
}
