#!/usr/bin/env python3
"""Stage 1 by optimum-intel: what is asked of it, what becomes of its export, and each way in which it can fail. A stand-in for
Python speaks as the script does; bench/test_optimum_smollm2.py runs the real package."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

import baking

EXPORT = baking.ROOT / "testdata" / "optimum_stateful"
CASE = baking.TINY / "llama_even_linear"
VERSIONS = {"versions": {"optimum-intel": "2.2.0", "nncf": "3.4.0"}}


class Exporter(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.source = baking.with_positions(CASE, self.folder / "source", 512)

    def stand_in(self, *said, body=""):
        """A program that says these objects and runs `body`; the words that it was given are kept."""
        path = self.folder / "python"
        path.write_text(f"#!{sys.executable}\n" + textwrap.dedent("""
            import json, pathlib, shutil, sys, time
            pathlib.Path({words!r}).write_text(json.dumps(sys.argv[1:]))
            {body}
            for each in {said!r}:
                print(each if isinstance(each, str) else json.dumps(each), flush=True)
            """).format(words=str(self.folder / "words"), body=body, said=list(said)))
        path.chmod(0o755)
        return path

    def words(self):
        return json.loads((self.folder / "words").read_text())

    def bake(self, python, *words, source=None, exporter="optimum-intel"):
        return baking.ovenbird("bake", source or self.source, "-o", self.folder / "out", "--exporter", exporter, "--python",
                               python, *words, check=False)

    def refuse(self, python, *expected, status=1, words=(), **more):
        result = self.bake(python, *words, **more)
        self.assertEqual(result.returncode, status, result.stderr)
        for word in expected:
            self.assertIn(word, result.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir() if "out" in path.name and "lock" not in path.name], [])
        return result.stderr

    def exports(self):
        export = self.folder / "export"
        if not export.exists():
            baking.with_positions(EXPORT, export, 512)
        return self.stand_in(VERSIONS, {"line": "Mixed-Precision assignment"}, {"ended": 0},
                             body=f"shutil.copytree({str(export)!r}, sys.argv[-1])")

    def test_the_export_gets_every_form(self):
        result = self.bake(self.exports(), "--keep-intermediate", "--context", "256", "--bits", "8")
        self.assertEqual(result.returncode, 0, result.stderr)
        manifest = json.loads((self.folder / "out" / "ovenbird.json").read_text())
        self.assertEqual(manifest["quantization"]["exporter"]["versions"]["optimum-intel"], "2.2.0")
        self.assertNotIn(str(self.folder), json.dumps(manifest))
        self.assertEqual(manifest["options"]["exporter"], "optimum-intel")
        self.assertEqual(manifest["options"]["bits"], 8)
        self.assertIn("model.safetensors", [file["name"] for file in manifest["source"]["files"]])
        self.assertEqual(list(manifest["verification"]["forms"]), ["window", "dynamic", "whole", "folded"])
        self.assertTrue((self.folder / "out" / "intermediate_dynamic" / "optimum-intel" / "openvino_model.xml").exists())

    def test_options_reach_it(self):
        python = self.stand_in(VERSIONS, {"line": "stop here"}, {"ended": 1})
        for given, wanted, absent in (
                ([], ["--weight-format", "int4", "--sym", "--group-size", "128", "--ratio", "1"], ["--dataset", "--awq"]),
                (["--asym", "--group-size", "-1"], ["--group-size", "-1"], ["--sym", "--group-size-fallback"]),
                (["--bits", "8"], ["--weight-format", "int8"], ["--group-size"]),
                (["--bits", "16"], ["--weight-format", "fp16"], ["--sym"]),
                (["--ratio", "0.8"], ["--ratio", "0.8"], []),
                (["--dataset", "wikitext2", "--awq", "--scale-estimation", "--gptq"],
                 ["--dataset", "wikitext2", "--awq", "--scale-estimation", "--gptq"], [])):
            self.refuse(python, "exit status 1", "stop here", words=given)
            words = self.words()
            self.assertEqual(words[0], "-c")
            self.assertIn(" ".join(wanted), " ".join(words))
            for word in [*absent, "--trust-remote-code"]:
                self.assertNotIn(word, words)

    def test_no_python(self):
        self.refuse(self.folder / "nothing", "no such program", "--python")

    def test_a_python_without_the_packages(self):
        self.refuse(sys.executable, "lacks optimum-intel", "pip install")

    def test_too_little_memory(self):
        for said in ([{"ended": -9}], [{"line": "RuntimeError: can't allocate memory: you tried"}, {"ended": 1}]):
            self.refuse(self.stand_in(VERSIONS, *said), "want of memory", "MiB are available")

    def test_its_own_refusal_is_shown(self):
        self.refuse(self.stand_in(VERSIONS, {"line": "Traceback"}, {"line": "ValueError: no such model"}, {"ended": 1}),
                    "ValueError: no such model")

    def test_nonsense_and_silence(self):
        self.refuse(self.stand_in("what?"), "does not speak as it should")
        self.refuse(self.stand_in(), "without an answer")
        self.refuse(self.stand_in(VERSIONS, {"ended": 0}), "openvino_model.xml")

    def test_only_folders(self):
        gguf = self.folder / "x.gguf"
        gguf.write_bytes(b"GGUF")
        self.refuse(self.exports(), "Hugging Face folder", status=2, source=gguf)

    def test_options_that_do_nothing(self):
        self.refuse("python3", "--awq", "optimum-intel", status=2, words=["--awq"], exporter="ovenbird")
        self.refuse("python3", "--no-search-scales", status=2, words=["--no-search-scales"])
        self.refuse("python3", "--head-bits", status=2, words=["--head-bits", 4])
        self.refuse("python3", "exporter", status=2, exporter="nobody")
        self.refuse("python3", "there is no plan", status=2, words=["--plan"])

    def test_auto_takes_it_for_what_is_not_known(self):
        config = json.loads((self.source / "config.json").read_text())
        result = self.bake(self.exports(), exporter="auto")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse((self.folder / "words").exists())
        shutil.rmtree(self.folder / "out")
        (self.source / "config.json").write_text(json.dumps({**config, "model_type": "unheard_of"}))
        self.refuse(self.exports(), "unheard_of", "not with --head-bits", status=2, words=["--head-bits", 4], exporter="auto")
        result = self.bake(self.exports(), exporter="auto")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("taking optimum-intel", result.stderr)
        self.assertTrue((self.folder / "words").exists())
        shutil.rmtree(self.folder / "out")
        self.refuse(self.exports(), "--exporter optimum-intel", exporter="ovenbird")

    def test_ctrl_c(self):
        python = self.stand_in(VERSIONS, body="time.sleep(60)")
        child = subprocess.Popen([os.environ["OVENBIRD"], "bake", self.source, "-o", self.folder / "out", "--exporter",
                                  "optimum-intel", "--python", python], stderr=subprocess.PIPE, text=True)
        while not (self.folder / "words").exists():
            self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        errors = child.communicate(timeout=20)[1]
        self.assertEqual(child.returncode, 130, errors)
        self.assertEqual(subprocess.run(["pgrep", "-f", str(python)], stdout=subprocess.DEVNULL).returncode, 1)


if __name__ == "__main__":
    unittest.main()
