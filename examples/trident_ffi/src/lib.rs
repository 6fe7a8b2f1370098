//! nc_tirneural.h for the trident compilers: mirrors of their TIR operations, a safe wrapper of the
//! C builder, and implementations of their `StackLowering` traits that give the optimised, proven
//! code, or the compiler's own where something is refused. Module `trident` is for the compiler that
//! lowers itself, `trisha` for its newest version, which leaves that to trisha.

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::ptr;

/// Whose instructions; see nc_tir_target.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Target {
    #[default]
    Trident = 0,
    Triton = 1,
    TritonMain = 2,
    Trisha = 3,
}

/// See nc_tir_options. 0 and `None` are its defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    pub target: Target,
    /// States kept in each step of a search.
    pub beam: u32,
    /// Instructions searched as one block.
    pub block: u32,
    /// Weight of the network.
    pub guide: u32,
    /// A whole program, which nothing calls into. Not for what is linked afterwards.
    pub whole: bool,
    /// The network's weights file.
    pub weights: Option<String>,
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

/// Rows of the six tables in the compiler's static model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heights {
    pub processor: u64,
    pub hash: u64,
    pub u32: u64,
    pub op_stack: u64,
    pub ram: u64,
    pub jump_stack: u64,
}

/// Why a block is shorter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// It is as it was.
    None,
    /// Fewer stack instructions do.
    Stack,
    /// It has fewer rows in the hash, u32 or RAM table too.
    Table,
}

/// What became of one straight-line block of the lowered code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The place of its first instruction in the lowered code.
    pub instruction: u32,
    pub before: u32,
    pub after: u32,
    /// Instructions that no order of its operations can avoid.
    pub bound: f64,
    pub reason: Reason,
}

/// What the optimiser did; see nc_tir_report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub blocks: Vec<Block>,
    pub slack: u64,
    pub improved: u64,
    pub proofs: u64,
    pub rejected: u64,
    pub expanded: u64,
    pub instructions_before: u64,
    pub instructions_after: u64,
    pub bound: f64,
    pub before: Heights,
    pub after: Heights,
    /// Hints and breaks of the code, and those that could not be kept.
    pub hints: u64,
    pub hints_dropped: u64,
    /// Why the compiler's own lowering was taken, where it was.
    pub refused: Option<Error>,
}

// ---- the C side: nc_tir.c, whose structs a test compares with these ------------------------------

#[repr(C)]
struct COptions {
    weights: *const c_char,
    target: i32,
    beam: u32,
    block: u32,
    guide: u32,
    whole: u32,
}

#[repr(C)]
struct CBlock {
    bound: f64,
    instruction: u32,
    before: u32,
    after: u32,
    reason: i32,
}

#[repr(C)]
#[derive(Default)]
struct CReport {
    blocks: u64,
    slack: u64,
    improved: u64,
    proofs: u64,
    rejected: u64,
    expanded: u64,
    instructions_before: u64,
    instructions_after: u64,
    hints: u64,
    hints_dropped: u64,
    before: [u64; 6],
    after: [u64; 6],
    bound: f64,
}

const MESSAGE: usize = 240;
type OnBlock = extern "C" fn(*mut c_void, *const CBlock);

extern "C" {
    fn nc_tir_create(program: *mut *mut c_void) -> c_int;
    fn nc_tir_destroy(program: *mut c_void);
    fn nc_tir_else(program: *mut c_void) -> c_int;
    fn nc_tir_end(program: *mut c_void) -> c_int;
    fn nc_tir_lower(program: *const c_void, target: c_int, tasm: *mut *mut c_char) -> c_int;
    fn nc_tir_free_text(text: *mut c_char);
    fn nc_status_str(status: c_int) -> *const c_char;
    fn nc_tir_ffi_append(
        program: *mut c_void,
        kind: *const c_char,
        value: u64,
        fields: u32,
        text: *const c_char,
    ) -> c_int;
    fn nc_tir_ffi_optimize(
        program: *const c_void,
        options: *const COptions,
        on_block: OnBlock,
        user: *mut c_void,
        tasm: *mut *mut c_char,
        report: *mut CReport,
        message: *mut c_char,
    ) -> c_int;
    fn nc_tir_ffi_optimize_text(
        tir: *const c_char,
        bytes: usize,
        options: *const COptions,
        tasm: *mut *mut c_char,
        json: *mut *mut c_char,
        message: *mut c_char,
    ) -> c_int;
    #[cfg(test)]
    fn nc_tir_ffi_size(which: c_int) -> usize;
}

