//! Added by harvest.sh to a copy of tasm-lib: every state that its tests and benchmarks run from
//! becomes a file of the folder NC_HARVEST, NAME.bench.N.json and NAME.test.N.json; of tests the
//! first NC_HARVEST_TESTS of a name.
use std::collections::HashMap;
use std::sync::Mutex;

use triton_vm::isa::instruction::AnInstruction;
use triton_vm::prelude::*;

pub fn take(kind: &str, state: &VMState) {
    static COUNT: Mutex<Option<HashMap<String, usize>>> = Mutex::new(None);
    let Ok(folder) = std::env::var("NC_HARVEST") else {
        return;
    };
    let most = match kind {
        "bench" => usize::MAX,
        _ => std::env::var("NC_HARVEST_TESTS").map_or(3, |n| n.parse().unwrap()),
    };
    let called = |i: &LabelledInstruction| match i {
        LabelledInstruction::Instruction(AnInstruction::Call(f)) => Some(f.to_string()),
        _ => None,
    };
    let name = state
        .program
        .labelled_instructions()
        .iter()
        .find_map(called);
    let name = format!("{}.{kind}", name.unwrap_or("program".into()));
    let mut count = COUNT.lock().unwrap();
    let n = count
        .get_or_insert_default()
        .entry(name.clone())
        .or_insert(0);
    *n += 1;
    if *n > most {
        return;
    }
    let file = std::fs::File::create(format!("{folder}/{name}.{n}.json")).unwrap();
    serde_json::to_writer(std::io::BufWriter::new(file), state).unwrap();
}
