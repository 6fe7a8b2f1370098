"""4-bit weights: nc_fp4.h beside ggml's CPU kernels, bitsandbytes and NumPy, on one thread.

Weights are the same float32 numbers, activations float32 on both sides. ggml rounds them to 8 bits
in blocks of 32 inside its product; our integer product rounds them to 8 bits with one scale, which
is part of its time here, our float product keeps them. bitsandbytes takes bfloat16 activations."""
import ctypes as c
import glob
import os
import warnings

import numpy as np

import peers

SIDE = 4096
LARGE = 1 << 24
E2M1, MXFP4, NVFP4, NF4 = 0, 1, 2, 3
WEIGHTS = SIDE * SIDE / 1e9
GB = LARGE * 4 / 1e9

nc = peers.library()
random = np.random.default_rng(1)
weights = random.standard_normal((SIDE, SIDE), dtype=np.float32)
x = random.standard_normal(SIDE, dtype=np.float32)
y = np.zeros(SIDE, dtype=np.float32)
exact = weights @ x


def error(result):
    """Of the exact product's length: tells that both sides compute the same thing."""
    return float(np.linalg.norm(result - exact) / np.linalg.norm(exact))


def products(name, fmt, ways, means):
    """Our float product, and for E2M1 formats the integer one, against the fastest of `ways`."""
    plain = nc.peer_fp4(fmt, peers.pointer(weights), SIDE, SIDE, 0)
    tiles = nc.peer_fp4(fmt, peers.pointer(weights), SIDE, SIDE, 1) if fmt <= NVFP4 else None
    tensor, interleaved = c.c_void_p(plain), c.c_void_p(tiles)
    vx, vy = peers.pointer(x), peers.pointer(y)
    functions = [lambda: nc.peer_fp4_product(tensor, vx, vy)]
    if tiles:
        functions.append(lambda: nc.peer_fp4_product_i8(tensor, vx, vy))
        functions.append(lambda: nc.peer_fp4_product_i8(interleaved, vx, vy))
    ours = []
    for f in functions:
        f()
        ours.append(error(y))
        if ours[-1] > 1.05 * min(e for _, e in ways) + 0.005:
            raise RuntimeError(f"{name}: our product's error is {ours[-1]:.3f}, its {ways}")
    seconds = peers.times(functions + [w for w, _ in ways])
    theirs = seconds[len(functions):]
    best = min(range(len(ways)), key=lambda i: theirs[i])
    note = f"{means[best]}; error {ways[best][1]:.3f}, ours {ours[0]:.3f}"
    label = ["MXFP4", "NVFP4", "NF4"][fmt - 1]
    peers.row("fp4", f"{label} x float32, 4096^2", "Gweight/s", WEIGHTS, seconds[0], theirs[best],
              name, note)
    if tiles:
        note = f"{means[best]}; error {ways[best][1]:.3f}, ours {ours[1]:.3f}"
        peers.row("fp4", f"{label} x int8, 4096^2", "Gweight/s", WEIGHTS, seconds[1],
                  theirs[best], name, note)
        peers.row("fp4", f"{label} x int8, 16 rows interleaved", "Gweight/s", WEIGHTS, seconds[2],
                  theirs[best], name, note)
    nc.peer_fp4_free(tensor)
    nc.peer_fp4_free(interleaved)


