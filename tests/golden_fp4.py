#!/usr/bin/env python3
"""Writes tests/data/fp4/: files of 4-bit weights by the libraries that the world writes them with, and
beside each NAME.safetensors (.gguf) a NAME.npy with its values, float32, as the same library reads
them. The files in the repository come from torch 2.15.0, bitsandbytes 0.50.2, compressed-tensors
0.20.0, torchao 0.18.0, mlx 0.32.4, gguf 0.19.0, transformers 5.24.0, safetensors 0.8.0, all on the
CPU. nvidia-modelopt 0.47.0 (--modelopt FOLDER, its unpacked wheel) is loaded without its kernels.
Run: python3 tests/golden_fp4.py [--modelopt FOLDER] [--out FOLDER] [--seed N]"""
import argparse
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
from safetensors.torch import load_file, save_file

args = argparse.ArgumentParser()
args.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "fp4"))
args.add_argument("--modelopt")
args.add_argument("--seed", type=int, default=18)
args.add_argument("--only", help="the name of one function below")
args = args.parse_args()
os.makedirs(args.out, exist_ok=True)


def path(name):
    return os.path.join(args.out, name)


def values(name, x):
    x = x.detach().float().numpy() if hasattr(x, "detach") else np.asarray(x, dtype=np.float32)
    np.save(path(name + ".npy"), np.ascontiguousarray(x.reshape(-1, x.shape[-1])))


def random(*shape):
    """Normal weights with a row of zeros, -0, tiny and huge values among them."""
    x = torch.randn(*shape)
    flat = x.view(-1, shape[-1])
    flat[-1] = 0
    flat[0, 0] = -0.0
    flat[0, 1] = -1e-30
    flat[0, 2] = 300.0
    return x


def bitsandbytes():
    import bitsandbytes.functional as F
    cases = [("bnb_nf4", "nf4", 3, 100, 64, torch.float16, False),
             ("bnb_nf4_nested", "nf4", 7, 33, 64, torch.bfloat16, True),
             ("bnb_nf4_32", "nf4", 4, 64, 32, torch.float32, False),
             ("bnb_nf4_512", "nf4", 6, 101, 512, torch.float32, True),
             ("bnb_fp4", "fp4", 3, 100, 128, torch.bfloat16, False),
             ("bnb_fp4_nested", "fp4", 9, 35, 64, torch.float16, True)]
    for name, kind, rows, columns, block, dtype, nested in cases:
        w = random(rows, columns).to(dtype)
        q, state = F.quantize_4bit(w, blocksize=block, quant_type=kind, compress_statistics=nested)
        tensors = {"l.weight": q}
        for key, part in state.as_dict(packed=True).items():
            tensors["l.weight." + key] = part
        tensors["l.bias"] = torch.arange(rows).to(dtype)
        save_file(tensors, path(name + ".safetensors"), {"format": "pt"})
        state.dtype = torch.float32
        values(name, F.dequantize_4bit(q, state))


def compressed_tensors():
    from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
    from compressed_tensors.compressors.mxfp4.base import MXFP4PackedCompressor
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    import torch.nn.functional as f
    rows, columns = 5, 64
    w = random(rows, columns)
    blocks = w.view(rows, -1, 16).abs().amax(-1)
    g = torch.tensor([448 * 6 / w.abs().max().item()], dtype=torch.float32)
    scale = (blocks / 6 * g).clamp(2**-9, 448).to(torch.float8_e4m3fn)
    scale[1, 1] = 2**-9
    weights = QuantizationArgs(num_bits=4, type="float", strategy="tensor_group", group_size=16,
                               symmetric=True, scale_dtype=torch.float8_e4m3fn)
    scheme = QuantizationScheme(targets=["Linear"], weights=weights)
    state = {"weight": w, "weight_scale": scale.float(), "weight_global_scale": g}
    packed = NVFP4PackedCompressor.compress(dict(state), scheme)
    save_file({"l." + k: v.contiguous() for k, v in packed.items()} |
              {"l.input_global_scale": torch.tensor([3.5])}, path("ct_nvfp4.safetensors"), {"format": "pt"})
    # its own order of operations (quantization/lifecycle/forward_helpers.py, _dequantize) in float32
    from compressed_tensors.compressors.nvfp4.helpers import unpack_fp4_from_uint8
    from compressed_tensors.quantization.lifecycle.forward import dequantize
    codes = unpack_fp4_from_uint8(packed["weight_packed"], rows, columns, dtype=torch.float32)
    values("ct_nvfp4", dequantize(x_q=codes, scale=packed["weight_scale"].float(), args=weights,
                                  global_scale=packed["weight_global_scale"], dtype=torch.float32))
    weights = QuantizationArgs(num_bits=4, type="float", strategy="group", group_size=32,
                               symmetric=True, scale_dtype=torch.uint8)
    scheme = QuantizationScheme(targets=["Linear"], weights=weights)
    scale = torch.exp2(torch.floor(torch.log2(w.view(rows, -1, 32).abs().amax(-1).clamp(min=2.0**-120))) - 2)
    packed = MXFP4PackedCompressor.compress({"weight": w, "weight_scale": scale}, scheme)
    save_file({"l." + k: v.contiguous() for k, v in packed.items()}, path("ct_mxfp4.safetensors"), {"format": "pt"})
    codes = unpack_fp4_from_uint8(packed["weight_packed"], rows, columns, dtype=torch.float32)
    scale = MXFP4PackedCompressor._decompress_scale(packed["weight_scale"], torch.float32)
    values("ct_mxfp4", dequantize(x_q=codes, scale=scale, args=weights, dtype=torch.float32))


