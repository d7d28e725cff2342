#!/usr/bin/env python3
"""A GGUF file, written as llama.cpp's converter writes each family, gives the logits that transformers computed from the
Hugging Face folder."""
import json
import math
import pathlib
import tempfile
import unittest

import gguf
import numpy as np
import safetensors.numpy

import baking

TOLERANCE = 1e-3
# general.architecture that the converter chooses, and whether it reorders query and key rows.
FAMILIES = {"llama": ("llama", True), "mistral": ("llama", True), "ministral3": ("mistral3", True), "qwen2": ("qwen2", False), "qwen3": ("qwen3", False),
            "smollm3": ("smollm3", True), "granite": ("granite", True), "granitemoehybrid": ("granite", True),
            "phi3": ("phi3", False), "minicpm": ("minicpm", True), "hunyuan_v1_dense": ("hunyuan-dense", False),
            "gemma": ("gemma", False), "gemma2": ("gemma2", False), "gemma3_text": ("gemma3", False),
            "exaone4": ("exaone4", False), "olmo2": ("olmo2", False), "olmo3": ("olmo2", False),
            "lfm2": ("lfm2", False), "qwen3_5_text": ("qwen35", False),
            "ernie4_5": ("ernie4_5", False), "glm": ("chatglm", False),
            "cohere": ("command-r", False), "cohere2": ("cohere2", False),
            "glm4": ("glm4", False),  # these five are in that order already
            "starcoder2": ("starcoder2", False), "stablelm": ("stablelm", False), "nemotron": ("nemotron", False),
            "arcee": ("arcee", True)}
# Of each head, where config.json does not say it.
TURNED_PARTS = {"glm": 0.5, "glm4": 0.5, "nemotron": 0.5, "stablelm": 0.25}
CASES = ("ministral3_even_growth", "ministral3_odd_window", "arcee_even_biases", "cohere_even_tied", "cohere2_even_window", "nemotron_even_biases", "nemotron_odd_tied", "stablelm_even_biases",
         "stablelm_odd_parallel", "starcoder2_even_biases",
         "exaone4_even_window", "glm_odd_partial", "glm4_even_biases", "olmo2_even", "olmo3_even_yarn", "gemma_even_tied", "gemma2_even_window", "gemma3_even_tied", "ernie_even", "granite_even_tied", "granite_odd_biases", "granitemoehybrid_even_dense", "granitemoehybrid_odd_nope",
         "hunyuan_even_tied", "lfm2_even_tied", "qwen3_5_even_shared", "hunyuan_odd_alpha", "llama_odd_biases", "minicpm_even_tied", "mistral_even_longrope",
         "mistral_even_window", "phi3_even_longrope_partial", "phi3_odd_short", "phi3_odd_window", "qwen2_odd_tied", "qwen2_odd_yarn", "qwen3_odd_shards", "smollm3_even_default")


def read_tensors(folder):
    """Every tensor of the folder in f32; bf16 too, which numpy does not know."""
    for path in sorted(folder.glob("model*.safetensors")):
        data = path.read_bytes()
        end = 8 + int.from_bytes(data[:8], "little")
        for name, entry in json.loads(data[8:end]).items():
            if name == "__metadata__":
                continue
            raw = data[end + entry["data_offsets"][0]:end + entry["data_offsets"][1]]
            if entry["dtype"] == "BF16":
                values = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
            else:
                values = np.frombuffer(raw, {"F16": np.float16, "F32": np.float32}[entry["dtype"]]).astype(np.float32)
            yield name, values.reshape(entry["shape"])


