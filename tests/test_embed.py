#!/usr/bin/env python3
"""Embedding models end to end: vectors beside transformers', buckets, prompts, limits, refusals, hostile folders."""
import json
import pathlib
import shutil
import tempfile
import unittest

import numpy as np

import baking

ROOT = baking.ROOT / "testdata" / "tiny_embeddings"
CASES = sorted(folder.name for folder in ROOT.iterdir())
BITS = {"16": 0.9999, "8": 0.999, "4": 0.98}


def goldens(case):
    return json.loads((ROOT / case / "goldens.json").read_text())


# f32 and no rounding of activations: differences are then the graph's and its weights'.
EXACT = [word for key, value in baking.EXACT.items() for word in ("--ov-config", f"{key}={value}")]


def embed(folder, *arguments, check=True):
    return baking.ovenbird("embed", folder, "--device", "CPU", "--no-cache", *EXACT, *arguments, check=check)


def vectors(folder, texts, *options):
    told = json.loads(embed(folder, *options, "--json", "--", *texts).stdout)
    return [np.array(each["embedding"]) for each in told["embeddings"]], told


def cosine(one, other):
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


class Baked(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.temporary.name)
        cls.baked = {}

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def folder(self, case, bits="16"):
        key = f"{case}_{bits}"
        if key not in self.baked:
            group = ["--group-size", "16"] if bits == "4" else []  # rows of 32 and 48 columns
            self.baked[key] = baking.bake(ROOT / case, self.work / key, "--bits", bits, "--forward-check", "all", *group)
        return self.baked[key]

    def copy(self, case, name):
        return pathlib.Path(shutil.copytree(ROOT / case, self.work / name))

    def refused(self, process, *words):
        self.assertNotEqual(process.returncode, 0)
        for word in words:
            self.assertIn(word, process.stderr)


class Vectors(Baked):
    def test_they_are_transformers(self):
        for case in CASES:
            for bits, least in BITS.items():
                by_prompt = {}
                for golden in goldens(case):
                    by_prompt.setdefault(golden["prompt"], []).append(golden)
                for prompt, group in by_prompt.items():
                    with self.subTest(case=case, bits=bits, prompt=prompt):
                        options = ["--prompt-name", prompt] if prompt is not None else []
                        given, told = vectors(self.folder(case, bits), [golden["text"] for golden in group], *options)
                        self.assertEqual([each["tokens"] for each in told["embeddings"]], [golden["tokens"] for golden in group])
                        for golden, vector in zip(group, given):
                            self.assertGreater(cosine(np.array(golden["vector"]), vector), least, golden["tokens"])
                        if bits == "16":
                            np.testing.assert_allclose(given[0], group[0]["vector"], atol=2e-3 * np.abs(given[0]).max())

    def test_every_bucket_is_met(self):
        for case in CASES:
            buckets = json.loads((self.folder(case) / "ovenbird.json").read_text())["embedding"]["buckets"]
            lengths = [golden["tokens"] for golden in goldens(case)]
            below = 0
            for bucket in buckets:
                self.assertTrue(any(below < length <= bucket for length in lengths), (case, bucket))
                below = bucket

    def test_padding_does_not_show(self):
        """The same text in another bucket: without the small graphs the large one answers."""
        folder = pathlib.Path(shutil.copytree(self.folder("gemma3_dense"), self.work / "one_bucket"))
        manifest = json.loads((folder / "ovenbird.json").read_text())
        manifest["embedding"]["buckets"] = manifest["embedding"]["buckets"][-1:]
        (folder / "ovenbird.json").write_text(json.dumps(manifest))
        text = goldens("gemma3_dense")[1]["text"]
        small, large = (vectors(each, [text])[0][0] for each in (self.folder("gemma3_dense"), folder))
        np.testing.assert_allclose(small, large, atol=1e-3)

    def test_prompts_change_them(self):
        text = goldens("qwen3_last")[1]["text"]
        plain, query = (vectors(self.folder("qwen3_last"), [text], *options)[0][0] for options in ([], ["--prompt-name", "query"]))
        self.assertLess(cosine(plain, query), 0.999)
        self.refused(embed(self.folder("qwen3_last"), text, "--prompt-name", "other", check=False), "no prompt 'other'", "document, query")

    def test_rows_without_json(self):
        text = goldens("bert_cls")[0]["text"]
        rows = embed(self.folder("bert_cls"), text, text).stdout.splitlines()
        self.assertEqual(len(rows), 2)
        self.assertEqual(len(rows[0].split()), 48)
        self.assertGreater(cosine(np.array(rows[0].split(), float), np.array(goldens("bert_cls")[0]["vector"])), 0.9999)


