#!/usr/bin/env python3
"""The graphs with a key/value cache, opened by plain OpenVINO: chunk by chunk and token by token they say what the window
says, all over one weights file."""
import json
import pathlib
import tempfile
import unittest

import numpy as np
import openvino as ov

import baking

SEQ_LEN = 160
PROMPT = 140  # more than a chunk of prefill
NEW = 6
CACHE_ROUNDING = 2e-2  # of a logit, for keys and values kept in f16
WHOLE = (".conv", ".recurrent")  # ends of states that are given back whole


class Folder:
    """A baked folder's graphs, computed on the CPU in f32."""

    def __init__(self, path):
        self.path = path
        self.manifest = json.loads((path / "ovenbird.json").read_text())
        self.window = baking.compile_exact(path / baking.MODEL_XML)

    def compile(self, file):
        model = ov.Core().read_model(str(self.path / file), str(self.path / baking.MODEL_BIN))
        return model, ov.Core().compile_model(model, "CPU", {**baking.EXACT, "KV_CACHE_PRECISION": "f32"})

    def graph(self, tokens, context):
        return next(graph for graph in self.manifest["cache"]["graphs"]
                    if graph["tokens"] == tokens and graph["past"] + 1 == context)

    def window_logits(self, ids):
        padding = SEQ_LEN - len(ids)
        feed = {"input_ids": np.array([ids + [0] * padding]), "attention_mask": np.array([[1] * len(ids) + [0] * padding]),
                "position_ids": np.arange(SEQ_LEN)[None]}
        return baking.logits_of(self.window, feed)[-1]


class StaticCache:
    """What a host does: places the new keys and values behind the kept ones."""

    def __init__(self, folder, context):
        self.folder, self.context, self.kept, self.compiled = folder, context, 0, {}
        self.cache = {}

    def run(self, ids, tokens):
        past = self.context - 1
        if tokens not in self.compiled:
            self.compiled[tokens] = self.folder.compile(self.folder.graph(tokens, self.context)["file"])
        model, compiled = self.compiled[tokens]
        assert not model.is_dynamic()
        padding = tokens - len(ids)
        feed = {"input_ids": np.array([ids + [0] * padding]),
                "attention_mask": np.array([[1] * self.kept + [0] * (past - self.kept) + [1] * len(ids) + [0] * padding]),
                "position_ids": np.arange(self.kept, self.kept + tokens)[None]}
        for port in model.inputs:
            if port.any_name.endswith(WHOLE):
                feed[port.any_name] = self.cache.setdefault(port.any_name.removeprefix("past_key_values."),
                                                            np.zeros(port.shape, np.float32))
            elif port.any_name.startswith("past_key_values."):
                heads, size = port.shape[1], port.shape[3]
                kept = self.cache.setdefault(port.any_name.removeprefix("past_key_values."),
                                             np.zeros((1, heads, past, size), np.float16))
                feed[port.any_name] = kept
        result = compiled(feed)
        for name, kept in list(self.cache.items()):
            if name.endswith(WHOLE):
                self.cache[name] = result[f"present.{name}"].copy()
            else:
                kept[:, :, self.kept:self.kept + len(ids)] = result[f"present.{name}"][:, :, :len(ids)]
        self.kept += len(ids)
        return result["logits"][0]


def dynamic_logits(request, ids, kept):
    result = request.infer({"input_ids": np.array([ids]), "attention_mask": np.ones((1, kept + len(ids)), np.int64),
                            "position_ids": np.arange(kept, kept + len(ids))[None], "beam_idx": np.zeros(1, np.int32)})
    return result["logits"][0]


class CacheGraphs(unittest.TestCase):
    def check(self, case, *options):
        with tempfile.TemporaryDirectory() as scratch:
            case = baking.with_positions(case, pathlib.Path(scratch) / "source", 256)
            folder = Folder(baking.bake(case, pathlib.Path(scratch) / "baked", "--seq-len", SEQ_LEN, "--context", 256,
                                        "--no-forward-check", *options))
            vocabulary = folder.window.output("logits").shape[-1]
            ids = [int(token) for token in np.random.default_rng(7).integers(0, vocabulary, PROMPT)]
            static = StaticCache(folder, 256)
            request = folder.compile(folder.manifest["cache"]["dynamic"])[1].create_infer_request()
            static.run(ids[:128], 128)
            got = {"static": static.run(ids[128:], 128)[-1], "dynamic": dynamic_logits(request, ids, 0)[-1]}
            for _ in range(NEW):
                expected = folder.window_logits(ids)
                np.testing.assert_allclose(got["dynamic"], expected, atol=1e-3, rtol=1e-4)
                np.testing.assert_allclose(got["static"], expected, atol=CACHE_ROUNDING, rtol=1e-3)
                ids.append(int(expected.argmax()))
                got = {"static": static.run(ids[-1:], 1)[-1], "dynamic": dynamic_logits(request, ids[-1:], len(ids) - 1)[-1]}
            # Several at once, as drafts are verified: every row is there.
            more = [5, 9, 2]
            rows = static.run(more, 8)
            stateful = dynamic_logits(request, more, len(ids))
            self.assertEqual(rows.shape[0], 8)
            for count in range(1, len(more) + 1):
                expected = folder.window_logits(ids + more[:count])
                np.testing.assert_allclose(rows[count - 1], expected, atol=CACHE_ROUNDING, rtol=1e-3)
                np.testing.assert_allclose(stateful[count - 1], expected, atol=1e-3, rtol=1e-4)

    def test_architectures(self):
        for case in baking.apart_cases():
            with self.subTest(case=case.name):
                self.check(case)

    def test_forms(self):
        self.check(baking.TINY / "qwen2_odd_tied", "--asym", "--group-size", -1)
        self.check(baking.TINY / "mistral_even_window", "--activations-scale-factor", 4)

    def test_weights_are_there_once(self):
        with tempfile.TemporaryDirectory() as scratch:
            case = baking.with_positions(baking.TINY / "llama_nine_llama3", pathlib.Path(scratch) / "source", 256)
            sizes = {context: (baking.bake(case, pathlib.Path(scratch) / str(context), "--context", context,
                                           "--bits", 8) / baking.MODEL_BIN).stat().st_size for context in (0, 256)}
            tables = 2 * (256 + 128) * 8 * 4
            self.assertLess(sizes[256] - sizes[0], tables + 16384)


if __name__ == "__main__":
    unittest.main()
