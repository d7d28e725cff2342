#!/usr/bin/env python3
"""A GGUF model in parts, given by any of them, is baked as the one file would be."""
import json
import pathlib
import tempfile
import unittest

import baking
import test_gguf

CASE = baking.TINY / "llama_odd_biases"
TENSORS_IN_A_PART = 5
BAKED = ("config.json", baking.MODEL_XML, baking.MODEL_BIN)


class GgufParts(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.whole = self.scratch / "whole.gguf"
        test_gguf.write_gguf(CASE, self.whole)
        test_gguf.write_gguf(CASE, self.scratch / "model.gguf", split_max_tensors=TENSORS_IN_A_PART)
        self.parts = sorted(self.scratch.glob("model-*.gguf"))
        self.assertGreater(len(self.parts), 2)

    def bake(self, source, *options):
        return baking.bake(source, self.scratch / "baked", "--seq-len", 16, "--no-forward-check", *options)

    def refusal(self, source):
        result = baking.ovenbird("bake", source, "-o", self.scratch / "refused", check=False)
        self.assertEqual(result.returncode, 1)
        return result.stderr

    def test_every_part_stands_for_the_whole(self):
        for options in ((), ("--embedding", "host", "--bits", 8)):
            baked = self.bake(self.whole, *options)
            expected = [(baked / name).read_bytes() for name in BAKED]
            for part in self.parts:
                with self.subTest(part=part.name, options=options):
                    baked = self.bake(part, *options)
                    self.assertEqual([(baked / name).read_bytes() for name in BAKED], expected)
                    source = json.loads((baked / "ovenbird.json").read_text())["source"]
                    self.assertEqual([file["name"] for file in source["files"]], [part.name for part in self.parts])
                    self.assertEqual([file["bytes"] for file in source["files"]],
                                     [part.stat().st_size for part in self.parts])
                    self.assertEqual(len({file["hash"] for file in source["files"]}), len(self.parts))

    def test_the_plan_is_the_same(self):
        plans = [baking.plan(source, self.scratch / "planned") for source in (self.whole, *self.parts)]
        for plan in plans[1:]:
            self.assertEqual(plan["tensors"], plans[0]["tensors"])
            self.assertEqual(plan["disk_bytes"], plans[0]["disk_bytes"])

    def test_a_missing_part_is_named(self):
        self.parts[1].rename(self.scratch / "elsewhere.gguf")
        message = self.refusal(self.parts[0])
        self.assertIn(str(self.parts[1]), message)
        self.assertNotIn(str(self.parts[2]), message)

    def test_a_foreign_part_is_named(self):
        self.parts[1].write_bytes(self.parts[2].read_bytes())
        message = self.refusal(self.parts[0])
        self.assertIn(self.parts[1].name, message)
        self.assertIn("split.no is 2, expected 1", message)


if __name__ == "__main__":
    unittest.main()
