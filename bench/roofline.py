"""How long the kernels would take on an H100 (SXM), as a model makes it out of what is counted; no
figure of it is measured.
    roofline.py FOLDER NVCC NVDISASM [LAUNCHES]
FOLDER is the build folder; LAUNCHES the output of `build/test/kernels --launches`, which is run where
it is not given (some minutes). Registers, shared memory and shares of instructions come from
tests/sass.py.

The model of a launch is the largest of five times, and LAUNCH for what comes before and after it:
- issue: warp-instructions of the busiest SM, 4 a clock. A kernel of fused multiply-adds issues them
  over their share of its loop; another its requests to memory over their share of its code.
- LSU: wavefronts of the busiest SM, 1 a clock (a line of global memory is one).
- L2: sectors of 32 bytes at 5.5 TB/s; DRAM is no limit of these sizes, but of FP4's weights, the
  transform's elements and vectors: those sectors at 3.35 TB/s.
- chain: a block's own time, once for each group of blocks that follow one another on an SM: rounds of
  8 loads at 300 clocks (a hit of L2; 600 from DRAM) and barriers at 30, or its instructions, of each
  warp one every 2 clocks."""
import json
import math
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))
import sass  # noqa: E402

SMS, CLOCK = 132, 1.755e9
ISSUE, LSU = 4, 1           # a clock and SM
L2, DRAM = 5.5e12, 3.35e12  # bytes a second
LAUNCH = 2e-6               # from one launch to the next that waits for it
LOAD, FAR, BARRIER, WARP = 300, 600, 30, 2
STREAMED = ("fp4_matmul", "fp4_matmul_4", "gl_ntt", "gl_vector", "gl_dot", "adam")


def resident(kernel, threads):
    """Blocks that an SM holds."""
    warps = math.ceil(threads / 32)
    registers = math.ceil(kernel["registers"] / 8) * 8 * 32 * warps
    return max(1, min(32, 64 // warps, 65536 // registers, 232448 // (kernel["shared"] + 1024)))


def model(kernel, c):
    """Seconds of a launch without LAUNCH, and what takes them."""
    warps = math.ceil(c["threads"] / 32)
    moves = c["requests"] + c["shared"]
    arithmetic = (c["fmas"] if kernel["name"] in sass.FLOATS else 0) / 32
    if arithmetic:
        instructions = arithmetic / (kernel["share"] / 100)
    else:
        instructions = moves * kernel["instructions"] / max(1, kernel["all loads, stores"])
    busiest = math.ceil(c["blocks"] / SMS) / c["blocks"]  # of the work, on one SM
    follow = math.ceil(math.ceil(c["blocks"] / SMS) / resident(kernel, c["threads"]))
    load = FAR if kernel["name"] in STREAMED else LOAD
    own = max(c["rounds"] * load + c["barriers"] / c["blocks"] * BARRIER,
              instructions / c["blocks"] / warps * WARP)
    sectors = 32 * (c["sectors"] + c["stored"])
    times = {"issue": instructions * busiest / ISSUE / CLOCK,
             "LSU": (c["lines"] + c["wavefronts"]) * busiest / LSU / CLOCK,
             "L2": sectors / L2,
             "chain": follow * own / CLOCK}
    if kernel["name"] in STREAMED:
        times["DRAM"] = sectors / DRAM
    limit = max(times, key=times.get)
    return times[limit], limit


def main(folder, nvcc, nvdisasm, launches=None):
    kernels = {name: {**f, "name": name}
               for name, f in sass.all_figures(os.path.join(folder, "sass"), nvcc, nvdisasm)}
    if launches:
        with open(launches) as f:
            said = f.read()
    else:
        said = subprocess.run([os.path.join(folder, "test/kernels"), "--launches"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
    rows, order = {}, []
    for c in (json.loads(line) for line in said.splitlines() if line.startswith("{")):
        seconds, limit = model(kernels[c["kernel"]], c)
        for name in (c["kernel"], "(all)"):
            key = c["drive"], name
            if key not in rows:
                rows[key] = {"launches": 0, "time": 0.0, "wait": 0.0, "limits": {}, "fmas": 0,
                             "wide": 0, "bytes": 0}
                order.append(key)
            r = rows[key]
            r["launches"] += 1
            r["time"] += seconds
            r["wait"] += LAUNCH
            r["limits"][limit] = r["limits"].get(limit, 0) + seconds
            r["fmas"] += c["fmas"]
            r["wide"] += c["wide"]
            r["bytes"] += 32 * (c["sectors"] + c["stored"])
    print("| drive                  | kernel                   | launches | model, µs | + launches |"
          " limit | FMA/s of peak | GB moved a second |")
    print("|------------------------|--------------------------|---------:|----------:|-----------:|"
          "-------|--------------:|------------------:|")
    drives = list(dict.fromkeys(drive for drive, _ in order))
    for drive in drives:
        mine = sorted((k for k in order if k[0] == drive), key=lambda k: (k[1] != "(all)", -rows[k]["time"]))
        if len(mine) == 2:
            mine = mine[1:]
        for key in mine:
            r = rows[key]
            both = r["time"] + r["wait"]
            print(f"| {drive:22} | {key[1]:24} | {r['launches']:8} | {1e6 * r['time']:9.1f} |"
                  f" {1e6 * both:10.1f} | {max(r['limits'], key=r['limits'].get):5} |"
                  + (f" {100 * r['fmas'] / r['time'] / (SMS * 128 * CLOCK):11.0f} % |" if r["fmas"]
                     else f"{'|':>16}") +
                  f" {1e-9 * r['bytes'] / r['time']:17.0f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
