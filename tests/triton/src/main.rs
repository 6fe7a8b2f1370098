//! nc_tirneural.h beside the machine it is made for: triton-vm and tasm-lib of crates.io.
//!   nc_triton corpus FOLDER         files *.tasm of ../shared/data/tir
//!   nc_triton snippets              programs that tasm-lib links
//!   nc_triton random COUNT [SEED]   random programs, their seeds from SEED on
//!   nc_triton harvest FOLDER        states that harvest.sh took from tasm-lib's own tests
//!   nc_triton optimize FOLDER ..    the same before and after nc_tir_optimize_tasm
//!   nc_triton profile FILE [TASM]   where one of these states spends its rows
//!   nc_triton self FOLDER           the network as a program, that tir_self --machine wrote there
//!   nc_triton self FOLDER --prove PROGRAM:MEMORY,..   proofs of its runs, by these files' names
mod machine;
mod nc;
mod optimize;
mod own;
mod random;

use nc::Reads;
use std::collections::BTreeMap;
use std::process::ExitCode;

const MAX_CYCLES: u64 = 2_000_000;

/// What has been compared, by how the runs ended.
#[derive(Default)]
struct Tally {
    endings: BTreeMap<&'static str, u64>,
    cycles: u64,
    failures: u64,
}

impl Tally {
    fn add(&mut self, name: &str, text: &str, reads: &Reads) {
        match machine::compare(text, reads, MAX_CYCLES) {
            Ok(run) => {
                *self.endings.entry(run.ending).or_default() += 1;
                self.cycles += run.ours[1];
            }
            Err(difference) => {
                self.failures += 1;
                if self.failures <= 20 {
                    println!("FAILED: {name}: {difference}");
                }
            }
        }
    }

    fn finish(&self, what: &str) -> bool {
        let runs: u64 = self.endings.values().sum();
        println!(
            "{what}: {runs} runs as on the machine, {} cycles, {} differ",
            self.cycles, self.failures
        );
        for (ending, n) in &self.endings {
            println!("  {n:6} {ending}");
        }
        self.failures == 0
    }
}

/// Inputs that nobody chose: they count up.
fn some_input() -> Reads {
    Reads {
        public: (0..200).collect(),
        secret: (0..200).collect(),
        digests: (0..40).map(|i| [i, i + 1, i + 2, 3, 4]).collect(),
        ram: vec![],
    }
}

fn corpus(folder: &str) -> bool {
    let Ok(files) = std::fs::read_dir(folder) else {
        println!("corpus: skipped, no folder {folder}");
        return true;
    };
    let mut tally = Tally::default();
    let mut files: Vec<_> = files.map(|f| f.unwrap().path()).collect();
    files.sort();
    for file in files
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "tasm"))
    {
        let name = file.file_name().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(file).unwrap();
        // Modules call functions of others, and the old compiler emits `or`: neither is a program.
        if machine::program(&text).is_err()
            && nc::execute(&text, &Reads::default(), 1).is_ok()
            && !name.contains(".linked.")
        {
            println!("  {name}: not a program of the released machine");
            continue;
        }
        tally.add(&name, &text, &some_input());
        tally.add(&name, &text, &Reads::default());
    }
    tally.finish("corpus")
}

/// Every snippet that tasm-lib exports by name, linked by itself, on inputs that count up.
fn snippets() -> bool {
    let mut tally = Tally::default();
    let source = include_str!(concat!(env!("OUT_DIR"), "/names.txt"));
    for name in source.lines() {
        let Some(snippet) = tasm_lib::exported_snippets::name_to_snippet(name) else {
            continue;
        };
        let linked = machine::text_of(&snippet.link_for_isolated_run());
        for (start, step) in [(0_u64, 1_u64), (3, 0), (100, 7)] {
            let setup: String = (0..24)
                .map(|i| format!("    push {}\n", start + i * step))
                .collect();
            tally.add(name, &(setup + &linked), &some_input());
        }
    }
    tally.finish("snippets of tasm-lib")
}

fn random(count: u64, seed: u64) -> bool {
    let mut tally = Tally::default();
    println!("random: seeds {seed} to {}", seed + count - 1);
    for seed in seed..seed + count {
        let (text, reads) = random::program(seed);
        tally.add(&format!("seed {seed}"), &text, &reads);
    }
    tally.finish("random")
}

fn harvest(folder: &str) -> bool {
    let mut tally = Tally::default();
    for case in optimize::cases(folder) {
        tally.add(
            &case.name,
            &(case.setup() + &case.text),
            &machine::reads_of(&case.state),
        );
    }
    tally.finish("harvest")
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let ok = match words[..] {
        ["corpus", folder] => corpus(folder),
        ["snippets"] => snippets(),
        ["random", count] => random(count.parse().unwrap(), 1),
        ["random", count, seed] => random(count.parse().unwrap(), seed.parse().unwrap()),
        ["text", seed] => {
            print!("{}", random::program(seed.parse().unwrap()).0);
            true
        }
        ["harvest", folder] => harvest(folder),
        ["profile", file] => optimize::profile(file, None),
        ["profile", file, text] => optimize::profile(file, Some(text)),
        ["optimize", folder, ref rest @ ..] => optimize::run(folder, rest),
        ["self", folder, ref rest @ ..] => own::run(folder, rest),
        _ => {
            eprintln!("nc_triton corpus|snippets|random|harvest|optimize|self: see src/main.rs");
            return ExitCode::from(2);
        }
    };
    ExitCode::from(u8::from(!ok))
}
