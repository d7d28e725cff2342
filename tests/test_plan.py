#!/usr/bin/env python3
"""`ovenbird bake --plan`: the files of each form, and their bytes, are those that the bake then writes."""
import json
import pathlib
import re
import tempfile
import unittest

import safetensors.numpy

import baking

# Of the bytes planned: offsets have more digits in the real file.
TOLERANCE = 0.03
SMALL_CONSTANTS_BYTES = 32768  # of the graph itself, the masks of the delta rule above all: guessed before there is one
FORMS = ["window", "dynamic", "whole", "folded"]


def deeper(source, layers):
    """Repeats a checkpoint's layers until there are so many."""
    config = json.loads((source / "config.json").read_text())
    known = config["num_hidden_layers"]
    tensors = safetensors.numpy.load_file(source / "model.safetensors")
    for name, values in list(tensors.items()):
        part = re.fullmatch(r"model\.layers\.(\d+)\.(.*)", name)
        for layer in range(int(part[1]) + known if part else layers, layers, known):
            tensors[f"model.layers.{layer}.{part[2]}"] = values
    safetensors.numpy.save_file(tensors, source / "model.safetensors")
    (source / "config.json").write_text(json.dumps({**config, "num_hidden_layers": layers}))
    return source


def written_bytes(folder, file):
    """A graph's own files: the weights that all share are counted once."""
    weights = folder / pathlib.Path(file).with_suffix(".bin")
    own = weights.stat().st_size if file.startswith("folded/") else 0
    return (folder / file).stat().st_size + own


class Plan(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def assert_near(self, planned, written, what, slack=0):
        self.assertLess(abs(planned - written), TOLERANCE * written + slack, f"{what}: {planned} planned, {written} written")

    def assert_planned_is_written(self, source, *options):
        output = self.scratch / "baked"
        plan = baking.plan(source, output, *options)
        baking.bake(source, output, *options, "--no-forward-check")
        listed = [graph["file"] for form in plan["forms"] for graph in form["graphs"]]
        self.assertEqual(sorted(listed), sorted(str(path.relative_to(output)) for path in output.rglob("*.xml")))
        for form in plan["forms"]:
            written = sum(written_bytes(output, graph["file"]) for graph in form["graphs"])
            self.assertEqual(form["disk_bytes"], sum(graph["bytes"] for graph in form["graphs"]))
            self.assert_near(form["disk_bytes"], written, form["form"])
        self.assertEqual(plan["forms_bytes"], sum(form["disk_bytes"] for form in plan["forms"]))
        self.assert_near(plan["weights_file_bytes"], (output / baking.MODEL_BIN).stat().st_size, "weights",
                         SMALL_CONSTANTS_BYTES)
        everything = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
        self.assertGreater(plan["disk_bytes"], everything)
        return plan

    def test_each_checkpoint(self):
        for case in baking.apart_cases():
            # Layers that read another layer's keys, or rows of their own, are not folded.
            forms = FORMS[:-1] if case.name in ("gemma4_even_defaults", "gemma4_even_shared") else FORMS
            with self.subTest(case=case.name):
                plan = self.assert_planned_is_written(baking.with_positions(case, self.scratch / case.name, 1024))
                self.assertEqual([form["form"] for form in plan["forms"]], forms)

    def test_options(self):
        source = baking.with_positions(baking.TINY / "llama_even_linear", self.scratch / "source", 1024)
        for options in (["--embedding", "host"], ["--form", "whole"], ["--form", "folded", "--context", "256"],
                        ["--asym", "--group-size", "-1"], ["--ratio", "0.5"], ["--context", "0"], ["--bits", "16"],
                        ["--all-logits"], ["--head-bits", "4"], ["--head-bits", "4", "--group-size", "-1", "--asym"]):
            with self.subTest(options=options):
                self.assert_planned_is_written(source, *options)

    def test_a_head_of_its_own_beside_a_tied_table(self):
        """The folder grows by as much as the plan says, and the note tells the tied bake's difference."""
        source = baking.with_positions(baking.TINY / "llama_odd_biases", self.scratch / "source", 1024)
        for options in ([], ["--embedding", "host"], ["--rotate", "on", "--group-size", "-1"]):
            with self.subTest(options=options):
                self.assert_planned_is_written(source, *options)
                tied = (self.scratch / "baked" / baking.MODEL_BIN).stat().st_size
                plan = self.assert_planned_is_written(source, *options, "--head-bits", "4")
                own = (self.scratch / "baked" / baking.MODEL_BIN).stat().st_size
                told = re.search(r"the folder is (-?\d+) bytes (larger|smaller)", "\n".join(plan["notes"]))
                larger = int(told[1]) * (1 if told[2] == "larger" else -1)
                self.assertLess(abs(own - tied - larger), 512)

    def test_more_layers_than_are_measured(self):
        source = deeper(baking.with_positions(baking.TINY / "llama_even_linear", self.scratch / "source", 1024), 20)
        self.assert_planned_is_written(source)

    def test_caches_and_blobs(self):
        source = baking.with_positions(baking.TINY / "llama_even_linear", self.scratch / "source", 1024)
        plan = baking.plan(source, self.scratch / "x", "--npu-platform", "4000,3720")
        window, dynamic, whole, folded = plan["forms"]
        # Two layers, two key/value heads of 16, keys and values, f16.
        self.assertEqual([form["cache_bytes"] for form in plan["forms"]], [0] + 3 * [1024 * 2 * 2 * 16 * 2 * 2])
        self.assertEqual([len(form["blobs"]) for form in (window, dynamic, whole)], [0, 0, 0])
        blobs = {blob["file"]: blob["graph"] for blob in folded["blobs"]}
        self.assertEqual(blobs["npu/4000_decode_1024.blob"], "folded/decode_1024.xml")
        self.assertEqual(len(blobs), 2 * 5)  # three steps and two heads for each platform
        text = baking.ovenbird("bake", source, "--plan", "--npu-platform", "4000").stdout
        for form in plan["forms"]:
            for graph in form["graphs"]:
                self.assertRegex(text, rf"{re.escape(graph['file'])} .*{graph['bytes']}")
        self.assertIn("8 behind 1023", text)
        self.assertIn("npu/4000_decode_1024.blob", text)

    def test_an_export(self):
        source = baking.ROOT / "testdata" / "optimum_stateful"
        plan = baking.plan(source, self.scratch / "x")
        self.assertEqual(plan["forms"][0]["graphs"][0]["file"], baking.MODEL_XML)
        self.assertGreater(plan["forms_bytes"], 0)


if __name__ == "__main__":
    unittest.main()
