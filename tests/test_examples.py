#!/usr/bin/env python3
"""The programs of examples/, with the real SmolLM2."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import baking


def example(name, *words):
    command = [pathlib.Path(os.environ["OVENBIRD_EXAMPLES"]) / f"example_{name}", *words]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


class Examples(unittest.TestCase):
    def test_bake_and_chat(self):
        with tempfile.TemporaryDirectory() as work:
            result = example("bake_and_chat", baking.smollm2_gguf(), pathlib.Path(work) / "baked",
                             "What is the capital of France?")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("Paris", result.stdout)

    def test_form(self):
        result = example("form", baking.work_folder() / "int4", "What is the capital of France?")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(list(json.loads(result.stdout)), ["answer"])

    def test_two_sessions(self):
        result = example("two_sessions", baking.work_folder() / "int4")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Paris", result.stdout.splitlines()[0])
        refused = example("two_sessions", "/no/such/folder")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("/no/such/folder", refused.stderr)


if __name__ == "__main__":
    unittest.main()
