#!/usr/bin/env python3
"""Tiny checkpoints of every architecture give the logits that transformers computed (testdata/make_goldens.py)."""
import pathlib
import tempfile
import unittest

import numpy as np
import safetensors.numpy

import baking

TOLERANCE = 1e-3


def feeds(golden):
    """The two goldens: (what, inputs, expected logits of the real rows)."""
    for prefix in ("", "padded_"):
        feed = {name: golden[prefix + name] for name in ("input_ids", "attention_mask", "position_ids")}
        yield prefix or "full", feed, golden[prefix + "logits"]


class Golden(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def assert_close(self, got, expected, what):
        self.assertEqual(got.shape, expected.shape, what)
        worst = float(np.abs(got - expected).max())
        self.assertLessEqual(worst, TOLERANCE, what)  # a NaN fails too

    def check_case(self, case):
        golden = safetensors.numpy.load_file(case / "golden.safetensors")
        seq_len = golden["input_ids"].shape[1]
        options = ("--bits", 16, "--seq-len", seq_len)
        baked = baking.bake(case, self.scratch / "rows", *options, "--all-logits", "--keep-intermediate")
        static = baking.compile_exact(baked / baking.MODEL_XML)
        dynamic = baking.compile_exact(baked / baking.DYNAMIC_XML)
        last = baking.compile_exact(baking.bake(case, self.scratch / "last", *options) / baking.MODEL_XML)
        for what, feed, expected in feeds(golden):
            rows = len(expected)
            self.assert_close(baking.logits_of(static, feed)[:rows], expected, f"{what}, static")
            self.assert_close(baking.logits_of(dynamic, feed)[:rows], expected, f"{what}, dynamic")
            unpadded = {name: values[:, :rows] for name, values in feed.items()}
            self.assert_close(baking.logits_of(dynamic, unpadded), expected, f"{what}, dynamic without padding")
            self.assert_close(baking.logits_of(last, feed), expected[-1:], f"{what}, last row only")

    def test_there_are_cases_of_every_architecture(self):
        names = {case.name.split("_")[0] for case in baking.tiny_cases()}
        self.assertEqual(names, {"arcee", "cohere", "cohere2", "nemotron", "stablelm", "starcoder2", "cwm", "ernie", "exaone4", "glm", "glm4", "olmo2", "olmo3", "gemma", "gemma2", "gemma3", "gemma4", "granite", "granitemoehybrid", "hunyuan", "lfm2", "llama", "minicpm", "ministral", "ministral3", "mistral", "phi3",
                                 "qwen2", "qwen3", "seed", "smollm3"})


def add_case(case):
    setattr(Golden, f"test_{case.name}", lambda self: self.check_case(case))


for tiny_case in baking.tiny_cases():
    add_case(tiny_case)

if __name__ == "__main__":
    unittest.main()