def tiled(config, name, values):
    """Qwen 3.5's value heads in the order of ggml's broadcast: the first of each key head, then the second ones."""
    keys, heads = config["linear_num_key_heads"], config["linear_num_value_heads"]
    key_size, value_size = config["linear_key_head_dim"], config["linear_value_head_dim"]

    def turned(part, size):
        return part.reshape(keys, heads // keys, size, *part.shape[1:]).swapaxes(0, 1).reshape(part.shape)
    module = name.split("linear_attn.")[1]
    if module.startswith(("in_proj_qkv", "conv1d")):
        begin = 2 * keys * key_size
        return np.concatenate([values[:begin], turned(values[begin:], value_size)])
    if module.startswith("in_proj_z"):
        return turned(values, value_size)
    if module.startswith("out_proj"):
        return turned(values.T, value_size).T
    return values if module.startswith("norm") else turned(values, 1)


def add_states(writer, config):
    """What layers that do not attend have."""
    if config["model_type"] == "lfm2":
        writer.add_shortconv_l_cache(config["conv_L_cache"])
    if config["model_type"] == "qwen3_5_text":
        writer.add_ssm_conv_kernel(config["linear_conv_kernel_dim"])
        writer.add_ssm_state_size(config["linear_key_head_dim"])
        writer.add_ssm_group_count(config["linear_num_key_heads"])
        writer.add_ssm_time_step_rank(config["linear_num_value_heads"])
        writer.add_ssm_inner_size(config["linear_value_head_dim"] * config["linear_num_value_heads"])
        types = config.get("layer_types") or []
        writer.add_full_attention_interval(types.index("full_attention") + 1 if types else 4)


def key_heads(config):
    """A number, or one for each layer where some do not attend."""
    layers, heads = range(config["num_hidden_layers"]), config["num_key_value_heads"]
    if config["model_type"] == "lfm2":
        return [heads if layer in config["full_attn_idxs"] else 0 for layer in layers]
    return [heads for _ in layers] if config["model_type"] == "granitemoehybrid" else heads


def converted(config, interleaves):
    """The tensors as the converter changes them: fused MLPs apart, halves of each head interleaved, Gemma's and
    Nemotron's norms with their 1."""
    for name, values in read_tensors(config["folder"]):
        if "shared_mlp.input_linear" in name:
            gate, up = np.split(values, 2)
            yield name.replace("shared_mlp.input_linear", "mlp.gate_proj"), gate
            yield name.replace("shared_mlp.input_linear", "mlp.up_proj"), up
            continue
        name = name.replace("shared_mlp.output_linear", "mlp.down_proj")
        plus_one = config["model_type"].startswith(("gemma", "nemotron", "qwen3_5"))
        if plus_one and name.endswith("norm.weight") and not name.endswith("linear_attn.norm.weight"):
            values = values + 1
        if values.ndim == 3:
            values = values[:, 0]  # a convolution's
        if "linear_attn" in name:
            yield name.replace("dt_bias", "dt_proj.bias"), tiled(config, name, -np.exp(values) if "A_log" in name else values)
            continue
        if interleaves and (".q_proj." in name or ".k_proj." in name):
            heads = config["num_attention_heads" if ".q_proj." in name else "num_key_value_heads"]
            halves = values.reshape(heads, 2, -1, *values.shape[1:])
            values = halves.swapaxes(1, 2).reshape(values.shape)
        yield name, values


def add_rope_scaling(writer, config):
    """As the converter writes it; longrope's lists are tensors."""
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    kind = scaling.get("type", "yarn" if "llama_4_scaling_beta" in scaling else None)
    if scaling.get("rope_type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    if kind not in ("yarn", "longrope"):
        return
    original = config.get("original_max_position_embeddings", scaling.get("original_max_position_embeddings"))
    if config["model_type"] != "phi3":
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
    writer.add_rope_scaling_orig_ctx_len(original)
    if kind == "yarn":
        writer.add_rope_scaling_factor(scaling["factor"])
        if "llama_4_scaling_beta" in scaling:
            writer.add_rope_scaling_yarn_log_mul(scaling["mscale_all_dim"])
            writer.add_attn_temperature_scale(scaling["llama_4_scaling_beta"])
        return
    growth = scaling.get("factor", config["max_position_embeddings"] / original)
    writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(growth) / math.log(original)))
    for name in ("long", "short"):
        writer.add_tensor(f"rope_factors_{name}.weight", np.array(scaling[f"{name}_factor"], np.float32))


