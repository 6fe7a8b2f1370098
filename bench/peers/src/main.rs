//! nc_goldilocks.h beside Plonky3 and twenty-first, in one process and on one thread.
//!
//! Each row runs both sides in turn, nine times, and prints the medians; first it checks that
//! both give the same field elements. Plonky3 chooses its vectors when it is compiled, so the
//! build's target decides which level is measured; ours is told to use the same one.
//!
//! A line is: area, row, unit, ours, peer, ours faster by, peer's name, what the peer ran.
use p3_dft::{Radix2Bowers, Radix2DFTSmallBatch, Radix2Dit, Radix2DitParallel, TwoAdicSubgroupDft};
use p3_field::{Field, PackedValue, PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::{
    default_goldilocks_poseidon2_12, default_goldilocks_poseidon2_16,
    default_goldilocks_poseidon2_8, Goldilocks, Poseidon2Goldilocks,
};
use p3_matrix::bitrev::BitReversibleMatrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_matrix::Matrix;
use p3_merkle_tree::MerkleTree;
use p3_symmetric::{CryptographicHasher, Permutation, TruncatedPermutation};
use std::hint::black_box;
use std::time::Instant;

type P = <Goldilocks as Field>::Packing;
const LANES: usize = <P as PackedValue>::WIDTH;
/// 0 portable, 1 AVX2, 2 the best there is (AVX-512, NEON).
const LEVEL: i32 = match LANES {
    1 => 0,
    4 => 1,
    _ => 2,
};

extern "C" {
    fn nc_gl_set_simd(level: i32) -> i32;
    fn nc_gl_vec_mul(out: *mut u64, a: *const u64, b: *const u64, n: usize) -> i32;
    fn nc_gl_vec_dot(a: *const u64, b: *const u64, n: usize) -> u64;
    fn nc_gl_inv(a: u64, out: *mut u64) -> i32;
    fn nc_gl_batch_inv(out: *mut u64, a: *const u64, n: usize, work: *mut u64, zeros: *mut usize)
        -> i32;
    fn nc_gl_matmul(
        c: *mut u64, a: *const u64, b: *const u64, m: usize, k: usize, n: usize,
    ) -> i32;
    fn nc_gl_ntt_create(plan: *mut *mut u8, log2_n: u32, hooks: *const u8) -> i32;
    fn nc_gl_ntt_destroy(plan: *mut u8);
    fn nc_gl_ntt_forward(plan: *const u8, x: *mut u64);
    fn nc_gl_ntt_to_reversed(plan: *const u8, x: *mut u64);
    fn nc_gl_poseidon2_permute(state: *mut u64, width: u32) -> i32;
    fn nc_gl_poseidon2_permute_many(states: *mut u64, width: u32, count: usize) -> i32;
    fn nc_gl_tip5_permute(state: *mut u64);
    fn nc_gl_tip5_permute_many(states: *mut u64, count: usize);
    fn nc_gl_merkle_build(hash: i32, nodes: *mut u64, n: usize) -> i32;
}

// ---- timing ------------------------------------------------------------------------------------

const RUNS: usize = 9;

/// How many calls fill 15 ms.
fn calls(f: &mut dyn FnMut()) -> usize {
    let mut n = 1;
    loop {
        let start = Instant::now();
        (0..n).for_each(|_| f());
        let took = start.elapsed().as_secs_f64();
        if took > 0.01 {
            return ((n as f64 * 0.015 / took) as usize).max(1);
        }
        n *= 4;
    }
}

/// A value that must be computed.
fn sink<T>(x: T) {
    black_box(&x);
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v[v.len() / 2]
}

/// Median seconds of a call of each, run in turn; what takes long is run five times.
fn times(all: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let counts: Vec<usize> = all.iter_mut().map(|f| calls(*f)).collect();
    let mut seconds = vec![Vec::new(); all.len()];
    let begin = Instant::now();
    for run in 0..RUNS {
        for (i, f) in all.iter_mut().enumerate() {
            let start = Instant::now();
            (0..counts[i]).for_each(|_| f());
            seconds[i].push(start.elapsed().as_secs_f64() / counts[i] as f64);
        }
        if run >= 4 && begin.elapsed().as_secs_f64() > 1.5 {
            break;
        }
    }
    seconds.into_iter().map(median).collect()
}

const PLONKY3: &str = "Plonky3";

/// `per` units in one call: a rate when the unit is per second, else time in `unit`.
fn row(what: &str, unit: &str, per: f64, ours: f64, peer: f64, name: &str, means: &str) {
    let rate = unit.ends_with("/s");
    let value = |t: f64| if rate { per / t } else { per * t };
    println!(
        "goldilocks\t{what}\t{unit}\t{:.4}\t{:.4}\t{:.2}\t{name}\t{means}",
        value(ours),
        value(peer),
        peer / ours
    );
}

/// A row whose peer has several ways: the fastest counts.
fn best(
    what: &str, unit: &str, per: f64, ours: &mut dyn FnMut(), name: &str,
    ways: &mut [(&str, &mut dyn FnMut())],
) {
    let names: Vec<&str> = ways.iter().map(|w| w.0).collect();
    let mut all: Vec<&mut dyn FnMut()> = vec![ours];
    for way in ways.iter_mut() {
        all.push(way.1);
    }
    let t = times(&mut all);
    let fastest = (1..t.len()).min_by(|&a, &b| t[a].total_cmp(&t[b])).unwrap();
    row(what, unit, per, t[0], t[fastest], name, names[fastest - 1]);
}

// ---- the same numbers on both sides ------------------------------------------------------------

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % Goldilocks::ORDER_U64
    }
    fn vector(&mut self, n: usize) -> Vec<u64> {
        (0..n).map(|_| self.next()).collect()
    }
}