fn check(status: c_int) -> Result<(), Error> {
    if status == 0 {
        return Ok(());
    }
    let text = unsafe { CStr::from_ptr(nc_status_str(status)) };
    Err(Error(text.to_string_lossy().into_owned()))
}

fn check_message(status: c_int, message: &[c_char; MESSAGE]) -> Result<(), Error> {
    if status == 0 {
        return Ok(());
    }
    let text = unsafe { CStr::from_ptr(message.as_ptr()) };
    Err(Error(text.to_string_lossy().into_owned()))
}

/// Copy a text of the C library and free it.
fn take(text: *mut c_char) -> String {
    let copy = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    unsafe { nc_tir_free_text(text) };
    copy
}

/// The options for the C side, and what they point to.
fn c_options(options: &Options) -> Result<(COptions, Option<CString>), Error> {
    let weights = match &options.weights {
        Some(path) => Some(CString::new(path.as_str()).map_err(|_| nul())?),
        None => None,
    };
    let raw = COptions {
        weights: weights.as_ref().map_or(ptr::null(), |path| path.as_ptr()),
        target: options.target as i32,
        beam: options.beam,
        block: options.block,
        guide: options.guide,
        whole: options.whole.into(),
    };
    Ok((raw, weights))
}

fn nul() -> Error {
    Error("a name holds a NUL".into())
}

// ---- programs -----------------------------------------------------------------------------------

/// A program of the C library, built from a compiler's operations.
pub struct Program(*mut c_void);

impl Drop for Program {
    fn drop(&mut self) {
        unsafe { nc_tir_destroy(self.0) }
    }
}

/// One operation of a compiler, which knows how the C library calls it.
pub trait Operation: Sized {
    fn append(&self, program: &Program) -> Result<(), Error>;
}

impl Program {
    pub fn new<O: Operation>(ops: &[O]) -> Result<Self, Error> {
        let mut raw = ptr::null_mut();
        check(unsafe { nc_tir_create(&mut raw) })?;
        let program = Program(raw);
        program.append_all(ops)?;
        Ok(program)
    }

    fn append_all<O: Operation>(&self, ops: &[O]) -> Result<(), Error> {
        ops.iter().try_for_each(|op| op.append(self))
    }

    /// An operation by its name in the text form.
    fn put(&self, kind: &str, value: u64, fields: u32, text: Option<&str>) -> Result<(), Error> {
        let kind = CString::new(kind).map_err(|_| nul())?;
        let text = match text {
            Some(t) => Some(CString::new(t).map_err(|_| nul())?),
            None => None,
        };
        let text = text.as_ref().map_or(ptr::null(), |t| t.as_ptr());
        let status = unsafe { nc_tir_ffi_append(self.0, kind.as_ptr(), value, fields, text) };
        check(status).map_err(|e| Error(format!("{}: {e}", kind.to_string_lossy())))
    }

    fn plain(&self, kind: &str) -> Result<(), Error> {
        self.put(kind, 0, 0, None)
    }

    fn count(&self, kind: &str, n: u32) -> Result<(), Error> {
        self.put(kind, n.into(), 0, None)
    }

    fn named(&self, kind: &str, name: &str) -> Result<(), Error> {
        self.put(kind, 0, 0, Some(name))
    }

    fn body<O: Operation>(&self, body: &[O], other: Option<&[O]>) -> Result<(), Error> {
        self.append_all(body)?;
        if let Some(other) = other {
            check(unsafe { nc_tir_else(self.0) })?;
            self.append_all(other)?;
        }
        check(unsafe { nc_tir_end(self.0) })
    }
}

