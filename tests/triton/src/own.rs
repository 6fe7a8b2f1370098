//! The optimiser's network as a program of the machine itself: what `tir_self --machine FOLDER` wrote.
use crate::machine::{self, Compared};
use crate::nc::Reads;
use std::path::Path;

const MAX_CYCLES: u64 = 1 << 26;

/// Initial RAM: an address and its value a line.
fn ram(path: &Path) -> Reads {
    let text = std::fs::read_to_string(path).unwrap();
    let pair = |line: &str| {
        let (address, value) = line.split_once(' ').unwrap();
        (address.parse().unwrap(), value.parse().unwrap())
    };
    Reads {
        ram: text.lines().map(pair).collect(),
        ..Default::default()
    }
}

fn names(folder: &str, ending: &str) -> Vec<String> {
    let mut names: Vec<String> = match std::fs::read_dir(folder) {
        Ok(files) => files
            .filter_map(|f| f.unwrap().file_name().into_string().ok())
            .filter_map(|f| f.strip_suffix(ending).map(String::from))
            .collect(),
        Err(_) => vec![],
    };
    names.sort();
    names
}

fn line(name: &str, program: &str, run: &Compared) -> String {
    let [ours, real] = [run.ours, run.real].map(|h| {
        let (table, rows) = machine::tallest(&h);
        format!(
            "{:>9} {table:>9} {rows:>8} {:>8}",
            h[1],
            rows.next_power_of_two().max(256)
        )
    });
    format!(
        "{name:<18} {program:<10} {ours} |{real}   {:>6}",
        run.output.len()
    )
}

/// Each program on each memory: as our interpreter has it, and the output of all programs the same.
fn runs(folder: &str, programs: &[String], memories: &[String]) -> Result<(), String> {
    let columns = format!(
        "{:>9} {:>9} {:>8} {:>8}",
        "cycles", "tallest", "rows", "padded"
    );
    println!(
        "{:<18} {:<10} {:<37} | the machine",
        "memory", "program", "nc_tir_execute"
    );
    println!("{:<18} {:<10} {columns} |{columns}   output", "", "");
    for memory in memories {
        let reads = ram(&Path::new(folder).join(format!("{memory}.ram")));
        let mut first: Option<Compared> = None;
        for program in programs {
            let text = std::fs::read_to_string(format!("{folder}/{program}.tasm")).unwrap();
            let run = machine::compare(&text, &reads, MAX_CYCLES)
                .map_err(|e| format!("{program} on {memory}: {e}"))?;
            println!("{}", line(memory, program, &run));
            if run.ending != "halted" || run.output.is_empty() {
                return Err(format!("{program} on {memory}: {}, no output", run.ending));
            }
            if first.as_ref().is_some_and(|f| f.output != run.output) {
                return Err(format!(
                    "{program} on {memory}: another output than {}'s",
                    programs[0]
                ));
            }
            first.get_or_insert(run);
        }
    }
    Ok(())
}

/// A proof of a program on a memory; and the same proof is none of another output.
fn prove(folder: &str, program: &str, memory: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(format!("{folder}/{program}.tasm")).unwrap();
    let reads = ram(&Path::new(folder).join(format!("{memory}.ram")));
    let proof = machine::prove(&machine::program(&text)?, &reads)?;
    println!(
        "{program} on {memory}: proven in {:.1} s, verified in {:.2} s, padded height {}, {} bytes, {} bits",
        proof.seconds[0], proof.seconds[1], proof.padded, proof.bytes, proof.security
    );
    Ok(())
}

/// Options: --prove PROGRAM:MEMORY,..
pub fn run(folder: &str, words: &[&str]) -> bool {
    let (programs, memories) = (names(folder, ".tasm"), names(folder, ".ram"));
    if programs.is_empty() || memories.is_empty() {
        println!("FAILED: {folder} has no programs or no memories (tir_self --machine {folder})");
        return false;
    }
    let work = || -> Result<(), String> {
        match *words {
            [] => runs(folder, &programs, &memories),
            ["--prove", list] => list.split(',').try_for_each(|pair| {
                let (program, memory) = pair.split_once(':').ok_or("PROGRAM:MEMORY")?;
                prove(folder, program, memory)
            }),
            _ => Err(format!("unknown options {words:?}")),
        }
    };
    match work() {
        Ok(()) => true,
        Err(e) => {
            println!("FAILED: {e}");
            false
        }
    }
}