class Limits(Baked):
    def test_a_long_text_is_refused_or_cut_as_asked(self):
        folder = self.folder("bert_cls")
        words = " ".join(["w1", "w2", "w3"] * 200)
        self.refused(embed(folder, words, check=False), "602 tokens", "300", "--truncate")
        given, told = vectors(folder, [words], "--truncate")
        self.assertEqual((told["embeddings"][0]["tokens"], told["embeddings"][0]["dropped_tokens"]), (300, 302))
        whole, _ = vectors(folder, [" ".join(words.split()[:298])])  # and the tokens around it
        np.testing.assert_allclose(given[0], whole[0], atol=1e-6)

    def test_dimensions(self):
        folder, text = self.folder("qwen3_last"), goldens("qwen3_last")[1]["text"]
        (whole,), (part,) = vectors(folder, [text])[0], vectors(folder, [text], "--dimensions", "32")[0]
        np.testing.assert_allclose(part, whole[:32] / np.linalg.norm(whole[:32]), atol=1e-5)
        self.refused(embed(folder, text, "--dimensions", "31", check=False), "32 to 48")
        self.refused(embed(folder, text, "--dimensions", "49", check=False), "outside 1 to 48")
        self.refused(embed(self.folder("bert_cls"), text, "--dimensions", "32", check=False), "not trained for shorter vectors")

    def test_seq_len_bounds_the_buckets(self):
        folder = baking.bake(ROOT / "qwen3_last", self.work / "short", "--seq-len", "100")
        self.assertEqual(json.loads((folder / "ovenbird.json").read_text())["embedding"]["buckets"], [64, 100])
        self.assertTrue((folder / "graphs" / "embed_64.xml").exists())

    def test_int8_is_usual(self):
        manifest = json.loads((baking.bake(ROOT / "qwen3_last", self.work / "usual") / "ovenbird.json").read_text())
        self.assertEqual((manifest["kind"], manifest["options"]["bits"], manifest["embedding"]["buckets"]), ("embedding", 8, [64, 256, 512]))


class Kinds(Baked):
    def test_an_embedder_writes_no_text(self):
        for command in (["run", self.folder("bert_cls"), "hello"], ["eval", self.folder("bert_cls")]):
            self.refused(baking.ovenbird(*command, check=False), "embedding model", "ovenbird embed")

    def test_a_language_model_makes_no_vectors(self):
        folder = baking.bake(baking.TINY / "llama_even_linear", self.work / "chat", "--context", "0")
        self.refused(embed(folder, "hello", check=False), "writes text", "ovenbird run")

    def test_options_that_do_nothing_are_refused(self):
        for options in (["--head-bits", "4", "--bits", "4"], ["--all-logits"], ["--effort", "best"], ["--embedding", "host"]):
            process = baking.ovenbird("bake", ROOT / "bert_cls", "-o", self.work / "idle", *options, check=False)
            self.refused(process, options[0], "embedding model")


