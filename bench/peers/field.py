"""The Goldilocks field in Python: nc_goldilocks.h beside galois, NumPy and Python's integers."""
import ctypes as c

import numpy as np

import peers

P = 2**64 - 2**32 + 1
N = 4096

nc = peers.library()
random = np.random.default_rng(1)


def numbers(n):
    return random.integers(0, P, n, dtype=np.uint64)


def vector_mul(a, b, out):
    v = [peers.pointer(x) for x in (out, a, b)]
    n = c.c_size_t(len(a))
    return lambda: nc.nc_gl_vec_mul(*v, n)


def with_integers():
    a, b, out = numbers(N), numbers(N), np.zeros(N, dtype=np.uint64)
    left, right = a.astype(object), b.astype(object)
    run = vector_mul(a, b, out)
    run()
    if not np.array_equal(((left * right) % P).astype(np.uint64), out):
        raise RuntimeError("the products disagree")
    t = peers.times([run, lambda: (left * right) % P])
    peers.row("goldilocks", "mul, 4096 elements", "Gop/s", N / 1e9, *t,
              f"NumPy {peers.version('numpy')}", "object arrays of Python integers")


def with_galois():
    try:
        import galois
    except ImportError as e:
        return peers.skip("galois", str(e))
    name = f"galois {peers.version('galois')}"
    field = galois.GF(P, primitive_element=7, verify=False)
    a, b, out = numbers(N), numbers(N), np.zeros(N, dtype=np.uint64)
    left, right = field(a.astype(object)), field(b.astype(object))
    run = vector_mul(a, b, out)
    run()
    if not np.array_equal(np.array(left * right).astype(np.uint64), out):
        raise RuntimeError("the products disagree")
    t = peers.times([run, lambda: left * right])
    peers.row("goldilocks", "mul, 4096 elements", "Gop/s", N / 1e9, *t, name, "array * array")
    side = 32
    m, k = a[:side * side].reshape(side, side), b[:side * side].reshape(side, side)
    fm, fk = field(m.astype(object)), field(k.astype(object))
    product = np.zeros((side, side), dtype=np.uint64)
    v = [peers.pointer(x) for x in (product, m, k)]
    s = [c.c_size_t(side)] * 3

    def matmul():
        nc.nc_gl_matmul(*v, *s)

    matmul()
    if not np.array_equal(np.array(fm @ fk).astype(np.uint64), product):
        raise RuntimeError("the matrix products disagree")
    t = peers.times([matmul, lambda: fm @ fk])
    peers.row("goldilocks", "field matmul 32^3", "GMAC/s", side**3 / 1e9, *t, name, "array @ array")
    log = 10
    plan = c.c_void_p()
    x = numbers(1 << log)
    nc.nc_gl_ntt_create(c.byref(plan), log, None)
    values = [int(v) for v in x]
    vx = peers.pointer(x)
    t = peers.times([lambda: nc.nc_gl_ntt_forward(plan, vx),
                     lambda: galois.ntt(values, modulus=P)])
    peers.row("goldilocks", "NTT 2^10, natural order", "ms", 1e3, *t, name, "ntt")
    nc.nc_gl_ntt_destroy(plan)


with_integers()
with_galois()
