#!/usr/bin/env python3
"""The forms of a decoder: compared with it at bake, caught where one is wrong, the same from an IR as from a checkpoint."""
import json
import pathlib
import tempfile
import unittest

import numpy as np

import baking

FORMS = ["window", "dynamic", "whole", "folded"]


def manifest_of(folder):
    return json.loads((folder / "ovenbird.json").read_text())


class Forms(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def test_each_form_is_compared(self):
        for case in baking.apart_cases():
            with self.subTest(case=case.name):
                source = baking.with_positions(case, self.scratch / case.name, 2048)
                compared = manifest_of(baking.bake(source, self.scratch / "baked"))["verification"]["forms"]
                has_folded = case.name not in ("gemma4_even_shared", "gemma4_even_defaults")
                forms = [form for form in FORMS if has_folded or form != "folded"]
                self.assertEqual(list(compared), forms)
                for form in forms:
                    self.assertTrue(compared[form]["agrees"], (form, compared[form]))
                    self.assertGreaterEqual(compared[form]["rows"], 2)

    def test_all_compares_every_context(self):
        source = baking.with_positions(baking.TINY / "llama_nine_llama3", self.scratch / "source", 2048)
        compared = manifest_of(baking.bake(source, self.scratch / "all", "--context", 2000, "--forward-check", "all"))
        graphs = compared["verification"]["forms"]["whole"]["graphs"]
        self.assertIn("graphs/verify_2000.xml", graphs)
        self.assertIn("graphs/decode_256.xml", graphs)
        result = baking.ovenbird("bake", source, "-o", self.scratch / "x", "--forward-check", "some", check=False)
        self.assertEqual(result.returncode, 2)
        off = manifest_of(baking.bake(source, self.scratch / "off", "--no-forward-check"))
        self.assertIn("not compared", off["verification"]["forms"])
        self.assertNotIn("first_step", off["verification"])

    def test_the_first_step_is_recorded_and_each_form_is_held_against_it(self):
        source = baking.with_positions(baking.TINY / "llama_nine_llama3", self.scratch / "source", 2048)
        baked = baking.bake(source, self.scratch / "baked")
        place = baked / "ovenbird.json"
        manifest = json.loads(place.read_text())
        run = lambda *words: baking.ovenbird("run", baked, "abc", "--raw", "--device", "CPU", "--no-cache", "--max-new-tokens", 2,
                                             *words, check=False)
        forms = ([], ["--form", "whole"], ["--form", "folded"], ["--stateless"])
        for form in forms:
            done = run("--validate", *form)
            self.assertEqual(done.returncode, 0, done.stderr)
        step = manifest["verification"]["first_step"]
        step["likeliest"] = [[step["likeliest"][-1][0], 100.0]]
        step["log_sum"] = 100.0
        place.write_text(json.dumps(manifest))
        for form in forms:
            done = run("--validate", *form)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("its first step says something else than the bake recorded", done.stderr)
            self.assertEqual(run("--no-validate", *form).returncode, 0)

    def test_an_export_has_every_form(self):
        for kind in ("stateful", "stateless", "inputs"):
            with self.subTest(kind=kind):
                source = baking.with_positions(baking.ROOT / "testdata" / f"optimum_{kind}", self.scratch / kind, 2048)
                baked = baking.bake(source, self.scratch / f"baked_{kind}", "--context", 1024)
                manifest = manifest_of(baked)
                self.assertEqual(list(manifest["verification"]["forms"]), FORMS)
                texts = set()
                for form in ([], ["--form", "whole"], ["--form", "folded"], ["--stateless"]):
                    answer = baking.ovenbird("run", baked, "abc", "--raw", "--device", "CPU", "--no-cache", "--json",
                                             "--max-new-tokens", 12, "--ov-config", "INFERENCE_PRECISION_HINT=f32",
                                             "--ov-config", "DYNAMIC_QUANTIZATION_GROUP_SIZE=0", *form)
                    texts.add(tuple(json.loads(answer.stdout)["tokens"]))
                self.assertEqual(len(texts), 1, texts)

    def test_options_that_an_ir_cannot_honour(self):
        source = baking.ROOT / "testdata" / "optimum_stateful"
        for option in (["--bits", 8], ["--asym"], ["--ratio", 0.5], ["--group-size", 64], ["--no-search-scales"], ["--head-bits", 4],
                       ["--activations-scale-factor", 2]):
            result = baking.ovenbird("bake", source, "-o", self.scratch / "out", *option, check=False)
            self.assertEqual(result.returncode, 2, option)
            self.assertIn(option[0], result.stderr)
            self.assertFalse((self.scratch / "out").exists())

    def test_long_contexts(self):
        source = baking.with_positions(baking.TINY / "llama_nine_llama3", self.scratch / "source", 65536)
        for context in (8194, 16384, 32768):
            manifest = manifest_of(baking.bake(source, self.scratch / "long", "--context", context, "--form", "folded"))
            self.assertTrue(manifest["verification"]["forms"]["folded"]["agrees"])
            self.assertEqual(manifest["cache"]["context"], context)
        baking.bake(source, self.scratch / "whole", "--context", 8194, "--form", "whole")
        window = manifest_of(baking.bake(source, self.scratch / "window", "--context", 0, "--seq-len", 16384))
        self.assertIn("not compared", window["verification"]["forms"]["window"])

    def test_equal_constants_in_one_layer(self):
        """Keys and values that are all zero have bit-equal zero points, asymmetric and per channel."""
        import safetensors.numpy
        source = baking.with_positions(baking.TINY / "llama_even_linear", self.scratch / "source", 2048)
        path = next(source.glob("*.safetensors"))
        tensors = safetensors.numpy.load_file(path)
        if "golden" in path.name:
            path = source / "model.safetensors"
            tensors = safetensors.numpy.load_file(path)
        for name, values in tensors.items():
            if "k_proj" in name or "v_proj" in name:
                tensors[name] = np.zeros_like(values)
        safetensors.numpy.save_file(tensors, path)
        baked = baking.bake(source, self.scratch / "baked", "--asym", "--group-size", -1)
        baking.ovenbird("run", baked, "abc", "--raw", "--form", "folded", "--device", "CPU", "--max-new-tokens", 2)


if __name__ == "__main__":
    unittest.main()
