#!/usr/bin/env python3
"""--embedding host: the lookup in a small graph of its own over the same weights, and the answers those of one graph."""
import pathlib
import tempfile
import unittest

import numpy as np
import openvino as ov

import baking

EMBEDDINGS_XML = "openvino_embeddings.xml"
SEQ_LEN = 24
IDS = [3, 9, 14, 7, 22, 5]


def feed():
    padding = SEQ_LEN - len(IDS)
    return {"input_ids": np.array([IDS + [0] * padding], np.int64),
            "attention_mask": np.array([[1] * len(IDS) + [0] * padding], np.int64),
            "position_ids": np.arange(SEQ_LEN, dtype=np.int64)[None]}


class HostEmbedding(unittest.TestCase):
    def check(self, source, *options):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            device = baking.bake(source, scratch / "device", "--seq-len", SEQ_LEN, *options)
            host = baking.bake(source, scratch / "host", "--seq-len", SEQ_LEN, "--embedding", "host", *options)
            model = ov.Core().read_model(str(host / baking.MODEL_XML))
            self.assertEqual({port.any_name for port in model.inputs},
                             {"inputs_embeds", "attention_mask", "position_ids"})
            self.assertFalse(model.is_dynamic())
            lookup = ov.Core().read_model(str(host / EMBEDDINGS_XML), str(host / baking.MODEL_BIN))
            rows = ov.Core().compile_model(lookup, "CPU", baking.EXACT)(feed()["input_ids"])["inputs_embeds"]
            expected = baking.logits_of(baking.compile_exact(device / baking.MODEL_XML), feed())
            got = baking.logits_of(baking.compile_exact(host / baking.MODEL_XML), {**feed(), "inputs_embeds": rows})
            np.testing.assert_allclose(got, expected, atol=1e-5)
            # The table is not written a second time.
            self.assertLess((host / baking.MODEL_BIN).stat().st_size, (device / baking.MODEL_BIN).stat().st_size + 4096)
            texts = [baking.ovenbird("run", folder, "abc", "--raw", "--device", "CPU", "--max-new-tokens", 6).stdout
                     for folder in (device, host)]
            self.assertEqual(texts[0], texts[1])

    def test_tied_and_not(self):
        self.check(baking.TINY / "llama_nine_llama3")
        self.check(baking.TINY / "llama_even_linear", "--bits", 16)

    def test_a_multiplied_embedding(self):
        self.check(baking.TINY / "granite_even_tied")

    def test_others_irs(self):
        for kind in ("stateful", "stateless"):
            self.check(baking.ROOT / "testdata" / f"optimum_{kind}")

    def test_what_is_wrong_is_named(self):
        case = baking.TINY / "llama_even_linear"
        with tempfile.TemporaryDirectory() as scratch:
            host = baking.bake(case, pathlib.Path(scratch) / "host", "--embedding", "host")
            (host / EMBEDDINGS_XML).unlink()
            failed = baking.ovenbird("run", host, "abc", "--raw", "--device", "CPU", check=False)
            self.assertEqual(failed.returncode, 1)
            self.assertIn(EMBEDDINGS_XML, failed.stderr)
            failed = baking.ovenbird("bake", case, "-o", host.parent / "x", "--embedding", "moon", check=False)
            self.assertEqual(failed.returncode, 2)
            self.assertIn("device or host", failed.stderr)


if __name__ == "__main__":
    unittest.main()