def codecs(label, fmt, quantize, dequantize, name, means):
    """64 MiB of float32 to codes and back; None leaves one out."""
    codes = np.zeros(LARGE // 2, dtype=np.uint8)
    scales = np.zeros(LARGE // 8, dtype=np.uint8)
    flat = weights.reshape(-1)
    out = np.zeros(LARGE, dtype=np.float32)
    v = [peers.pointer(a) for a in (flat, codes, scales, out)]
    n = c.c_size_t(LARGE)
    pairs = [("quantize", lambda: nc.peer_fp4_quantize(fmt, v[0], n, v[1], v[2]), quantize),
             ("dequantize", lambda: nc.peer_fp4_dequantize(fmt, v[1], v[2], n, v[3]), dequantize)]
    for what, ours, theirs in pairs:
        ours()
        if theirs:
            a, b = peers.times([ours, theirs])
            peers.row("fp4", f"{what} {label}, 64 MiB of float32", "GB/s", GB, a, b, name, means)


# ---- ggml --------------------------------------------------------------------------------------

TYPES = {MXFP4: 39, NVFP4: 40}  # GGML_TYPE_MXFP4, GGML_TYPE_NVFP4
F32 = 0


class Parameters(c.Structure):
    _fields_ = [("mem_size", c.c_size_t), ("mem_buffer", c.c_void_p), ("no_alloc", c.c_bool)]


class Ggml:
    """A product of one matrix in ggml's CPU backend."""

    def __init__(self, folder):
        self.base = c.CDLL(os.path.join(folder, "libggml-base.so"), mode=c.RTLD_GLOBAL)
        self.cpu = c.CDLL(os.path.join(folder, "libggml-cpu.so"), mode=c.RTLD_GLOBAL)
        for lib, names in ((self.base, """ggml_init ggml_new_tensor_2d ggml_mul_mat ggml_new_graph
                            ggml_backend_alloc_ctx_tensors ggml_backend_alloc_ctx_tensors_from_buft
                            ggml_backend_reg_get_proc_address ggml_backend_reg_dev_get
                            ggml_backend_get_default_buffer_type"""),
                           (self.cpu, "ggml_backend_cpu_init ggml_backend_cpu_reg")):
            for name in names.split():
                getattr(lib, name).restype = c.c_void_p
        self.base.ggml_row_size.restype = c.c_size_t
        self.base.ggml_quantize_chunk.restype = c.c_size_t
        self.base.ggml_version.restype = c.c_char_p
        self.backend = c.c_void_p(self.cpu.ggml_backend_cpu_init())
        self.cpu.ggml_backend_cpu_set_n_threads(self.backend, 1)

    def version(self):
        return self.base.ggml_version().decode()

    def quantize(self, kind, out):
        self.base.ggml_quantize_chunk(kind, peers.pointer(weights), peers.pointer(out),
                                      c.c_int64(0), c.c_int64(SIDE), c.c_int64(SIDE), None)

    def bytes(self, kind):
        return SIDE * self.base.ggml_row_size(kind, c.c_int64(SIDE))

    def context(self):
        return c.c_void_p(self.base.ggml_init(Parameters(1 << 20, None, True)))

    def buffers(self):
        """The ordinary buffer and those that keep weights in another layout (repacked)."""
        kinds = [("as stored", c.c_void_p(
            self.base.ggml_backend_get_default_buffer_type(self.backend)))]
        reg = c.c_void_p(self.cpu.ggml_backend_cpu_reg())
        extra = self.base.ggml_backend_reg_get_proc_address(
            reg, b"ggml_backend_dev_get_extra_bufts")
        if extra:
            device = c.c_void_p(self.base.ggml_backend_reg_dev_get(reg, c.c_size_t(0)))
            get = c.CFUNCTYPE(c.POINTER(c.c_void_p), c.c_void_p)(extra)
            listed = get(device)
            i = 0
            while listed and listed[i]:
                kinds.append(("repacked", c.c_void_p(listed[i])))
                i += 1
        return kinds

    def product(self, kind, codes, buffer):
        """A function that computes W x, and its result's error."""
        b = self.base
        side = c.c_int64(SIDE)
        held, ctx = self.context(), self.context()
        matrix = c.c_void_p(b.ggml_new_tensor_2d(held, kind, side, side))
        if not b.ggml_backend_alloc_ctx_tensors_from_buft(held, buffer):
            return None
        b.ggml_backend_tensor_set(matrix, peers.pointer(codes), c.c_size_t(0),
                                  c.c_size_t(codes.nbytes))
        vector = c.c_void_p(b.ggml_new_tensor_2d(ctx, F32, side, c.c_int64(1)))
        result = c.c_void_p(b.ggml_mul_mat(ctx, matrix, vector))
        graph = c.c_void_p(b.ggml_new_graph(ctx))
        b.ggml_build_forward_expand(graph, result)
        b.ggml_backend_alloc_ctx_tensors(ctx, self.backend)
        b.ggml_backend_tensor_set(vector, peers.pointer(x), c.c_size_t(0), c.c_size_t(x.nbytes))

        def run():
            b.ggml_backend_graph_compute(self.backend, graph)

        run()
        out = np.zeros(SIDE, dtype=np.float32)
        b.ggml_backend_tensor_get(result, peers.pointer(out), c.c_size_t(0), c.c_size_t(out.nbytes))
        return run, error(out)


def with_ggml():
    folder = os.path.join(os.path.abspath(peers.FOLDER), f"ggml{peers.LEVEL}", "bin")
    if not glob.glob(os.path.join(folder, "libggml-cpu.so")):
        return peers.skip("ggml", f"{folder}/libggml-cpu.so is missing: make peers")
    ggml = Ggml(folder)
    name = f"ggml {ggml.version()}"
    for fmt, kind in TYPES.items():
        label = ["MXFP4", "NVFP4"][fmt - 1]
        codes = np.zeros(ggml.bytes(kind), dtype=np.uint8)
        ggml.quantize(kind, codes)
        ways, means = [], []
        for text, buffer in ggml.buffers():
            if text == "repacked" and fmt != MXFP4:
                continue  # ggml repacks no NVFP4
            way = ggml.product(kind, codes, buffer)
            if way:
                ways.append(way)
                means.append(f"ggml_mul_mat, {text}")
        products(name, fmt, ways, means)
        codecs(label, fmt, lambda: ggml.quantize(kind, codes), None, name, "ggml_quantize_chunk")


# ---- bitsandbytes ------------------------------------------------------------------------------


def with_bitsandbytes():
    try:
        warnings.simplefilter("ignore")
        import logging
        logging.disable(logging.WARNING)
        import torch
        import bitsandbytes as bnb
    except ImportError as e:
        return peers.skip("bitsandbytes", str(e))
    torch.set_num_threads(1)
    w, v = torch.from_numpy(weights), torch.from_numpy(x)[None]
    name = f"bitsandbytes {peers.version('bitsandbytes')}"
    codes, state = bnb.functional.quantize_4bit(w, quant_type="nf4", blocksize=64)

    def unfused():
        return torch.nn.functional.linear(v, bnb.functional.dequantize_4bit(codes, state))

    ways, means = [(unfused, error(unfused()[0].numpy()))], ["dequantize_4bit, then float32 linear"]
    if peers.LEVEL == 2:  # its product of packed codes needs AVX-512 with bfloat16
        layer = bnb.nn.Linear4bit(SIDE, SIDE, bias=False, quant_type="nf4",
                                  compute_dtype=torch.bfloat16)
        layer.weight = bnb.nn.Params4bit(w, requires_grad=False, quant_type="nf4", blocksize=64)
        layer = layer.to("cpu").eval()
        half = v.to(torch.bfloat16)
        result = layer(half).float()[0].numpy()
        ways.append((lambda: layer(half), error(result)))
        means.append("Linear4bit, bfloat16 activations")
    with torch.no_grad():
        products(name, NF4, ways, means)
        codecs("NF4", NF4,
               lambda: bnb.functional.quantize_4bit(w, quant_type="nf4", blocksize=64),
               lambda: bnb.functional.dequantize_4bit(codes, state), name, "quantize_4bit and back")


def with_numpy():
    plain = c.c_void_p(nc.peer_fp4(E2M1 + 1, peers.pointer(weights), SIDE, SIDE, 0))
    vx, vy = peers.pointer(x), peers.pointer(y)
    out = np.zeros(SIDE, dtype=np.float32)
    a, b = peers.times([lambda: nc.peer_fp4_product(plain, vx, vy),
                        lambda: np.dot(weights, x, out=out)])
    peers.row("fp4", "MXFP4 x float32, 4096^2", "Gweight/s", WEIGHTS, a, b,
              f"NumPy {peers.version('numpy')}", "float32 matrix @ vector (OpenBLAS)")
    nc.peer_fp4_free(plain)


with_ggml()
with_bitsandbytes()
with_numpy()
