"""Writes gguf_goldens.gguf and gguf_goldens.safetensors: one small tensor of every type that Ovenbird reads from a
GGUF, and the values that the `gguf` package reads in it. Run by hand when a type is added:

    python testdata/make_gguf_goldens.py
"""

from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

SHAPE = (2, 256)
FOLDER = Path(__file__).parent


def random_blocks(rng, kind):
    """Blocks of arbitrary bits whose half-precision scales are made finite and of a usual size."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    rows, columns = SHAPE
    blocks = rng.integers(0, 256, (rows * columns // elements, size), dtype=np.uint8)
    places = {Type.Q4_K: (0, 2), Type.Q5_K: (0, 2), Type.Q6_K: (208,)}[kind]
    for place in places:
        scales = rng.uniform(-0.02, 0.02, len(blocks)).astype("<f2")
        blocks[:, place : place + 2] = scales.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(rows, -1)


def main():
    rng = np.random.default_rng(7)
    values = rng.normal(0, 0.3, SHAPE).astype(np.float32)
    values[0, :32] = 0  # a block whose scale is 0
    values[1, 5] = 7.0  # an outlier
    writer = gguf.GGUFWriter(FOLDER / "gguf_goldens.gguf", "llama")
    writer.add_string("general.description", "one tensor of every type")
    expected = {}
    writer.add_tensor("f32", values)
    expected["f32"] = values
    halves = values.astype(np.float16)
    halves[0, :4] = np.array([6e-8, -3e-6, 65504.0, -0.0], np.float16)  # denormal, largest, minus zero
    writer.add_tensor("f16", halves)
    expected["f16"] = halves.astype(np.float32)
    for kind in (Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q4_K, Type.Q5_K, Type.Q6_K):
        name = kind.name.lower()
        blocks = random_blocks(rng, kind) if name.endswith("_k") else gguf.quants.quantize(values, kind)
        writer.add_tensor(name, blocks, raw_dtype=kind)
        expected[name] = gguf.quants.dequantize(blocks, kind).reshape(SHAPE).astype(np.float32)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, FOLDER / "gguf_goldens.safetensors")


if __name__ == "__main__":
    main()
