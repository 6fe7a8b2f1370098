//! nc_tirneural.h for the trident compiler: a mirror of its TIR operations, a safe wrapper of the
//! C builder, and an implementation of the compiler's `StackLowering` trait that gives the
//! classical lowering or the optimised, proven one.

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::ptr;

/// The compiler's operations, in its order. Bodies own their operations.
#[derive(Clone, Debug, PartialEq)]
pub enum TIROp {
    Call(String),
    Return,
    Halt,
    IfElse { then_body: Vec<TIROp>, else_body: Vec<TIROp> },
    IfOnly { then_body: Vec<TIROp> },
    Loop { label: String, body: Vec<TIROp> },
    FnStart(String),
    FnEnd,
    Entry(String),
    Comment(String),
    Asm { lines: Vec<String>, effect: i32 },
    Push(u64),
    Pop(u32),
    Dup(u32),
    Swap(u32),
    Add,
    Sub,
    Mul,
    Neg,
    Invert,
    Eq,
    Lt,
    And,
    Or,
    Xor,
    PopCount,
    Split,
    DivMod,
    Shl,
    Shr,
    Log2,
    Pow,
    ReadIo(u32),
    WriteIo(u32),
    ReadMem(u32),
    WriteMem(u32),
    Assert(u32),
    Hash { width: u32 },
    Reveal { name: String, tag: u64, field_count: u32 },
    Seal { name: String, tag: u64, field_count: u32 },
    RamRead { width: u32 },
    RamWrite { width: u32 },
    Hint(u32),
    SpongeInit,
    SpongeAbsorb,
    SpongeSqueeze,
    SpongeLoad,
    MerkleStep,
    MerkleLoad,
    ExtMul,
    ExtInvert,
    FoldExt,
    FoldBase,
    ProofBlock { program_hash: String, body: Vec<TIROp> },
}

/// What the compiler asks of a backend: TASM lines for a list of operations.
pub trait StackLowering {
    fn lower(&self, ops: &[TIROp]) -> Vec<String>;
}

/// A failure of the C library: the status's text, or the message with its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(pub String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

// ---- the C side: struct layouts are checked by a test against nc_tir_ffi_size -------------------

#[repr(C)]
struct COp {
    kind: c_int,
    fields: u32,
    value: u64,
    text: *const c_char,
}

#[repr(C)]
struct CError {
    status: c_int,
    line: i32,
    column: i32,
    message: [c_char; 160],
}

#[repr(C)]
struct COptions {
    target: c_int,
    beam: u32,
    block: u32,
    model: *const c_void,
    guide: u32,
    whole: u32,
    progress: *const c_void,
    progress_user: *mut c_void,
    on_block: *const c_void,
    on_block_user: *mut c_void,
}

/// Rows of the six tables in the compiler's static model.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heights {
    pub processor: u64,
    pub hash: u64,
    pub u32: u64,
    pub op_stack: u64,
    pub ram: u64,
    pub jump_stack: u64,
}

/// What the optimiser did; see nc_tir_report.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    pub blocks: u32,
    pub slack: u32,
    pub improved: u32,
    pub proofs: u32,
    pub rejected: u32,
    pub expanded: u64,
    pub instructions_before: u32,
    pub instructions_after: u32,
    pub bound: f64,
    pub before: Heights,
    pub after: Heights,
    pub hints: u32,
    pub hints_dropped: u32,
}

extern "C" {
    fn nc_tir_create(program: *mut *mut c_void) -> c_int;
    fn nc_tir_destroy(program: *mut c_void);
    fn nc_tir_append(program: *mut c_void, op: *const COp) -> c_int;
    fn nc_tir_else(program: *mut c_void) -> c_int;
    fn nc_tir_end(program: *mut c_void) -> c_int;
    fn nc_tir_lower(program: *const c_void, target: c_int, tasm: *mut *mut c_char) -> c_int;
    fn nc_tir_optimize(
        program: *const c_void,
        options: *const COptions,
        tasm: *mut *mut c_char,
        report: *mut Report,
        err: *mut CError,
    ) -> c_int;
    fn nc_tir_optimize_text(
        tir: *const c_char,
        bytes: usize,
        options: *const COptions,
        tasm: *mut *mut c_char,
        json: *mut *mut c_char,
        err: *mut CError,
    ) -> c_int;
    fn nc_tir_free_text(text: *mut c_char);
    fn nc_status_str(status: c_int) -> *const c_char;
    #[cfg(test)]
    fn nc_tir_ffi_size(which: c_int) -> usize;
}

fn check(status: c_int, err: Option<&CError>) -> Result<(), Error> {
    if status == 0 {
        return Ok(());
    }
    let text = match err {
        Some(e) if e.message[0] != 0 => unsafe { CStr::from_ptr(e.message.as_ptr()) },
        _ => unsafe { CStr::from_ptr(nc_status_str(status)) },
    };
    let text = text.to_string_lossy();
    Err(Error(match err {
        Some(e) if e.line > 0 => format!("line {}, column {}: {}", e.line, e.column, text),
        _ => text.into_owned(),
    }))
}

