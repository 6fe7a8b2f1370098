"""Writes tests/data/fp4/blocks.gguf and blocks.f32: a GGUF file of the gguf package and the values
that its own decoder gives, tensor after tensor, as little-endian float32.

    pip install gguf==0.19.0 numpy && python3 tests/golden_gguf.py

The blocks are random, with every scale that has a meaning of its own."""
import os
import numpy as np
import gguf
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


def main():
    os.makedirs(here, exist_ok=True)
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
