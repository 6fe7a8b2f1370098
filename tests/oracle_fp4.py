#!/usr/bin/env python3
"""Files of 4-bit weights against the libraries that write and read them, a table with a row per kind.

Each kind's own library makes files of random and of edge data (zero blocks, -0, subnormal scales, scale
255, blocks across rows, stacks of experts, nested absmax, float16 and bfloat16). Then:
- read: codes, scales and values that nc_fp4.h reads (tests/oracle_fp4.c) are those of that library,
- rewritten: fp4_convert takes the file to another layout (column `by`) and back; the library reads it
  as it read its own file, bit for bit,
- from floats: fp4_convert quantises floats to that kind; what the library reads from it is what
  nc_fp4.h reads.
A cell counts weights that are equal of those compared. Two differences are nc_fp4.h's own and counted
apart: zeros whose sign the library drops (column -0), and values in blocks with the scale 255 (column
255), which the library makes infinite or 2^128 and nc_fp4.h NaN. The last column is what differs beyond.

Run: python3 tests/oracle_fp4.py [--modelopt FOLDER] [--seed N] [--only NAME] [--keep FOLDER]
Needs numpy, torch, safetensors, ml_dtypes and the libraries asked: a kind whose library is missing
says so. ModelOpt comes as the folder of its unpacked wheel."""
import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
import ml_dtypes
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
ARGS = argparse.ArgumentParser()
ARGS.add_argument("--modelopt")
ARGS.add_argument("--seed", type=int, default=18)
ARGS.add_argument("--only", default="", help="kinds whose name holds this")
ARGS.add_argument("--keep", help="a folder for the files, which stay there")
ARGS = ARGS.parse_args()
TEMP = ARGS.keep or tempfile.mkdtemp()
os.makedirs(TEMP, exist_ok=True)


def bare(x):
    return (x.detach().to(torch.float32).numpy() if hasattr(x, "detach") else np.asarray(x, np.float32)).reshape(-1)


def raw(x):
    return (x.detach().contiguous().view(torch.uint8).numpy() if hasattr(x, "detach") else np.asarray(x)).reshape(-1)


def nibbles(x, high_first=False):
    b = raw(x)
    return np.stack([b >> 4, b & 15] if high_first else [b & 15, b >> 4], 1).reshape(-1)


def random(*shape):
    """Normal weights with a row of zeros, -0, tiny and huge values among them."""
    x = torch.randn(*shape)
    flat = x.view(-1, shape[-1])
    flat[-1] = 0
    flat[0, 0], flat[0, 1], flat[0, 2] = -0.0, -1e-30, 300.0
    return x


def all_scales(n):
    """E8M0 bytes with both ends and 255 among them."""
    s = torch.randint(90, 160, (n,), dtype=torch.uint8)
    s[: min(n, 5)] = torch.tensor([0, 1, 253, 254, 255], dtype=torch.uint8)[: min(n, 5)]
    return s


def e4m3_scales(n):
    """E4M3 bytes: 0, subnormal ones, the largest."""
    s = torch.randint(8, 0x7E, (n,), dtype=torch.uint8)
    s[: min(n, 4)] = torch.tensor([0, 1, 7, 0x7E], dtype=torch.uint8)[: min(n, 4)]
    return s


class Read:
    """What a library reads of one weight: codes, scales as bytes, values; scale 255 by value."""

    def __init__(self, codes, scales, values, block):
        self.codes, self.scales, self.values, self.block = raw(codes), raw(scales), bare(values), block


# -- the kinds: cases() makes files and says their names, read(path) reads one ---------------------------