fn field(v: &[u64]) -> Vec<Goldilocks> {
    v.iter().map(|&x| Goldilocks::new(x)).collect()
}

/// Plonky3 keeps sums of p and small numbers as they come: compared by value.
fn same(what: &str, ours: &[u64], theirs: &[Goldilocks]) {
    assert!(
        ours.iter().zip(theirs).all(|(a, b)| *a == b.as_canonical_u64()),
        "{what}: the two libraries disagree"
    );
}

// ---- vectors and matrices ----------------------------------------------------------------------

fn dot_blocks<const N: usize>(a: &[P], b: &[P]) -> Goldilocks {
    let mut sum = P::ZERO;
    for (x, y) in a.chunks_exact(N).zip(b.chunks_exact(N)) {
        sum += P::dot_product::<N>(x.try_into().unwrap(), y.try_into().unwrap());
    }
    sum.as_slice().iter().copied().sum()
}

fn dot_scalar<const N: usize>(a: &[Goldilocks], b: &[Goldilocks]) -> Goldilocks {
    a.chunks_exact(N)
        .zip(b.chunks_exact(N))
        .map(|(x, y)| {
            Goldilocks::dot_product::<N>(x.try_into().unwrap(), y.try_into().unwrap())
        })
        .sum()
}

fn vectors(random: &mut Random) {
    const N: usize = 4096;
    let (a, b) = (random.vector(N), random.vector(N));
    let (fa, fb) = (field(&a), field(&b));
    let (pa, pb) = (P::pack_slice(&fa).to_vec(), P::pack_slice(&fb).to_vec());
    let mut out = vec![0u64; N];
    let mut product = vec![P::ZERO; N / LANES];
    let mut ours = || unsafe {
        nc_gl_vec_mul(out.as_mut_ptr(), a.as_ptr(), b.as_ptr(), N);
    };
    let mut theirs = || {
        for ((o, x), y) in product.iter_mut().zip(&pa).zip(&pb) {
            *o = *x * *y;
        }
        black_box(&mut product);
    };
    best("mul, 4096 elements", "Gop/s", N as f64 / 1e9, &mut ours, PLONKY3, &mut [
        ("packed", &mut theirs),
    ]);
    same("mul", &out, P::unpack_slice(&product));

    let dot = unsafe { nc_gl_vec_dot(a.as_ptr(), b.as_ptr(), N) };
    same("dot", &[dot], &[dot_blocks::<4>(&pa, &pb)]);
    same("dot", &[dot], &[dot_scalar::<64>(&fa, &fb)]);
    best(
        "dot, 4096 elements", "GMAC/s", N as f64 / 1e9,
        &mut || {
            sink(unsafe { nc_gl_vec_dot(a.as_ptr(), b.as_ptr(), N) });
        },
        PLONKY3,
        &mut [
            ("packed dot_product of 4", &mut || sink(dot_blocks::<4>(&pa, &pb))),
            ("packed dot_product of 2", &mut || sink(dot_blocks::<2>(&pa, &pb))),
            ("packed dot_product of 8", &mut || sink(dot_blocks::<8>(&pa, &pb))),
            ("scalar dot_product of 64", &mut || sink(dot_scalar::<64>(&fa, &fb))),
            ("scalar dot_product of 4096", &mut || sink(dot_scalar::<N>(&fa, &fb))),
        ],
    );

    let (mut x, mut y) = (a[1], fa[1]);
    best(
        "inverse, each on the last", "ns", 1e9,
        &mut || unsafe {
            nc_gl_inv(x, &mut x);
        },
        PLONKY3,
        &mut [("inverse", &mut || y = y.inverse())],
    );
    let mut work = vec![0u64; N];
    best(
        "batch inverse, each of 4096", "ns", 1e9 / N as f64,
        &mut || unsafe {
            nc_gl_batch_inv(out.as_mut_ptr(), a.as_ptr(), N, work.as_mut_ptr(),
                            std::ptr::null_mut());
        },
        PLONKY3,
        &mut [("batch_multiplicative_inverse", &mut || {
            sink(p3_field::batch_multiplicative_inverse(&fa));
        })],
    );
}

