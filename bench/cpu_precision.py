#!/usr/bin/env python3
"""What the CPU device's ways to be faster cost in text: KL divergence of a baked folder's dynamic graph from itself in f32.

SmolLM2-135M-Instruct on the beginning of Pride and Prejudice: 4,096 tokens in windows of 1,024, eight at a time behind a
cache that fills, as decoding meets it. Varied: the precision of sums, groups of dynamic quantisation, the cache's precision.
"""
import json
import os
import subprocess

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import openvino as ov
import tokenizers

import english_text
import measure

TOKENS, WINDOW, ROWS = 4096, 1024, 8
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0", "KV_CACHE_PRECISION": "f32"}
# Each changes one thing of EXACT, but for the first (what a user gets) and the last.
SETTINGS = {"defaults": {},
            **{f"groups of {size}": {**EXACT, "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(size)} for size in (32, 64)},
            "cache u8": {**EXACT, "KV_CACHE_PRECISION": "u8"}, "bf16": {**EXACT, "INFERENCE_PRECISION_HINT": "bf16"},
            "groups of 32, cache u8": {**EXACT, "DYNAMIC_QUANTIZATION_GROUP_SIZE": "32", "KV_CACHE_PRECISION": "u8"}}


class Graph:
    def __init__(self, folder, settings):
        core = ov.Core()
        model = core.read_model(folder / "graphs" / "dynamic.xml", folder / "openvino_model.bin")
        self.compiled = core.compile_model(model, "CPU", settings)
        self.request = self.compiled.create_infer_request()
        self.names = {name for port in self.compiled.inputs for name in port.names}
        wanted = ("INFERENCE_PRECISION_HINT", "DYNAMIC_QUANTIZATION_GROUP_SIZE", "KV_CACHE_PRECISION")
        self.settled = {name: str(self.compiled.get_property(name)) for name in wanted}

    def log_probabilities(self, ids):
        """[len(ids), vocabulary], eight rows a call."""
        self.request.reset_state()
        for start in range(0, len(ids), ROWS):
            part = ids[start:start + ROWS]
            feed = {"input_ids": part[None], "attention_mask": np.ones((1, start + len(part)), np.int64),
                    "position_ids": np.arange(start, start + len(part), dtype=np.int64)[None], "beam_idx": np.zeros(1, np.int32)}
            logits = self.request.infer({name: value for name, value in feed.items() if name in self.names})["logits"][0]
            logits = logits.astype(np.float64)
            logits -= logits.max(axis=-1, keepdims=True)
            yield logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def main():
    parser = measure.arguments(__doc__.splitlines()[0])
    options = parser.parse_args()
    folder = options.work / "cpu_precision"
    if not (folder / "ovenbird.json").exists():
        subprocess.run([options.ovenbird, "bake", measure.smollm2_gguf(), "-o", folder, "--force", "--group-size", "64",
                    "--no-forward-check"], check=True, stdout=subprocess.DEVNULL)
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = np.array(tokenizer.encode(english_text.pride_and_prejudice(options.work)).ids[:TOKENS], np.int64)
    reference = Graph(folder, EXACT)
    graphs = {name: Graph(folder, settings) for name, settings in SETTINGS.items()}
    figures = {name: {"settled": graph.settled, "kl": 0.0, "same_token": 0, "nll": 0.0} for name, graph in graphs.items()}
    for first in range(0, TOKENS, WINDOW):
        window = ids[first:first + WINDOW]
        rows = [graph.log_probabilities(window) for graph in graphs.values()]
        for start, (truth, *others) in enumerate(zip(reference.log_probabilities(window), *rows)):
            following = window[start * ROWS + 1:start * ROWS + 1 + ROWS]
            for own, figure in zip(others, figures.values()):
                figure["kl"] += float((np.exp(truth) * (truth - own)).sum()) / TOKENS
                figure["same_token"] += int((truth.argmax(-1) == own.argmax(-1)).sum()) / TOKENS
                figure["nll"] -= float(own[np.arange(len(following)), following].sum()) / (TOKENS - TOKENS // WINDOW)
    for name, figure in figures.items():
        print(f"{name:24} KL {figure['kl']:.5f}  same token {figure['same_token']:.4f}  perplexity {np.exp(figure['nll']):.3f}"
              f"  {figure['settled']}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
