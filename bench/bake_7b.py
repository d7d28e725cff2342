#!/usr/bin/env python3
"""Baking a 7B of Mistral's shape: wall time and memory of ovenbird and of optimum-intel, one after the other.

The checkpoint is random (bf16, 14.5 GB, sharded) and made here: what is measured depends on its size only. Each side
starts with the checkpoint out of the page cache. Needs about 31 GB of disk and, for optimum-intel, 20 GB of memory.
"""
import json
import os
import pathlib
import shutil
import struct
import sys

import numpy as np

import measure

GROUP_SIZE = 128
TIME_TARGET = 0.5
ANONYMOUS_TARGET_BYTES = 6e9
CONFIG = {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "hidden_size": 4096,
          "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8, "num_hidden_layers": 32,
          "vocab_size": 32000, "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
          "sliding_window": 4096, "hidden_act": "silu", "tie_word_embeddings": False, "bos_token_id": 1,
          "eos_token_id": 2, "torch_dtype": "bfloat16"}
SHARD_BYTES = 5_000_000_000
BLOCK_VALUES = 1 << 24
DEVIATION = 0.02


def tensor_shapes(layers):
    hidden, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    keys = hidden // CONFIG["num_attention_heads"] * CONFIG["num_key_value_heads"]
    yield "model.embed_tokens.weight", (CONFIG["vocab_size"], hidden)
    for layer in range(layers):
        for name, shape in (("input_layernorm", (hidden,)), ("self_attn.q_proj", (hidden, hidden)),
                            ("self_attn.k_proj", (keys, hidden)), ("self_attn.v_proj", (keys, hidden)),
                            ("self_attn.o_proj", (hidden, hidden)), ("post_attention_layernorm", (hidden,)),
                            ("mlp.gate_proj", (inner, hidden)), ("mlp.up_proj", (inner, hidden)),
                            ("mlp.down_proj", (hidden, inner))):
            yield f"model.layers.{layer}.{name}.weight", shape
    yield "model.norm.weight", (hidden,)
    yield "lm_head.weight", (CONFIG["vocab_size"], hidden)


def to_bf16(values):
    return ((values.view(np.uint32) + np.uint32(0x8000)) >> np.uint32(16)).astype(np.uint16)


class WeightSource:
    """bf16 values ~ N(0, 0.02) without end: one random block, read from another place for every tensor."""

    def __init__(self):
        self.random = np.random.default_rng(0)
        self.block = to_bf16(self.random.standard_normal(BLOCK_VALUES, dtype=np.float32) * np.float32(DEVIATION))

    def write(self, file, shape):
        left = int(np.prod(shape))
        if len(shape) == 1:
            file.write(to_bf16(np.ones(left, np.float32)))
            return
        start = int(self.random.integers(BLOCK_VALUES))
        while left:
            count = min(left, BLOCK_VALUES - start)
            file.write(self.block[start:start + count])
            left, start = left - count, 0


def split_in_shards(tensors):
    shards, size = [{}], 0
    for name, shape in tensors:
        count = 2 * int(np.prod(shape))
        if size + count > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = shape
        size += count
    return shards


def write_shard(path, tensors, source):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors.items():
        end = offset + 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for shape in tensors.values():
            source.write(file, shape)
        file.flush()
        os.fsync(file.fileno())
    return offset


def write_tokenizer(smollm2, folder):
    """SmolLM2's tokenizer without the tokens that this vocabulary has no room for."""
    tokenizer = json.loads((smollm2 / "tokenizer.json").read_text())
    model = tokenizer["model"]
    model["vocab"] = {token: i for token, i in model["vocab"].items() if i < CONFIG["vocab_size"]}
    merges = [merge if isinstance(merge, list) else merge.split(" ") for merge in model["merges"]]
    model["merges"] = [merge for merge in merges if "".join(merge) in model["vocab"]]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    for name in ("tokenizer_config.json", "generation_config.json"):
        shutil.copy(smollm2 / name, folder / name)