/// R rows of V vectors of the product in registers, `dot_product` over 4 terms of the depth: what
/// a user of the packed field would write.
fn matmul_tiles<const R: usize, const V: usize>(
    c: &mut [Goldilocks], a: &[Goldilocks], b: &[Goldilocks], n: usize,
) {
    for j in (0..n).step_by(V * LANES) {
        for i in (0..n).step_by(R) {
            let mut sum = [[P::ZERO; V]; R];
            for k in (0..n).step_by(4) {
                let mut right = [[P::ZERO; 4]; V];
                for t in 0..4 {
                    for v in 0..V {
                        let at = (k + t) * n + j + v * LANES;
                        right[v][t] = *P::from_slice(&b[at..at + LANES]);
                    }
                }
                for r in 0..R {
                    let left: [P; 4] = std::array::from_fn(|t| P::from(a[(i + r) * n + k + t]));
                    for v in 0..V {
                        sum[r][v] += P::dot_product::<4>(&right[v], &left);
                    }
                }
            }
            for r in 0..R {
                for v in 0..V {
                    let at = (i + r) * n + j + v * LANES;
                    *P::from_slice_mut(&mut c[at..at + LANES]) = sum[r][v];
                }
            }
        }
    }
}

fn matrices(random: &mut Random) {
    const N: usize = 256;
    let (a, b) = (random.vector(N * N), random.vector(N * N));
    let (fa, fb) = (field(&a), field(&b));
    let mut turned = vec![Goldilocks::ZERO; N * N];
    let (mut out, mut tiles) = (vec![0u64; N * N], vec![Goldilocks::ZERO; N * N]);
    let (mut rows, mut dots, mut small) = (tiles.clone(), tiles.clone(), tiles.clone());
    let right = RowMajorMatrix::new(fb.clone(), N);
    best(
        "field matmul 256^3", "GMAC/s", (N * N * N) as f64 / 1e9,
        &mut || unsafe {
            nc_gl_matmul(out.as_mut_ptr(), a.as_ptr(), b.as_ptr(), N, N, N);
        },
        PLONKY3,
        &mut [
            ("packed dot_product, 2 x 2 tiles", &mut || {
                matmul_tiles::<2, 2>(&mut tiles, &fa, &fb, N)
            }),
            ("packed dot_product, 1 x 1 tiles", &mut || {
                matmul_tiles::<1, 1>(&mut small, &fa, &fb, N)
            }),
            ("columnwise_dot_product a row", &mut || {
                for (c, a) in rows.chunks_exact_mut(N).zip(fa.chunks_exact(N)) {
                    c.copy_from_slice(&right.columnwise_dot_product(a));
                }
            }),
            ("scalar dot_product of 256", &mut || {
                for i in 0..N {
                    for j in 0..N {
                        turned[j * N + i] = fb[i * N + j];
                    }
                }
                for (c, a) in dots.chunks_exact_mut(N).zip(fa.chunks_exact(N)) {
                    let a: &[Goldilocks; N] = a.try_into().unwrap();
                    for (o, b) in c.iter_mut().zip(turned.chunks_exact(N)) {
                        *o = Goldilocks::dot_product::<N>(a, b.try_into().unwrap());
                    }
                }
            }),
        ],
    );
    same("matmul", &out, &tiles);
    same("matmul", &out, &rows);
    same("matmul", &out, &dots);
}

