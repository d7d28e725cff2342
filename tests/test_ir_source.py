#!/usr/bin/env python3
"""IRs that optimum-intel exported (testdata/optimum_*): baked, they say what the exports say, and nothing of a cache is left."""
import json
import pathlib
import shutil
import tempfile
import unittest

import numpy as np
import openvino as ov
from openvino import opset13 as ops

import baking

KINDS = ("stateful", "stateless", "inputs")
SEQ_LEN = 32
TOKENS = [5, 17, 40, 3, 28, 11, 60, 9, 33]


def exported_logits(folder):
    """The last row of the export's own logits, its cache empty."""
    compiled = baking.compile_exact(folder / baking.MODEL_XML)
    feed = {}
    for port in compiled.inputs:
        name = port.any_name
        if name == "beam_idx":
            feed[name] = np.zeros(1, np.int32)
        elif name.startswith("past_key_values"):
            shape = [axis.get_length() if axis.is_static else 0 for axis in port.get_partial_shape()]
            feed[name] = np.zeros([1, *shape[1:]], np.float32)
        else:
            values = {"input_ids": TOKENS, "attention_mask": [1] * len(TOKENS), "position_ids": range(len(TOKENS))}[name]
            feed[name] = np.array([list(values)], np.int64)
    return compiled(feed)["logits"][0, -1]


def padded():
    padding = SEQ_LEN - len(TOKENS)
    return {"input_ids": np.array([TOKENS + [0] * padding], np.int64),
            "attention_mask": np.array([[1] * len(TOKENS) + [0] * padding], np.int64),
            "position_ids": np.arange(SEQ_LEN, dtype=np.int64)[None]}


def operations(model, kind):
    return [node for node in model.get_ordered_ops() if node.get_type_name() == kind]


def write_out_attention(attention):
    """Puts products and a softmax in the place of a ScaledDotProductAttention."""
    queries, keys, values, mask, scale = (port.get_source_output() for port in attention.inputs())
    turned = ops.transpose(keys, np.array([0, 1, 3, 2]))
    scores = ops.add(ops.multiply(ops.matmul(queries, turned, False, False), scale), mask)
    mixed = ops.matmul(ops.softmax(scores, -1), values, False, False)
    for port in attention.output(0).get_target_inputs():
        port.replace_source_output(mixed.output(0))


def write_out_export(source, folder):
    """A copy of an export as `attn_implementation="eager"` would have made it."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("openvino_model.*"))
    model = ov.Core().read_model(str(source / baking.MODEL_XML))
    for attention in operations(model, "ScaledDotProductAttention"):
        write_out_attention(attention)
    model.validate_nodes_and_infer_types()
    ov.save_model(model, str(folder / baking.MODEL_XML), compress_to_fp16=False)
    return model


class IrSource(unittest.TestCase):
    def assert_reads_heads_once(self, model):
        """Two layers of attention over three key heads that nine query heads share."""
        attentions = operations(model, "ScaledDotProductAttention")
        self.assertEqual([list(node.input(port).get_shape()) for node in attentions for port in (1, 2)],
                         [[1, 3, SEQ_LEN, 8]] * 4)

    def test_baked_says_the_same(self):
        for kind in KINDS:
            with self.subTest(kind=kind), tempfile.TemporaryDirectory() as scratch:
                source = baking.ROOT / "testdata" / f"optimum_{kind}"
                before = {path.name: path.read_bytes() for path in source.iterdir()}
                folder = baking.bake(source, pathlib.Path(scratch) / "baked", "--seq-len", SEQ_LEN)
                self.assertEqual(before, {path.name: path.read_bytes() for path in source.iterdir()})
                model = ov.Core().read_model(str(folder / baking.MODEL_XML))
                self.assertFalse(model.is_dynamic())
                self.assert_reads_heads_once(model)
                self.assertEqual({port.any_name for port in model.inputs}, set(padded()))
                self.assertEqual([port.any_name for port in model.outputs], ["logits"])
                got = baking.logits_of(baking.compile_exact(folder / baking.MODEL_XML), padded())[0]
                np.testing.assert_allclose(got, exported_logits(source), atol=1e-4)
                baking.ovenbird("run", folder, "abc", "--raw", "--device", "CPU", "--max-new-tokens", 2)

    def test_attention_written_out(self):
        for kind in KINDS:
            with self.subTest(kind=kind), tempfile.TemporaryDirectory() as scratch:
                source = pathlib.Path(scratch) / "eager"
                written = write_out_export(baking.ROOT / "testdata" / f"optimum_{kind}", source)
                self.assertEqual(len(operations(written, "Softmax")), 2)
                self.assertFalse(operations(written, "ScaledDotProductAttention"))
                folder = baking.bake(source, pathlib.Path(scratch) / "baked", "--seq-len", SEQ_LEN)
                model = ov.Core().read_model(str(folder / baking.MODEL_XML))
                self.assertFalse(operations(model, "Softmax"))
                self.assert_reads_heads_once(model)
                got = baking.logits_of(baking.compile_exact(folder / baking.MODEL_XML), padded())[0]
                np.testing.assert_allclose(got, exported_logits(source), atol=1e-4)

    def renamed(self, folder, *names):
        """The stateful export under other names."""
        source = pathlib.Path(shutil.copytree(baking.ROOT / "testdata" / "optimum_stateful", folder))
        for name in names:
            for ending in (".xml", ".bin"):
                shutil.copy(source / f"openvino_model{ending}", source / f"{name}{ending}")
        for ending in (".xml", ".bin"):
            (source / f"openvino_model{ending}").unlink()
        return source

    def test_other_names(self):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            source = self.renamed(scratch / "one", "int4")
            (source / "openvino_tokenizer.xml").write_text("<net/>")
            (source / "openvino_tokenizer.bin").write_bytes(b"")
            baking.bake(source, scratch / "out")
            several = self.renamed(scratch / "several", "int4", "int8")
            result = baking.ovenbird("bake", several, "-o", scratch / "out2", check=False)
            self.assertEqual(result.returncode, 2)
            self.assertIn("several OpenVINO models: int4.xml, int8.xml", result.stderr)
            baking.bake(several / "int8.xml", scratch / "out3")

    def test_odd_configurations(self):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            source = self.renamed(scratch / "source", "openvino_model_copy")
            config = json.loads((source / "config.json").read_text())
            for number, text in enumerate(("null", "[]", "{", '{"model_type": 3}', "",
                                           json.dumps({**config, "max_position_embeddings": "many"}))):
                (source / "config.json").write_text(text)
                result = baking.ovenbird("bake", source, "-o", scratch / f"odd{number}")
                self.assertIn("only the form without a cache is made", result.stderr, text)
                self.assertIn("config.json", result.stderr)
            for number, odd in enumerate((float("nan"), float("inf"), -float("inf"), None)):
                (source / "config.json").write_text(json.dumps({**config, "initializer_range": odd}))
                result = baking.ovenbird("bake", source, "-o", scratch / f"number{number}")
                self.assertNotIn("only the form", result.stderr)
            (source / "config.json").unlink()
            baking.bake(source, scratch / "absent")

    def test_weights_missing(self):
        with tempfile.TemporaryDirectory() as scratch:
            xml = pathlib.Path(scratch) / "model.xml"
            xml.write_bytes((baking.ROOT / "testdata" / "optimum_stateful" / baking.MODEL_XML).read_bytes())
            result = baking.ovenbird("bake", xml, "-o", pathlib.Path(scratch) / "out", check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("model.bin", result.stderr)
            self.assertFalse((pathlib.Path(scratch) / "out").exists())


if __name__ == "__main__":
    unittest.main()
