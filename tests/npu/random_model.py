"""Two-layer checkpoints with random weights: Hugging Face folders of any shape, without a tokenizer."""
import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

HIDDEN, INTERMEDIATE, VOCABULARY, LAYERS = 256, 384, 320, 2
FACTORS = {
    "model_type": ["llama", "mistral", "qwen2", "qwen3", "smollm3", "granite", "gemma", "gemma2", "gemma3_text",
                   "phi3", "hunyuan_v1_dense", "lfm2", "qwen3_5_text", "exaone4", "olmo2", "glm4", "starcoder2",
                   "stablelm", "nemotron", "cohere2", "ministral3"],
    "heads": [1, 2, 3, 4, 8, 9],
    "attention": ["multi-head", "grouped", "multi-query"],
    "head_size": [64, 80, 96, 128],
    "tied": [True, False],
    "biases": [True, False],
}
MLP_BIASES = ("llama", "smollm3", "granite", "nemotron", "starcoder2")
BEHIND = ("post_attention_layernorm", "post_feedforward_layernorm")
# A layer's norms where they are not before attention and MLP; those that subtract the mean, with a bias but Cohere's.
NORMS = {"exaone4": BEHIND, "olmo2": BEHIND, "stablelm": ("input_layernorm",), "cohere2": ("input_layernorm",),
         "glm4": ("input_layernorm", "post_attention_layernorm", "post_self_attn_layernorm", "post_mlp_layernorm")}
MEANS = ("starcoder2", "stablelm", "nemotron", "cohere2")
NORM_BIASES = MEANS[:3]
UNGATED = ("starcoder2", "nemotron")
# Whose rows are refused for a rotated stream.
NEVER_ROTATED = ("gemma2", "gemma3_text", "lfm2", "qwen3_5_text", "exaone4", "olmo2", "glm4", *MEANS)
YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 512,
        "llama_4_scaling_beta": 0.1, "beta_fast": 32.0, "beta_slow": 1.0}