/// Copy a text of the C library and free it.
fn take(text: *mut c_char) -> String {
    let copy = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    unsafe { nc_tir_free_text(text) };
    copy
}

/// A program of the C library, built from the compiler's operations.
struct Program(*mut c_void);

impl Drop for Program {
    fn drop(&mut self) {
        unsafe { nc_tir_destroy(self.0) }
    }
}

impl Program {
    fn new(ops: &[TIROp]) -> Result<Self, Error> {
        let mut raw = ptr::null_mut();
        check(unsafe { nc_tir_create(&mut raw) }, None)?;
        let program = Program(raw);
        program.append_all(ops)?;
        Ok(program)
    }

    fn append_all(&self, ops: &[TIROp]) -> Result<(), Error> {
        ops.iter().try_for_each(|op| self.append(op))
    }

    fn put(&self, kind: c_int, value: u64, fields: u32, text: Option<&str>) -> Result<(), Error> {
        let text = match text {
            Some(t) => Some(CString::new(t).map_err(|_| Error("a name holds a NUL".into()))?),
            None => None,
        };
        let op = COp { kind, fields, value, text: text.as_ref().map_or(ptr::null(), |t| t.as_ptr()) };
        check(unsafe { nc_tir_append(self.0, &op) }, None)
    }

    fn body(&self, body: &[TIROp], other: Option<&[TIROp]>) -> Result<(), Error> {
        self.append_all(body)?;
        if let Some(other) = other {
            check(unsafe { nc_tir_else(self.0) }, None)?;
            self.append_all(other)?;
        }
        check(unsafe { nc_tir_end(self.0) }, None)
    }

    fn append(&self, op: &TIROp) -> Result<(), Error> {
        use TIROp::*;
        match op {
            Call(label) => self.put(0, 0, 0, Some(label)),
            Return => self.put(1, 0, 0, None),
            Halt => self.put(2, 0, 0, None),
            IfElse { then_body, else_body } => {
                self.put(3, 0, 0, None)?;
                self.body(then_body, Some(else_body))
            }
            IfOnly { then_body } => {
                self.put(4, 0, 0, None)?;
                self.body(then_body, None)
            }
            Loop { label, body } => {
                self.put(5, 0, 0, Some(label))?;
                self.body(body, None)
            }
            FnStart(name) => self.put(6, 0, 0, Some(name)),
            FnEnd => self.put(7, 0, 0, None),
            Entry(name) => self.put(8, 0, 0, Some(name)),
            Comment(text) => self.put(9, 0, 0, Some(text)),
            Asm { lines, effect } => {
                let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                self.put(10, *effect as i64 as u64, 0, Some(&text))
            }
            Push(value) => self.put(11, *value, 0, None),
            Pop(n) => self.put(12, (*n).into(), 0, None),
            Dup(n) => self.put(13, (*n).into(), 0, None),
            Swap(n) => self.put(14, (*n).into(), 0, None),
            Add => self.put(15, 0, 0, None),
            Sub => self.put(16, 0, 0, None),
            Mul => self.put(17, 0, 0, None),
            Neg => self.put(18, 0, 0, None),
            Invert => self.put(19, 0, 0, None),
            Eq => self.put(20, 0, 0, None),
            Lt => self.put(21, 0, 0, None),
            And => self.put(22, 0, 0, None),
            Or => self.put(23, 0, 0, None),
            Xor => self.put(24, 0, 0, None),
            PopCount => self.put(25, 0, 0, None),
            Split => self.put(26, 0, 0, None),
            DivMod => self.put(27, 0, 0, None),
            Shl => self.put(28, 0, 0, None),
            Shr => self.put(29, 0, 0, None),
            Log2 => self.put(30, 0, 0, None),
            Pow => self.put(31, 0, 0, None),
            ReadIo(n) => self.put(32, (*n).into(), 0, None),
            WriteIo(n) => self.put(33, (*n).into(), 0, None),
            ReadMem(n) => self.put(34, (*n).into(), 0, None),
            WriteMem(n) => self.put(35, (*n).into(), 0, None),
            Assert(n) => self.put(36, (*n).into(), 0, None),
            Hash { width } => self.put(37, (*width).into(), 0, None),
            Reveal { name, tag, field_count } => self.put(38, *tag, *field_count, Some(name)),
            Seal { name, tag, field_count } => self.put(39, *tag, *field_count, Some(name)),
            RamRead { width } => self.put(40, (*width).into(), 0, None),
            RamWrite { width } => self.put(41, (*width).into(), 0, None),
            Hint(n) => self.put(42, (*n).into(), 0, None),
            SpongeInit => self.put(43, 0, 0, None),
            SpongeAbsorb => self.put(44, 0, 0, None),
            SpongeSqueeze => self.put(45, 0, 0, None),
            SpongeLoad => self.put(46, 0, 0, None),
            MerkleStep => self.put(47, 0, 0, None),
            MerkleLoad => self.put(48, 0, 0, None),
            ExtMul => self.put(49, 0, 0, None),
            ExtInvert => self.put(50, 0, 0, None),
            FoldExt => self.put(51, 0, 0, None),
            FoldBase => self.put(52, 0, 0, None),
            ProofBlock { program_hash, body } => {
                self.put(53, 0, 0, Some(program_hash))?;
                self.body(body, None)
            }
        }
    }
}