class Bnb:
    suffix, layout, package, block = ".safetensors", "bitsandbytes", "bitsandbytes", 64

    def __init__(self, name, kind, nested):
        self.name, self.kind, self.nested = name, kind, nested
        self.format = "nf4" if kind == "nf4" else "fp4_bnb"

    def cases(self):
        import bitsandbytes.functional as F
        for rows, columns, block, dtype in ((3, 100, 64, torch.float16), (7, 33, 32, torch.bfloat16), (8, 128, 64, torch.float32),
                                            (40, 700, 64, torch.float32), (6, 101, 512, torch.float16), (5, 3000, 4096, torch.bfloat16),
                                            (33, 64, 128, torch.float32)):
            q, state = F.quantize_4bit(random(rows, columns).to(dtype), blocksize=block, quant_type=self.kind, compress_statistics=self.nested)
            tensors = {"l.weight": q}
            for key, part in state.as_dict(packed=True).items():
                tensors["l.weight." + key] = part
            tensors["l.bias"] = torch.arange(rows).to(dtype)
            by = "own" if columns % 64 == 0 and block == 64 else self.layout
            yield f"{rows}x{columns} blocks of {block}", tensors, {"format": "pt"}, by

    def read(self, path):
        import bitsandbytes.functional as F
        tensors = load_file(path)
        stats = {k[len("l."):]: v for k, v in tensors.items() if k.startswith("l.weight.")}
        state = F.QuantState.from_dict(stats, device="cpu")
        state.dtype = torch.float32
        scales = state.absmax
        if state.nested:
            scales = F.dequantize_blockwise(state.absmax, state.state2) + state.offset
        if state.shape[-1] < state.blocksize:  # its AVX-512 kernel takes the scale of another block there
            from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
            values = _dequantize_4bit_compute(tensors["l.weight"].reshape(-1), scales.float(), state.code, state.blocksize, state.shape,
                                              torch.float32)
        else:
            values = F.dequantize_4bit(tensors["l.weight"], state)
        return Read(nibbles(tensors["l.weight"], True)[: values.numel()], scales.float(), values, state.blocksize)