/// Classical TASM: for `Target::Trident` and `Target::Trisha` the compiler's, byte for byte.
pub fn lower_classical<O: Operation>(ops: &[O], target: Target) -> Result<String, Error> {
    let program = Program::new(ops)?;
    let mut tasm = ptr::null_mut();
    check(unsafe { nc_tir_lower(program.0, target as c_int, &mut tasm) })?;
    Ok(take(tasm))
}

extern "C" fn add_block(user: *mut c_void, block: *const CBlock) {
    let (blocks, block) = unsafe { (&mut *user.cast::<Vec<Block>>(), &*block) };
    blocks.push(Block {
        instruction: block.instruction,
        before: block.before,
        after: block.after,
        bound: block.bound,
        reason: match block.reason {
            0 => Reason::None,
            1 => Reason::Stack,
            _ => Reason::Table,
        },
    });
}

fn heights(rows: &[u64; 6]) -> Heights {
    let [processor, hash, u32, op_stack, ram, jump_stack] = *rows;
    Heights { processor, hash, u32, op_stack, ram, jump_stack }
}

/// Optimised TASM, and what was gained block by block.
pub fn lower_optimized<O: Operation>(
    ops: &[O],
    options: &Options,
) -> Result<(String, Report), Error> {
    let program = Program::new(ops)?;
    let (raw, _path) = c_options(options)?;
    let (mut tasm, mut r, mut message) = (ptr::null_mut(), CReport::default(), [0; MESSAGE]);
    let mut blocks: Vec<Block> = Vec::new();
    let user: *mut Vec<Block> = &mut blocks;
    let status = unsafe {
        let message = message.as_mut_ptr();
        nc_tir_ffi_optimize(program.0, &raw, add_block, user.cast(), &mut tasm, &mut r, message)
    };
    check_message(status, &message)?;
    let report = Report {
        blocks,
        slack: r.slack,
        improved: r.improved,
        proofs: r.proofs,
        rejected: r.rejected,
        expanded: r.expanded,
        instructions_before: r.instructions_before,
        instructions_after: r.instructions_after,
        bound: r.bound,
        before: heights(&r.before),
        after: heights(&r.after),
        hints: r.hints,
        hints_dropped: r.hints_dropped,
        refused: None,
    };
    Ok((take(tasm), report))
}

/// TIR text in, optimised TASM and the report as JSON out.
pub fn optimize_text(tir: &str, options: &Options) -> Result<(String, String), Error> {
    let (raw, _path) = c_options(options)?;
    let (mut tasm, mut json, mut message) = (ptr::null_mut(), ptr::null_mut(), [0; MESSAGE]);
    let status = unsafe {
        let (text, message) = (tir.as_ptr().cast(), message.as_mut_ptr());
        nc_tir_ffi_optimize_text(text, tir.len(), &raw, &mut tasm, &mut json, message)
    };
    check_message(status, &message)?;
    Ok((take(tasm), take(json)))
}

// ---- the compilers ------------------------------------------------------------------------------