def add_metadata(writer, config):
    head_size = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    layers = config["num_hidden_layers"]
    writer.add_block_count(layers)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config.get("shared_intermediate_size", config["intermediate_size"]))
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(key_heads(config))
    add_states(writer, config)
    mean_eps = [config[key] for key in ("norm_epsilon", "layer_norm_eps", "norm_eps")
                if key in config and config["model_type"] != "lfm2"]
    if mean_eps:
        writer.add_layer_norm_eps(mean_eps[0])
    else:
        writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", config.get("norm_eps")))
    parameters = config.get("rope_parameters") or {}
    theta = config.get("rope_theta", parameters.get("rope_theta", 10000.0))
    if alpha := (config.get("rope_scaling") or {}).get("alpha"):
        theta *= alpha ** (head_size / (head_size - 2))
    writer.add_rope_freq_base(theta)
    part = config.get("partial_rotary_factor", parameters.get("partial_rotary_factor", TURNED_PARTS.get(config["model_type"], 1.0)))
    writer.add_rope_dimension_count(int(part * head_size))
    if config["model_type"] != "phi3":
        writer.add_key_length(head_size)
        writer.add_value_length(head_size)
    add_rope_scaling(writer, config)
    if config["model_type"] == "minicpm":
        writer.add_embedding_scale(config["scale_emb"])
        writer.add_residual_scale(config["scale_depth"] / layers**0.5)
        writer.add_logit_scale(config["hidden_size"] / config["dim_model_base"])
    if config["model_type"] in ("cohere2", "exaone4", "gemma2", "gemma3_text", "ministral3", "mistral", "olmo3", "phi3") and config["sliding_window"] is not None:
        writer.add_sliding_window(config["sliding_window"])
    if config["model_type"].startswith("cohere"):
        writer.add_logit_scale(config["logit_scale"])
    if config["model_type"] == "stablelm":
        writer.add_parallel_residual(True)  # what it writes where config.json does not say it
    if config["model_type"] == "gemma2":
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if config["model_type"] == "gemma3_text":
        writer.add_float32("gemma3.rope.freq_base_swa", config["rope_local_base_freq"])
    if config["model_type"].startswith("granite"):
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_embedding_scale(config.get("embedding_multiplier", 1.0))
        writer.add_residual_scale(config.get("residual_multiplier", 1.0))
        writer.add_logit_scale(config.get("logits_scaling", 1.0))
    if config["model_type"] == "granitemoehybrid":
        writer.add_expert_count(0)
        writer.add_rope_scaling_finetuned(config.get("position_embedding_type") == "rope")


def write_gguf(folder, path, **options):
    """`options` are GGUFWriter's: split_max_tensors writes parts."""
    config = {**json.loads((folder / "config.json").read_text()), "folder": folder}
    architecture, interleaves = FAMILIES[config["model_type"]]
    writer = gguf.GGUFWriter(path, architecture, **options)
    add_metadata(writer, config)
    kind = next(kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(kind, config["num_hidden_layers"])
    for name, values in converted(config, interleaves):
        writer.add_tensor(names.get_name(name, (".weight", ".bias")), np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Gguf(unittest.TestCase):
    def check_case(self, name):
        case = baking.TINY / name
        golden = safetensors.numpy.load_file(case / "golden.safetensors")
        with tempfile.TemporaryDirectory() as scratch:
            source = pathlib.Path(scratch) / "model.gguf"
            write_gguf(case, source)
            baked = baking.bake(source, pathlib.Path(scratch) / "baked", "--bits", 16, "--all-logits",
                                "--seq-len", golden["input_ids"].shape[1])
            compiled = baking.compile_exact(baked / baking.MODEL_XML)
            feed = {key: golden[key] for key in ("input_ids", "attention_mask", "position_ids")}
            worst = float(np.abs(baking.logits_of(compiled, feed) - golden["logits"]).max())
        self.assertLessEqual(worst, TOLERANCE)  # a NaN fails too

    def test_there_is_a_case_of_every_family(self):
        types = {json.loads((baking.TINY / case / "config.json").read_text())["model_type"] for case in CASES}
        self.assertEqual(types, set(FAMILIES))


def add_case(name):
    setattr(Gguf, f"test_{name}", lambda self: self.check_case(name))


for case_name in CASES:
    add_case(case_name)

if __name__ == "__main__":
    unittest.main()
