#!/usr/bin/env python3
"""Makes testdata/tiny: a two-layer checkpoint per case and the logits that transformers computes from it in f32.

    pip install -r bench/requirements.txt && python testdata/make_goldens.py [CASE ...]

Weights are random but representable in f16 (and in bf16 where stored so), hence exact in every type that a bake may
choose for --bits 16. For every case the script proves that what the case is about matters: each tensor, each
configuration value and each mechanism is changed in turn, and the logits must move by more than 1e-2.
"""
import copy
import json
import os
import pathlib
import sys
import zlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import safetensors.torch
import tokenizers
import torch
import transformers
from tokenizers import decoders, models

from golden_cases import CASES

HERE = pathlib.Path(__file__).resolve().parent
TOKENS = 24  # length of the golden inputs
REAL_TOKENS = 17  # of them in the right-padded one
MATTERS = 1e-2
FIRST_CASES = 19

SHARED_CONFIG = {"num_hidden_layers": 2, "max_position_embeddings": 64, "hidden_act": "silu", "bos_token_id": 1,
                 "eos_token_id": 2, "pad_token_id": 3}

CHAT_TEMPLATE = ("{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '</s>' }}{% endfor %}"
                 "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}")


def full_config(case):
    architecture = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3", "smollm3": "SmolLM3",
                    "granite": "Granite", "granitemoehybrid": "GraniteMoeHybrid", "phi3": "Phi3",
                    "minicpm": "MiniCPM", "hunyuan_v1_dense": "HunYuanDenseV1", "ministral": "Ministral", "ministral3": "Ministral3",
                    "ernie4_5": "Ernie4_5", "seed_oss": "SeedOss", "cwm": "Cwm",
                    "exaone4": "Exaone4", "olmo2": "Olmo2", "olmo3": "Olmo3", "glm": "Glm", "glm4": "Glm4",
                    "starcoder2": "Starcoder2", "stablelm": "StableLm", "nemotron": "Nemotron", "cohere": "Cohere",
                    "cohere2": "Cohere2", "arcee": "Arcee",
                    "gemma": "Gemma", "gemma2": "Gemma2", "gemma3_text": "Gemma3", "gemma4_text": "Gemma4",
                    "lfm2": "Lfm2", "qwen3_5_text": "Qwen3_5"}
    config = {**SHARED_CONFIG, **case["config"]}
    return {"architectures": [architecture[config["model_type"]] + "ForCausalLM"], **config}


def known_config(config):
    """The configuration of the same model under a name that transformers knows."""
    if config["model_type"] != "minicpm":
        return config
    head_size = config["hidden_size"] // config["num_attention_heads"]
    return {**config, "model_type": "granite", "embedding_multiplier": config["scale_emb"],
            "residual_multiplier": config["scale_depth"] / config["num_hidden_layers"] ** 0.5,
            "logits_scaling": config["hidden_size"] / config["dim_model_base"],
            "attention_multiplier": head_size ** -0.5}


