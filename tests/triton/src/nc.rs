//! nc_tirneural.h through shim.c.
use std::ffi::{CStr, CString, c_char};

#[repr(C)]
struct Input {
    public: *const u64,
    secret: *const u64,
    digests: *const u64,
    ram: *const u64,
    counts: [usize; 4],
    max_cycles: u64,
}

#[repr(C)]
struct RawRun {
    outcome: u64,
    depth: u64,
    output_count: u64,
    padded: u64,
    height: [u64; 9],
    stack: [u64; 16],
    digest: [u64; 5],
    output: *mut u64,
}

#[repr(C)]
struct RawOptimized {
    text: *mut c_char,
    before: u32,
    after: u32,
    proofs: u32,
    rejected: u32,
}

unsafe extern "C" {
    fn nct_execute(
        text: *const c_char,
        input: *const Input,
        run: *mut RawRun,
        message: *mut c_char,
        room: usize,
    ) -> i32;
    fn nct_free_run(run: *mut RawRun);
    fn nct_outcome(outcome: u64) -> *const c_char;
    fn nct_optimize(
        text: *const c_char,
        beam: u32,
        whole: u32,
        out: *mut RawOptimized,
        message: *mut c_char,
        room: usize,
    ) -> i32;
    fn nct_free_text(text: *mut c_char);
}

/// What a program reads, in canonical field elements.
#[derive(Clone, Default)]
pub struct Reads {
    pub public: Vec<u64>,
    pub secret: Vec<u64>,
    pub digests: Vec<[u64; 5]>,
    pub ram: Vec<(u64, u64)>,
}

pub struct Run {
    pub outcome: u64,
    pub depth: u64,
    pub padded: u64,
    pub height: [u64; 9],
    /// st0 first
    pub stack: [u64; 16],
    pub digest: [u64; 5],
    pub output: Vec<u64>,
}

pub struct Optimized {
    pub text: String,
    pub before: u32,
    pub after: u32,
    pub proofs: u32,
    pub rejected: u32,
}

fn message(buffer: &[c_char]) -> String {
    unsafe { CStr::from_ptr(buffer.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}

pub fn outcome_text(outcome: u64) -> &'static str {
    unsafe { CStr::from_ptr(nct_outcome(outcome)) }
        .to_str()
        .unwrap()
}

pub fn execute(text: &str, reads: &Reads, max_cycles: u64) -> Result<Run, String> {
    let text = CString::new(text).unwrap();
    let digests = reads.digests.as_flattened();
    let ram: Vec<u64> = reads.ram.iter().flat_map(|&(a, v)| [a, v]).collect();
    let input = Input {
        public: reads.public.as_ptr(),
        secret: reads.secret.as_ptr(),
        digests: digests.as_ptr(),
        ram: ram.as_ptr(),
        counts: [
            reads.public.len(),
            reads.secret.len(),
            reads.digests.len(),
            reads.ram.len(),
        ],
        max_cycles,
    };
    let mut buffer = [0 as c_char; 256];
    let mut raw: RawRun = unsafe { std::mem::zeroed() };
    if unsafe {
        nct_execute(
            text.as_ptr(),
            &input,
            &mut raw,
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    } == 0
    {
        return Err(message(&buffer));
    }
    let output = match raw.output_count {
        0 => Vec::new(),
        n => unsafe { std::slice::from_raw_parts(raw.output, n as usize) }.to_vec(),
    };
    let run = Run {
        outcome: raw.outcome,
        depth: raw.depth,
        padded: raw.padded,
        height: raw.height,
        stack: raw.stack,
        digest: raw.digest,
        output,
    };
    unsafe { nct_free_run(&mut raw) };
    Ok(run)
}

/// beam 0: the default. whole: nothing calls into the program.
pub fn optimize(text: &str, beam: u32, whole: bool) -> Result<Optimized, String> {
    let text = CString::new(text).unwrap();
    let mut buffer = [0 as c_char; 256];
    let mut raw: RawOptimized = unsafe { std::mem::zeroed() };
    if unsafe {
        nct_optimize(
            text.as_ptr(),
            beam,
            whole as u32,
            &mut raw,
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    } == 0
    {
        return Err(message(&buffer));
    }
    let text = unsafe { CStr::from_ptr(raw.text) }
        .to_str()
        .unwrap()
        .to_owned();
    unsafe { nct_free_text(raw.text) };
    Ok(Optimized {
        text,
        before: raw.before,
        after: raw.after,
        proofs: raw.proofs,
        rejected: raw.rejected,
    })
}
