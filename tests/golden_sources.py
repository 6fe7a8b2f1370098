"""Files of the real libraries for tests/fp4_sources.c, in tests/data/fp4/:

    blocks.gguf      a GGUF file of the gguf package, and blocks.f32, the values that its own
                     decoder gives, tensor after tensor, as little-endian float32
    odd.safetensors  of the safetensors library: types, names, shapes and metadata of every kind
    *.npy            of numpy: 2.5 x the numbers from 0 on, by rows

    pip install gguf==0.19.0 safetensors==0.8.0 torch==2.15 numpy==2.4.6
    python3 tests/golden_sources.py

The blocks are random, with every scale that has a meaning of its own."""
import os
import numpy as np
import torch
import gguf
from safetensors.torch import save_file
from gguf import GGMLQuantizationType as T

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "fp4")
rng = np.random.default_rng(18)


def blocks(rows, columns, block, scales, first):
    """Rows of blocks: scale bytes, the given ones first, and random codes."""
    n = rows * columns // block
    bytes_ = rng.integers(0, 256, (n, scales + block // 2), dtype=np.uint8)
    some = rng.integers(100, 130, n * scales, dtype=np.uint8)
    some[: len(first)] = first
    bytes_[:, :scales] = some.reshape(n, scales)
    return bytes_.reshape(rows, -1)


def safetensors_file():
    """Each tensor's bytes count up from 0, so that a test knows them."""
    def of(dtype, *shape):
        n = int(np.prod(shape, dtype=int)) * dtype.itemsize
        return torch.arange(n, dtype=torch.uint8).view(dtype).reshape(shape)
    tensors = {
        "scalar": of(torch.float32), "empty": of(torch.float32, 3, 0),
        "e4m3": of(torch.float8_e4m3fn, 2, 3), "e5m2": of(torch.float8_e5m2, 5),
        "e8m0": of(torch.float8_e8m0fnu, 4, 1), "fnuz": of(torch.float8_e4m3fnuz, 2),
        "c64": of(torch.complex64, 2), "bool": torch.tensor([True, False]),
        "f4": of(torch.float4_e2m1fn_x2, 2, 4), "u16": of(torch.uint16, 3),
        "nine": of(torch.bfloat16, 1, 2, 1, 1, 1, 1, 1, 1, 3),
        "quoted \"name\" \\ \u00e9\n": of(torch.int64, 1),
        "long." + "n" * 300: of(torch.int8, 7),
    }
    save_file(tensors, os.path.join(here, "odd.safetensors"),
              {"format": "pt", "": "", "k\u00e9y\t": "a \"value\"\u0001", "long": "v" * 300})


def npy_files():
    x = (2.5 * np.arange(12)).reshape(3, 4)
    for name, array in {"c_f4": x.astype("<f4"), "fortran_f4": np.asfortranarray(x, "<f4"),
                        "big_f2": np.asfortranarray(x, ">f2"), "cube_f8": x.reshape(3, 2, 2).T,
                        "scalar_f4": np.float32(2.5), "row_f8": x.reshape(-1)}.items():
        np.save(os.path.join(here, name + ".npy"), array)


def main():
    os.makedirs(here, exist_ok=True)
    safetensors_file()
    npy_files()
    floats = rng.standard_normal((2, 3)).astype(np.float32)
    tensors = [
        ("blk.0.mx.weight", blocks(4, 96, 32, 1, [0, 1, 2, 126, 127, 253, 254, 255]), T.MXFP4),
        ("blk.0.nv.weight", blocks(3, 128, 64, 4,
                                   [0, 1, 7, 8, 0x38, 0x7E, 0x7F, 0x80, 0x81, 0xB8, 0xFE, 0xFF]),
         T.NVFP4),
        ("blk.0.nv.scale", np.array([0.0625], np.float32), T.F32),
        ("f32", floats, T.F32),
        ("f16", floats.astype(np.float16), T.F16),
        ("bf16", gguf.quants.quantize(floats, T.BF16), T.BF16),
        ("q8_0", gguf.quants.quantize(rng.standard_normal((2, 32)).astype(np.float32), T.Q8_0),
         T.Q8_0),
    ]
    writer = gguf.GGUFWriter(os.path.join(here, "blocks.gguf"), "llama")
    writer.add_name("blocks of 4 bits")
    writer.add_uint32("a.number", 4000000000)
    writer.add_float32("a.real", 1e-5)
    writer.add_array("a.words", ["one", "two", "drei"])
    writer.add_array("a.counts", [1, -2, 3])
    for name, data, kind in tensors:
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with open(os.path.join(here, "blocks.f32"), "wb") as out:
        for tensor in gguf.GGUFReader(os.path.join(here, "blocks.gguf")).tensors:
            with np.errstate(over="ignore"):
                values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            out.write(values.astype("<f4").tobytes())


main()
