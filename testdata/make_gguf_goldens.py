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


# Where a block has its half-precision scales; IQ1_M's, in pieces, and the two FP4 types' are seen to on their own.
SCALES = {Type.Q4_0: (0,), Type.Q4_1: (0, 2), Type.Q5_0: (0,), Type.Q5_1: (0, 2), Type.Q8_0: (0,),
          Type.Q4_K: (0, 2), Type.Q5_K: (0, 2), Type.Q6_K: (208,), Type.Q2_K: (80, 82), Type.Q3_K: (108,),
          Type.IQ1_S: (0,), Type.IQ1_M: (), Type.IQ2_XXS: (0,), Type.IQ2_XS: (0,), Type.IQ2_S: (0,),
          Type.IQ3_XXS: (0,), Type.IQ3_S: (0,), Type.IQ4_NL: (0,), Type.IQ4_XS: (0,),
          Type.TQ1_0: (52,), Type.TQ2_0: (64,), Type.MXFP4: (), Type.NVFP4: ()}
OLD = (Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0)  # quantised values
RANDOM = tuple(kind for kind in SCALES if kind not in OLD)


def random_blocks(rng, kind, shape):
    """Blocks of arbitrary bits whose scales are made finite, most of a usual size: [rows, bytes of a row]."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    rows, columns = shape
    blocks = rng.integers(0, 256, (rows * columns // elements, size), dtype=np.uint8)

    def scales():
        return rng.uniform(-0.02, 0.02, len(blocks)).astype("<f2")

    for place in SCALES[kind]:
        blocks[:, place : place + 2] = scales().view(np.uint8).reshape(-1, 2)
    if kind == Type.IQ1_M:
        words = scales().view("<u2").reshape(-1, 1) >> np.array([0, 4, 8, 12], np.uint16) & 15
        blocks[:, 49:56:2] = blocks[:, 49:56:2] & 15 | (words << 4).astype(np.uint8)
    if kind == Type.MXFP4:
        blocks[:, 0] %= 250
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
    for kind in (*OLD, *RANDOM):
        name = kind.name.lower()
        blocks = gguf.quants.quantize(values, kind) if kind in OLD else random_blocks(rng, kind, SHAPE)
        writer.add_tensor(name, blocks, raw_dtype=kind)
        expected[name] = gguf.quants.dequantize(blocks, kind).reshape(SHAPE).astype(np.float32)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, FOLDER / "gguf_goldens.safetensors")


if __name__ == "__main__":
    main()
