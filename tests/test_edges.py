#!/usr/bin/env python3
"""What goes wrong at the program's edges: closed pipes, files that are none, damaged manifests. It says so and cleans up."""
import copy
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import baking

CASE = baking.TINY / "llama_even_linear"
RUN = ("--raw", "--max-new-tokens", 2, "--device", "CPU", "--no-cache")
PEER = """#!/bin/sh
echo '{"load_s": 1}'
kill -KILL $$
"""


class Edges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        source = baking.with_positions(CASE, pathlib.Path(cls.kept.name) / "source", 256)
        cls.sound = baking.bake(source, pathlib.Path(cls.kept.name) / "sound", "--context", 256, "--seq-len", 64)

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def copied(self):
        return pathlib.Path(shutil.copytree(self.sound, tempfile.mkdtemp(dir=self.folder), dirs_exist_ok=True))

    def refused(self, *words):
        result = baking.ovenbird(*words, check=False)
        self.assertIn(result.returncode, (1, 2), (words, result.stderr))
        self.assertIn("error: ", result.stderr, words)
        self.assertNotIn("please report", result.stderr, words)
        return result.stderr

    def with_closed(self, stream, *words):
        read_end, write_end = os.pipe()
        os.close(read_end)
        try:
            streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: write_end}
            return subprocess.run([baking.program(), *map(str, words)], stdin=subprocess.DEVNULL, text=True, **streams)
        finally:
            os.close(write_end)

    def test_nobody_reads_standard_output(self):
        output = self.folder / "place" / "out"
        for words in (["--help"], ["bake", "--help"], ["bake", CASE, "--plan"], ["bake", CASE, "-o", output, "--json"],
                      ["run", self.sound, "abc", *RUN], ["run", self.sound, "abc", "--json", *RUN], ["check", self.sound],
                      ["check", self.sound, "--json"], ["cache"]):
            with self.subTest(words=words):
                result = self.with_closed("stdout", *words)
                self.assertEqual(result.returncode, 141, result.stderr)
                self.assertNotIn("error", result.stderr)
        self.assertEqual([path.name for path in output.parent.iterdir()], ["out"], "litter")

    def test_nobody_reads_standard_error(self):
        output = self.folder / "place" / "out"
        self.assertEqual(self.with_closed("stderr", "bake", CASE, "-o", output).returncode, 0)
        self.assertEqual([path.name for path in output.parent.iterdir()], ["out"], "litter")

    def test_a_full_disk_under_standard_output(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([baking.program(), "cache"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("disk is full", result.stderr)

    def test_a_peer_that_dies_is_named(self):
        python = self.folder / "python"
        python.write_text(PEER)
        python.chmod(0o755)
        told = self.refused("bench", self.sound, "--device", "CPU", "--no-cache", "--rounds", 1, "--prompt-tokens", 4,
                            "--new-tokens", 2, "--compare", "llama.cpp=x", "--python", python)
        self.assertIn("llama.cpp", told)
        self.assertIn("signal 9", told)

    def test_the_error_is_the_last_line_of_the_log(self):
        missing = self.folder / "missing"
        damaged = self.copied()
        (damaged / "tokenizer.json").write_text("{")
        for number, words in enumerate((["bake", missing, "-o", self.folder / "out"], ["run", missing, "abc"],
                                        ["run", damaged, "abc", *RUN], ["run", self.sound, "abc", "--temperature", -1],
                                        ["chat", missing], ["chat", damaged], ["bench", missing], ["bench", damaged])):
            with self.subTest(words=words):
                log = self.folder / f"log{number}"
                told = self.refused(*words, "--log-file", log).splitlines()[-1]
                self.assertEqual(log.read_text().splitlines()[-1].split(" error: ", 1)[1], told.removeprefix("error: "))

    def test_warnings_are_in_the_log(self):
        log = self.folder / "log"
        result = baking.ovenbird("run", self.sound, "abc " * 100, *RUN, "--stateless", "--log-file", log)
        self.assertIn("warning: ", result.stderr)
        self.assertIn("warning: ", log.read_text())

    def test_files_that_are_none(self):
        file = self.folder / "file"
        file.write_text("x")
        dangling = self.folder / "dangling"
        dangling.symlink_to(self.folder / "nowhere")
        circle = self.folder / "circle"
        circle.symlink_to(circle)
        long = self.folder / ("x" * 300)
        for place in (file / "below", dangling / "below", circle / "below", "/proc/out", "/sys/out", long, circle):
            with self.subTest(output=str(place)[:80]):
                self.assertIn(str(place)[:14], self.refused("bake", CASE, "-o", place))
        for place in (file, dangling, circle, long, file / "below", "/dev/null"):
            with self.subTest(source=str(place)[:80]):
                self.refused("bake", place, "-o", self.folder / "out")
                self.refused("run", place, "abc", *RUN)
                self.refused("chat", place)
                self.refused("check", place)
        for place in (self.folder, dangling, circle, long):
            self.refused("run", self.sound, "--prompt-file", place, *RUN)
            self.refused("run", self.sound, "abc", "--tokenizer-id", dangling, *RUN)

    def test_folders_where_files_should_be(self):
        for name in ("ovenbird.json", "tokenizer.json", "openvino_model.bin", "graphs/dynamic.xml", "openvino_model.xml"):
            for kind in ("folder", "nothing", "dangling", "empty"):
                with self.subTest(name=name, kind=kind):
                    folder = self.copied()
                    (folder / name).unlink()
                    if kind == "folder":
                        (folder / name).mkdir()
                    elif kind == "dangling":
                        (folder / name).symlink_to("nowhere")
                    elif kind == "empty":
                        (folder / name).touch()
                    for form in ([], ["--stateless"]):
                        result = baking.ovenbird("run", folder, "abc", *form, *RUN, check=False)
                        self.assertIn(result.returncode, (0, 1), result.stderr)  # a form may not need it
                        self.assertNotIn("please report", result.stderr)
                    shutil.rmtree(folder)

    def places(self, value, path=()):
        if path:
            yield path
        inner = value.items() if isinstance(value, dict) else list(enumerate(value))[:1] if isinstance(value, list) else ()
        for key, part in inner:
            yield from self.places(part, (*path, key))

    def test_a_damaged_manifest_is_refused(self):
        folder = self.copied()
        whole = json.loads((folder / "ovenbird.json").read_text())
        for place in self.places(whole):
            if place[0] in ("options", "quantization", "verification") and len(place) > 1:
                continue  # told, never read
            for value in (-1, 1e300, [[]]):
                broken = copy.deepcopy(whole)
                owner = broken
                for key in place[:-1]:
                    owner = owner[key]
                owner[place[-1]] = value
                (folder / "ovenbird.json").write_text(json.dumps(broken))
                with self.subTest(place=place, value=value):
                    self.assertIn("ovenbird.json", self.refused("run", folder, "abc", *RUN))
                    self.refused("check", folder)

    def test_clearing_a_cache_that_is_none(self):
        folder = self.copied()
        (folder / "npu").mkdir()
        for name in ("4000.blob", "11843894954595712831.blob"):
            (folder / "npu" / name).write_text("x")
            (folder / name).write_text("x")
        for place in (folder, folder / "npu"):
            self.assertIn("CACHEDIR.TAG", self.refused("cache", "clear", "--cache-dir", place))
            baking.ovenbird("run", self.sound, "abc", "--raw", "--max-new-tokens", 2, "--device", "CPU", "--cache-dir", place)
            self.assertTrue((place / "4000.blob").exists())
            self.assertTrue((place / "11843894954595712831.blob").exists())
        own = self.folder / "own"
        baking.ovenbird("run", self.sound, "abc", "--raw", "--max-new-tokens", 2, "--device", "CPU", "--cache-dir", own)
        self.assertTrue(list(own.glob("*.blob")))
        baking.ovenbird("cache", "clear", "--cache-dir", own)
        self.assertEqual([path.name for path in own.iterdir()], ["CACHEDIR.TAG"])

    def test_options_that_would_do_nothing(self):
        for options in (["--bits", 8, "--group-size", 64], ["--bits", 8, "--group-size", 128], ["--bits", 16, "--group-size", 64],
                        ["--bits", 8, "--ratio", 0.5], ["--bits", 16, "--asym"]):
            with self.subTest(options=options):
                result = baking.ovenbird("bake", CASE, "-o", self.folder / "out", *options, check=False)
                self.assertEqual(result.returncode, 2)
                self.assertIn(options[2], result.stderr)
        baking.ovenbird("bake", CASE, "-o", self.folder / "out", "--bits", 8, "--group-size", -1, "--plan")


if __name__ == "__main__":
    unittest.main()
