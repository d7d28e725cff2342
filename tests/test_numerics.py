#!/usr/bin/env python3
"""f16 as an NPU computes it: a model that exceeds it is found by the bake and by check --numerics, and repaired by scaling."""
import json
import pathlib
import re
import shutil
import tempfile
import unittest

import numpy as np
import safetensors.numpy

import baking

CASE = baking.TINY / "llama_even_linear"
SEQ_LEN = 24


def amplified(folder, gain):
    """CASE with a first layer that adds `gain` times as much: the residual stream then exceeds f16."""
    shutil.copytree(CASE, folder)
    path = folder / "model.safetensors"
    tensors = safetensors.numpy.load_file(path)
    name = "model.layers.0.mlp.down_proj.weight"
    tensors[name] = (tensors[name].astype(np.float32) * gain).astype(np.float32)
    safetensors.numpy.save_file(tensors, path)
    return folder


def numerics(folder):
    done = baking.ovenbird("check", folder, "--numerics", "--json", check=False)
    return done.returncode, json.loads(done.stdout)["numerics"]


class Numerics(unittest.TestCase):
    def test_sound_model(self):
        with tempfile.TemporaryDirectory() as scratch:
            status, report = numerics(baking.bake(CASE, pathlib.Path(scratch) / "baked", "--seq-len", SEQ_LEN))
            self.assertEqual(status, 0)
            self.assertIsNone(report["first_overflow"])
            self.assertIsNone(report["first_drift"])
            self.assertGreater(report["logits_drift"], 0)  # f16 cannot be exact
            self.assertLess(report["logits_drift"], 0.01)

    def test_overflow_is_found_and_repaired(self):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            source = amplified(scratch / "source", 1e5)
            options = ["--seq-len", SEQ_LEN, "--bits", 8]
            done = baking.ovenbird("bake", source, "-o", scratch / "plain", *options, "--activations-scale-factor", 1)
            factor = re.search(r"65504.*--activations-scale-factor (\d+)", done.stderr)
            self.assertIsNotNone(factor, done.stderr)
            status, report = numerics(scratch / "plain")
            self.assertEqual(status, 1)
            self.assertIn("layers.0.mlp", report["first_overflow"]["node"])
            self.assertGreater(report["first_overflow"]["largest"], 65504)

            done = baking.ovenbird("bake", source, "-o", scratch / "scaled", *options, "--activations-scale-factor",
                                   factor[1])
            self.assertNotIn("65504", done.stderr)
            by_itself = baking.ovenbird("bake", source, "-o", scratch / "by_itself", *options)
            self.assertIn(f"is divided by {factor[1]}, which changes no answer", by_itself.stderr)
            self.assertEqual((scratch / "by_itself" / baking.MODEL_XML).read_bytes(),
                             (scratch / "scaled" / baking.MODEL_XML).read_bytes())
            manifest = json.loads((scratch / "by_itself" / "ovenbird.json").read_text())
            self.assertEqual(manifest["options"]["activations-scale-factor"], int(factor[1]))
            status, report = numerics(scratch / "scaled")
            self.assertEqual(status, 0, report)
            self.assertEqual(report["same_token"], report["prompts"])
            feed = {"input_ids": np.arange(SEQ_LEN, dtype=np.int64)[None], "attention_mask": np.ones((1, SEQ_LEN), np.int64),
                    "position_ids": np.arange(SEQ_LEN, dtype=np.int64)[None]}
            plain, scaled = (baking.logits_of(baking.compile_exact(scratch / name / baking.MODEL_XML), feed)
                             for name in ("plain", "scaled"))
            np.testing.assert_allclose(scaled, plain, rtol=1e-3, atol=1e-4)

    def test_scaling_keeps_every_architecture(self):
        for case in baking.apart_cases():
            with self.subTest(case=case.name), tempfile.TemporaryDirectory() as scratch:
                scratch = pathlib.Path(scratch)
                feed = {"input_ids": np.arange(SEQ_LEN, dtype=np.int64)[None],
                        "attention_mask": np.ones((1, SEQ_LEN), np.int64),
                        "position_ids": np.arange(SEQ_LEN, dtype=np.int64)[None]}
                plain, scaled = (
                    baking.logits_of(baking.compile_exact(
                        baking.bake(case, scratch / factor, "--seq-len", SEQ_LEN, "--no-forward-check",
                                    "--activations-scale-factor", factor) / baking.MODEL_XML), feed)
                    for factor in ("1", "16"))
                np.testing.assert_allclose(scaled, plain, atol=1e-4)


if __name__ == "__main__":
    unittest.main()
