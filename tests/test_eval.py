#!/usr/bin/env python3
"""`ovenbird eval` beside plain computations over the decoders' logits: perplexity, KL, greedy answers; what goes wrong."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

import numpy as np
import safetensors.numpy

import baking
from eval_fixture import CONTEXT, EXACT, SEQ_LEN, WINDOW, Baked, eval_json, refused

TOKENS = 200


class Text(Baked):
    def windows(self):
        ids = self.tokenizer.encode(self.text.read_text(), add_special_tokens=False).ids[:TOKENS]
        bos = [self.tokenizer.token_to_id("<s>")] if self.adds_bos else []
        room = WINDOW - len(bos)
        return [bos + ids[i:i + room] for i in range(0, len(ids), room)]

    def eval(self, *arguments):
        return eval_json(*arguments, "--text", self.text, "--window", WINDOW, "--tokens", TOKENS, "--device", "CPU",
                         "--no-cache")

    def expected(self):
        """Each token's log probability (baked, source), KL and whether the same token is likeliest, and its position."""
        rows = []
        for window in self.windows():
            got, source = self.decoder.log_probabilities(window), self.reference.log_probabilities(window)
            for i, token in enumerate(window[1:]):
                kl = float((np.exp(source[i]) * (source[i] - got[i])).sum())
                rows.append((got[i, token], source[i, token], kl, got[i].argmax() == source[i].argmax(), i + 1))
        return np.array(rows)

    def test_figures_are_those_of_a_plain_computation(self):
        [measured] = self.eval(self.baked, "--against", self.source, *EXACT)["measured"]
        rows, text = self.expected(), measured["text"]
        self.assertEqual(text["tokens"], len(rows))
        self.assertEqual(measured["weights_bytes"], (self.baked / baking.MODEL_BIN).stat().st_size)
        np.testing.assert_allclose(text["perplexity"], np.exp(-rows[:, 0].mean()), rtol=1e-3)
        np.testing.assert_allclose(text["source_perplexity"], np.exp(-rows[:, 1].mean()), rtol=1e-4)
        np.testing.assert_allclose(text["kl"], rows[:, 2].mean(), rtol=2e-3)
        np.testing.assert_allclose(text["kl_largest"], rows[:, 2].max(), rtol=1e-2)
        np.testing.assert_allclose(text["kl_standard_error"], rows[:, 2].std(ddof=1) / np.sqrt(len(rows)), rtol=1e-2)
        np.testing.assert_allclose(text["top1_agreement"], rows[:, 3].mean(), atol=1.5 / len(rows))
        by_position = [rows[rows[:, 4] == i, 2].mean() for i in range(1, WINDOW)]
        np.testing.assert_allclose(text["kl_by_position"][1:], by_position, rtol=1e-2)

    def test_greedy_answers(self):
        [measured] = self.eval(self.baked, "--against", self.source, "--answer-tokens", 8, *EXACT)["measured"]
        windows = self.windows()
        prompts = [windows[i * len(windows) // 4] for i in range(4)]
        common = []
        for prompt in prompts:
            prompt = prompt[:min(32, len(prompt) // 2)]
            pairs = list(zip(self.decoder.greedy(prompt, 8), self.reference.greedy(prompt, 8)))
            common.append(next((i for i, (got, expected) in enumerate(pairs) if got != expected), 8))
        self.assertEqual(measured["greedy"]["common_tokens"], common)
        self.assertEqual(measured["greedy"]["least"], min(common))
        self.assertAlmostEqual(measured["greedy"]["mean"], np.mean(common))

    def test_the_source_itself_is_not_apart(self):
        [measured] = self.eval(self.wide, "--against", self.source, *EXACT)["measured"]
        self.assertLess(measured["text"]["kl"], 1e-6)
        self.assertEqual(measured["greedy"]["least"], 32)

    def test_a_decoder_is_a_source_too(self):
        decoder = self.wide / "intermediate_dynamic" / "openvino_model.xml"
        [measured] = self.eval(self.baked, "--against", decoder, *EXACT)["measured"]
        [streamed] = self.eval(self.baked, "--against", self.source, *EXACT)["measured"]
        np.testing.assert_allclose(measured["text"]["kl"], streamed["text"]["kl"], rtol=2e-3)
        self.assertEqual(measured["greedy"]["common_tokens"], streamed["greedy"]["common_tokens"])

    def test_forms_agree(self):
        told = self.eval(self.baked, "--against", self.source, "--form", "all", *EXACT)["measured"]
        self.assertEqual([each["form"] for each in told], ["dynamic", "whole", "folded", "window"])
        for each in told[1:]:
            np.testing.assert_allclose(each["text"]["perplexity"], told[0]["text"]["perplexity"], rtol=5e-3)
            np.testing.assert_allclose(each["text"]["kl"], told[0]["text"]["kl"], rtol=2e-2)
        for form in ("dynamic", "whole", "folded", "window"):
            [alone] = self.eval(self.baked, "--form", form, *EXACT)["measured"]
            self.assertEqual(alone["form"], form)
            self.assertNotIn("kl", alone["text"])

    def test_all_logits(self):
        folder = baking.bake(self.source, self.folder / "all_rows", "--group-size", 16, "--context", 0, "--seq-len", SEQ_LEN,
                             "--all-logits")
        [measured] = self.eval(folder, *EXACT)["measured"]
        self.assertEqual(measured["form"], "window")
        np.testing.assert_allclose(measured["text"]["perplexity"], np.exp(-self.expected()[:, 0].mean()), rtol=1e-3)
        alone = baking.ovenbird("eval", folder, "--tokens", 40, "--device", "CPU", "--no-cache")
        self.assertNotIn("one row of logits", alone.stderr)

    def test_forms_that_differ_are_an_error(self):
        folder = pathlib.Path(shutil.copytree(self.baked, self.folder / "differs"))
        xml = (folder / baking.MODEL_XML).read_text()
        places = {}
        for weights, offset in re.findall(r'element_type="i4" (shape="[^"]*") offset="(\d+)"', xml):
            places.setdefault(weights, []).append(f'offset="{offset}"')
        left, right = max(places.values(), key=len)[:2]
        self.assertNotEqual(left, right)
        swapped = xml.replace(left, "offset=").replace(right, left).replace("offset= ", right + " ")
        (folder / baking.MODEL_XML).write_text(swapped)
        arguments = [folder, "--form", "all", "--device", "CPU", "--no-cache", "--tokens", 60, "--window", WINDOW]
        status, errors = refused(*arguments)
        self.assertEqual(status, 1, errors)
        self.assertIn("the forms dynamic and window differ by", errors)
        baking.ovenbird("eval", *arguments, "--tolerance", 50)

    def test_several_folders_and_a_report(self):
        report = self.folder / "report"
        arguments = [self.baked, self.wide, "--against", self.source, "--text", self.text, "--window", WINDOW, "--tokens", 60,
                     "--device", "CPU", "--no-cache", "--report", report]
        output = baking.ovenbird("eval", *arguments).stdout
        self.assertIn("baked, dynamic on CPU", output)
        self.assertIn("wide, dynamic on CPU", output)
        page = (report / "index.html").read_text()
        self.assertEqual([path.name for path in report.iterdir()], ["index.html"])
        self.assertEqual(page.count("<svg"), 2)
        for word in ("<script", "http", "src="):
            self.assertNotIn(word, page)
        baking.ovenbird("eval", *arguments)  # its own is replaced
        (report / "index.html").write_text("mine")
        status, errors = refused(*arguments)
        self.assertEqual(status, 2, errors)
        self.assertEqual((report / "index.html").read_text(), "mine")


class TextBehindBos(Text):
    adds_bos = True


class WhatGoesWrong(Baked):
    def test_plain_sentences(self):
        empty, one, broken = (self.folder / name for name in ("empty.txt", "one.txt", "broken.jsonl"))
        empty.write_text("")
        one.write_text("a")
        broken.write_text('{"context": "x", "choices": [], "answer": 0}\n')
        for words, status, part in (
                ([self.baked, "--text", empty], 1, "holds no text"),
                ([self.baked, "--text", one], 1, "too few to predict one"),
                ([self.baked, "--text", self.folder / "none.txt"], 1, "none.txt"),
                ([self.baked, "--choices", broken], 1, "broken.jsonl: line 1"),
                ([self.baked, "--tokens", 0], 2, "--choices"),
                ([self.baked, "--window", 1], 2, "--window"),
                ([self.baked, self.baked], 2, "could not be told apart"),
                ([self.baked, "--form", "whole", "--stateless"], 2, "--stateless"),
                ([self.wide, "--form", "folded"], 1, "--form both"),
                ([self.baked, "--form", "dynamic", "--device", "NPU"], 2, "static graphs only"),
                ([self.baked, "--report", self.text], 2, "is a file"),
                ([self.folder / "nowhere"], 1, "no such folder"),
                ([self.source], 1, "bake its source first"),
                ([self.baked, "--against", baking.TINY / "qwen3_odd_shards"], 1, "same vocabulary")):
            with self.subTest(words=words[1:]):
                options = [] if "--device" in words else ["--device", "CPU"]
                told, errors = refused(*words, *options, "--no-cache")
                self.assertEqual(told, status, errors)
                self.assertIn(part, errors)

    def test_logits_that_are_not_finite_are_a_fault(self):
        source = pathlib.Path(shutil.copytree(self.source, self.folder / "overflowing"))
        tensors = safetensors.numpy.load_file(source / "model.safetensors")
        tensors = {name: values.astype(np.float32) for name, values in tensors.items()}
        tensors["model.norm.weight"][:] = 3e38
        safetensors.numpy.save_file(tensors, source / "model.safetensors")
        folder = baking.bake(source, self.folder / "overflows", "--context", CONTEXT, "--group-size", 16, "--forward-check",
                             "off")
        status, errors = refused(folder, "--device", "CPU", "--no-cache", "--tokens", 40)
        self.assertEqual(status, 1)
        self.assertIn("is not a finite number", errors)

    def test_interrupted(self):
        temporary = self.folder / "tmp"
        temporary.mkdir()
        command = [baking.program(), "eval", self.baked, "--against", self.source, "--device", "CPU", "--no-cache", "--form",
                   "all", "--window", 2, "--answer-tokens", 4000, "--json"]
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(temporary)})
        until = time.monotonic() + 60
        while not list(temporary.glob("*/*.f32")) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, errors)
        self.assertEqual(output, b"")
        self.assertEqual(list(temporary.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