class GptOss:
    name, layout, format, package, suffix, block = "gpt-oss MXFP4", "gpt-oss", "mxfp4", "transformers", ".safetensors", 32
    codes, scales = "l.weight_blocks", "l.weight_scales"

    def cases(self):
        for shape in ((1, 5, 64), (3, 7, 96), (4, 2, 4096)):
            e, r, c = shape
            yield "x".join(map(str, shape)), {
                self.codes: torch.randint(0, 256, (e, r, c // 32, 16), dtype=torch.uint8),
                self.scales: all_scales(e * r * c // 32).view(e, r, c // 32)}, {"format": "pt"}, "compressed-tensors"

    def read(self, path):
        from transformers.integrations.mxfp4 import convert_moe_packed_tensors
        t = load_file(path)
        blocks, scales = t[self.codes], t[self.scales]
        if blocks.dim() == 3:
            blocks, scales = blocks[None], scales[None]
        values = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32).transpose(1, 2).contiguous()
        return Read(nibbles(blocks), scales, values, 32)


class Compressed:
    suffix, layout, package = ".safetensors", "compressed-tensors", "compressed_tensors"

    def __init__(self, kind):
        self.name, self.format, self.block = "compressed-tensors " + kind, kind.lower(), 16 if kind == "NVFP4" else 32

    def scheme(self):
        from compressed_tensors.quantization import QuantizationArgs
        if self.format == "nvfp4":
            return QuantizationArgs(num_bits=4, type="float", strategy="tensor_group", group_size=16, symmetric=True,
                                    scale_dtype=torch.float8_e4m3fn)
        return QuantizationArgs(num_bits=4, type="float", strategy="group", group_size=32, symmetric=True, scale_dtype=torch.uint8)

    def cases(self):
        from compressed_tensors.compressors.mxfp4.base import MXFP4PackedCompressor
        from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
        from compressed_tensors.quantization import QuantizationScheme
        scheme = QuantizationScheme(targets=["Linear"], weights=self.scheme())
        for rows, columns in ((5, 64), (9, 4096), (1, 96)):
            w = random(rows, columns)
            blocks = w.view(rows, -1, self.block).abs().amax(-1)
            if self.format == "nvfp4":
                g = (448 * 6 / w.abs().max()).float().reshape(1)
                while 1 / (1 / g) != g:  # so that a layout which multiplies can give it back
                    g = torch.nextafter(g, torch.zeros(1))
                scale = (blocks / 6 * g).clamp(2**-9, 448).to(torch.float8_e4m3fn)
                packed = NVFP4PackedCompressor.compress({"weight": w, "weight_scale": scale.float(), "weight_global_scale": g}, scheme)
                by = "own"
            else:
                scale = torch.exp2(torch.floor(torch.log2(blocks.clamp(min=2.0**-120))) - 2)
                packed = MXFP4PackedCompressor.compress({"weight": w, "weight_scale": scale}, scheme)
                by = "modelopt"
            yield f"{rows}x{columns}", {"l." + k: v.contiguous() for k, v in packed.items()}, {"format": "pt"}, by
        s = all_scales(12).view(3, 2, 2) if self.format == "mxfp4" else e4m3_scales(24).view(torch.float8_e4m3fn).view(3, 2, 4)
        tensors = {"l.weight_packed": torch.randint(0, 256, (3, 2, 32), dtype=torch.uint8), "l.weight_scale": s}
        if self.format == "nvfp4":
            tensors["l.weight_global_scale"] = torch.tensor([0.5, 8.0, 448.0])
        yield "3x2x64 edge scales", tensors, {"format": "pt"}, "modelopt" if self.format == "mxfp4" else self.layout

    def read(self, path):
        from compressed_tensors.compressors.mxfp4.base import MXFP4PackedCompressor
        from compressed_tensors.compressors.nvfp4.helpers import unpack_fp4_from_uint8
        from compressed_tensors.quantization.lifecycle.forward import dequantize
        t = load_file(path)
        packed, scale, g = t["l.weight_packed"], t["l.weight_scale"], t.get("l.weight_global_scale")
        stack = packed.reshape(-1, *packed.shape[-2:])
        scales = scale.reshape(-1, *scale.shape[-2:])
        values = []
        for i, p in enumerate(stack):
            codes = unpack_fp4_from_uint8(p, p.shape[0], 2 * p.shape[1], dtype=torch.float32)
            if self.format == "mxfp4":
                f = MXFP4PackedCompressor._decompress_scale(scales[i], torch.float32)
                values.append(dequantize(x_q=codes, scale=f, args=self.scheme(), dtype=torch.float32))
            else:
                one = g.reshape(-1)[i if g.numel() > 1 else 0].reshape(1)
                values.append(dequantize(x_q=codes, scale=scales[i].float(), args=self.scheme(), global_scale=one, dtype=torch.float32))
        return Read(nibbles(packed), scale, torch.stack(values), self.block)


class Modelopt:
    suffix, layout, package = ".safetensors", "modelopt", "modelopt"

    def __init__(self, kind):
        self.name, self.format, self.block = "ModelOpt " + kind, kind.lower(), 16 if kind == "NVFP4" else 32

    def classes(self):
        if not ARGS.modelopt:
            raise ImportError("--modelopt FOLDER")
        import modelopt_classes
        return modelopt_classes.load(ARGS.modelopt)

    def cases(self):
        nv, mx = self.classes()
        for rows, columns in ((6, 96), (3, 4096)):
            w = random(rows, columns)
            if self.format == "nvfp4":
                q, scale, scale_2 = nv.quantize(w.clone(), 16)
                tensors = {"l.weight": q._quantized_data, "l.weight_scale": scale, "l.weight_scale_2": scale_2,
                           "l.input_scale": torch.tensor(0.25)}
            else:
                q, scale = mx.quantize(w.clone(), 32)
                tensors = {"l.weight": q._quantized_data, "l.weight_scale": scale.view(rows, -1)}
            yield f"{rows}x{columns}", tensors, None, "own"
        s = all_scales(12).view(3, 2, 2) if self.format == "mxfp4" else e4m3_scales(24).view(torch.float8_e4m3fn).view(3, 2, 4)
        tensors = {"l.weight": torch.randint(0, 256, (3, 2, 32), dtype=torch.uint8), "l.weight_scale": s}
        if self.format == "nvfp4":
            tensors["l.weight_scale_2"] = torch.tensor([0.5, 8.0, 0.3])
        yield "3x2x64 edge scales", tensors, None, "torchao"

    def read(self, path):
        nv, mx = self.classes()
        t = load_file(path)
        q, scale = t["l.weight"], t["l.weight_scale"]
        shape = torch.Size((*q.shape[:-1], 2 * q.shape[-1]))
        if self.format == "mxfp4":
            values = mx(shape, torch.float32, q).dequantize(torch.float32, scale=scale, block_sizes={-1: 32})
        else:
            s2 = t["l.weight_scale_2"]
            s2 = s2.reshape(-1, *[1] * (q.dim() - 1)) if s2.numel() > 1 else s2
            values = nv(shape, torch.float32, q).dequantize(torch.float32, scale=scale, double_scale=s2, block_sizes={-1: 16})
        return Read(nibbles(q), scale, values, self.block)


class Torchao:
    suffix, layout, package = ".safetensors", "torchao", "torchao"

    def __init__(self, kind):
        self.name, self.format, self.block = "torchao " + kind, kind.lower(), 16 if kind == "NVFP4" else 32

    def cases(self):
        from torchao.prototype.mx_formats.mx_tensor import MXTensor
        from torchao.prototype.mx_formats.nvfp4_tensor import NVFP4Tensor
        from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict
        for shape, swizzled in (((4, 64), 0), ((6, 4096), 0), ((3, 5, 96), 0), ((130, 96), 1), ((4, 320), 1)):
            w = random(*shape)
            if self.format == "mxfp4":
                t = MXTensor.to_mx(w, torch.float4_e2m1fn_x2, 32, is_swizzled_scales=bool(swizzled))
            else:
                t = NVFP4Tensor.to_nvfp4(w, per_tensor_scale=None if swizzled else w.abs().max() / (448 * 6), is_swizzled_scales=bool(swizzled))
            tensors, metadata = flatten_tensor_state_dict({"l.weight": t, "l.bias": torch.ones(4)})
            yield "x".join(map(str, shape)) + " swizzled" * swizzled, {k: v.contiguous() for k, v in tensors.items()}, metadata, \
                "torchao" if shape[0] == 130 else "modelopt"  # torchao's own rewriting keeps the scales swizzled
        if self.format == "mxfp4":
            tensors = dict(tensors)
            w = MXTensor.to_mx(random(3, 64), torch.float4_e2m1fn_x2, 32)
            tensors, metadata = flatten_tensor_state_dict({"l.weight": w})
            tensors["l._weight_scale"] = all_scales(6).view(3, 2).view(torch.float8_e8m0fnu)
            yield "3x64 edge scales", tensors, metadata, "own"

    def read(self, path):
        from torchao.prototype.safetensors.safetensors_support import unflatten_tensor_state_dict
        with safe_open(path, "pt") as f:
            metadata = f.metadata()
        tensors = load_file(path)
        t = unflatten_tensor_state_dict(tensors, metadata)
        t = (t[0] if isinstance(t, tuple) else t)["l.weight"]
        scale = t.scale
        if t.is_swizzled_scales:
            from torchao.prototype.mx_formats.utils import from_blocked
            rows, blocks = int(np.prod(t.shape[:-1])), t.shape[-1] // self.block
            scale = from_blocked(scale.view(torch.uint8), rows, blocks)
        return Read(nibbles(t.qdata), scale, t.dequantize(torch.float32), self.block)


class Mlx:
    suffix, layout, package = ".safetensors", "mlx", "mlx"

    def __init__(self, kind):
        self.name, self.format, self.block = "MLX " + kind, kind, 16 if kind == "nvfp4" else 32

    def cases(self):
        import mlx.core as mx
        for shape in ((4, 64), (3, 5, 128), (2, 4096)):
            q = mx.quantize(mx.array(random(*shape).numpy()), group_size=self.block, bits=4, mode=self.format)
            yield "x".join(map(str, shape)), {"l.weight": q[0], "l.scales": q[1]}, None, "gguf"
        codes = np.random.randint(0, 2**32, (3, 8), dtype=np.uint64).astype(np.uint32)
        s = all_scales(6) if self.format == "mxfp4" else e4m3_scales(12)
        yield "3x64 edge scales", {"l.weight": mx.array(codes), "l.scales": mx.array(s.view(3, -1).numpy())}, None, \
            "torchao" if self.format == "mxfp4" else self.layout

    def read(self, path):
        import mlx.core as mx
        t = mx.load(path)
        values = mx.dequantize(t["l.weight"], t["l.scales"], group_size=self.block, bits=4, mode=self.format, dtype=mx.float32)
        return Read(nibbles(np.array(t["l.weight"]).view(np.uint8)), np.array(t["l.scales"]), np.array(values), self.block)


class Gguf:
    suffix, layout, package = ".gguf", "gguf", "gguf"

    def __init__(self, kind, scaled):
        self.name, self.format, self.block = "GGUF " + kind + " with X.scale" * scaled, kind.lower(), 16 if kind == "NVFP4" else 32
        self.scaled = scaled

    def cases(self):
        import gguf as g
        kind = getattr(g.GGMLQuantizationType, self.format.upper())
        for shape in ((3, 128), (2, 5, 192), (2, 4096)):
            if self.format == "mxfp4":
                data = g.quants.quantize(random(*shape).numpy(), kind)
                if shape == (3, 128):
                    data = data.reshape(3, 4, 17).copy()
                    data[0, :, 0], data[1, 0, 0] = [0, 1, 2, 253], 254
                    data = data.reshape(3, 68)
            else:
                data = np.random.randint(0, 256, (*shape[:-1], shape[-1] // 64, 36)).astype(np.uint8)
                data[..., :4] = np.random.randint(8, 0x7E, data[..., :4].shape)
                data.reshape(-1, 36)[0, :4] = [0, 1, 7, 0x7E]
                data = data.reshape(*shape[:-1], -1)
            # scales with exact products: the package has none of its own, llama.cpp scales the result of the product
            scale = np.array([0.75, 3 / 256] if len(shape) > 2 else [11 / 1024], np.float32) if self.scaled else None
            yield "x".join(map(str, shape)), (data, kind, scale), None, "mlx" if self.format == "nvfp4" and not self.scaled else "modelopt"

    def save(self, path, tensors, metadata):
        import gguf as g
        writer = g.GGUFWriter(path, "llama")
        writer.add_tensor("l.weight", tensors[0], raw_dtype=tensors[1])
        writer.add_tensor("l.bias", np.arange(5, dtype=np.float32))
        if tensors[2] is not None:
            writer.add_tensor("l.scale", tensors[2])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def read(self, path):
        import gguf as g
        tensors = {t.name: t for t in g.GGUFReader(path).tensors}
        t = tensors["l.weight"]
        values = g.quants.dequantize(t.data, t.tensor_type)
        if "l.scale" in tensors:
            s = np.asarray(tensors["l.scale"].data)
            values = values * (s.reshape(-1, *[1] * (values.ndim - 1)) if s.size > 1 else s)
        if self.format == "mxfp4":
            b = t.data.reshape(-1, 17)
            scales, half = b[:, 0], b[:, 1:]
        else:
            b = t.data.reshape(-1, 36)
            scales, half = b[:, :4], b[:, 4:].reshape(-1, 8)
        return Read(np.concatenate([half & 15, half >> 4], 1), scales, values, self.block)


class Own:
    """No library has these: decoded here with ml_dtypes' types."""
    suffix, layout, package = ".safetensors", "own", "ml_dtypes"

    def __init__(self, format):
        self.name, self.format = "own " + format, format
        self.block = {"mxfp4": 32, "nvfp4": 16, "nf4": 64, "fp4_bnb": 64}[format]

    def cases(self):
        for rows, columns in ((4, 100), (3, 4096), (9, 33)):
            source = os.path.join(TEMP, "own.floats.safetensors")
            save_file({"l.weight": random(rows, columns)}, source)
            yield f"{rows}x{columns}", source, None, self.layout

    def save(self, path, source, metadata):
        convert(source, path, "own", self.format)

    def read(self, path):
        t = load_file(path)
        with safe_open(path, "pt") as f:
            columns = int(f.metadata()["l.weight.nc_fp4"].split()[1])
        rows = t["l.weight"].shape[0]
        codes = nibbles(t["l.weight"]).reshape(rows, -1)[:, :columns]
        scale = raw(t["l.weight_scale"])
        if self.format in ("nf4", "fp4_bnb"):
            import bitsandbytes.functional as F
            table = F.get_4bit_type("nf4" if self.format == "nf4" else "fp4", device="cpu").numpy()
            values, scales = table[codes], scale.view(np.float32)
        else:
            values = codes.astype(np.uint8).view(ml_dtypes.float4_e2m1fn).astype(np.float32)
            scales = scale.view(ml_dtypes.float8_e8m0fnu if self.format == "mxfp4" else ml_dtypes.float8_e4m3fn).astype(np.float32)
            if self.format == "nvfp4":
                scales = scales * bare(t["l.weight_tensor_scale"])
        scales = np.repeat(scales.reshape(rows, -1), self.block, 1)[:, :columns]
        return Read(codes, scale, values * scales, 0)


# -- comparing ---------------------------------------------------------------------------------------------


def convert(source, to, layout, format=None, nested=False):
    command = [os.path.join(TEMP, "fp4_convert"), source, "-o", to, "--layout", layout]
    command += ["--to", format] if format else []
    subprocess.run(command + (["--nested", "256"] if nested else []), check=True, stdout=subprocess.DEVNULL)


def ours(path):
    """What nc_fp4.h reads of the one weight of a file."""
    base = os.path.join(TEMP, "dump")
    out = subprocess.run([os.path.join(TEMP, "oracle_fp4"), path, base], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert len(out.splitlines()) == 1, out
    codes, scales = (np.fromfile(f"{base}.0.{k}", np.uint8) for k in ("codes", "scales"))
    return Read(codes, scales, np.fromfile(base + ".0.values", np.float32), int(out.split()[3]))


class Tally:
    def __init__(self):
        self.values = self.zeros = self.nan = self.other = 0

    def same(self, a, b):
        """a: nc_fp4.h's, or a library's of the same file before; b: the library's. 1: equal, but for
        what is counted apart."""
        if a.codes.size != b.codes.size or a.scales.size != b.scales.size or a.values.size != b.values.size:
            self.other += max(a.values.size, b.values.size)
            return 0
        x, y = a.values, b.values
        differ = x.view(np.uint32) != y.view(np.uint32)
        differ &= ~(np.isnan(x) & np.isnan(y))
        zero = differ & (x == 0) & (y == 0)
        nan = differ & np.isnan(x)
        if b.block == 32 and b.scales.size * 32 == x.size:
            nan &= np.repeat(b.scales, 32) == 255
        else:
            nan[:] = False
        other = int((differ & ~zero & ~nan).sum()) + int((a.codes != b.codes).sum()) + int((a.scales != b.scales).sum())
        self.values += x.size
        self.zeros += int(zero.sum())
        self.nan += int(nan.sum())
        self.other += other
        return other == 0


def store(kind, path, tensors, metadata):
    if hasattr(kind, "save"):
        kind.save(path, tensors, metadata)
    elif kind.package == "mlx":
        import mlx.core as mx
        mx.save_safetensors(path, tensors)
    else:
        save_file(tensors, path, metadata)


def floats_of(kind):
    """Matrices that every kind can hold; MX scales of zero and of subnormal blocks among them."""
    for shape, dtype in (((6, 128), torch.float32), ((3, 4096), torch.bfloat16), ((2, 3, 192), torch.float16)):
        if len(shape) > 2 and (kind.layout == "own"):
            continue
        yield "x".join(map(str, shape)), {"l.weight": random(*shape).to(dtype)}


def row(kind):
    tally, read, written, quantised, by = Tally(), [0, 0], [0, 0], [0, 0], set()
    for i, (what, tensors, metadata, other) in enumerate(kind.cases()):
        base = os.path.join(TEMP, f"{kind.name.replace(' ', '_')}.{i}")
        path = base + kind.suffix
        store(kind, path, tensors, metadata)
        own = kind.read(path)
        good = tally.same(ours(path), own)
        read[0] += good
        read[1] += 1
        if not good:
            print(f"{kind.name}, {what}: read otherwise", file=sys.stderr)
        between = base + ".between" + (".gguf" if other == "gguf" else ".safetensors")
        back = base + ".back" + kind.suffix
        convert(path, between, other)
        convert(between, back, kind.layout)
        good = tally.same(own, kind.read(back))
        written[0] += good
        written[1] += 1
        by.add(other)
        if not good:
            print(f"{kind.name}, {what}: rewritten by {other} otherwise", file=sys.stderr)
    for what, tensors in floats_of(kind):
        source = os.path.join(TEMP, "floats.safetensors")
        path = os.path.join(TEMP, f"{kind.name.replace(' ', '_')}.{what}.floats{kind.suffix}")
        save_file(tensors, source)
        convert(source, path, kind.layout, kind.format, getattr(kind, "nested", False))
        good = tally.same(ours(path), kind.read(path))
        quantised[0] += good
        quantised[1] += 1
        if not good:
            print(f"{kind.name}, floats {what}: read otherwise", file=sys.stderr)
    return [kind.name] + [f"{a} of {b}" for a, b in (read, written, quantised)] + [
        " ".join(sorted(by)), str(tally.values), str(tally.zeros), str(tally.nan), str(tally.other)], tally.other == 0


def floats_in(path):
    """The floats of a file as fp4_convert hands them on, by name."""
    to = os.path.join(TEMP, "all.safetensors")
    convert(path, to, "float", "f32")
    return {k: v.numpy() for k, v in load_file(to).items()}


def containers():
    """Shards with an index, and .npy: what fp4_convert reads of them is what their writers put there."""
    a, b = random(5, 70), random(3, 2, 64).to(torch.bfloat16)
    folder = os.path.join(TEMP, "shards")
    os.makedirs(folder, exist_ok=True)
    shards = {"a.weight": "model-00001-of-00002.safetensors", "b.weight": "model-00002-of-00002.safetensors"}
    save_file({"a.weight": a}, os.path.join(folder, shards["a.weight"]), {"format": "pt"})
    save_file({"b.weight": b}, os.path.join(folder, shards["b.weight"]), {"format": "pt"})
    index = os.path.join(folder, "model.safetensors.index.json")
    json.dump({"metadata": {"total_size": 1}, "weight_map": shards}, open(index, "w"))
    got, wrong, count = floats_in(index), 0, 0
    for name, x in (("a.weight", a), ("b.weight", b)):
        wrong += int((got[name].view(np.uint32) != x.float().numpy().view(np.uint32)).sum())
        count += x.numel()
    yield ["safetensors in shards", f"{int(wrong == 0)} of 1", "-", "-", "-", str(count), "0", "0", str(wrong)], wrong == 0
    wrong = count = right = 0
    for x in (a.numpy(), np.asfortranarray(a.numpy()), a.numpy().astype(">f4"), a.numpy().astype(np.float16), a.numpy()[0].astype(np.float64)):
        path = os.path.join(TEMP, "x.npy")
        np.save(path, x)
        y = list(floats_in(path).values())[0]
        bad = int((y.reshape(-1).view(np.uint32) != np.load(path).astype(np.float32).reshape(-1).view(np.uint32)).sum())
        wrong, count, right = wrong + bad, count + x.size, right + (bad == 0)
    yield [".npy", f"{right} of 5", "-", "-", "-", str(count), "0", "0", str(wrong)], wrong == 0


def main():
    for what in ("tests/oracle_fp4.c", "examples/fp4_convert.c"):
        to = os.path.join(TEMP, os.path.basename(what)[:-2])
        subprocess.run([os.environ.get("CC", "cc"), "-O2", os.path.join(HERE, "..", what), "-o", to, "-lm"], check=True)
    names = ("torch", "bitsandbytes", "compressed-tensors", "torchao", "transformers", "mlx", "gguf", "ml_dtypes", "safetensors", "numpy")
    for name in names:
        try:
            print(name, importlib.metadata.version(name), end=", ")
        except importlib.metadata.PackageNotFoundError:
            print(name, "is missing", end=", ")
    print("ModelOpt", "from " + ARGS.modelopt if ARGS.modelopt else "is missing", end=f"; seed {ARGS.seed}\n\n")
    kinds = [Bnb("bitsandbytes NF4", "nf4", False), Bnb("bitsandbytes FP4", "fp4", False), Bnb("bitsandbytes NF4 nested", "nf4", True),
             Bnb("bitsandbytes FP4 nested", "fp4", True), GptOss(), Compressed("NVFP4"), Compressed("MXFP4"), Modelopt("NVFP4"),
             Modelopt("MXFP4"), Torchao("MXFP4"), Torchao("NVFP4"), Mlx("mxfp4"), Mlx("nvfp4"), Gguf("MXFP4", 0), Gguf("NVFP4", 0),
             Gguf("NVFP4", 1), Own("mxfp4"), Own("nvfp4"), Own("nf4"), Own("fp4_bnb")]
    table, fine = [["kind", "read", "rewritten", "from floats", "by", "values", "-0", "255", "differences"]], True
    for kind in [k for k in kinds if ARGS.only in k.name]:
        torch.manual_seed(ARGS.seed)
        np.random.seed(ARGS.seed)
        try:
            line, good = row(kind)
        except ImportError as error:
            line, good = [kind.name, f"not run: {error}"] + [""] * 7, True
        table.append(line)
        fine &= good
    for line, good in containers():
        table.append(line)
        fine &= good
    wide = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for i, line in enumerate(table):
        print("| " + " | ".join(cell.ljust(n) for cell, n in zip(line, wide)) + " |")
        if i == 0:
            print("|" + "|".join("-" * (n + 2) for n in wide) + "|")
    return 0 if fine else 1


sys.exit(main())
