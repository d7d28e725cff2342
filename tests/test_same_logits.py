#!/usr/bin/env python3
"""SmolLM2 from a folder of f32 safetensors and from the GGUF gives the same logits when it is not compressed."""
import pathlib
import tempfile
import unittest

import numpy as np
import tokenizers

import baking

SEQ_LEN = 32
TEXT = "The capital of France is"
NEXT = " Paris"
# Both sources hold the same f32 numbers and both bakes round them to f16 in the same way.
TOLERANCE = 1e-3


class SameLogits(unittest.TestCase):
    def logits(self, source, feed):
        with tempfile.TemporaryDirectory() as scratch:
            baked = baking.bake(source, pathlib.Path(scratch) / "baked", "--bits", 16, "--seq-len", SEQ_LEN,
                                "--all-logits", "--no-forward-check")
            return baking.logits_of(baking.compile_exact(baked / baking.MODEL_XML), feed)

    def test_folder_and_gguf(self):
        folder = baking.work_folder() / "hf"
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        ids = tokenizer.encode(TEXT).ids
        real = len(ids)
        feed = {"input_ids": np.array([ids + [2] * (SEQ_LEN - real)], np.int64),
                "attention_mask": np.array([[1] * real + [0] * (SEQ_LEN - real)], np.int64),
                "position_ids": np.arange(SEQ_LEN, dtype=np.int64)[None]}
        from_folder = self.logits(folder, feed)[:real]
        from_gguf = self.logits(baking.smollm2_gguf(), feed)[:real]
        self.assertEqual(from_folder.shape, (real, 49152))
        self.assertLessEqual(float(np.abs(from_folder - from_gguf).max()), TOLERANCE)
        # Equal garbage would be equal too.
        self.assertEqual(tokenizer.decode([int(from_gguf[-1].argmax())]), NEXT)


if __name__ == "__main__":
    unittest.main()
