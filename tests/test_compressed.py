#!/usr/bin/env python3
"""Compressed checkpoints (FP8, compressed-tensors, AWQ, GPTQ) give the very weights of their dequantised copies; what is
not read is refused by method and first tensor."""
import json
import pathlib
import tempfile
import unittest

import numpy as np

import baking
from compressed_copies import COPIES, Awq, CompressedTensors, Fp8, Gptq

CASE = baking.TINY / "llama_even_linear"
F16 = ("--bits", 16, "--context", 0, "--no-forward-check", "--keep-intermediate")
QUERY = "model.layers.0.self_attn.q_proj"


class Compressed(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def refuse(self, copy, *hints, changes=None):
        """Bakes a copy that `changes` made wrong, and wants each hint in what is said."""
        folder = copy.folder
        if changes:
            config = json.loads((folder / "config.json").read_text())
            config["quantization_config"].update(changes)
            (folder / "config.json").write_text(json.dumps(config))
        result = baking.ovenbird("bake", folder, "--plan", check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        for hint in hints:
            self.assertIn(hint, result.stderr)
        return result.stderr

    def copy(self, made_by, name, /, **options):
        return made_by(CASE, self.scratch / name, **options).write()

    def test_the_weights_of_the_dequantised_checkpoint_to_the_byte(self):
        for number, (kind, options, name) in enumerate(COPIES):
            with self.subTest(copy=kind.__name__, options=options):
                copy = self.copy(kind, f"copy{number}", **options)
                floats = copy.write_floats(self.scratch / f"floats{number}")
                baked = [baking.bake(folder, self.scratch / f"baked{number}{folder.name}", *F16)
                         for folder in (copy.folder, floats)]
                first, second = ((folder / baking.MODEL_BIN).read_bytes() for folder in baked)
                self.assertEqual(first, second)
                tokens = np.arange(5, 37, dtype=np.int64)[None]
                feed = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "position_ids": np.arange(32)[None]}
                of_codes, of_floats = (baking.logits_of(baking.compile_exact(folder / baking.DYNAMIC_XML), feed)
                                       for folder in baked)
                np.testing.assert_array_equal(of_codes, of_floats)
                self.assertGreater(np.ptp(of_floats), 0.01)
                types = {tensor["name"]: tensor["from"] for tensor in baking.plan(copy.folder, self.scratch / "none")["tensors"]}
                self.assertEqual(types[QUERY + ".weight"], name)

    def test_int4_of_both_is_the_same_and_the_plan_tells_once(self):
        copy = self.copy(Awq, "awq")
        floats = copy.write_floats(self.scratch / "floats")
        options = ("--group-size", 32, "--context", 0, "--no-forward-check", "--ratio", 0.6)
        first, second = (baking.bake(folder, self.scratch / f"out{folder.name}", *options) for folder in (copy.folder, floats))
        self.assertEqual((first / baking.MODEL_BIN).read_bytes(), (second / baking.MODEL_BIN).read_bytes())
        plan = baking.plan(copy.folder, self.scratch / "none")
        told = [note for note in plan["notes"] if "awq4" in note]
        self.assertEqual(len(told), 1, plan["notes"])
        self.assertIn("14 tensors in awq4", told[0])
        self.assertIn("lose twice", told[0])
        self.assertFalse([text for text in plan["warnings"] if "not used" in text])

    def test_settings_in_a_file_of_their_own(self):
        for kind, name in ((Gptq, "quantize_config.json"), (Awq, "quant_config.json")):
            copy = self.copy(kind, name + "_model")
            config = json.loads((copy.folder / "config.json").read_text())
            settings = config.pop("quantization_config")
            del settings["quant_method"]
            (copy.folder / "config.json").write_text(json.dumps(config))
            (copy.folder / name).write_text(json.dumps(settings))
            notes = baking.plan(copy.folder, self.scratch / "none")["notes"]
            self.assertTrue(any(f"is read from {name}" in note for note in notes), notes)

    def test_other_methods_are_refused_by_name_and_first_tensor(self):
        copy = self.copy(CompressedTensors, "bnb", layout="int-quantized", bits=8, strategy="channel")
        config = json.loads((copy.folder / "config.json").read_text())
        (copy.folder / "config.json").write_text(json.dumps({**config, "_name_or_path": "org/the-original"}))
        for method in ("bitsandbytes", "hqq", "eetq", "quanto", "torchao", "mxfp4", "auto-round"):
            self.refuse(copy, f"method {method}", "first tensor: model.layers.0.mlp.gate_proj.weight", "bake the original one",
                        "org/the-original", "--exporter optimum-intel", changes={"quant_method": method})

    def test_variants_that_are_not_read(self):
        awq, gptq = self.copy(Awq, "awq"), self.copy(Gptq, "gptq")
        self.refuse(awq, "method awq", "first tensor: model.layers.0.mlp.down_proj.qweight", "'gemv'", changes={"version": "gemv"})
        self.refuse(gptq, "method gptq", "down_proj.qweight", "'marlin'", changes={"checkpoint_format": "marlin"})
        packed = self.copy(CompressedTensors, "packed")
        self.refuse(packed, "method compressed-tensors", "transform_config",
                    changes={"transform_config": {"config_groups": {"R1": {"type": "hadamard"}}}})

    def test_companions_that_are_missing(self):
        for kind, options, suffix in ((Fp8, {}, ".weight_scale_inv"), (Awq, {}, ".scales"), (Awq, {}, ".qzeros"),
                                      (Gptq, {}, ".qzeros"), (CompressedTensors, {}, ".weight_scale"),
                                      (CompressedTensors, {}, ".weight_shape"),
                                      (CompressedTensors, {"asym": True}, ".weight_zero_point")):
            with self.subTest(suffix=suffix):
                copy = self.copy(kind, f"{kind.__name__}{suffix}", **options)
                del copy.stored[QUERY + suffix]
                copy.save()
                wanted = ".weight_scale" if kind is Fp8 else suffix
                self.refuse(copy, f"the tensor {QUERY}{wanted} is missing")

    def test_companions_that_contradict(self):
        def broken(kind, suffix, change, *hints, **options):
            with self.subTest(kind=kind.__name__, suffix=suffix, hints=hints):
                copy = self.copy(kind, f"{kind.__name__}{len(list(self.scratch.iterdir()))}", **options)
                copy.put(QUERY + suffix, change(copy.stored[QUERY + suffix]), copy.types[QUERY + suffix])
                copy.save()
                self.refuse(copy, f"the tensor {QUERY}{suffix}", *hints)

        def with_value(value):
            def change(array):
                array = array.copy()
                array.reshape(-1)[-1] = value
                return array
            return change

        broken(Gptq, ".g_idx", with_value(2), "puts column 63 into group 2 of 2")
        broken(Gptq, ".g_idx", with_value(-1), "group -1")
        broken(Gptq, ".g_idx", lambda a: a[:-1], "63")
        broken(Gptq, ".scales", lambda a: a[:, :-1], "[2, 64]")
        broken(Gptq, ".qzeros", lambda a: a[:, :-1], "64 outputs")
        broken(Awq, ".qzeros", lambda a: a[:-1], "[2, 8]")
        broken(Awq, ".scales", lambda a: a[:, :-1], "[2, 64]")
        broken(Fp8, ".weight_scale_inv", lambda a: a[:-1], "24 x 40")
        broken(CompressedTensors, ".weight_shape", with_value(-5), "the axis -5")
        broken(CompressedTensors, ".weight_shape", with_value(1 << 62), "the axis")
        broken(CompressedTensors, ".weight_scale", lambda a: a[:, :-1].repeat(3, 1), "[64, 3]")
        broken(CompressedTensors, ".weight_zero_point", lambda a: a[:-1], "[8, 2]", asym=True)
        broken(CompressedTensors, ".weight_g_idx", with_value(7), "group 7", order=True)


if __name__ == "__main__":
    unittest.main()