// ---- transforms --------------------------------------------------------------------------------

/// A transform of `x` in place, through a matrix that takes the vector and gives it back.
fn plonky<D: TwoAdicSubgroupDft<Goldilocks>>(dft: &D, x: &mut Vec<Goldilocks>) {
    *x = dft.dft(std::mem::take(x));
}

/// 2^20 and 2^22 elements in one column; Plonky3's own order, natural or reversed, also counts.
fn transforms(random: &mut Random) {
    for log in [12u32, 16, 20, 22] {
        let n = 1usize << log;
        let start = random.vector(n);
        let mut plan = std::ptr::null_mut();
        assert_eq!(unsafe { nc_gl_ntt_create(&mut plan, log, std::ptr::null()) }, 0);
        let (small, dit) = (Radix2DFTSmallBatch::default(), Radix2Dit::default());
        let (bowers, wide) = (Radix2Bowers, Radix2DitParallel::default());
        let mut x = start.clone();
        let mut y = field(&start);
        unsafe { nc_gl_ntt_forward(plan, x.as_mut_ptr()) };
        plonky(&small, &mut y);
        same("NTT", &x, &y);
        let (mut y1, mut y2, mut y3) = (y.clone(), y.clone(), y.clone());
        best(
            &format!("NTT 2^{log}, natural order"), "ms", 1e3,
            &mut || unsafe { nc_gl_ntt_forward(plan, x.as_mut_ptr()) },
            PLONKY3,
            &mut [
                ("Radix2DFTSmallBatch", &mut || plonky(&small, &mut y)),
                ("Radix2Bowers", &mut || plonky(&bowers, &mut y1)),
                ("Radix2Dit", &mut || plonky(&dit, &mut y2)),
                ("Radix2DitParallel", &mut || plonky(&wide, &mut y3)),
            ],
        );
        // Bit-reversed evaluations, as commitments use them: no permutation on either side.
        let mut out = y;
        best(
            &format!("NTT 2^{log}, bit-reversed"), "ms", 1e3,
            &mut || unsafe { nc_gl_ntt_to_reversed(plan, x.as_mut_ptr()) },
            PLONKY3,
            &mut [("Radix2DitParallel", &mut || {
                let m = wide.dft_batch(RowMajorMatrix::new_col(std::mem::take(&mut out)));
                out = m.bit_reverse_rows().values;
            })],
        );
        twenty_first_ntt(log, plan, &mut x);
        unsafe { nc_gl_ntt_destroy(plan) };
    }
    batch(random);
}

/// 16 polynomials of 2^16: Plonky3's rows hold one value of each, ours lie one after another.
fn batch(random: &mut Random) {
    const LOG: u32 = 16;
    const COUNT: usize = 16;
    let start = random.vector(COUNT << LOG);
    let mut plan = std::ptr::null_mut();
    assert_eq!(unsafe { nc_gl_ntt_create(&mut plan, LOG, std::ptr::null()) }, 0);
    let mut x = start.clone();
    let mut y = field(&start);
    let mut z = y.clone();
    let mut w = y.clone();
    let small = Radix2DFTSmallBatch::default();
    let (bowers, wide) = (Radix2Bowers, Radix2DitParallel::default());
    best(
        "NTT 2^16, each of 16, natural order", "ms", 1e3 / COUNT as f64,
        &mut || {
            for p in x.chunks_exact_mut(1 << LOG) {
                unsafe { nc_gl_ntt_forward(plan, p.as_mut_ptr()) }
            }
        },
        PLONKY3,
        &mut [
            ("Radix2DFTSmallBatch, 16 columns", &mut || {
                let m = RowMajorMatrix::new(std::mem::take(&mut y), COUNT);
                y = small.dft_batch(m).values;
            }),
            ("Radix2Bowers, 16 columns", &mut || {
                let m = RowMajorMatrix::new(std::mem::take(&mut z), COUNT);
                z = bowers.dft_batch(m).to_row_major_matrix().values;
            }),
            ("Radix2DitParallel, 16 columns", &mut || {
                let m = RowMajorMatrix::new(std::mem::take(&mut w), COUNT);
                w = wide.dft_batch(m).to_row_major_matrix().values;
            }),
        ],
    );
    unsafe { nc_gl_ntt_destroy(plan) };
}

