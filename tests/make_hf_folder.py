#!/usr/bin/env python3
"""Makes a Hugging Face folder (safetensors, config, tokenizer) of a llama GGUF file, without torch.

    make_hf_folder.py MODEL.gguf FOLDER [--dtype f32|f16|bf16] [--shards N]

The default f32 holds a Q4_1 file exactly; bf16 and f16 would round scale * q + minimum.
"""
import argparse
import json
import pathlib
import re

import gguf
import numpy as np
import safetensors
import tokenizers
from tokenizers import decoders, models, pre_tokenizers

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OTHER_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
DTYPES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}
# Pre-tokenizers that this script knows: the GGUF file only names them.
DIGITS_THEN_BYTES = ("smollm",)


class Metadata:
    """The GGUF's key-value pairs as Python values."""

    def __init__(self, reader):
        self.reader = reader

    def get(self, key, default=None):
        field = self.reader.get_field(key)
        return default if field is None else field.contents()

    def __getitem__(self, key):
        value = self.get(key)
        if value is None:
            raise SystemExit(f"make_hf_folder: the GGUF has no {key}")
        return value


def hugging_face_name(name):
    if name in OTHER_NAMES:
        return OTHER_NAMES[name]
    match = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
    if not match or match[2] not in LAYER_NAMES:
        return None
    return f"model.layers.{match[1]}.{LAYER_NAMES[match[2]]}.{match[3]}"


def halves_in_order(rows, heads):
    """Undoes the converter's interleaving of a head's rotary rows: x0 y0 x1 y1 ... becomes x0 x1 ... y0 y1 ..."""
    shape = rows.shape
    pairs = rows.reshape(heads, shape[0] // heads // 2, 2, *shape[1:])
    return pairs.swapaxes(1, 2).reshape(shape)


def read_tensors(reader, meta):
    """Yields (Hugging Face name, f32 array), in the file's order."""
    interleaved = {"q_proj": meta["llama.attention.head_count"], "k_proj": meta["llama.attention.head_count_kv"]}
    for tensor in reader.tensors:
        name = hugging_face_name(tensor.name)
        if name is None:
            if tensor.name == "rope_freqs.weight":
                raise SystemExit("make_hf_folder: scaled rope (rope_freqs) is not known here")
            raise SystemExit(f"make_hf_folder: unknown tensor {tensor.name}")
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        for projection, heads in interleaved.items():
            if f"self_attn.{projection}." in name:
                values = halves_in_order(values, heads)
        yield name, np.ascontiguousarray(values)


def as_stored(values, dtype):
    """An f32 array in `dtype`, rounded to nearest even; bf16 as its 16 bits, for numpy has no such type."""
    if dtype == "f32":
        return values
    if dtype == "f16":
        return values.astype(np.float16)
    bits = values.view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


def save_part(part, dtype, path):
    stored = {name: as_stored(values, dtype) for name, values in part.items()}  # kept alive: specs hold addresses
    specs = {
        name: safetensors.TensorSpec(dtype=DTYPES[dtype], shape=array.shape, data_ptr=array.ctypes.data,
                                     data_len=array.nbytes) for name, array in stored.items()
    }
    safetensors.serialize_file(specs, path, metadata={"format": "pt"})


def save_weights(tensors, folder, dtype, shards):
    """Writes the tensors in `shards` files of about the same size, with an index when there are several."""
    total = sum(values.size for _, values in tensors)
    parts, taken = [{} for _ in range(shards)], 0
    for name, values in tensors:
        parts[min(shards - 1, taken * shards // total)][name] = values
        taken += values.size
    weight_map = {}
    for number, part in enumerate(parts, 1):
        file_name = f"model-{number:05}-of-{shards:05}.safetensors" if shards > 1 else "model.safetensors"
        save_part(part, dtype, folder / file_name)
        weight_map.update({name: file_name for name in part})
    if shards > 1:
        size = total * {"f32": 4}.get(dtype, 2)
        write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": weight_map})


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def config(meta, tensors, dtype):
    if meta["general.architecture"] != "llama":
        raise SystemExit(f"make_hf_folder: only llama is known here, not {meta['general.architecture']}")
    names = {name for name, _ in tensors}
    heads = meta["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": meta["llama.embedding_length"],
        "intermediate_size": meta["llama.feed_forward_length"],
        "num_hidden_layers": meta["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": meta.get("llama.attention.head_count_kv", heads),
        "max_position_embeddings": meta["llama.context_length"],
        "rms_norm_eps": float(f"{meta['llama.attention.layer_norm_rms_epsilon']:.6g}"),
        "rope_theta": float(meta.get("llama.rope.freq_base", 10000.0)),
        "rope_scaling": None,
        "attention_bias": False,
        "mlp_bias": False,
        "hidden_act": "silu",
        "tie_word_embeddings": "lm_head.weight" not in names,
        "vocab_size": len(meta["tokenizer.ggml.tokens"]),
        "bos_token_id": meta["tokenizer.ggml.bos_token_id"],
        "eos_token_id": meta["tokenizer.ggml.eos_token_id"],
        "pad_token_id": meta.get("tokenizer.ggml.padding_token_id"),
        "torch_dtype": DTYPES[dtype],
    }


def save_tokenizer(meta, folder):
    if meta["tokenizer.ggml.model"] != "gpt2" or meta["tokenizer.ggml.pre"] not in DIGITS_THEN_BYTES:
        raise SystemExit(f"make_hf_folder: the tokenizer {meta['tokenizer.ggml.model']}/{meta['tokenizer.ggml.pre']} "
                         "is not known here")
    tokens = meta["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in meta["tokenizer.ggml.merges"]]
    tokenizer = tokenizers.Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    special = [i for i, kind in enumerate(meta["tokenizer.ggml.token_type"]) if kind == gguf.TokenType.CONTROL]
    tokenizer.add_special_tokens([tokenizers.AddedToken(tokens[i], normalized=False, special=True) for i in special])
    tokenizer.save(str(folder / "tokenizer.json"))

    def token(key):
        index = meta.get(f"tokenizer.ggml.{key}_token_id")
        return None if index is None else tokens[index]

    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "added_tokens_decoder": {
            str(i): {"content": tokens[i], "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
                     "special": True} for i in special
        },
        "bos_token": token("bos"),
        "eos_token": token("eos"),
        "unk_token": token("unknown"),
        "pad_token": token("padding"),
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": meta["llama.context_length"],
        "chat_template": meta.get("tokenizer.chat_template"),
    })


def make_hf_folder(gguf_path, folder, dtype="f32", shards=1):
    """Writes the folder; an existing one is written over."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    reader = gguf.GGUFReader(gguf_path)
    meta = Metadata(reader)
    tensors = list(read_tensors(reader, meta))
    save_weights(tensors, folder, dtype, shards)
    write_json(folder / "config.json", config(meta, tensors, dtype))
    write_json(folder / "generation_config.json", {
        "bos_token_id": meta["tokenizer.ggml.bos_token_id"],
        "eos_token_id": meta["tokenizer.ggml.eos_token_id"],
        "pad_token_id": meta.get("tokenizer.ggml.padding_token_id"),
    })
    save_tokenizer(meta, folder)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf")
    parser.add_argument("folder")
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--shards", type=int, default=1)
    options = parser.parse_args()
    make_hf_folder(options.gguf, options.folder, options.dtype, options.shards)


if __name__ == "__main__":
    main()
