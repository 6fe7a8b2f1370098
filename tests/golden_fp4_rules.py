"""Writes tests/data/fp4/rules.json: codes, scales and tensor scales that other projects' own
quantisers give for the values of `values` below, which tests/fp4_rules.c makes itself. Made with
torch 2.15.0, torchao 0.18.0, compressed-tensors 0.20.0, bitsandbytes 0.50.2 (CPU), gguf 0.19.0,
ml_dtypes 0.6.0 and the ModelOpt 0.47.0 wheel (two files of it, without its package).
    python3 tests/golden_fp4_rules.py MODELOPT_WHEEL tests/data/fp4/rules.json"""
import json
import sys
import types
import warnings
import zipfile

import numpy as np
import torch

warnings.filterwarnings("ignore")
N = 1 << 14


def splitmix(i, seed):
    with np.errstate(over="ignore"):
        z = (i + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


# of the exponent of a run of 32: the least one and how many there are
WINDOWS = {"wide": (0, 255), "narrow": (104, 24), "normal": (120, 12), "tiny": (0, 8), "top": (251, 4),
           "zero": None}


def values(window, n=N):
    """Runs of 32 values: grid points, their neighbours, random ones; every 13th run is zero."""
    if window == "zero":
        return np.zeros(n, np.float32)
    u = np.uint64
    first, count = WINDOWS[window]
    i = np.arange(n, dtype=np.uint64)
    z, run = splitmix(i, 1), splitmix(i // u(32), 2)
    exponent = (u(first) + run % u(count)).astype(np.int64) - (z >> u(40) & u(3)).astype(np.int64)
    exponent = np.maximum(exponent, 0)
    kind, mantissa = z >> u(60), (z & u(0x7FFFFF)).astype(np.int64)
    grid = mantissa & 0x700000
    mantissa = np.where(kind < 6, grid, np.where(kind < 9, grid + 1, np.where(
        kind < 11, np.maximum(grid, 1) - 1, mantissa)))
    bits = exponent << 23 | mantissa
    bits = np.where(kind == 0, 0, bits) | (z >> u(59) & u(1)).astype(np.int64) << 31
    bits = np.where(i // u(32) % u(13) == 12, bits & 0x80000000, bits)
    return bits.astype(np.uint32).view(np.float32)


def limits(code):
    """1, then all middles of neighbours and their neighbours, over and over, both signs."""
    code = np.sort(code)
    middle = ((code[:-1] + code[1:]) / np.float32(2)).astype(np.float32)
    middle = np.maximum(middle.view(np.uint32), 1)
    bits = np.concatenate([middle + np.uint32(d) for d in (0xFFFFFFFF, 0, 1)])
    x = np.zeros(64, np.float32)
    x[:len(bits)] = bits.view(np.float32)
    x[63] = 1
    return np.concatenate([x, -x]).astype(np.float32)


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data.tobytes():
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


cases = []


def case(project, form, rule, window, codes, scales, tensor_scale=1.0, given=0):
    """codes: low nibble first."""
    codes, scales = np.ascontiguousarray(codes, np.uint8), np.ascontiguousarray(scales)
    ts = int(np.float32(tensor_scale).view(np.uint32))
    cases.append({"project": project, "format": form, "rule": rule, "window": window,
                  "given": given, "tensor_scale": ts, "codes": str(fnv(codes)),
                  "scales": str(fnv(scales.view(np.uint8))),
                  "first_codes": codes[:48].tobytes().hex(),
                  "first_scales": scales.view(np.uint8)[:12].tobytes().hex()})


def pack(unpacked):
    unpacked = np.asarray(unpacked, np.uint8).reshape(-1, 2)
    return unpacked[:, 0] | unpacked[:, 1] << 4


# torchao
from torchao.prototype.mx_formats.config import ScaleCalculationMode as Mode
from torchao.prototype.mx_formats.mx_tensor import to_mx
from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize, per_tensor_amax_to_scale

for window in ("wide", "normal", "tiny", "top"):
    x = torch.from_numpy(values(window).copy()).reshape(-1, 64)
    for rule, mode in (("floor", Mode.FLOOR), ("ceil", Mode.RCEIL), ("even", Mode.EVEN),
                       ("ceil_power", Mode.CEIL)):
        scale, data = to_mx(x, torch.float4_e2m1fn_x2, 32, mode)
        case("torchao", "mxfp4", rule, window, data.view(torch.uint8).numpy().ravel(),
             scale.view(torch.uint8).numpy().ravel())
# not "tiny": there the inverse of its tensor scale is infinite and makes zeros NaN
for window, given in (("narrow", 0), ("normal", 0), ("top", 0), ("normal", 0.0123)):
    x = torch.from_numpy(values(window).copy()).reshape(-1, 64)
    ts = torch.tensor(given) if given else per_tensor_amax_to_scale(x.abs().max())
    scale, data = nvfp4_quantize(x, 16, ts)
    case("torchao", "nvfp4", "floor", window, data.numpy().ravel(),
         scale.view(torch.uint8).numpy().ravel(), ts.item(), given)

# compressed-tensors
from compressed_tensors.compressors.nvfp4.helpers import pack_fp4_to_uint8
from compressed_tensors.quantization import QuantizationArgs, QuantizationStrategy
from compressed_tensors.quantization.lifecycle.forward import quantize
from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam


def compressed(x, group, scale_dtype, g):
    strategy = QuantizationStrategy.TENSOR_GROUP if group == 16 else QuantizationStrategy.GROUP
    args = QuantizationArgs(num_bits=4, type="float", strategy=strategy, symmetric=True,
                            group_size=group, scale_dtype=scale_dtype,
                            zp_dtype=torch.float8_e4m3fn if group == 16 else torch.uint8)
    blocks = x.reshape(x.shape[0], -1, group)
    scale, zero = calculate_qparams(blocks.amin(-1), blocks.amax(-1), args, global_scale=g)
    q = quantize(x, scale if group == 16 else scale, None, args, global_scale=g)
    return pack_fp4_to_uint8(q).numpy().ravel(), scale


for window, given in (("narrow", 0), ("normal", 0), ("top", 0), ("tiny", 0), ("normal", 0.0123),
                      ("zero", 0)):
    x = torch.from_numpy(values(window).copy()).reshape(-1, 64)
    g = generate_gparam(x.amin(), x.amax())
    if given:
        g = torch.tensor([1 / np.float32(given)])
    codes, scale = compressed(x, 16, torch.float8_e4m3fn, g)
    case("compressed-tensors", "nvfp4", "floor", window, codes,
         scale.to(torch.float8_e4m3fn).view(torch.uint8).numpy().ravel(), g.item(), given)
# not "wide" and "top": from 1.75 * 2^127 on its scale is infinite, code 255
for window in ("narrow", "normal", "tiny"):
    x = torch.from_numpy(values(window).copy()).reshape(-1, 64)
    codes, scale = compressed(x, 32, torch.uint8, None)
    case("compressed-tensors", "mxfp4", "even", window, codes,
         np.where(x.reshape(-1, 32).abs().amax(1) == 0, 0, (scale.view(torch.int32) >> 23).ravel())
         .astype(np.uint8))  # zeros: 2^-127 or, where its pow runs in vectors, 2^-126

# bitsandbytes
import bitsandbytes.functional as F

for form, kind in (("nf4", "nf4"), ("fp4_bnb", "fp4")):
    code = F.get_4bit_type(kind, device="cpu").numpy()
    for window in ("narrow", "wide", "tiny", "top", "limits", "tail"):
        x = limits(code) if window == "limits" else values("narrow", 4059) if window == "tail" \
            else values(window)
        q, state = F.quantize_4bit(torch.from_numpy(x.copy()), blocksize=64, quant_type=kind)
        q = q.numpy().ravel()
        q = q >> 4 | (q & 15) << 4
        if len(x) % 2: # it pads the last byte with the code of 0
            q[-1] &= 15
        case("bitsandbytes", form, "floor", window, q, state.absmax.numpy())

# gguf
import gguf

for window in ("wide", "normal", "top"):
    x = values(window)
    if window == "wide":
        x = np.where(np.abs(x).reshape(-1, 32).max(1) < 2.0 ** -125, 0, 1)[:, None] * \
            x.reshape(-1, 32)  # below, its exponent wraps
    q = gguf.quants.quantize(x.reshape(-1, 64).astype(np.float32), gguf.GGMLQuantizationType.MXFP4)
    q = q.reshape(-1, 17)
    codes = np.concatenate([q[:, 1:] & 15, q[:, 1:] >> 4], axis=1)
    case("ggml", "mxfp4", "floor", window, pack(codes.ravel()), q[:, 0])

# ModelOpt: two classes of its wheel, with what they import put in their place
wheel = zipfile.ZipFile(sys.argv[1])


def modelopt(name):
    source = wheel.read(f"modelopt/torch/quantization/qtensor/{name}_tensor.py").decode()
    numeric = wheel.read("modelopt/torch/quantization/utils/numeric_utils.py").decode()
    space = {}
    exec(compile(numeric, "numeric_utils.py", "exec"), space)
    space.update(
        BaseQuantizedTensor=type("Base", (), {"__init__": lambda s, shape, dtype, data: setattr(
            s, "data", data)}),
        reduce_amax=lambda v, axis=None: v.abs().amax(), reduce_block_padding=lambda v, **k: v,
        reduce_block_amax=lambda v, block_sizes: v.reshape(
            *v.shape[:-1], -1, block_sizes[-1]).abs().amax(-1))
    lines, skipping = [], False
    for line in source.split("\n"):
        if skipping or line.startswith("from .."):
            skipping = (skipping or line.endswith("(")) and not line.startswith(")")
            continue
        lines.append(line)
    exec(compile("\n".join(lines), name, "exec"), space)
    return space


nv, mx = modelopt("nvfp4")["NVFP4QTensor"], modelopt("mxfp4")["MXFP4QTensor"]
for window, given in (("narrow", 0), ("normal", 0), ("top", 0), ("tiny", 0), ("normal", 0.0123)):
    x = torch.from_numpy(values(window).copy()).reshape(-1, 64)
    ts = torch.tensor(given) if given else nv.get_weights_scaling_factor_2(x)
    data, scale, ts = nv.quantize(x, 16, weights_scaling_factor_2=ts)
    case("modelopt", "nvfp4", "floor", window, data.data.numpy().ravel(),
         scale.view(torch.uint8).numpy().ravel(), ts.item(), given)
for window in ("wide", "normal", "top"):
    x = torch.from_numpy(values(window).copy()).reshape(-1, 64)
    data, scale = mx.quantize(x, 32)
    case("modelopt", "mxfp4", "ceil", window, data.data.numpy().ravel(), scale.numpy().ravel())

# the definition itself: ml_dtypes rounds what the scales leave
import ml_dtypes

for window in ("wide", "normal", "top", "tiny"):
    x = values(window).reshape(-1, 32)
    most = np.abs(x).max(1).astype(np.float64)
    floor = np.floor(np.log2(np.maximum(most, 2.0 ** -149)))
    ceil = np.ceil(np.log2(np.maximum(most, 2.0 ** -149) / 6))
    for rule, exponent in (("floor", floor - 2), ("ceil", ceil)):
        exponent = np.clip(exponent, -127, 127)
        y = (x.astype(np.float64) / 2.0 ** exponent[:, None]).astype(np.float32)
        code = y.astype(ml_dtypes.float4_e2m1fn).view(np.uint8) & 15
        case("definition", "mxfp4", rule, window, pack(code.ravel()),
             (exponent + 127).astype(np.uint8))

with open(sys.argv[2], "w") as file:
    file.write("[\n " + ",\n ".join(json.dumps(c) for c in cases) + "\n]\n")
