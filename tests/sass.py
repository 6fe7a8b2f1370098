"""What nvcc makes of the kernels for sm_90: registers, stack, shared memory, and how much of the
hottest loop is arithmetic.
    sass.py FOLDER NVCC NVDISASM [KERNEL...]
NVDISASM is nvdisasm (PyPI: nvidia-cuda-nvdisasm). The loop is the innermost one with the most fused
multiply-adds (FFMA; in the kernels of the field 32-bit integer products, IMAD, in that of bytes
dot products, IDP), and the share is that of the way through it that has the most of them and,
among these, the fewest instructions. Exit code 1 above a ceiling or below a floor of LIMITS."""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# Kernel: registers (rounded up to the 8 in which they are given out), bytes of stack (spills are
# among them) and of shared memory; where it is asked for, the least share of the loop in percent.
LIMITS = {
    "adam": (72, 0, 0),
    "attention": (128, 0, 12800, 88),
    "attention_backward": (128, 0, 12800, 88),
    "axx_gemm": (64, 0, 8192),
    "axx_im2col": (40, 0, 0),
    "axx_map": (24, 0, 1024),
    "axx_terms": (128, 0, 8448, 82),
    "bf16": (16, 0, 0),
    "cross_entropy": (80, 0, 0),
    "dropout": (32, 0, 1024),
    "elementwise": (24, 0, 0),
    "embedding": (16, 0, 0),
    "embedding_backward": (32, 0, 512),
    "flash_attention": (128, 0, 15360, 86),
    "flash_attention_backward": (176, 0, 15872, 86),
    "fp4_circuit": (40, 0, 9728),
    "fp4_matmul": (104, 0, 7296, 16),
    "fp4_matmul_4": (104, 0, 11392, 37),
    "fp4_matvec_i8": (64, 0, 10880),
    "gemm": (112, 0, 17408, 74),
    "gemm_128": (128, 0, 33792, 84),
    "gemm_32": (64, 0, 9216, 62),
    "gl_dot": (32, 0, 2048, 19),
    "gl_matmul": (200, 0, 8448, 25),
    "gl_ntt": (64, 0, 16384, 16),
    "gl_poseidon2_12": (72, 0, 6656, 15),
    "gl_poseidon2_16": (88, 0, 8704, 15),
    "gl_poseidon2_8": (56, 0, 4608, 15),
    "gl_trident": (48, 0, 4608, 17),
    "gl_vector": (24, 0, 0, 18),
    "layernorm": (96, 0, 0),
    "layernorm_backward": (120, 0, 8192),
    "probe": (24, 0, 0),
    "reduce": (32, 0, 0),
    "rmsnorm": (96, 0, 0),
    "rmsnorm_backward": (128, 0, 8192),
    "rotary": (24, 0, 0),
    "softmax": (80, 0, 0),
    "softmax_backward": (128, 0, 0),
    "swiglu": (24, 0, 0),
    "swiglu_backward": (24, 0, 0),
    "tir_forward": (56, 512, 16384),
}
FLOATS = {"gemm", "gemm_32", "gemm_128", "attention", "attention_backward", "flash_attention",
          "flash_attention_backward", "fp4_matmul", "fp4_matmul_4"}
BYTES = {"axx_terms"}
MOVES = re.compile(r"(LD|ST)[GSL]?(\.|$)")  # to and from memory; constants (LDC) are not
FIELD = {"gl_dot", "gl_matmul", "gl_ntt", "gl_vector", "gl_poseidon2_8", "gl_poseidon2_12",
         "gl_poseidon2_16", "gl_trident"}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(" ".join(command) + "\n" + done.stdout)
    return done.stdout


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