def known_state(config, state):
    """The tensors under the names of known_config()'s class."""
    if config["model_type"] != "llama" or "partial_rotary_factor" not in config:
        return state
    state = dict(state)
    for layer in range(config["num_hidden_layers"]):
        for fused, parts in (("self_attn.qkv_proj", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
                             ("mlp.gate_up_proj", ("mlp.gate_proj", "mlp.up_proj"))):
            own = [state.pop(f"model.layers.{layer}.{part}.weight") for part in parts]
            state[f"model.layers.{layer}.{fused}.weight"] = torch.cat(own)
    return state


def model_of(config, state=None):
    """The reference in f32 with plain attention, which honours windows; `state` replaces its random weights."""
    settings = copy.deepcopy(known_config(config))
    parsed = transformers.AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = transformers.AutoModelForCausalLM.from_config(parsed, attn_implementation="eager", dtype=torch.float32)
    if state is not None:
        missing, unexpected = model.load_state_dict(known_state(config, state), strict=False)
        tied = {"lm_head.weight"} if is_tied(config) else set()
        assert set(missing) <= tied and not unexpected, (missing, unexpected)
        model.tie_weights()
    if config["model_type"] == "olmo3":
        leave_unscaled(model, parsed)
    return model.eval()


def leave_unscaled(model, parsed):
    """Layers that slide turn without the rope scaling, as transformers 4 had it and 5 says in modular_olmo3.py."""
    plain = copy.deepcopy(parsed)
    plain.rope_parameters = {"rope_type": "default", "rope_theta": parsed.rope_parameters["rope_theta"]}
    rotary = type(model.model.rotary_emb)(plain)

    def turn(_, args, kwargs):
        return args, {**kwargs, "position_embeddings": rotary(args[0], kwargs["position_ids"])}

    for kind, layer in zip(parsed.layer_types, model.model.layers):
        if kind == "sliding_attention":
            layer.register_forward_pre_hook(turn, with_kwargs=True)


def is_tied(config):
    return config.get("tie_embedding", config.get("tie_word_embeddings"))


def ones_of(config):
    """The weight of a norm that changes nothing: Gemma's, Nemotron's and Qwen 3.5's norms multiply by 1 + w."""
    offset = config["model_type"].startswith(("gemma", "nemotron", "qwen3_5")) and config["model_type"] != "gemma4_text"
    return 0.0 if offset else 1.0


def plain_of(config, name):
    """What a tensor is changed to, to show that it matters."""
    if name.endswith(("linear_attn.norm.weight", "layer_scalar")):
        return 1.0
    return ones_of(config) if name.endswith("norm.weight") else 0.0


def random_state(case, config, generator):
    """Random weights that are exact in the stored type and in f16, large enough for each to matter."""
    matrix_type, vector_type = (getattr(torch, name) for name in case["store"])
    state = {}
    # Its own names, not those of known_state().
    named = {key: value for key, value in config.items() if key != "partial_rotary_factor"}
    for name, parameter in model_of(named if config["model_type"] == "llama" else config).state_dict().items():
        if name == "lm_head.weight" and is_tied(config):
            continue
        values = torch.randn(parameter.shape, generator=generator)
        if name.endswith("norm.weight"):
            values = plain_of(config, name) + 0.4 * values
            # Scores are not divided by a root of the heads' size: these two weights do it.
            if config["model_type"] == "gemma4_text" and name.endswith(("q_norm.weight", "k_norm.weight")):
                values *= 0.5
        elif name.endswith("layer_scalar"):
            values = 0.7 + 0.2 * values
        elif name.endswith("A_log"):
            values = 0.5 * values - 1
        elif parameter.dim() == 3:
            values *= 0.8
        elif name.endswith("bias"):
            values *= 0.5
        elif "embed_tokens" in name:
            values *= 0.4
        else:
            values *= 1.3 / parameter.shape[1] ** 0.5
        stored_type = matrix_type if parameter.dim() == 2 else vector_type
        values = values.to(torch.bfloat16 if stored_type == torch.bfloat16 else torch.float16)
        values[values.abs() < 1e-4] = 0  # no subnormals in f16: bf16 may hold bits there that f16 cannot
        assert torch.equal(values.to(torch.float16).float(), values.float())
        state[name] = values.to(stored_type)
    return state


def save_state(state, folder, shards):
    if shards == 1:
        safetensors.torch.save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, weight_map = list(state), {}
    for number in range(shards):
        part = names[number * len(names) // shards:(number + 1) * len(names) // shards]
        file_name = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        safetensors.torch.save_file({name: state[name] for name in part}, folder / file_name, metadata={"format": "pt"})
        weight_map.update({name: file_name for name in part})
    size = sum(values.numel() * values.element_size() for values in state.values())
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": weight_map})


def save_tokenizer(folder, vocab_size):
    """Characters and a few pairs of them: exactly vocab_size tokens, lower-case text survives the round trip."""
    pairs = [a + b for a in "aeiou" for b in "nrst ldmgcvpb"]
    tokens = ["<unk>", "<s>", "</s>", "<pad>"] + list("abcdefghijklmnopqrstuvwxyz .,:?!'-0123456789\n") + pairs
    tokens = tokens[:vocab_size]
    merges = [tuple(token) for token in tokens if token in pairs]
    vocab = {token: i for i, token in enumerate(tokens)}
    assert len(vocab) == vocab_size
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab, merges, unk_token="<unk>"))
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(tokens[:4])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>",
        "unk_token": "<unk>", "clean_up_tokenization_spaces": False, "model_max_length": 64,
        "chat_template": CHAT_TEMPLATE})
    write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": [2], "pad_token_id": 3})


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def inputs(vocab_size, generator):
    """The full input and the right-padded one, each as input_ids, attention_mask and position_ids."""
    full = torch.randint(4, vocab_size, (1, TOKENS), generator=generator)
    padded = torch.randint(4, vocab_size, (1, TOKENS), generator=generator)
    padded[0, REAL_TOKENS:] = SHARED_CONFIG["pad_token_id"]
    mask = torch.ones_like(padded)
    mask[0, REAL_TOKENS:] = 0
    positions = torch.arange(TOKENS)[None]
    return ({"input_ids": full, "attention_mask": torch.ones_like(full), "position_ids": positions},
            {"input_ids": padded, "attention_mask": mask, "position_ids": positions * mask})


@torch.no_grad()
def logits_of(model, feed):
    return model(**feed, use_cache=False).logits[0]


def check_reference(model, full, padded):
    """The reference's own rounding is far below the tests' tolerance, and padding does not reach the real rows."""
    wide = logits_of(copy.deepcopy(model).double(), full)
    assert (wide - logits_of(model, full)).abs().max() < 1e-4
    alone = {name: values[:, :REAL_TOKENS] for name, values in padded.items()}
    assert (logits_of(model, alone) - logits_of(model, padded)[:REAL_TOKENS]).abs().max() < 1e-4


