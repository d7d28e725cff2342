#!/usr/bin/env python3
"""The folded form as the bake writes it: the same graphs whatever the depth, no weight twice, its blobs, what is refused."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "npu"))
import baking
import random_model

ROW = {"model_type": "llama", "heads": 4, "attention": "grouped", "head_size": 64, "tied": False, "biases": True}
COMPILER = """#!/usr/bin/env python3
import json, sys
if '--help' in sys.argv: sys.exit()
platform = int(sys.argv[sys.argv.index('--platform') + 1])
open(sys.argv[sys.argv.index('--blob') + 1], 'w').write(sys.argv[1])
print(json.dumps({'platform': platform, 'accepted': True, 'seconds': 1.0, 'compiler': 'test', 'requirements': 'r'}))
"""


def files_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "folded").iterdir()}


class Folded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.baked = cls.bake("baked", 2)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def bake(cls, name, layers, *options):
        source = cls.folder / f"source_{layers}"
        if not source.exists():
            random_model.write_model(ROW, source, layers=layers)
        return baking.bake(source, cls.folder / name, "--context", 2000, "--no-forward-check", "--group-size", -1, *options)

    def test_the_graphs_do_not_depend_on_the_depth(self):
        two = files_of(self.baked)
        self.assertIn("decode_2000.xml", two)
        for layers in (8, 32):
            self.assertEqual(files_of(self.bake(f"deep_{layers}", layers, "--form", "folded")), two, f"{layers} layers")

    def test_layers_with_other_rotary_tables_are_the_same_graph(self):
        for case, other in (("smollm3_even_default", 3), ("smollm3_odd_list_window", 1), ("gemma3_even_tied", 5)):
            source = baking.with_positions(baking.TINY / case, self.folder / case, 256)
            baked = baking.bake(source, self.folder / f"{case}_baked", "--context", 256, "--group-size", -1)
            layers = json.loads((baked / "ovenbird.json").read_text())["folded"]["layers"]
            self.assertEqual({layer["kind"] for layer in layers}, {0}, case)
            self.assertNotEqual(layers[0]["shared"], layers[other]["shared"], case)  # only the tables differ

    def test_no_weight_is_stored_twice(self):
        both = (self.baked / "openvino_model.bin").stat().st_size
        whole = (self.bake("whole", 2, "--form", "whole") / "openvino_model.bin").stat().st_size
        # What may be more is the lookup of tokens on the host, and vectors that only folded graphs have: no matrix.
        self.assertLess(both - whole, 16384)

    def test_the_manifest_says_which_bytes_are_which_input(self):
        manifest = json.loads((self.baked / "ovenbird.json").read_text())["folded"]
        names = {step["name"]: step for step in manifest["steps"]}
        self.assertEqual({"decode_1024", "verify_1024", "decode_2000", "verify_2000", "prefill_2000"}, set(names))
        self.assertEqual((names["prefill_2000"]["tokens"], names["prefill_2000"]["past"]), (128, 1872))
        self.assertEqual((names["decode_1024"]["tokens"], names["decode_1024"]["past"]), (1, 1023))
        size = (self.baked / "openvino_model.bin").stat().st_size
        weights = (self.baked / "openvino_model.bin").read_bytes()
        first, second = (layer["weights"] for layer in manifest["layers"])
        self.assertEqual(set(first), set(second))
        for name, (offset, count) in first.items():
            other = second[name][0]
            # Equal constants (norms of ones, say) may lie in one place; no others.
            self.assertEqual(offset == other, weights[offset:offset + count] == weights[other:other + count], name)
            self.assertEqual(count, second[name][1], name)
            self.assertLessEqual(offset + count, size)

    def test_forms(self):
        manifest = json.loads((self.bake("only", 2, "--form", "folded") / "ovenbird.json").read_text())
        self.assertEqual(manifest["cache"]["graphs"], [])
        self.assertFalse((self.folder / "only" / "graphs" / "decode_256.xml").exists())
        result = baking.ovenbird("bake", self.folder / "source_2", "-o", self.folder / "x", "--form", "half", check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("whole, folded or both", result.stderr)

    def test_blobs_of_every_folded_graph(self):
        compiler = self.folder / "compiler"
        compiler.write_text(COMPILER)
        compiler.chmod(0o755)
        output = self.bake("ahead", 2, "--npu-platform", "4000", "--npu-compiler", compiler)
        blobs = {blob["graph"]: blob for blob in json.loads((output / "ovenbird.json").read_text())["npu"]}
        graphs = {f"folded/{name}" for name in files_of(output) if name.endswith(".xml") and "before" not in name}
        self.assertEqual(set(blobs), graphs)
        decode = blobs["folded/decode_2000.xml"]
        self.assertEqual(decode["file"], "npu/4000_decode_2000.blob")
        self.assertTrue((output / decode["file"]).read_text().endswith("folded/decode_2000.xml"))

    def test_what_a_hostile_manifest_says_is_not_believed(self):
        source = baking.with_positions(baking.TINY / "llama_even_linear", self.folder / "tiny", 256)
        copy = baking.bake(source, self.folder / "hostile", "--context", 256, "--group-size", -1)
        self.assertEqual(self.open(copy).returncode, 0)
        path = copy / "ovenbird.json"
        honest = json.loads(path.read_text())
        size = (copy / "openvino_model.bin").stat().st_size

        def layer(**changes):
            return {"layers": [{**honest["folded"]["layers"][0], **changes}, honest["folded"]["layers"][1]]}

        def step(**changes):
            return {"steps": [{**each, **changes} for each in honest["folded"]["steps"]]}

        weights = honest["folded"]["layers"][0]["weights"]
        for change in (layer(weights={**weights, "weights.0": [size - 8, weights["weights.0"][1]]}),
                       layer(weights={**weights, "weights.0": [2**64 - 64, weights["weights.0"][1]]}),
                       layer(weights={**weights, "weights.0": [0, 1]}), layer(weights={**weights, "weights.0": [-1, 1]}),
                       layer(kind=7), layer(kind=-1), layer(caches=["9.key"]), layer(shared=["shared.77"]),
                       step(before="../before.xml"), step(layers=[]), step(tokens=0), step(past=10**12), step(context=1),
                       {"layers": []}, {"steps": []}, {"layers": 5}):
            path.write_text(json.dumps({**honest, "folded": {**honest["folded"], **change}}))
            result = self.open(copy)
            self.assertEqual(result.returncode, 1, (change, result.stderr))
            self.assertIn("error", result.stderr, change)

    def open(self, folder):
        return baking.ovenbird("run", folder, "abc", "--raw", "--form", "folded", "--device", "CPU", "--max-new-tokens", 1,
                               "--no-cache", check=False)


if __name__ == "__main__":
    unittest.main()