def modelopt():
    import modelopt_classes
    NVFP4QTensor, MXFP4QTensor = modelopt_classes.load(args.modelopt)
    w = random(6, 48)
    q, scale, scale_2 = NVFP4QTensor.quantize(w.clone(), 16)
    save_file({"l.weight": q._quantized_data, "l.weight_scale": scale, "l.weight_scale_2": scale_2,
               "l.input_scale": torch.tensor(0.25)}, path("modelopt_nvfp4.safetensors"))
    values("modelopt_nvfp4", q.dequantize(torch.float32, scale=scale, double_scale=scale_2, block_sizes={-1: 16}))
    # experts; the class has no names of its own for a file: as those of NVFP4, and scales of 255 read as 2^128
    q, scale = MXFP4QTensor.quantize(random(2, 3, 64), 32)
    scale = scale.view(2, 3, 2)
    scale[0, 0] = torch.tensor([0, 254])
    save_file({"l.weight": q._quantized_data, "l.weight_scale": scale}, path("modelopt_mxfp4.safetensors"))
    values("modelopt_mxfp4", q.dequantize(torch.float32, scale=scale, block_sizes={-1: 32}))


def gpt_oss():
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors
    experts, rows, columns = 2, 3, 64
    blocks = torch.randint(0, 256, (experts, rows, columns // 32, 16), dtype=torch.uint8)
    scales = torch.randint(100, 140, (experts, rows, columns // 32), dtype=torch.uint8)
    scales[0, 0] = torch.tensor([0, 1])
    scales[1, 2, 0] = 253
    save_file({"m.experts.gate_up_proj_blocks": blocks, "m.experts.gate_up_proj_scales": scales,
               "m.experts.gate_up_proj_bias": torch.ones(experts, rows, dtype=torch.bfloat16)},
              path("gpt_oss.safetensors"), {"format": "pt"})
    values("gpt_oss", convert_moe_packed_tensors(blocks, scales, dtype=torch.float32).transpose(1, 2))


def torchao():
    from torchao.prototype.mx_formats.mx_tensor import MXTensor
    from torchao.prototype.mx_formats.nvfp4_tensor import NVFP4Tensor
    from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict
    w = random(4, 64)
    mx = MXTensor.to_mx(w, torch.float4_e2m1fn_x2, 32)
    nv = NVFP4Tensor.to_nvfp4(w, per_tensor_scale=w.abs().max() / (448 * 6))
    sw = NVFP4Tensor.to_nvfp4(w, is_swizzled_scales=True)
    for name, t in (("torchao_mxfp4", mx), ("torchao_nvfp4", nv), ("torchao_swizzled", sw)):
        tensors, metadata = flatten_tensor_state_dict({"l.weight": t, "l.bias": torch.ones(4)})
        save_file({k: v.contiguous() for k, v in tensors.items()}, path(name + ".safetensors"), metadata)
        values(name, t.dequantize(torch.float32))


def mlx():
    import mlx.core as mx
    w = mx.array(random(4, 64).numpy())
    for mode, group in (("mxfp4", 32), ("nvfp4", 16)):
        q = mx.quantize(w, group_size=group, bits=4, mode=mode)
        mx.save_safetensors(path(f"mlx_{mode}.safetensors"), {"l.weight": q[0], "l.scales": q[1]})
        values("mlx_" + mode, np.array(mx.dequantize(*q, group_size=group, bits=4, mode=mode, dtype=mx.float32)))


def gguf():
    import gguf as g
    w = random(3, 128).numpy()
    for kind in (g.GGMLQuantizationType.MXFP4, g.GGMLQuantizationType.NVFP4):
        name = "gguf_" + kind.name.lower()
        if kind.name == "MXFP4":
            data = g.quants.quantize(w, kind)
        else:  # the package has no quantiser: random blocks, with scales 0, subnormal and 0x7F (0 here)
            data = np.random.randint(0, 256, (3, 2, 36)).astype(np.uint8)
            data[:, :, :4] = np.random.randint(8, 0x7E, (3, 2, 4))
            data[0, 0, :4] = [0, 1, 7, 0x7F]
            data = data.reshape(3, 72)
        writer = g.GGUFWriter(path(name + ".gguf"), "llama")
        writer.add_string("general.name", "golden")
        writer.add_tensor("blk.0.weight", data, raw_dtype=kind)
        writer.add_tensor("blk.0.bias", np.arange(5, dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        values(name, g.quants.dequantize(data, kind))
    # experts with a tensor scale each, as llama.cpp's conversion of ModelOpt's checkpoints names it
    data = np.random.randint(0, 256, (2, 3, 2, 36)).astype(np.uint8)
    data[..., :4] = np.random.randint(8, 0x7E, (2, 3, 2, 4))
    data, scale = data.reshape(2, 3, 72), np.array([0.75, 3 / 256], dtype=np.float32)  # exact products
    writer = g.GGUFWriter(path("gguf_nvfp4_scaled.gguf"), "llama")
    writer.add_tensor("blk.0.weight", data, raw_dtype=g.GGMLQuantizationType.NVFP4)
    writer.add_tensor("blk.0.bias", np.arange(5, dtype=np.float32))
    writer.add_tensor("blk.0.scale", scale)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    values("gguf_nvfp4_scaled", g.quants.dequantize(data, g.GGMLQuantizationType.NVFP4) * scale[:, None, None])


for each in (bitsandbytes, compressed_tensors, gpt_oss, torchao, mlx, gguf) + ((modelopt,) if args.modelopt else ()):
    if args.only and args.only != each.__name__:
        continue
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    each()
    print(each.__name__)