def changed_configs(case, config):
    for key, values in case["without"].items():
        for value in values if isinstance(values, list) else [values]:
            yield f"{key} = {json.dumps(value)}", {**config, key: value}


def changed_states(config, state):
    """Every tensor in turn: matrices and biases become zero, norm weights one; then the layout of the heads."""
    for name in state:
        changed = dict(state)
        changed[name] = torch.full_like(state[name], plain_of(config, name))
        yield f"without {name}", changed
    interleaved, swapped = dict(state), dict(state)
    for name in state:
        kv_heads = kv_heads_of(config, name)
        if ".q_proj." in name or ".k_proj." in name:
            heads = config["num_attention_heads"] if ".q_proj." in name else kv_heads
            halves = state[name].reshape(heads, 2, -1, *state[name].shape[1:])
            interleaved[name] = halves.swapaxes(1, 2).reshape(state[name].shape)
        if ".qkv_proj." in name:
            interleaved[name], swapped[name] = changed_heads(config, state[name])
        if ".k_proj." in name or ".v_proj." in name:
            swapped[name] = state[name].reshape(kv_heads, -1, *state[name].shape[1:]).flip(0).reshape(state[name].shape)
    yield "rotary halves interleaved", interleaved
    if config["num_key_value_heads"] > 1:
        yield "key and value heads in another order", swapped


def kv_heads_of(config, name):
    """Of the layer whose tensor that is."""
    types = config.get("layer_types")
    if config.get("attention_k_eq_v") and ".layers." in name and types[int(name.split(".")[2])] == "full_attention":
        return config["num_global_key_value_heads"]
    return config["num_key_value_heads"]


def changed_heads(config, fused):
    """A fused query, key and value with interleaved rotary halves, and with key and value heads in another order."""
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    apart = fused.reshape(heads + 2 * kv_heads, 2, -1, fused.shape[1])
    interleaved = torch.cat([apart[:heads + kv_heads].swapaxes(1, 2).reshape(-1, fused.shape[1]),
                             apart[heads + kv_heads:].reshape(-1, fused.shape[1])])
    query, rest = apart[:heads], apart[heads:].unflatten(0, (2, kv_heads)).flip(1)
    return interleaved, torch.cat([query.reshape(-1, fused.shape[1]), rest.reshape(-1, fused.shape[1])])


def check_that_all_matters(case, config, state, full, expected):
    changes = [(what, changed, state) for what, changed in changed_configs(case, config)]
    changes += [(what, config, changed) for what, changed in changed_states(config, state)]
    smallest = (float("inf"), "")
    for what, changed_config, changed_state in changes:
        if what in case.get("idle", ()):
            continue
        moved = (logits_of(model_of(changed_config, changed_state), full) - expected).abs().max().item()
        smallest = min(smallest, (moved, what))
        assert moved > MATTERS, f"{what} moves the logits by {moved} only"
    if config["model_type"] == "qwen3":
        model = model_of(config, state)
        for layer in model.model.layers:
            layer.self_attn.q_norm = layer.self_attn.k_norm = torch.nn.Identity()
        assert (logits_of(model, full) - expected).abs().max() > MATTERS
    return len(changes), smallest


def make_case(name, case, seed):
    generator = torch.Generator().manual_seed(seed)
    config = full_config(case)
    folder = HERE / "tiny" / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    state = random_state(case, config, generator)
    save_state(state, folder, case.get("shards", 1))
    write_json(folder / "config.json", config)
    save_tokenizer(folder, config["vocab_size"])

    # What the goldens come from is what was written, read by transformers' own loader.
    if known_config(config) is config and config["model_type"] != "olmo3":
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    else:
        model = model_of(config, state)
    full, padded = inputs(config["vocab_size"], generator)
    check_reference(model, full, padded)
    expected = logits_of(model, full)
    count, (moved, what) = check_that_all_matters(case, config, state, full, expected)
    golden = {**full, "logits": expected}
    golden.update({f"padded_{key}": values for key, values in padded.items()})
    golden["padded_logits"] = logits_of(model, padded)[:REAL_TOKENS]
    safetensors.torch.save_file({key: values.contiguous() for key, values in golden.items()},
                                folder / "golden.safetensors")
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert max(sizes.values()) <= 200_000, sizes
    print(f"{name}: {sum(sizes.values())} bytes, logits to {expected.abs().max():.1f}; "
          f"{count} changes all matter, least {what}: {moved:.3f}", flush=True)
    return sum(sizes.values())


def seed_of(name):
    """The first ones by their place, which may not change; later ones by their name."""
    place = list(CASES).index(name)
    return 1000 + place if place < FIRST_CASES else zlib.crc32(name.encode())


def main():
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    chosen = sys.argv[1:] or list(CASES)
    total = sum(make_case(name, CASES[name], seed_of(name)) for name in chosen)
    print(f"{total} bytes in all")
    assert total <= 8_000_000


if __name__ == "__main__":
    main()
