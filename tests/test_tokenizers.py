#!/usr/bin/env python3
"""Folders without a tokenizer.json: what is made at bake has the ids that transformers' conversion gives."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import gguf
import numpy as np

import baking

GOLDENS = baking.ROOT / "testdata" / "tokenizers"
CASE = baking.TINY / "llama_even_linear"


def token_ids(model, texts):
    with tempfile.TemporaryDirectory() as scratch:
        result = subprocess.run([os.environ["OVENBIRD_TOKEN_IDS"], str(model), scratch], capture_output=True, text=True,
                                input="".join(json.dumps(text) + "\n" for text in texts))
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


class Tokenizers(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def folder(self, name, config):
        folder = self.scratch / name
        folder.mkdir()
        kind = name.split("_")[0]
        if kind in ("bpe", "unigram"):
            shutil.copy(GOLDENS / f"{kind}.model", folder / "tokenizer.model")
        else:
            for file in ("vocab.json", "merges.txt"):
                shutil.copy(GOLDENS / file, folder / file)
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        return folder

    def test_ids_are_those_of_transformers(self):
        goldens = json.loads((GOLDENS / "goldens.json").read_text())
        for name, golden in goldens["ids"].items():
            answers = token_ids(self.folder(name, golden["config"]), goldens["texts"])
            self.assertEqual(len(answers), len(goldens["texts"]))
            for text, answer, (plain, special) in zip(goldens["texts"], answers, golden["ids"]):
                self.assertEqual(answer["plain"], plain, f"{name}: {text!r}")
                self.assertEqual(answer["special"], special, f"{name}: {text!r}")

    def test_a_gguf_has_the_ids_of_its_folder(self):
        goldens = json.loads((GOLDENS / "goldens.json").read_text())
        folder = self.folder("bpe_legacy", {"legacy": True})
        made = self.scratch / "made"
        made.mkdir()
        subprocess.run([os.environ["OVENBIRD_TOKEN_IDS"], str(folder), str(made)], input="", text=True, check=True)
        vocabulary = json.loads((made / "tokenizer.json").read_text())["model"]["vocab"]
        scores, kinds = pieces_of(GOLDENS / "bpe.model")
        path = self.scratch / "m.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_tokenizer_model("llama")
        writer.add_token_list(sorted(vocabulary, key=vocabulary.get))
        writer.add_token_scores(scores)
        writer.add_token_types(kinds)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_tensor("token_embd.weight", np.zeros((1, 32), np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        answers = token_ids(path, goldens["texts"])
        for text, answer, (plain, special) in zip(goldens["texts"], answers, goldens["ids"]["bpe_legacy"]["ids"]):
            self.assertEqual((answer["plain"], answer["special"]), (plain, special), repr(text))

    def test_every_split_of_a_gguf_is_an_expression_that_runs(self):
        # GPT-2's letters for the bytes, so that every text has ids and comes back.
        letters = [chr(byte if 33 <= byte < 127 or 161 <= byte < 173 or byte > 173 else 0) for byte in range(256)]
        spare = iter(range(256, 512))
        letters = [letter if letter != "\0" else chr(next(spare)) for letter in letters]
        text = "Don't I'LL 12345 naïve Straße быстрая 敏捷的 すばやい 빠른 تقفز तेज !?\n\n  a\r\n{x}"
        for name in ("llama-bpe", "qwen2", "deepseek-llm", "deepseek-coder", "deepseek-v3", "seed-coder", "kimi-k2",
                     "gpt-4o", "tekken", "smollm", "gpt-2", "default"):
            path = self.scratch / f"{name}.gguf"
            writer = gguf.GGUFWriter(path, "llama")
            writer.add_tokenizer_model("gpt2")
            writer.add_tokenizer_pre(name)
            writer.add_token_list(letters + ["qq"])
            writer.add_token_merges(["q q"])
            writer.add_tensor("token_embd.weight", np.zeros((1, 32), np.float32))
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            answer = token_ids(path, [text])[0]
            self.assertEqual(bytes(answer["plain"]), text.encode(), name)
            self.assertEqual(answer["text"], text, name)

    def test_a_bake_makes_the_file_or_warns_before_the_work(self):
        source = pathlib.Path(shutil.copytree(CASE, self.scratch / "source"))
        for file in source.glob("tokenizer*"):
            file.unlink()
        told = baking.ovenbird("bake", source, "-o", self.scratch / "out", "--plan")
        self.assertIn("has no tokenizer.json", told.stdout + told.stderr)
        self.assertIn("fetch tokenizer.json", told.stdout + told.stderr)
        shutil.copy(GOLDENS / "bpe.model", source / "tokenizer.model")
        told = baking.ovenbird("bake", source, "-o", self.scratch / "out", "--plan")
        self.assertNotIn("has no tokenizer.json", told.stdout + told.stderr)
        self.assertIn("tokenizer.json is made from tokenizer.model", told.stdout + told.stderr)
        baking.bake(source, self.scratch / "out")
        manifest = json.loads((self.scratch / "out" / "ovenbird.json").read_text())
        self.assertIn("tokenizer.json", json.dumps(manifest))
        self.assertEqual(json.loads((self.scratch / "out" / "tokenizer.json").read_text())["model"]["type"], "BPE")

    def test_a_gguf_that_is_no_model(self):
        path = self.scratch / "lora"  # found by its magic, not by its name
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_type("adapter")
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        told = baking.ovenbird("bake", path, "-o", self.scratch / "out", "--plan", check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn("an adapter (LoRA) of a model", told.stderr)


def pieces_of(path):
    """Scores and types of a SentencePiece model whose pieces are shorter than 128 bytes."""
    data, at, scores, kinds = path.read_bytes(), 0, [], []
    while data[at] == 0x0A:
        message = data[at + 2:at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
        rest = message[2 + message[1]:]
        scores.append(float(np.frombuffer(rest[1:5], "<f4")[0]))
        kinds.append(rest[6] if len(rest) > 5 else 1)
    return scores, kinds


if __name__ == "__main__":
    unittest.main()
