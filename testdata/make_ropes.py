#!/usr/bin/env python3
"""Makes testdata/ropes.json: inverse frequencies and attention factor that transformers computes for a grid of
rope scalings, for a sequence of a given length.

    pip install -r bench/requirements.txt && python testdata/make_ropes.py
"""
import copy
import json
import os
import pathlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

HERE = pathlib.Path(__file__).resolve().parent
SHARED = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1,
          "num_attention_heads": 4, "vocab_size": 64, "max_position_embeddings": 4096}
PAIRS = 8  # half a head
SHORT = [1.0 + i / 16 for i in range(PAIRS)]
LONG = [1.0 + i * i / 4 for i in range(PAIRS)]
ORIGINAL = {"original_max_position_embeddings": 1024}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
YARN = {"rope_type": "yarn", "factor": 4.0, **ORIGINAL}
LONGROPE = {"type": "longrope", "short_factor": SHORT, "long_factor": LONG, **ORIGINAL}

# Name: what config.json has beside SHARED, and tokens of the sequence.
CASES = {
    "nothing": ({}, 128),
    "default": ({"rope_scaling": {"rope_type": "default"}, "rope_theta": 5e5}, 128),
    "theta inside": ({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}, "rope_theta": 700.0}, 128),
    "linear": ({"rope_scaling": {"type": "linear", "factor": 2.5}}, 128),
    "linear, parameters": ({"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 300.0}}, 128),
    "llama3": ({"rope_scaling": {**LLAMA3, **ORIGINAL}, "rope_theta": 5e5}, 128),
    "llama3 without original": ({"rope_scaling": LLAMA3, "rope_theta": 5e5}, 128),
    "dynamic, short": ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, 1024),
    "dynamic, trained": ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, 4096),
    "dynamic, longer": ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, 6000),
    "dynamic, head of 32": ({"rope_scaling": {"rope_type": "dynamic", "factor": 3.0}, "head_dim": 32}, 16384),
    "yarn": ({"rope_scaling": YARN}, 128),
    "yarn, type": ({"rope_scaling": {"type": "yarn", "factor": 4.0, **ORIGINAL}, "rope_theta": 1e6}, 128),
    "yarn, parameters": ({"rope_parameters": {**YARN, "rope_theta": 1e6}}, 128),
    "yarn, head of 64": ({"rope_scaling": YARN, "head_dim": 64, "rope_theta": 1e6}, 128),
    "yarn without original": ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, 128),
    "yarn, original outside": ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0},
                                "original_max_position_embeddings": 512}, 128),
    "yarn, originals differ": ({"rope_scaling": YARN, "original_max_position_embeddings": 512}, 128),
    "yarn, factor null": ({"rope_scaling": {**YARN, "factor": None}}, 128),
    "yarn, factor below 1": ({"rope_scaling": {**YARN, "factor": 0.5}}, 128),
    "yarn, attention_factor": ({"rope_scaling": {**YARN, "attention_factor": 0.8}}, 128),
    "yarn, mscale": ({"rope_scaling": {**YARN, "mscale": 0.7, "mscale_all_dim": 1.2}}, 128),
    "yarn, mscale alone": ({"rope_scaling": {**YARN, "mscale": 0.7}}, 128),
    "yarn, mscale_all_dim alone": ({"rope_scaling": {**YARN, "mscale_all_dim": 0.7}}, 128),
    "yarn, betas": ({"rope_scaling": {**YARN, "beta_fast": 16.0, "beta_slow": 2.0}}, 128),
    "yarn, betas 0": ({"rope_scaling": {**YARN, "beta_fast": 0, "beta_slow": 0}}, 128),
    "yarn, one beta": ({"rope_scaling": {**YARN, "beta_fast": 4.0, "beta_slow": 4.0, "truncate": False}}, 128),
    "yarn, truncate": ({"rope_scaling": {**YARN, "truncate": False}}, 128),
    "yarn, short original": ({"rope_scaling": {**YARN, "original_max_position_embeddings": 16}}, 128),
    "longrope, short": ({"rope_scaling": LONGROPE}, 1024),
    "longrope, long": ({"rope_scaling": LONGROPE}, 1025),
    "longrope, factor": ({"rope_scaling": {**LONGROPE, "factor": 32.0}}, 2048),
    "longrope, factor below 1": ({"rope_scaling": {**LONGROPE, "factor": 0.5}}, 2048),
    "longrope, attention_factor": ({"rope_parameters": {**LONGROPE, "attention_factor": 1.3}}, 2048),
    "longrope, original outside": ({"rope_scaling": {key: LONGROPE[key] for key in LONGROPE if "original" not in key},
                                    "original_max_position_embeddings": 512}, 1024),
}


@torch.no_grad()
def golden_of(config, sequence):
    settings = copy.deepcopy(config)
    parsed = transformers.AutoConfig.for_model(settings.pop("model_type"), **settings)
    rotary = LlamaRotaryEmbedding(parsed)
    rotary(torch.zeros(1), torch.arange(sequence)[None])
    return {"config": config, "sequence": sequence, "attention_factor": rotary.attention_scaling,
            "inverse_frequencies": rotary.inv_freq.tolist()}


def main():
    transformers.logging.set_verbosity_error()
    goldens = {name: golden_of({**SHARED, **changes}, sequence) for name, (changes, sequence) in CASES.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(golden)}" for name, golden in goldens.items()]
    (HERE / "ropes.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{len(goldens)} scalings")


if __name__ == "__main__":
    main()
