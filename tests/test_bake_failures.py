#!/usr/bin/env python3
"""What goes wrong must say so, leave what was there before, and leave no litter that the next bake cannot clear."""
import json
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest

import numpy as np
from safetensors.numpy import load_file, save_file

import baking

CASE = baking.TINY / "llama_even_linear"


class BakeFailures(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.output = self.scratch / "place" / "out"
        self.output.parent.mkdir()

    def source(self):
        return pathlib.Path(shutil.copytree(CASE, self.scratch / "source"))

    def refuse(self, source, hint, *options, status=1):
        result = baking.ovenbird("bake", source, "-o", self.output, *options, check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertIn(hint, result.stderr)
        self.assertEqual(list(self.output.parent.iterdir()), [], "litter")
        return result.stderr

    def change_config(self, **changes):
        source = self.source()
        config = json.loads((source / "config.json").read_text())
        config.update(changes)
        (source / "config.json").write_text(json.dumps(config))
        return source

    def test_no_place_to_write_to(self):
        for words in ([], [CASE]):
            result = baking.ovenbird("bake", *words, check=False)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("-o FOLDER", result.stderr)

    def test_unknown_architecture_lists_the_known(self):
        told = self.refuse(self.change_config(model_type="mamba"), "'mamba'")
        for name in ("llama", "mistral", "qwen2", "qwen3"):
            self.assertIn(name, told)

    def test_what_is_no_language_model_is_refused_before_any_work(self):
        source = self.change_config(architectures=["LlamaForSequenceClassification"])
        self.refuse(source, "LlamaForSequenceClassification")
        self.refuse(source, "a classifier or reranker", "--plan")
        (source / "modules.json").write_text('[{"type": "sentence_transformers.models.Pooling"}]')
        self.refuse(source, "the module Pooling is not known at its place", "--plan")

    def test_rope_scaling_that_is_not_known(self):
        source = self.change_config(rope_scaling={"type": "yarn", "factor": 4.0, "alpha": 1000})
        self.refuse(source, "the key 'alpha' (1000)", "--plan")

    def test_config_that_contradicts_the_tensors(self):
        self.refuse(self.change_config(intermediate_size=12345), "mlp.gate_proj.weight")

    def test_truncated_weights(self):
        source = self.source()
        weights = (source / "model.safetensors").read_bytes()
        (source / "model.safetensors").write_bytes(weights[: len(weights) // 2])
        self.refuse(source, "model.safetensors")

    def test_nan_weights_are_named(self):
        source = self.source()
        tensors = load_file(source / "model.safetensors")
        name = "model.layers.1.mlp.up_proj.weight"
        tensors[name] = tensors[name].copy()
        tensors[name][1, 2] = np.nan
        save_file(tensors, source / "model.safetensors")
        told = self.refuse(source, name)
        self.assertIn("row 1, column 2", told)

    def test_missing_tensor_and_missing_folder(self):
        source = self.source()
        tensors = load_file(source / "model.safetensors")
        del tensors["model.norm.weight"]
        save_file(tensors, source / "model.safetensors")
        self.refuse(source, "model.norm.weight")
        self.refuse("no/such/folder", "ORG/NAME")

    def test_files_that_only_stand_in_for_others(self):
        pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
        for content, hint in ((pointer, "git lfs pull"), (b"<!DOCTYPE html><html>", "web page"),
                              (b'<?xml version="1.0"?><Error>', "message of a server")):
            for name in ("model.safetensors", "tokenizer.json", "config.json", "tokenizer_config.json"):
                source = pathlib.Path(shutil.copytree(CASE, self.scratch / hint / name))
                (source / name).write_bytes(content)
                self.assertIn(hint, self.refuse(source, f"{name} is"))
            file = self.scratch / hint / "model.gguf"
            file.write_bytes(content)
            self.refuse(file, "model.gguf is")
        source = self.source()
        for name in ("model.safetensors", "tokenizer.json"):
            (source / name).write_bytes(pointer)
        self.refuse(source, "each of 2 files")
        plan = baking.ovenbird("bake", source, "--plan", check=False)
        self.assertIn("git lfs pull", plan.stderr)

    def test_wrong_words(self):
        self.refuse(CASE, "--bits", "--bits", 5, status=2)
        self.refuse(CASE, "--help", "--no-such-option", status=2)

    def test_existing_output(self):
        baking.ovenbird("bake", CASE, "-o", self.output)
        before = {path.name: path.stat().st_ino for path in self.output.iterdir()}
        result = baking.ovenbird("bake", CASE, "-o", self.output, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--force", result.stderr)
        # A bake that fails under --force leaves the old folder as it was.
        failed = baking.ovenbird("bake", self.change_config(model_type="mamba"), "-o", self.output, "--force", check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertEqual({path.name: path.stat().st_ino for path in self.output.iterdir()}, before)

    def test_full_disk(self):
        # A limit on file size stands in for a full disk: both refuse a write half way.
        limit = 20_000
        process = subprocess.run(
            [baking.program(), "bake", str(CASE), "-o", str(self.output)], capture_output=True, text=True,
            preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("error: ", process.stderr)
        self.assertEqual(list(self.output.parent.iterdir()), [])

    def test_kill_and_interrupt_leave_the_old_folder(self):
        baking.ovenbird("bake", CASE, "-o", self.output, "--no-forward-check")
        before = (self.output / baking.MODEL_XML).read_bytes()
        source = baking.smollm2_gguf()
        for sign, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
            with self.subTest(sign=sign):
                process = subprocess.Popen([baking.program(), "bake", str(source), "-o", str(self.output), "--force"],
                                           stderr=subprocess.PIPE, text=True)
                while "stage 1" not in process.stderr.readline():  # the work folder is then in use
                    self.assertIsNone(process.poll())
                process.send_signal(sign)
                process.communicate()
                self.assertEqual(process.returncode, status)
                self.assertEqual((self.output / baking.MODEL_XML).read_bytes(), before)
        baking.ovenbird("bake", CASE, "-o", self.output, "--force", "--no-forward-check")
        self.assertEqual([path.name for path in self.output.parent.iterdir()], ["out"])


if __name__ == "__main__":
    unittest.main()
