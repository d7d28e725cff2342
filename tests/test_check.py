#!/usr/bin/env python3
"""`ovenbird check` without a compiler: what it says of sound and of broken models, and how it asks a compiler."""
import json
import os
import pathlib
import shutil
import stat
import sys
import tempfile
import unittest

import openvino as ov

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "npu"))
import baking
import broken

STATEFUL = baking.ROOT / "testdata" / "optimum_stateful"


def check(*arguments):
    result = baking.ovenbird("check", *arguments, check=False)
    return result.returncode, result.stdout, result.stderr


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.sound = baking.bake(baking.TINY / "llama_odd_biases", cls.folder / "sound", "--group-size", -1)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def broken(self, way):
        return broken.break_model(self.sound / baking.MODEL_XML, way, self.folder / f"{way.__name__}.xml")

    def test_sound(self):
        status, output, _ = check(self.sound)
        self.assertEqual(status, 0, output)
        self.assertNotIn("refused", output)

    def test_dynamic_names_its_origin(self):
        status, output, _ = check(STATEFUL)
        self.assertEqual(status, 1)
        self.assertIn("Parameter 'input_ids'", output)
        self.assertIn("beam_idx", output)
        self.assertIn("ovenbird bake", output)

    def test_refused_on_one_generation(self):
        xml = self.broken(broken.heads_by_transpose)
        status, output, _ = check(xml, "--json")
        verdicts = json.loads(output)["platforms"]
        self.assertEqual(status, 1)
        self.assertEqual({platform for platform, verdict in verdicts.items() if verdict == "refused"}, {"3720"})
        self.assertEqual(check(xml, "--platform", "4000,5010")[0], 0)

    def test_every_way_to_break_a_model_has_an_answer(self):
        for way in broken.WAYS:
            with self.subTest(way=way.__name__):
                status, output, errors = check(self.broken(way), "--json")
                self.assertEqual(errors, "")
                self.assertEqual(status == 1, "refused" in json.loads(output)["platforms"].values())

    def test_infinite_mask_is_costly_but_taken(self):
        status, output, _ = check(self.broken(broken.infinite_mask))
        self.assertEqual(status, 0)
        self.assertIn("inf", output)

    def test_groups_grow(self):
        grouped = baking.bake(baking.TINY / "llama_even_linear", self.folder / "grouped", "--group-size", 16)
        report = json.loads(check(grouped, "--json")[1])
        window = report["graphs"][0]
        self.assertEqual(window["graph"], baking.MODEL_XML)
        self.assertGreater(window["grown_bytes"], 0)
        self.assertIn("--group-size -1", window["findings"][0]["advice"])

    def test_bad_input(self):
        self.assertEqual(check(self.folder / "nothing")[0], 1)
        self.assertEqual(check(self.sound, "--platform", "1234")[0], 2)
        garbage = self.folder / "garbage.xml"
        garbage.write_text("<net>")
        status, _, errors = check(garbage)
        self.assertEqual(status, 1)
        self.assertIn("garbage.xml", errors)

    def compiler(self, script):
        path = self.folder / "compiler"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def test_a_compiler_that_crashes_or_refuses(self):
        before = {path.name: path.stat().st_mtime_ns for path in self.sound.iterdir()}
        crash = check(self.sound, "--compile", "--platform", "4000", "--compiler", self.compiler("kill -SEGV $$\n"))
        self.assertEqual(crash[0], 1)
        self.assertIn("4000", crash[2])
        silent = check(self.sound, "--compile", "--platform", "4000", "--compiler", self.compiler("exit 0\n"))
        self.assertEqual(silent[0], 1)
        verdict = {"platform": 4000, "accepted": False, "reason": "Pass failed", "seconds": 1.0, "peak_mb": 10.0}
        refusal = check(self.sound, "--compile", "--platform", "4000", "--compiler",
                        self.compiler(f"echo '{json.dumps(verdict)}'\nexit 1\n"))
        self.assertEqual(refusal[0], 1)
        self.assertIn("Pass failed", refusal[1])
        self.assertEqual(before, {path.name: path.stat().st_mtime_ns for path in self.sound.iterdir()})


def untouched_tokens(model):
    """Its tokens were never given a number."""
    model.reshape({next(port for port in model.inputs if "input_ids" in port.get_names()): [1, -1]})


