"""What the scripts of bench/peers share: our shared object, timing in turn, one line a row.

A line is: area, row, unit, ours, peer, ours faster by, peer's name, what the peer ran.
The caller sets NC_PEERS (the folder with libnc.so) and NC_LEVEL (0, 1 or 2)."""
import ctypes as c
import importlib.metadata
import os
import statistics
import sys
import time

FOLDER = os.environ.get("NC_PEERS", "build/peers")
LEVEL = int(os.environ.get("NC_LEVEL", "1"))
RUNS = 9


def library(threads=1):
    lib = c.CDLL(os.path.join(os.path.abspath(FOLDER), "libnc.so"))
    lib.peer_fp4.restype = c.c_void_p
    if lib.peer_level(LEVEL, threads):
        skip("ours", f"this machine lacks level {LEVEL}")
        sys.exit(0)
    return lib


def pointer(array):
    """The data of a NumPy array or a PyTorch tensor."""
    return c.c_void_p(array.data_ptr() if hasattr(array, "data_ptr") else array.ctypes.data)


def skip(name, reason):
    print(f"skipped\t{name}\t{reason}", flush=True)


def version(package):
    return importlib.metadata.version(package)


def calls(f):
    """How many calls fill 20 ms."""
    n = 1
    while True:
        start = time.perf_counter()
        for _ in range(n):
            f()
        took = time.perf_counter() - start
        if took > 0.01:
            return max(1, int(n * 0.02 / took))
        n *= 4


def times(functions, limit=3.0):
    """Median seconds of a call of each, run in turn; what takes long is run at least three times."""
    counts = [calls(f) for f in functions]
    seconds = [[] for _ in functions]
    begin = time.perf_counter()
    for run in range(RUNS):
        for f, n, s in zip(functions, counts, seconds):
            start = time.perf_counter()
            for _ in range(n):
                f()
            s.append((time.perf_counter() - start) / n)
        if run >= 2 and time.perf_counter() - begin > limit:
            break
    return [statistics.median(s) for s in seconds]


def row(area, what, unit, per, ours, peer, name, means):
    """`per` units in one call: a rate when the unit is per second, else time in `unit`."""
    rate = unit.endswith("/s")
    a, b = (per / ours, per / peer) if rate else (per * ours, per * peer)
    print(f"{area}\t{what}\t{unit}\t{a:.4f}\t{b:.4f}\t{peer / ours:.2f}\t{name}\t{means}", flush=True)