def make_checkpoint(folder, layers, smollm2):
    """Writes the checkpoint unless it is there whole."""
    if (folder / "config.json").exists():
        return
    measure.fresh(folder).mkdir()
    shards = split_in_shards(tensor_shapes(layers))
    source, weight_map, total = WeightSource(), {}, 0
    for number, tensors in enumerate(shards, 1):
        name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        total += write_shard(folder / name, tensors, source)
        weight_map.update({tensor: name for tensor in tensors})
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    write_tokenizer(smollm2, folder)
    (folder / "config.json").write_text(json.dumps({**CONFIG, "num_hidden_layers": layers}, indent=2))


def leave_page_cache(folder):
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def commands(options, checkpoint, outputs):
    own = [options.ovenbird, "bake", checkpoint, "-o", outputs["ovenbird"], "--no-forward-check", "--group-size",
           GROUP_SIZE]
    theirs = [pathlib.Path(sys.executable).parent / "optimum-cli", "export", "openvino", "--model", checkpoint,
              "--task", "text-generation-with-past", "--weight-format", "int4", "--sym", "--group-size", GROUP_SIZE,
              "--ratio", "1.0", "--disable-convert-tokenizer", outputs["optimum-intel"]]
    return {"ovenbird": own, "optimum-intel": theirs}


def check_disk(work, layers):
    checkpoint = 2 * sum(int(np.prod(shape)) for _, shape in tensor_shapes(layers))
    needed = int(2.2 * checkpoint)  # it, two INT4 models, and what optimum-intel writes on its way
    free = shutil.disk_usage(work).free
    if free < needed:
        raise SystemExit(f"{work}: {needed / 1e9:.0f} GB of disk are needed, {free / 1e9:.0f} GB are free")


def report(results, options):
    rows = [[name, f"{figures['seconds']:.1f}", f"{figures['peak_anonymous_bytes'] / 1e9:.2f}",
             f"{figures['peak_resident_bytes'] / 1e9:.2f}", f"{figures['output_bytes'] / 1e9:.2f}"]
            for name, figures in results.items()]
    measure.print_table(["bake", "seconds", "peak anonymous GB", "peak resident GB", "output GB"], rows)
    own = results.get("ovenbird")
    if own:
        met = own["peak_anonymous_bytes"] <= ANONYMOUS_TARGET_BYTES
        print(f"anonymous memory: {own['peak_anonymous_bytes'] / 1e9:.2f} GB; target at most "
              f"{ANONYMOUS_TARGET_BYTES / 1e9:.0f}: {'met' if met else 'MISSED'}")
    if len(results) == 2:
        ratio = own["seconds"] / results["optimum-intel"]["seconds"]
        print(f"time: ours / optimum-intel's = {ratio:.2f}; target at most {TIME_TARGET}: "
              f"{'met' if ratio <= TIME_TARGET else 'MISSED'}")
    measure.write_json(options.json, {"layers": options.layers, "group_size": GROUP_SIZE, "results": results,
                                      "targets": {"time_ratio": TIME_TARGET,
                                                  "anonymous_bytes": ANONYMOUS_TARGET_BYTES}})


def main():
    parser = measure.arguments(__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=CONFIG["num_hidden_layers"], help="fewer, to try the script")
    parser.add_argument("--only", choices=["ovenbird", "optimum-intel"], help="measure one side")
    parser.add_argument("--keep", action="store_true", help="keep checkpoint and outputs")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    checkpoint = options.work / f"mistral_shape_{options.layers}"
    outputs = {name: options.work / f"7b_{name}" for name in ("ovenbird", "optimum-intel")}
    check_disk(options.work, options.layers)
    make_checkpoint(checkpoint, options.layers, measure.smollm2_folder(options.work))
    results = {}
    for name, command in commands(options, checkpoint, outputs).items():
        if options.only in (None, name):
            measure.fresh(outputs[name])
            leave_page_cache(checkpoint)
            results[name] = measure.run_sampled(command, options.work / f"7b_{name}.log", {"HF_HUB_OFFLINE": "1"})
            results[name]["output_bytes"] = measure.folder_bytes(outputs[name])
            if not options.keep:
                measure.fresh(outputs[name])
    report(results, options)
    if not options.keep:
        shutil.rmtree(checkpoint)


if __name__ == "__main__":
    main()