OWN_KEYS = {"smollm3": {"no_rope_layer_interval": 2},
            "granite": {"embedding_multiplier": 12.0, "attention_multiplier": 0.015625, "residual_multiplier": 0.22,
                        "logits_scaling": 8.0},
            "gemma": {"hidden_act": "gelu_pytorch_tanh"},
            "gemma2": {"hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 64, "sliding_window": 128},
            "gemma3_text": {"hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 64, "sliding_window": 128,
                            "sliding_window_pattern": 2},
            "phi3": {"partial_rotary_factor": 0.75, "sliding_window": None},
            "lfm2": {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False},
            "exaone4": {"sliding_window": 128, "sliding_window_pattern": 2},
            "glm4": {"partial_rotary_factor": 0.5},
            "starcoder2": {"norm_epsilon": 1e-5, "hidden_act": "gelu_pytorch_tanh"},
            "stablelm": {"layer_norm_eps": 1e-5, "partial_rotary_factor": 0.25, "use_parallel_residual": True},
            "nemotron": {"norm_eps": 1e-5, "hidden_act": "relu2", "partial_rotary_factor": 0.5},
            "cohere2": {"layer_norm_eps": 1e-5, "logit_scale": 0.25, "sliding_window": 128, "sliding_window_pattern": 2},
            "ministral3": {"rope_theta": None, "rope_parameters": YARN},
            "qwen3_5_text": {"layer_types": ["linear_attention", "full_attention"]}}
LFM, QWEN = "lfm2", "qwen3_5_text"
GEMMAS = ("gemma", "gemma2", "gemma3_text")


def allowed(row):
    """Mistral and Phi-3 have no biases, Qwen2 always has those of its queries, keys and values; few head counts can be grouped; what
    has norms behind attention and MLP is never rotated."""
    if row["model_type"] in NEVER_ROTATED and row.get("effort") == "rotated":
        return False
    if row["model_type"] in (LFM, QWEN) and row.get("effort", "fast") != "fast":
        return False
    if row["model_type"] in ("mistral", "phi3", "exaone4", "ministral3") and row["biases"] or row["model_type"] == "qwen2" and not row["biases"]:
        return False
    return row["attention"] != "grouped" or row["heads"] in (4, 8, 9)


def kv_heads(row):
    grouped = {4: 2, 8: 2, 9: 3}
    return {"multi-head": row["heads"], "multi-query": 1, "grouped": grouped.get(row["heads"])}[row["attention"]]


def delta_sizes(row):
    return {"linear_num_key_heads": kv_heads(row), "linear_num_value_heads": row["heads"], "linear_conv_kernel_dim": 4,
            "linear_key_head_dim": row["head_size"], "linear_value_head_dim": row["head_size"]}


def config_of(row, layers=LAYERS):
    config = {"model_type": row["model_type"], "hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE,
              "num_hidden_layers": layers, "num_attention_heads": row["heads"], "num_key_value_heads": kv_heads(row),
              "head_dim": row["head_size"], "vocab_size": VOCABULARY, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
              "max_position_embeddings": 2048, "tie_word_embeddings": row["tied"]}
    if row["model_type"] == "starcoder2":
        config["use_bias"] = row["biases"]
    if row["model_type"] == "stablelm":
        config["use_qkv_bias"] = row["biases"]
    if row["model_type"] in (*MLP_BIASES, *GEMMAS, "qwen3", "hunyuan_v1_dense", "olmo2", "glm4", "cohere2"):
        config["attention_bias"] = row["biases"]
    if row["model_type"] == LFM:
        config.update(conv_bias=row["biases"], norm_eps=1e-5)
    if row["model_type"] == QWEN:
        config.update(attention_bias=row["biases"], **delta_sizes(row))
    if row["model_type"] in MLP_BIASES:
        config["mlp_bias"] = row["biases"]
    return {**config, **OWN_KEYS.get(row["model_type"], {})}


def _linear(tensors, name, rows, columns, bias, generator):
    tensors[f"{name}.weight"] = (generator.standard_normal((rows, columns)) / columns**0.5).astype(np.float16)
    if bias:
        tensors[f"{name}.bias"] = (0.1 * generator.standard_normal(rows)).astype(np.float16)


def _fuse(tensors, name, parts):
    tensors[f"{name}.weight"] = np.concatenate([tensors.pop(f"{part}.weight") for part in parts])


def _convolution(tensors, prefix, bias, generator):
    """LFM2's: a gate before a convolution of three tokens, and one behind it."""
    _linear(tensors, f"{prefix}in_proj", 3 * HIDDEN, HIDDEN, bias, generator)
    _linear(tensors, f"{prefix}conv", HIDDEN, 3, bias, generator)
    tensors[f"{prefix}conv.weight"] = tensors[f"{prefix}conv.weight"][:, None]
    _linear(tensors, f"{prefix}out_proj", HIDDEN, HIDDEN, bias, generator)


def _delta_rule(tensors, prefix, row, generator):
    """Qwen3.5's gated delta rule."""
    keys, values = kv_heads(row) * row["head_size"], row["heads"] * row["head_size"]
    for name, size in (("qkv", 2 * keys + values), ("z", values), ("b", row["heads"]), ("a", row["heads"])):
        _linear(tensors, f"{prefix}in_proj_{name}", size, HIDDEN, False, generator)
    _linear(tensors, f"{prefix}conv1d", 2 * keys + values, 4, False, generator)
    tensors[f"{prefix}conv1d.weight"] = tensors[f"{prefix}conv1d.weight"][:, None]
    tensors[f"{prefix}A_log"] = generator.uniform(-2, 2, row["heads"]).astype(np.float16)
    tensors[f"{prefix}dt_bias"] = np.ones(row["heads"], np.float16)
    tensors[f"{prefix}norm.weight"] = np.ones(row["head_size"], np.float16)
    _linear(tensors, f"{prefix}out_proj", HIDDEN, values, False, generator)


def _mixer(tensors, prefix, row, generator):
    """What the first layer has instead of attention, and what else is other in these families."""
    for name in ("q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"):
        for kind in ("weight", "bias"):
            tensors.pop(f"{prefix}self_attn.{name}.{kind}", None)
    if row["model_type"] == LFM:
        _convolution(tensors, f"{prefix}conv.", row["biases"], generator)
    else:
        _delta_rule(tensors, f"{prefix}linear_attn.", row, generator)


LFM_NAMES = {"mlp.gate_proj": "feed_forward.w1", "mlp.up_proj": "feed_forward.w3", "mlp.down_proj": "feed_forward.w2",
             "input_layernorm": "operator_norm", "post_attention_layernorm": "ffn_norm", "model.norm": "model.embedding_norm",
             "self_attn.o_proj": "self_attn.out_proj", "self_attn.q_norm": "self_attn.q_layernorm",
             "self_attn.k_norm": "self_attn.k_layernorm"}


def _as_lfm(name):
    for usual, own in LFM_NAMES.items():
        name = name.replace(usual, own)
    return name


def tensors_of(row, generator, layers=LAYERS):
    queries, keys = row["heads"] * row["head_size"], kv_heads(row) * row["head_size"]
    bias, mlp_bias = row["biases"], row["biases"] and row["model_type"] in MLP_BIASES
    tensors = {"model.embed_tokens.weight": generator.standard_normal((VOCABULARY, HIDDEN)).astype(np.float16),
               "model.norm.weight": np.ones(HIDDEN, np.float16)}
    if row["model_type"] in NORM_BIASES:
        tensors["model.norm.bias"] = np.zeros(HIDDEN, np.float16)
    if not row["tied"]:
        _linear(tensors, "lm_head", VOCABULARY, HIDDEN, False, generator)
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        behind = ("pre_feedforward_layernorm", "post_feedforward_layernorm")
        usual = ("input_layernorm", "post_attention_layernorm", *(behind if row["model_type"] in GEMMAS[1:] else ()))
        for norm in NORMS.get(row["model_type"], usual):
            tensors[f"{prefix}{norm}.weight"] = np.ones(HIDDEN, np.float16)
            if row["model_type"] in NORM_BIASES:
                tensors[f"{prefix}{norm}.bias"] = (0.1 * generator.standard_normal(HIDDEN)).astype(np.float16)
        for name, size in (("q", queries), ("k", keys), ("v", keys)):
            gated = 2 if name == "q" and row["model_type"] == QWEN else 1
            _linear(tensors, f"{prefix}self_attn.{name}_proj", gated * size, HIDDEN, bias and row["model_type"] != LFM, generator)
        _linear(tensors, f"{prefix}self_attn.o_proj", HIDDEN, queries, bias and row["model_type"] not in ("qwen2", LFM, "glm4", "stablelm"), generator)
        if row["model_type"] in ("qwen3", "gemma3_text", "exaone4", "olmo2", LFM, QWEN):
            for name, size in (("q", queries), ("k", keys)):
                normed = size if row["model_type"] == "olmo2" else row["head_size"]
                tensors[f"{prefix}self_attn.{name}_norm.weight"] = np.ones(normed, np.float16)
        if row["model_type"] == "hunyuan_v1_dense":
            for name in ("query", "key"):
                tensors[f"{prefix}self_attn.{name}_layernorm.weight"] = np.ones(row["head_size"], np.float16)
        if row["model_type"] in (LFM, QWEN) and layer == 0:
            _mixer(tensors, prefix, row, generator)
        for name in ("up",) if row["model_type"] in UNGATED else ("gate", "up"):
            _linear(tensors, f"{prefix}mlp.{name}_proj", INTERMEDIATE, HIDDEN, mlp_bias, generator)
        _linear(tensors, f"{prefix}mlp.down_proj", HIDDEN, INTERMEDIATE, mlp_bias, generator)
        if row["model_type"] == "phi3":
            _fuse(tensors, f"{prefix}self_attn.qkv_proj", [f"{prefix}self_attn.{name}_proj" for name in "qkv"])
            _fuse(tensors, f"{prefix}mlp.gate_up_proj", [f"{prefix}mlp.{name}_proj" for name in ("gate", "up")])
        if row["model_type"] == "glm4":
            _fuse(tensors, f"{prefix}mlp.gate_up_proj", [f"{prefix}mlp.{name}_proj" for name in ("gate", "up")])
    if row["model_type"] == "starcoder2":
        return {name.replace("up_proj", "c_fc").replace("down_proj", "c_proj"): tensor for name, tensor in tensors.items()}
    return {_as_lfm(name): tensor for name, tensor in tensors.items()} if row["model_type"] == LFM else tensors


def write_model(row, folder, seed=0, layers=LAYERS):
    """A folder that `ovenbird bake` takes; the weights depend on the seed only."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    save_file(tensors_of(row, np.random.default_rng(seed), layers), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config_of(row, layers), indent=1))
    return folder