// ---- hashes ------------------------------------------------------------------------------------

fn poseidon2<const W: usize>(random: &mut Random, perm: &Poseidon2Goldilocks<W>)
where
    Poseidon2Goldilocks<W>: Permutation<[Goldilocks; W]> + Permutation<[P; W]>,
{
    const STATES: usize = 1024;
    let start = random.vector(STATES * W);
    let mut one: Vec<u64> = start[..W].to_vec();
    let mut their: [Goldilocks; W] = field(&one).try_into().unwrap();
    unsafe { nc_gl_poseidon2_permute(one.as_mut_ptr(), W as u32) };
    perm.permute_mut(&mut their);
    same("Poseidon2", &one, &their);
    best(
        &format!("Poseidon2 width {W}, one alone"), "ns", 1e9,
        &mut || unsafe {
            nc_gl_poseidon2_permute(one.as_mut_ptr(), W as u32);
        },
        PLONKY3,
        &mut [("permute_mut", &mut || perm.permute_mut(&mut their))],
    );

    // Ours takes 1024 states as they lie, theirs vectors that hold the same place of several.
    let mut many = start.clone();
    let mut packed: Vec<[P; W]> = (0..STATES / LANES)
        .map(|s| {
            std::array::from_fn(|i| {
                P::from_fn(|lane| Goldilocks::new(start[(s * LANES + lane) * W + i]))
            })
        })
        .collect();
    best(
        &format!("Poseidon2 width {W}, each of 1024"), "ns", 1e9 / STATES as f64,
        &mut || unsafe {
            nc_gl_poseidon2_permute_many(many.as_mut_ptr(), W as u32, STATES);
        },
        PLONKY3,
        &mut [("packed, in its own layout", &mut || {
            packed.iter_mut().for_each(|s| perm.permute_mut(s));
        })],
    );
}

/// The leaves of our trees are digests: as a hash of four elements it gives them back.
#[derive(Clone)]
struct Digests;
impl<T: Copy + Default> CryptographicHasher<T, [T; 4]> for Digests {
    fn hash_iter<I: IntoIterator<Item = T>>(&self, input: I) -> [T; 4] {
        let mut digest = [T::default(); 4];
        for (d, x) in digest.iter_mut().zip(input) {
            *d = x;
        }
        digest
    }
}

fn merkle(random: &mut Random) {
    const LEAVES: usize = 1 << 20;
    let leaves = random.vector(4 * LEAVES);
    let mut nodes = vec![0u64; 4 * LEAVES];
    nodes.extend(&leaves);
    let compress = TruncatedPermutation::<_, 2, 4, 8>::new(default_goldilocks_poseidon2_8());
    let matrix = field(&leaves);
    let mut root = [Goldilocks::ZERO; 4];
    let mut ours = || unsafe {
        nc_gl_merkle_build(0, nodes.as_mut_ptr(), LEAVES);
    };
    let mut theirs = || {
        let m = RowMajorMatrix::new(matrix.clone(), 4);
        let tree: MerkleTree<Goldilocks, Goldilocks, _, 2, 4> =
            MerkleTree::new::<P, P, _, _>(&Digests, &compress, vec![m]);
        root = *tree.root().as_ref();
        black_box(&tree);
    };
    best("Merkle tree of 2^20 leaves", "ms", 1e3, &mut ours, PLONKY3, &mut [(
        "MerkleTree, leaves are digests",
        &mut theirs,
    )]);
    same("Merkle root", &nodes[4..8], &root);
}

// ---- twenty-first ------------------------------------------------------------------------------

