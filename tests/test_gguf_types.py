#!/usr/bin/env python3
"""Every GGUF type, with blocks of arbitrary bits, gives the very bits that the `gguf` package reads in them."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import gguf
import numpy as np

import baking

sys.path.append(str(baking.ROOT / "testdata"))
import make_gguf_goldens  # noqa: E402

SHAPE = (128, 4096)  # enough for each of the 2048 entries of the largest grid to come up dozens of times


def dequantized(kind, blocks, folder):
    """Ovenbird's values of a file with one tensor of those blocks."""
    source, values = folder / "blocks.gguf", folder / "values"
    writer = gguf.GGUFWriter(source, "llama")
    writer.add_tensor("blocks", blocks, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    subprocess.run([os.environ["OVENBIRD_DEQUANTIZED"], source, values], check=True)
    return np.fromfile(values, np.uint32)


class GgufTypes(unittest.TestCase):
    def test_none_is_left_out(self):
        known = {kind for kind in gguf.GGMLQuantizationType if kind in gguf.quants._type_traits}
        self.assertEqual(known - {gguf.GGMLQuantizationType.BF16}, set(make_gguf_goldens.SCALES))


def add_type(kind):
    def check(self):
        blocks = make_gguf_goldens.random_blocks(np.random.default_rng(int(kind)), kind, SHAPE)
        expected = gguf.quants.dequantize(blocks, kind).astype(np.float32)
        self.assertTrue(np.isfinite(expected).all())
        with tempfile.TemporaryDirectory() as folder:
            actual = dequantized(kind, blocks, pathlib.Path(folder))
        np.testing.assert_array_equal(actual, expected.reshape(-1).view(np.uint32))

    setattr(GgufTypes, f"test_{kind.name.lower()}", check)


for quantization in make_gguf_goldens.SCALES:
    add_type(quantization)

if __name__ == "__main__":
    unittest.main()