class EveryGraph(unittest.TestCase):
    """A baked folder with all forms, of which one graph is damaged."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        source = baking.with_positions(baking.TINY / "llama_odd_biases", cls.folder / "source", 512)
        cls.sound = baking.bake(source, cls.folder / "sound", "--group-size", -1, "--context", 512, "--no-forward-check")
        manifest = json.loads((cls.sound / "ovenbird.json").read_text())
        folded = {file for step in manifest["folded"]["steps"] for file in [*step["layers"], step["head"]]}
        cls.graphs = {baking.MODEL_XML, *(graph["file"] for graph in manifest["cache"]["graphs"]), *folded}

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def damaged(self, graph, way):
        folder = self.folder / f"{way.__name__}_{pathlib.Path(graph).stem}"
        shutil.copytree(self.sound, folder)
        weights = folder / graph if graph.startswith("folded/") else folder / baking.MODEL_XML
        model = ov.Core().read_model((self.sound / graph).read_bytes(), weights.with_suffix(".bin").read_bytes())
        way(model)
        model.validate_nodes_and_infer_types()
        ov.serialize(model, str(folder / graph))
        return folder

    def test_each_is_named_with_its_verdict(self):
        status, output, _ = check(self.sound)
        self.assertEqual(status, 0, output)
        self.assertGreaterEqual(len(self.graphs), 11)
        for graph in self.graphs:
            self.assertIn(f"{graph}: should be accepted on 3720, 4000, 5010, 5020, 6010;", output)
        self.assertNotIn("dynamic.xml", output)
        report = json.loads(check(self.sound, "--json")[1])
        self.assertEqual(len(report["graphs"]), len(self.graphs))
        self.assertEqual({entry["graph"] for entry in report["graphs"]}, self.graphs)

    def test_one_damaged_graph_is_refused_by_its_name(self):
        everywhere = {"3720", "4000", "5010", "5020", "6010"}
        for graph, way, platforms in (("graphs/decode_256.xml", untouched_tokens, everywhere),
                                      ("graphs/decode_512.xml", broken.ragged_int4_rows, {"5010", "6010"}),
                                      ("folded/decode_512.xml", broken.sum_times_vector, {"5020"}),
                                      ("folded/head.xml", broken.sum_times_vector, {"5020"})):
            with self.subTest(graph=graph):
                folder = self.damaged(graph, way)
                status, output, _ = check(folder)
                self.assertEqual(status, 1, output)
                refused = {line.split(":")[0] for line in output.splitlines() if "refused on" in line}
                self.assertEqual(refused, {graph})
                report = json.loads(check(folder, "--json")[1])
                for entry in report["graphs"]:
                    found = {platform for platform, verdict in entry["platforms"].items() if verdict == "refused"}
                    self.assertEqual(found, platforms if entry["graph"] == graph else set(), entry["graph"])
                self.assertEqual({platform for platform, verdict in report["platforms"].items() if verdict == "refused"},
                                 platforms)

    def test_a_graph_that_is_gone(self):
        folder = self.folder / "gone"
        shutil.copytree(self.sound, folder)
        (folder / "graphs" / "verify_512.xml").unlink()
        status, _, errors = check(folder)
        self.assertEqual(status, 1)
        self.assertIn("verify_512.xml", errors)

    def test_our_own_judge_gives_the_compiler_each_with_its_weights(self):
        compiler, judge = self.folder / "wine", self.folder / "judge"
        compiler.write_text("#!/usr/bin/env python3\nimport pathlib, sys\n"
                            "if '--help' in sys.argv: sys.exit(0)\n"
                            "xml, blob = (pathlib.Path(word[2:].replace(chr(92), '/')) for word in (sys.argv[1], sys.argv[3]))\n"
                            "weights = xml.with_suffix('.bin').read_bytes()\n"
                            "assert xml.read_text().startswith('<?xml')\n"
                            "blob.write_bytes(b'blob')\nprint('BLOB 4')\n")
        judge.write_text(baking.judge_with(compiler))
        compiler.chmod(0o755)
        judge.chmod(0o755)
        status, output, errors = check(self.sound, "--compile", "--platform", "4000", "--compiler", judge)
        self.assertEqual(status, 0, output + errors)
        self.assertEqual(output.count("the compiler accepted it"), len(self.graphs))

    def test_the_compiler_is_asked_of_each_with_its_weights(self):
        compiler = self.folder / "compiler"
        compiler.write_text("#!/usr/bin/env python3\nimport json, pathlib, sys\nxml = pathlib.Path(sys.argv[1])\n"
                            "sized = xml.with_suffix('.bin').exists()\naccepted = sized and xml.stem != 'verify_512'\n"
                            "print(json.dumps({'platform': 4000, 'accepted': accepted, 'seconds': 1.0, 'peak_mb': 10.0,\n"
                            "                  'reason': '' if accepted else 'Pass failed', 'xml': str(xml)}))\n"
                            "sys.exit(not accepted)\n")
        compiler.chmod(0o755)
        before = sorted(self.sound.rglob("*"))
        asked = ["--compile", "--platform", "4000", "--compiler", compiler]
        status, output, _ = check(self.sound, *asked)
        self.assertEqual(status, 1)
        refused = [line.split(":")[0] for line in output.splitlines() if "REFUSED" in line]
        self.assertEqual(sorted(refused), sorted(graph for graph in self.graphs if graph.endswith("/verify_512.xml")))
        self.assertEqual(output.count("the compiler accepted it"), len(self.graphs) - len(refused))
        report = json.loads(check(self.sound, *asked, "--json")[1])
        for entry in report["graphs"]:
            [verdict] = entry["compiled"]
            self.assertEqual(verdict["accepted"], not entry["graph"].endswith("/verify_512.xml"))
            self.assertEqual(pathlib.Path(verdict["xml"]).name, pathlib.Path(entry["graph"]).name)
            if not verdict["xml"].startswith(str(self.sound)):
                self.assertFalse(pathlib.Path(verdict["xml"]).parent.exists())
        self.assertEqual(sorted(self.sound.rglob("*")), before)


class AheadOfTime(unittest.TestCase):
    def bake(self, folder, script, *options):
        compiler = folder / "compiler"
        compiler.write_text("#!/usr/bin/env python3\n" + script)
        compiler.chmod(0o755)
        output = folder / "baked"
        result = baking.ovenbird("bake", baking.TINY / "llama_even_linear", "-o", output, "--npu-platform", "4000,3720",
                                 "--npu-compiler", compiler, *options, check=False)
        manifest = output / "ovenbird.json"
        return result, json.loads(manifest.read_text()) if manifest.exists() else None, output

    def test_blobs_beside_the_ir(self):
        script = ("import json, sys\nif '--help' in sys.argv: sys.exit()\n"
                  "platform = int(sys.argv[sys.argv.index('--platform') + 1])\n"
                  "accepted = platform == 4000\n"
                  "if accepted: open(sys.argv[sys.argv.index('--blob') + 1], 'w').write('compiled')\n"
                  "print(json.dumps({'platform': platform, 'accepted': accepted, 'reason': 'Pass failed', 'seconds': 1.0,"
                  " 'compiler': 'test', 'requirements': 'r'}))\nsys.exit(not accepted)\n")
        with tempfile.TemporaryDirectory() as scratch:
            result, manifest, output = self.bake(pathlib.Path(scratch), script)
            self.assertEqual(result.returncode, 1)  # one of two is missing
            self.assertIn("Pass failed", result.stderr)
            lunar, meteor = manifest["npu"]
            self.assertEqual((lunar["platform"], lunar["file"], lunar["bytes"]), (4000, "npu/4000.blob", 8))
            self.assertEqual((output / lunar["file"]).read_text(), "compiled")
            self.assertEqual((meteor["platform"], meteor["refused"]), (3720, "Pass failed"))
            self.assertEqual(manifest["options"]["group-size"], -1)
            baking.ovenbird("run", output, "abc", "--raw", "--device", "CPU", "--max-new-tokens", 2)

    def test_a_compiler_that_crashes_costs_its_blob_only(self):
        script = "import os, sys\nif '--help' in sys.argv: sys.exit()\nos.kill(os.getpid(), 11)\n"
        with tempfile.TemporaryDirectory() as scratch:
            result, manifest, output = self.bake(pathlib.Path(scratch), script)
            self.assertEqual(result.returncode, 1)
            self.assertIn("signal 11", result.stderr)
            self.assertTrue(manifest["verification"]["static"])
            self.assertEqual(list((output / "npu").iterdir()), [])

    def test_refused_before_any_work(self):
        with tempfile.TemporaryDirectory() as scratch:
            output = pathlib.Path(scratch) / "baked"
            for options in (["--npu-platform", "1234"], ["--npu-platform", "4000", "--npu-compiler", "/no/such/compiler"]):
                result = baking.ovenbird("bake", baking.TINY / "llama_even_linear", "-o", output, *options, check=False)
                self.assertNotEqual(result.returncode, 0)
                self.assertEqual(list(pathlib.Path(scratch).iterdir()), [])


if __name__ == "__main__":
    unittest.main()