/// The same code for two releases: the current one where AVX-512 is measured, else the last
/// without it, because the current one takes it wherever the processor has it.
macro_rules! twenty_first_rows {
    ($module:ident, $library:ident, $name:expr) => {
        mod $module {
            use super::*;
            use $library::prelude::{BFieldElement, Tip5};

            pub fn ntt(log: u32, plan: *mut u8, x: &mut [u64]) {
                let mut y: Vec<BFieldElement> = x.iter().map(|&v| BFieldElement::new(v)).collect();
                $library::math::ntt::ntt(&mut y);
                unsafe { nc_gl_ntt_forward(plan, x.as_mut_ptr()) };
                assert!(x.iter().zip(&y).all(|(a, b)| *a == b.value()), "NTT: disagree");
                best(
                    &format!("NTT 2^{log}, natural order"), "ms", 1e3,
                    &mut || unsafe { nc_gl_ntt_forward(plan, x.as_mut_ptr()) },
                    $name,
                    &mut [("ntt", &mut || $library::math::ntt::ntt(&mut y))],
                );
            }

            pub fn tip5(random: &mut Random) -> (Vec<u64>, Vec<Tip5>) {
                let mut x = random.vector(16);
                let state = std::array::from_fn(|i| BFieldElement::new(x[i]));
                let mut y = Tip5 { state };
                y.permutation();
                unsafe { nc_gl_tip5_permute(x.as_mut_ptr()) };
                assert!(x.iter().zip(&y.state).all(|(a, b)| *a == b.value()), "Tip5: disagree");
                best(
                    "Tip5, one alone", "ns", 1e9,
                    &mut || unsafe { nc_gl_tip5_permute(x.as_mut_ptr()) },
                    $name,
                    &mut [("permutation", &mut || y.permutation())],
                );
                let many = random.vector(16 * 1024);
                let sponges = many
                    .chunks_exact(16)
                    .map(|s| Tip5 { state: std::array::from_fn(|i| BFieldElement::new(s[i])) })
                    .collect();
                (many, sponges)
            }
        }
    };
}
twenty_first_rows!(current, twenty_first, "twenty-first");
twenty_first_rows!(scalar, twenty_first_2, "twenty-first 2");

fn twenty_first_ntt(log: u32, plan: *mut u8, x: &mut [u64]) {
    if LEVEL == 2 {
        current::ntt(log, plan, x)
    } else {
        scalar::ntt(log, plan, x)
    }
}

fn tip5(random: &mut Random) {
    const COUNT: f64 = 1024.0;
    if LEVEL == 2 {
        let (mut x, mut y) = current::tip5(random);
        let blocks = vec![[twenty_first::prelude::BFieldElement::new(1); 10]; 1024];
        best(
            "Tip5, each of 1024", "ns", 1e9 / COUNT,
            &mut || unsafe { nc_gl_tip5_permute_many(x.as_mut_ptr(), 1024) },
            "twenty-first",
            &mut [("absorb_many", &mut || {
                twenty_first::prelude::Tip5::absorb_many(&mut y, &blocks)
            })],
        );
    } else {
        let (mut x, mut y) = scalar::tip5(random);
        best(
            "Tip5, each of 1024", "ns", 1e9 / COUNT,
            &mut || unsafe { nc_gl_tip5_permute_many(x.as_mut_ptr(), 1024) },
            "twenty-first 2",
            &mut [("permutation, one by one", &mut || {
                y.iter_mut().for_each(|s| s.permutation())
            })],
        );
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let asked = |part: &str| wanted.is_empty() || wanted.iter().any(|w| w == part);
    let random = &mut Random(88172645463325252);
    let ours = if LEVEL == 2 { -1 } else { LEVEL };
    assert_eq!(unsafe { nc_gl_set_simd(ours) }, 0, "this machine lacks the level of the build");
    if asked("vectors") {
        vectors(random);
    }
    if asked("matrices") {
        matrices(random);
    }
    if asked("transforms") {
        transforms(random);
    }
    if asked("hashes") {
        poseidon2::<8>(random, &default_goldilocks_poseidon2_8());
        poseidon2::<12>(random, &default_goldilocks_poseidon2_12());
        poseidon2::<16>(random, &default_goldilocks_poseidon2_16());
        tip5(random);
    }
    if asked("merkle") {
        merkle(random);
    }
}
