#!/usr/bin/env python3
"""SmolLM2's logits: the same from safetensors and from GGUF when not compressed, and close to them when compressed."""
import pathlib
import tempfile
import unittest

import numpy as np
import tokenizers

import baking

SEQ_LEN = 96
TEXT = ("The heron stood at the edge of the pond for most of the morning. It did not move when the rain began, nor when "
        "the children came down the path with their boats and their shouting. The capital of France is Paris, the "
        "capital of Germany is Berlin and the capital of Italy is")
NEXT = " Rome"
# Both sources hold the same f32 numbers and both bakes round them to f16 in the same way.
TOLERANCE = 1e-3
# Mean KL divergence from the uncompressed model that a form may cost: about twice what it does. A wrong nibble
# order, scale or zero point costs more than 5.
LARGEST_KL = {
    ("--bits", 8): 0.01,
    ("--bits", 8, "--asym"): 0.01,
    ("--bits", 4, "--group-size", 64): 0.8,
    ("--bits", 4, "--group-size", 64, "--asym"): 0.8,
    ("--bits", 4, "--group-size", -1): 1.6,
}


def log_probabilities(logits):
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def mean_kl(expected, got):
    expected, got = log_probabilities(expected), log_probabilities(got)
    return float((np.exp(expected) * (expected - got)).sum(axis=-1).mean())


class SameLogits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = baking.work_folder() / "hf"
        cls.tokenizer = tokenizers.Tokenizer.from_file(str(cls.folder / "tokenizer.json"))
        ids = cls.tokenizer.encode(TEXT).ids
        cls.real = len(ids)
        padding = SEQ_LEN - cls.real
        cls.feed = {"input_ids": np.array([ids + [2] * padding], np.int64),
                    "attention_mask": np.array([[1] * cls.real + [0] * padding], np.int64),
                    "position_ids": np.arange(SEQ_LEN, dtype=np.int64)[None]}
        cls.uncompressed = cls.logits(baking.smollm2_gguf(), "--bits", 16)

    @classmethod
    def logits(cls, source, *options):
        """The real rows' logits of a bake."""
        with tempfile.TemporaryDirectory() as scratch:
            baked = baking.bake(source, pathlib.Path(scratch) / "baked", *options, "--seq-len", SEQ_LEN,
                                "--all-logits", "--no-forward-check")
            return baking.logits_of(baking.compile_exact(baked / baking.MODEL_XML), cls.feed)[:cls.real]

    def test_folder_and_gguf(self):
        from_folder = self.logits(self.folder, "--bits", 16)
        self.assertEqual(from_folder.shape, (self.real, 49152))
        self.assertLessEqual(float(np.abs(from_folder - self.uncompressed).max()), TOLERANCE)
        # Equal garbage would be equal too.
        self.assertEqual(self.tokenizer.decode([int(from_folder[-1].argmax())]), NEXT)

    def test_compression_keeps_the_model(self):
        for options, largest in LARGEST_KL.items():
            with self.subTest(options=options):
                divergence = mean_kl(self.uncompressed, self.logits(self.folder, *options))
                self.assertLessEqual(divergence, largest)
                print(*options, f"mean KL {divergence:.4f}")


if __name__ == "__main__":
    unittest.main()