class Folders(Baked):
    def bake_of(self, folder):
        return baking.ovenbird("bake", folder, "-o", self.work / "none", "--force", check=False)

    def changed(self, name, file, change, case="bert_cls"):
        folder = self.copy(case, name)
        path = folder / file
        value = json.loads(path.read_text())
        path.write_text(json.dumps(change(value)))
        return folder

    def test_unknown_pooling(self):
        for i, (change, word) in enumerate([({"pooling_mode_cls_token": False, "pooling_mode_weightedmean_tokens": True}, "weightedmean"),
                                            ({"pooling_mode_mean_tokens": True}, "cls with mean"),
                                            ({"pooling_mode": "attention"}, "attention")]):
            folder = self.changed(f"pooling{i}", "1_Pooling/config.json", lambda value: {**value, **change})
            self.refused(self.bake_of(folder), "1_Pooling/config.json", word, "lasttoken")

    def test_modules_that_are_not_known(self):
        for i, (kind, word) in enumerate([("sentence_transformers.models.WordWeights", "WordWeights"), ("custom_st.Transformer", "never runs")]):
            folder = self.changed(f"kind{i}", "modules.json", lambda value: [*value, {"type": kind, "path": "9_Other"}])
            self.refused(self.bake_of(folder), "modules.json", word)

    def test_paths_out_of_the_folder(self):
        for i, path in enumerate(["../1_Pooling", "/etc", "a/../../b", "..", ".", "1_Pooling\\x", "C:x"]):
            folder = self.changed(f"path{i}", "modules.json", lambda value: [value[0], {**value[1], "path": path}, *value[2:]])
            self.refused(self.bake_of(folder), "modules.json", "inside the model's")

    def test_broken_files(self):
        for i, (file, text) in enumerate([("modules.json", "[{"), ("modules.json", "{}"), ("modules.json", "[]"), ("modules.json", "[3]"),
                                          ("modules.json", "[" * 5000), ("1_Pooling/config.json", "[]"),
                                          ("config_sentence_transformers.json", '{"prompts": 3}'),
                                          ("config_sentence_transformers.json", '{"prompts": {"a": 3}}'),
                                          ("sentence_bert_config.json", '{"max_seq_length": -1}')]):
            folder = self.copy("bert_cls", f"broken{i}")
            (folder / file).write_text(text)
            self.refused(self.bake_of(folder), file)

    def test_missing_files(self):
        folder = self.copy("bert_cls", "without_pooling")
        (folder / "1_Pooling" / "config.json").unlink()
        self.refused(self.bake_of(folder), "1_Pooling/config.json", "missing")
        folder = self.copy("bert_cls", "without_modules")
        (folder / "modules.json").unlink()
        self.refused(self.bake_of(folder), "modules.json")
        folder = self.copy("gemma3_dense", "without_dense")
        (folder / "2_Dense" / "model.safetensors").unlink()
        self.refused(self.bake_of(folder), "2_Dense")

    def test_dense_layers_of_another_model(self):
        folder = self.changed("dense", "3_Dense/config.json", lambda value: {**value, "in_features": 64}, "gemma3_dense")
        self.refused(self.bake_of(folder), "3_Dense", "takes vectors of 64")

    def test_a_bare_encoder_is_averaged(self):
        folder = self.copy("bert_cls", "bare")
        for name in ("modules.json", "config_sentence_transformers.json", "sentence_bert_config.json"):
            (folder / name).unlink()
        shutil.rmtree(folder / "1_Pooling")
        process = self.bake_of(folder)
        self.assertIn("no modules.json", process.stderr)
        self.assertEqual(json.loads((self.work / "none" / "ovenbird.json").read_text())["embedding"]["pooling"], "mean")
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "architectures": ["BertForSequenceClassification"]}))
        self.refused(self.bake_of(folder), "labels or scores")

    def test_a_baked_folder_that_lies(self):
        folder = pathlib.Path(shutil.copytree(self.folder("bert_cls"), self.work / "lies"))
        manifest = json.loads((folder / "ovenbird.json").read_text())
        for change, word in (({"dimension": 47}, "ovenbird.json"), ({"buckets": []}, "buckets"), ({"buckets": [300, 64]}, "buckets"),
                             ({"buckets": [0]}, "buckets")):
            (folder / "ovenbird.json").write_text(json.dumps({**manifest, "embedding": {**manifest["embedding"], **change}}))
            self.refused(embed(folder, "w1", check=False), word)


if __name__ == "__main__":
    unittest.main()
