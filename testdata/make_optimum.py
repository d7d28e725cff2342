#!/usr/bin/env python3
"""Makes testdata/optimum_*: what optimum-intel exports from testdata/tiny/llama_nine_llama3 with INT4 weights.

    pip install -r bench/requirements.txt && python testdata/make_optimum.py

stateful: its default, the cache as states and beam_idx. stateless: without a cache. inputs: the cache as inputs and outputs.
"""
import os
import pathlib
import shutil

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE / "tiny" / "llama_nine_llama3"
KINDS = {"stateful": {"use_cache": True, "stateful": True}, "stateless": {"use_cache": False, "stateful": False},
         "inputs": {"use_cache": True, "stateful": False}}


def main():
    config = OVWeightQuantizationConfig(bits=4, sym=True, group_size=-1, ratio=1.0)
    for kind, options in KINDS.items():
        target = HERE / f"optimum_{kind}"
        shutil.rmtree(target, ignore_errors=True)
        OVModelForCausalLM.from_pretrained(SOURCE, export=True, compile=False, quantization_config=config,
                                           **options).save_pretrained(target)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(SOURCE / name, target / name)


if __name__ == "__main__":
    main()