/// A compiler's operations and its trait. `$more` are the variants that only it has, and `$arms` how
/// they are appended to the program `$p`.
macro_rules! compiler {
    ($target:expr, $p:ident, { $($more:tt)* }, { $($arms:tt)* }) => {
        use super::{lower_optimized, Error, Operation, Options, Program, Report, Target};
        use std::cell::RefCell;

        /// The compiler's operations. Bodies own their operations.
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
            $($more)*
        }

        impl Operation for TIROp {
            fn append(&self, $p: &Program) -> Result<(), Error> {
                use TIROp::*;
                match self {
                    Call(label) => $p.named("call", label),
                    Return => $p.plain("return"),
                    Halt => $p.plain("halt"),
                    IfElse { then_body, else_body } => {
                        $p.plain("if_else")?;
                        $p.body(then_body, Some(else_body))
                    }
                    IfOnly { then_body } => {
                        $p.plain("if_only")?;
                        $p.body(then_body, None)
                    }
                    Loop { label, body } => {
                        $p.named("loop", label)?;
                        $p.body(body, None)
                    }
                    FnStart(name) => $p.named("fn_start", name),
                    FnEnd => $p.plain("fn_end"),
                    Entry(name) => $p.named("entry", name),
                    Comment(text) => $p.named("comment", text),
                    Asm { lines, effect } => {
                        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                        $p.put("asm", *effect as i64 as u64, 0, Some(&text))
                    }
                    Push(value) => $p.put("push", *value, 0, None),
                    Pop(n) => $p.count("pop", *n),
                    Dup(n) => $p.count("dup", *n),
                    Swap(n) => $p.count("swap", *n),
                    Add => $p.plain("add"),
                    Sub => $p.plain("sub"),
                    Mul => $p.plain("mul"),
                    Neg => $p.plain("neg"),
                    Invert => $p.plain("invert"),
                    Eq => $p.plain("eq"),
                    Lt => $p.plain("lt"),
                    And => $p.plain("and"),
                    Or => $p.plain("or"),
                    Xor => $p.plain("xor"),
                    PopCount => $p.plain("pop_count"),
                    Split => $p.plain("split"),
                    DivMod => $p.plain("div_mod"),
                    Shl => $p.plain("shl"),
                    Shr => $p.plain("shr"),
                    Log2 => $p.plain("log2"),
                    Pow => $p.plain("pow"),
                    ReadIo(n) => $p.count("read_io", *n),
                    WriteIo(n) => $p.count("write_io", *n),
                    ReadMem(n) => $p.count("read_mem", *n),
                    WriteMem(n) => $p.count("write_mem", *n),
                    Assert(n) => $p.count("assert", *n),
                    Hash { width } => $p.count("hash", *width),
                    Reveal { name, tag, field_count } => {
                        $p.put("reveal", *tag, *field_count, Some(name))
                    }
                    Seal { name, tag, field_count } => {
                        $p.put("seal", *tag, *field_count, Some(name))
                    }
                    RamRead { width } => $p.count("ram_read", *width),
                    RamWrite { width } => $p.count("ram_write", *width),
                    Hint(n) => $p.count("hint", *n),
                    SpongeInit => $p.plain("sponge_init"),
                    SpongeAbsorb => $p.plain("sponge_absorb"),
                    SpongeSqueeze => $p.plain("sponge_squeeze"),
                    SpongeLoad => $p.plain("sponge_load"),
                    MerkleStep => $p.plain("merkle_step"),
                    MerkleLoad => $p.plain("merkle_load"),
                    ExtMul => $p.plain("ext_mul"),
                    ExtInvert => $p.plain("ext_invert"),
                    FoldExt => $p.plain("fold_ext"),
                    FoldBase => $p.plain("fold_base"),
                    ProofBlock { program_hash, body } => {
                        $p.named("proof_block", program_hash)?;
                        $p.body(body, None)
                    }
                    $($arms)*
                }
            }
        }

        /// What the compiler asks of a backend: TASM lines for a list of operations.
        pub trait StackLowering {
            fn lower(&self, ops: &[TIROp]) -> Vec<String>;
        }

        /// The backend for the compiler: optimised code, or what its own backend gives where
        /// something is refused, with a message.
        pub struct NeuralLowering<Own: StackLowering> {
            pub own: Own,
            pub options: Options,
            report: RefCell<Report>,
        }

        impl<Own: StackLowering> NeuralLowering<Own> {
            /// With the target of this compiler; `options` can be changed.
            pub fn new(own: Own) -> Self {
                let options = Options { target: $target, ..Options::default() };
                NeuralLowering { own, options, report: RefCell::default() }
            }

            /// What became of the last program.
            pub fn report(&self) -> Report {
                self.report.borrow().clone()
            }
        }

        impl<Own: StackLowering> StackLowering for NeuralLowering<Own> {
            fn lower(&self, ops: &[TIROp]) -> Vec<String> {
                match lower_optimized(ops, &self.options) {
                    Ok((text, report)) => {
                        *self.report.borrow_mut() = report;
                        text.lines().map(str::to_string).collect()
                    }
                    Err(error) => {
                        eprintln!("nc_tirneural: {error}; the compiler's own lowering is taken");
                        let refused = Some(error);
                        *self.report.borrow_mut() = Report { refused, ..Report::default() };
                        self.own.lower(ops)
                    }
                }
            }
        }
    };
}

