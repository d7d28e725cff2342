"""What the tests of `ovenbird eval` share: a baked folder, its source, and a plain computation over their decoders."""
import json
import pathlib
import tempfile
import unittest

import numpy as np
import tokenizers

import baking

CASE = baking.TINY / "llama_odd_biases"
CONTEXT = 512
SEQ_LEN = 32
WINDOW = 24
EXACT = [word for key, value in {**baking.EXACT, "KV_CACHE_PRECISION": "f32"}.items()
         for word in ("--ov-config", f"{key}={value}")]


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


class Decoder:
    """A dynamic decoder that starts every sequence anew."""

    def __init__(self, folder):
        self.compiled = baking.compile_exact(folder / baking.DYNAMIC_XML)

    def log_probabilities(self, ids):
        length = len(ids)
        feed = {"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, length), np.int64),
                "position_ids": np.arange(length, dtype=np.int64)[None]}
        return log_softmax(baking.logits_of(self.compiled, feed))

    def greedy(self, ids, count):
        answer = []
        for _ in range(count):
            answer.append(int(self.log_probabilities([*ids, *answer])[-1].argmax()))
        return answer


def eval_json(*arguments):
    return json.loads(baking.ovenbird("eval", *arguments, "--json").stdout)


def refused(*arguments):
    result = baking.ovenbird("eval", *arguments, check=False)
    return result.returncode, result.stderr


def add_bos(file):
    processor = {"type": "TemplateProcessing", "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
                 "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]}
    file.write_text(json.dumps({**json.loads(file.read_text()), "post_processor": processor}))


class Baked(unittest.TestCase):
    """A baked folder with every form, and its source at 16 bits."""

    adds_bos = False

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.source = baking.with_positions(CASE, cls.folder / "source", CONTEXT)
        if cls.adds_bos:
            add_bos(cls.source / "tokenizer.json")
        options = ["--context", CONTEXT, "--seq-len", SEQ_LEN, "--keep-intermediate", "--forward-check", "off"]
        cls.baked = baking.bake(cls.source, cls.folder / "baked", "--group-size", 16, "--form", "both", *options)
        cls.wide = baking.bake(cls.source, cls.folder / "wide", "--bits", 16, "--form", "whole", *options)
        cls.decoder, cls.reference = Decoder(cls.baked), Decoder(cls.wide)
        cls.tokenizer = tokenizers.Tokenizer.from_file(str(cls.source / "tokenizer.json"))
        cls.text = cls.folder / "text.txt"
        cls.text.write_text((baking.ROOT / "testdata" / "eval_text.txt").read_text()[1000:3000])

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=True).ids