class Code:
    """The instructions of a kernel: what they are, and where a branch goes and whether always."""

    def __init__(self, text, name):
        text = text.split(f"\n.text.{name}:\n")[1]
        labels = {}
        self.names, branches = [], {}
        for line in text.splitlines():
            if line.lstrip().startswith(".section"):
                break
            label = re.match(r"(\.L_x_\d+):", line)
            if label:
                labels[label[1]] = len(self.names)
            word = re.match(r"\s*/\*[0-9a-f]+\*/\s+(@\S+\s+)?([A-Z0-9_.]+)(.*)", line)
            if not word:
                continue
            target = re.search(r"`\((\.L_x_\d+)\)", word[3])
            if word[2].startswith("BRA") and target:
                always = not word[1] and not re.match(r"\s*!?U?P\d", word[3])
                branches[len(self.names)] = (target[1], always)
            elif word[2] in ("EXIT", "RET.REL.NODEC") and not word[1]:
                branches[len(self.names)] = (None, True)
            self.names.append(word[2])
        self.branches = {i: (labels.get(to), always) for i, (to, always) in branches.items()}

    def loops(self):
        """First and last instruction of each innermost loop; of the whole, without one."""
        all_loops = [(to, i) for i, (to, _) in self.branches.items() if to is not None and to < i]
        inner = [(a, b) for a, b in all_loops
                 if not any(a <= c and d <= b and (a, b) != (c, d) for c, d in all_loops)]
        return inner or [(0, len(self.names) - 1)]

    def best_way(self, first, last, counted):
        """(number counted, - instructions, - loads and stores) of the best way through."""
        best = {first: (0, 0, 0)}
        for i in range(first, last + 1):
            if i not in best:
                continue
            mine, length, moves = best[i]
            name = self.names[i]
            so_far = (mine + counted(name), length - 1, moves - bool(MOVES.match(name)))
            if i == last or self.branches.get(i, (0, 0)) == (None, True):
                best[last + 1] = max(best.get(last + 1, so_far), so_far)
                continue
            to, always = self.branches.get(i, (None, False))
            for next_one in ([] if always else [i + 1]) + ([] if to is None else [to]):
                if i < next_one <= last:
                    best[next_one] = max(best.get(next_one, so_far), so_far)
        return best.get(last + 1, (0, -1, 0))


def is_product(name):
    return name == "IMAD" or name.startswith(("IMAD.WIDE", "IMAD.HI"))


def unit_of(kernel):
    return "IMAD" if kernel in FIELD else "IDP" if kernel in BYTES else "FFMA"


def figures(kernel, folder, nvcc, nvdisasm):
    cubin = os.path.join(folder, kernel + ".cubin")
    said = run(nvcc, "-cubin", "-arch=sm_90", "-fmad=false", "-Xptxas", "-v",
               f"cuda/{kernel}.cu", "-o", cubin)
    code = Code(run(nvdisasm, "-c", cubin), kernel)
    unit = unit_of(kernel)
    counted = is_product if kernel in FIELD else lambda name: name.split(".")[0] == unit
    ways = [code.best_way(a, b, counted) for a, b in code.loops()]
    most, length, moves = max(ways)
    return {"registers": number(r"Used (\d+) registers", said),
            "stack": max(number(r"(\d+) bytes stack frame", said),
                         number(r"(\d+) bytes cumulative stack", said)),
            "spills": number(r"(\d+) bytes spill stores", said),
            "shared": number(r"(\d+) bytes smem", said),
            "instructions": len(code.names),
            "all loads, stores": sum(bool(MOVES.match(name)) for name in code.names),
            "counted": most, "in the loop": -length, "loads, stores": -moves,
            "share": 100 * most / -length}


def all_figures(folder, nvcc, nvdisasm, kernels=()):
    """Pairs of a kernel and its figures; of all, when none is named."""
    kernels = kernels or sorted(name[:-3] for name in os.listdir("cuda") if name.endswith(".cu"))
    os.makedirs(folder, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return zip(kernels, list(pool.map(lambda k: figures(k, folder, nvcc, nvdisasm), kernels)))


def failures(kernel, f):
    if kernel not in LIMITS:
        return [f"{kernel}: no limits"]
    registers, stack, shared, *share = LIMITS[kernel]
    found = [f"{kernel}: {f[what]} {unit}, at most {most}"
             for what, unit, most in (("registers", "registers", registers),
                                      ("stack", "bytes of stack", stack),
                                      ("shared", "bytes of shared memory", shared))
             if f[what] > most]
    if share and f["share"] < share[0]:
        found.append(f"{kernel}: {f['share']:.1f} % arithmetic in the loop, at least {share[0]}")
    return found


COLUMNS = ("registers", "stack", "spills", "shared", "instructions", "in the loop", "loads, stores")


def main(folder, nvcc, nvdisasm, *kernels):
    bad = []
    print(f"| {'kernel':24} | {' | '.join(COLUMNS)} | of them   | share |")
    print(f"|{'-' * 26}|{'|'.join('-' * (len(c) + 1) + ':' for c in COLUMNS)}|-----------|------:|")
    for kernel, f in all_figures(folder, nvcc, nvdisasm, kernels):
        asked = kernel in FLOATS | FIELD | BYTES
        cells = [f[c] for c in COLUMNS[:5]] + [f[c] if asked else "" for c in COLUMNS[5:]]
        print(f"| {kernel:24} |"
              + "".join(f" {cell:>{len(c)}} |" for c, cell in zip(COLUMNS, cells))
              + (f" {f['counted']:4} {unit_of(kernel):4} | {f['share']:3.0f} % |" if asked
                 else f"{'|':>12}{'|':>8}"))
        bad += failures(kernel, f)
    print("\n".join(bad) or "every kernel within its limits")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