/// The compiler that lowers by itself.
pub mod trident {
    compiler!(Target::Trident, program, {}, {});
}

/// The newest compiler, whose backend is trisha.
pub mod trisha {
    /// The types of main's parameters.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum EntryLeaf {
        Field,
        Bool,
        U32,
        Unresolved(String),
    }

    fn names(leaves: &[EntryLeaf]) -> Result<String, super::Error> {
        let name = |leaf: &EntryLeaf| match leaf {
            EntryLeaf::Field => Ok("field"),
            EntryLeaf::Bool => Ok("bool"),
            EntryLeaf::U32 => Ok("u32"),
            EntryLeaf::Unresolved(why) => Err(super::Error(format!("unresolved type: {why}"))),
        };
        Ok(leaves.iter().map(name).collect::<Result<Vec<_>, _>>()?.join(" "))
    }

    compiler!(Target::Trisha, program, {
        TargetCall { name: String, inputs: u32, outputs: u32 },
        EntryParameters(Vec<EntryLeaf>),
    }, {
        TargetCall { name, inputs, outputs } => {
            program.put("target_call", (*inputs).into(), *outputs, Some(name))
        }
        EntryParameters(leaves) => program.named("entry_parameters", &names(leaves)?),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_have_the_layout_of_the_c_file() {
        unsafe {
            assert_eq!(nc_tir_ffi_size(0), std::mem::size_of::<COptions>());
            assert_eq!(nc_tir_ffi_size(1), std::mem::size_of::<CBlock>());
            assert_eq!(nc_tir_ffi_size(2), std::mem::size_of::<CReport>());
            assert_eq!(nc_tir_ffi_size(3), MESSAGE);
        }
    }

    /// Stands in for a compiler's own backend.
    struct Own;
    impl trident::StackLowering for Own {
        fn lower(&self, ops: &[trident::TIROp]) -> Vec<String> {
            vec![format!("own lowering of {}", ops.len())]
        }
    }
    impl trisha::StackLowering for Own {
        fn lower(&self, ops: &[trisha::TIROp]) -> Vec<String> {
            vec![format!("own lowering of {}", ops.len())]
        }
    }

    fn sample() -> Vec<trident::TIROp> {
        use trident::TIROp::*;
        vec![
            FnStart("f".into()),
            Dup(1),
            Push(5),
            Sub,
            Eq,
            IfElse { then_body: vec![Push(1)], else_body: vec![Push(1)] },
            Return,
            FnEnd,
        ]
    }

    #[test]
    fn the_classical_lowering_is_the_compilers() {
        let text = lower_classical(&sample(), Target::Trident).unwrap();
        assert!(text.starts_with("__f:\n    dup 1\n    push 5\n    push -1\n    mul\n    add\n"));
        assert!(text.contains("__then__1:\n    pop 1\n    push 1\n    push 0\n    return\n"));
        let sum = [trident::TIROp::Push(5), trident::TIROp::Add];
        assert_eq!(lower_classical(&sum, Target::Triton).unwrap(), "    addi 5\n");
    }

    #[test]
    fn the_optimised_lowering_is_shorter_and_tells_of_every_block() {
        use trident::StackLowering;
        let backend = trident::NeuralLowering::new(Own);
        let lines = backend.lower(&sample());
        let (text, report) = lower_optimized(&sample(), &Options::default()).unwrap();
        assert!(report.instructions_after < report.instructions_before);
        assert!(!text.contains("skiz"), "{text}");
        assert_eq!(lines.join("\n"), text.trim_end_matches('\n').to_string() + "\n");
        assert_eq!(backend.report(), report);
        let first = report.blocks[0];
        assert_eq!((first.instruction, first.before), (0, 8));
        assert!(first.after < 8 && first.bound <= f64::from(first.after), "{first:?}");
        assert_eq!(first.reason, Reason::Stack);
        assert!(report.refused.is_none());
    }

    #[test]
    fn the_target_and_the_options_are_taken() {
        let narrow = Options { target: Target::Triton, beam: 1, block: 4, ..Options::default() };
        let (_, report) = lower_optimized(&sample(), &narrow).unwrap();
        assert!(report.blocks[0].before <= 4, "{report:?}");
        let bad = Options { weights: Some("no such file".into()), ..Options::default() };
        assert!(lower_optimized(&sample(), &bad).is_err());
        let wide = Options { beam: 1 << 20, ..Options::default() };
        assert!(lower_optimized(&sample(), &wide).unwrap_err().0.contains("beam"));
    }

    #[test]
    fn what_is_refused_is_lowered_by_the_compiler_itself() {
        use trident::{StackLowering, TIROp::*};
        let backend = trident::NeuralLowering::new(Own);
        for ops in [
            vec![Pop(8)],
            vec![Hint(10)],
            vec![Push(0xffff_ffff_0000_0001)],
            vec![Call("a\0b".into())],
            vec![Pop(70_000)],
            vec![Asm { lines: vec!["no instruction".into()], effect: 0 }],
        ] {
            assert_eq!(backend.lower(&ops), ["own lowering of 1"], "{ops:?}");
            assert!(backend.report().refused.is_some());
        }
        let deep = backend.lower(&[FnStart("f".into()), Swap(20), Return, FnEnd]);
        assert!(deep.contains(&"    swap 20".to_string()), "{deep:?}"); /* left as it is */
    }

    #[test]
    fn the_newest_compiler_lowers_all_of_these() {
        use trisha::{EntryLeaf, StackLowering, TIROp::*};
        let mut backend = trisha::NeuralLowering::new(Own);
        let ops = [
            EntryParameters(vec![EntryLeaf::Bool, EntryLeaf::U32]),
            Entry("main".into()),
            FnStart("main".into()),
            Pop(8),
            Hint(10),
            Push(0xffff_ffff_0000_0001),
            Swap(20),
            TargetCall { name: "triton_program_digest".into(), inputs: 0, outputs: 5 },
            Return,
            FnEnd,
        ];
        let text = lower_classical(&ops, Target::Trisha).unwrap();
        assert!(text.contains("    pop 5\n    pop 3\n    divine 5\n    divine 5\n    push 0\n"));
        assert!(text.contains("    call @trisha_program_digest\n    return\n"), "{text}");
        let lines = backend.lower(&ops);
        assert!(lines.len() > 100 && lines.len() < text.lines().count());
        assert!(lines.contains(&"    call @trisha_program_digest".to_string()));
        assert!(backend.report().refused.is_none());
        for bad in [
            EntryParameters(vec![EntryLeaf::Unresolved("Missing".into())]),
            TargetCall { name: "other".into(), inputs: 0, outputs: 0 },
        ] {
            assert_eq!(backend.lower(&[bad]), ["own lowering of 1"]);
        }
        assert!(backend.report().refused.is_some());
        backend.options.target = Target::Triton; // the machine's own instructions, without trisha's
        assert_eq!(backend.lower(&ops), ["own lowering of 10"]);
        assert_eq!(backend.lower(&[Pop(8)]), ["    pop 5", "    pop 3"]);
    }

    #[test]
    fn errors_come_back_as_text() {
        let err = optimize_text("push 1\nnonsense\n", &Options::default()).unwrap_err();
        assert!(err.0.starts_with("line 2, column 1"), "{err}");
        let err = lower_classical(&[trident::TIROp::Call("a b".into())], Target::Trident);
        assert!(err.unwrap_err().0.starts_with("call: "));
    }
}