/// Classical TASM, the compiler's own, byte for byte.
pub fn lower_classical(ops: &[TIROp]) -> Result<String, Error> {
    let program = Program::new(ops)?;
    let mut tasm = ptr::null_mut();
    check(unsafe { nc_tir_lower(program.0, 0, &mut tasm) }, None)?;
    Ok(take(tasm))
}

fn options(beam: u32) -> COptions {
    COptions {
        target: 0,
        beam,
        block: 0,
        model: ptr::null(),
        guide: 0,
        whole: 0,
        progress: ptr::null(),
        progress_user: ptr::null_mut(),
        on_block: ptr::null(),
        on_block_user: ptr::null_mut(),
    }
}

fn no_error() -> CError {
    CError { status: 0, line: 0, column: 0, message: [0; 160] }
}

/// Optimised TASM and what was gained. `beam` is the search width, 0 for the default.
pub fn lower_optimized(ops: &[TIROp], beam: u32) -> Result<(String, Report), Error> {
    let program = Program::new(ops)?;
    let (mut tasm, mut report, mut err) = (ptr::null_mut(), Report::default(), no_error());
    let status =
        unsafe { nc_tir_optimize(program.0, &options(beam), &mut tasm, &mut report, &mut err) };
    check(status, Some(&err))?;
    Ok((take(tasm), report))
}

/// TIR text in, optimised TASM and the report as JSON out.
pub fn optimize_text(tir: &str, beam: u32) -> Result<(String, String), Error> {
    let (mut tasm, mut json, mut err) = (ptr::null_mut(), ptr::null_mut(), no_error());
    let status = unsafe {
        let text = tir.as_ptr().cast();
        nc_tir_optimize_text(text, tir.len(), &options(beam), &mut tasm, &mut json, &mut err)
    };
    check(status, Some(&err))?;
    Ok((take(tasm), take(json)))
}

/// The backend for the compiler: optimised where that works, the classical lowering where not.
pub struct NeuralLowering {
    pub beam: u32,
}

impl StackLowering for NeuralLowering {
    fn lower(&self, ops: &[TIROp]) -> Vec<String> {
        let text = match lower_optimized(ops, self.beam) {
            Ok((text, _)) => text,
            Err(_) => lower_classical(ops).unwrap_or_default(),
        };
        text.lines().map(str::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_have_the_layout_of_the_header() {
        unsafe {
            assert_eq!(nc_tir_ffi_size(0), std::mem::size_of::<COp>());
            assert_eq!(nc_tir_ffi_size(1), std::mem::size_of::<COptions>());
            assert_eq!(nc_tir_ffi_size(2), std::mem::size_of::<Report>());
            assert_eq!(nc_tir_ffi_size(3), std::mem::size_of::<CError>());
        }
    }

    fn sample() -> Vec<TIROp> {
        vec![
            TIROp::FnStart("f".into()),
            TIROp::Dup(1),
            TIROp::Push(5),
            TIROp::Sub,
            TIROp::Eq,
            TIROp::IfElse {
                then_body: vec![TIROp::Push(1)],
                else_body: vec![TIROp::Push(1)],
            },
            TIROp::Return,
            TIROp::FnEnd,
        ]
    }

    #[test]
    fn the_classical_lowering_is_the_compilers() {
        let text = lower_classical(&sample()).unwrap();
        assert!(text.starts_with("__f:\n    dup 1\n    push 5\n    push -1\n    mul\n    add\n"));
        assert!(text.contains("__then__1:\n    pop 1\n    push 1\n    push 0\n    return\n"));
    }

    #[test]
    fn the_optimised_lowering_is_shorter_and_equal_branches_fold() {
        let (text, report) = lower_optimized(&sample(), 0).unwrap();
        assert!(report.instructions_after < report.instructions_before);
        assert!(!text.contains("skiz"), "{text}");
        let lines = NeuralLowering { beam: 0 }.lower(&sample());
        assert_eq!(lines.join("\n"), text.trim_end_matches('\n').to_string() + "\n");
    }

    #[test]
    fn errors_come_back_as_text() {
        assert!(lower_classical(&[TIROp::Pop(9)]).is_err());
        let err = optimize_text("push 1\nnonsense\n", 0).unwrap_err();
        assert!(err.0.starts_with("line 2, column 1"), "{err}");
        assert!(lower_classical(&[TIROp::Call("a\0b".into())]).is_err());
    }
}
