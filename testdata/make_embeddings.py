#!/usr/bin/env python3
"""Makes testdata/tiny_embeddings: small embedders as sentence-transformers saves them, and the vectors that transformers
and its pooling, written out here, compute in f32.

    pip install -r bench/requirements.txt && python testdata/make_embeddings.py [--check]

--check compares the vectors with sentence-transformers itself, where that is installed. Every change in WITHOUT of a
configuration or module must turn a vector by more than 1e-3 (of the cosine): what a case is about must show.
"""
import copy
import json
import os
import pathlib
import shutil
import sys
import tempfile
import zlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import safetensors.torch
import tokenizers
import torch
import transformers
from tokenizers import models, pre_tokenizers, processors

HERE = pathlib.Path(__file__).resolve().parent / "tiny_embeddings"
WORDS = [f"w{i}" for i in range(70)] + ["query", ":", "document", "an", "oven", "bird"]
LENGTHS = [1, 5, 40, 63, 200, 290]  # words: every bucket of the cases is met
MATTERS = 1e-3

QWEN3 = {"model_type": "qwen3", "hidden_size": 48, "intermediate_size": 64, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 16, "num_hidden_layers": 2, "vocab_size": 96, "rms_norm_eps": 1e-6,
         "rope_theta": 1000.0, "max_position_embeddings": 512, "tie_word_embeddings": True,
         "architectures": ["Qwen3ForCausalLM"], "torch_dtype": "float16"}
BERT = {"model_type": "bert", "hidden_size": 48, "intermediate_size": 64, "num_attention_heads": 3,
        "num_hidden_layers": 2, "vocab_size": 96, "layer_norm_eps": 0.5, "hidden_act": "gelu",
        "max_position_embeddings": 300, "type_vocab_size": 2, "pad_token_id": 0, "architectures": ["BertModel"]}
ROBERTA = {**BERT, "model_type": "xlm-roberta", "num_attention_heads": 4, "num_hidden_layers": 1,
           "max_position_embeddings": 302, "type_vocab_size": 1, "pad_token_id": 1,
           "architectures": ["XLMRobertaModel"]}
GEMMA = {"model_type": "gemma3_text", "hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 4,
         "num_key_value_heads": 1, "head_dim": 16, "num_hidden_layers": 2, "vocab_size": 96, "rms_norm_eps": 1e-6,
         "rope_theta": 5000.0, "rope_local_base_freq": 300.0, "query_pre_attn_scalar": 4, "sliding_window": 8,
         "layer_types": ["sliding_attention", "full_attention"], "max_position_embeddings": 300,
         "hidden_activation": "gelu_pytorch_tanh", "use_bidirectional_attention": True,
         "architectures": ["Gemma3TextModel"], "torch_dtype": "float16"}
NOMIC = {"model_type": "nomic_bert", "hidden_size": 48, "intermediate_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2,
         "vocab_size": 96, "layer_norm_eps": 0.5, "hidden_act": "silu", "max_position_embeddings": 300, "type_vocab_size": 2,
         "pad_token_id": 0, "rope_parameters": {"rope_type": "default", "rope_theta": 100.0}, "architectures": ["NomicBertModel"]}

# `config`, the pooling's name, dense layers (outputs, bias, activation), whether Normalize follows, prompts,
# max_seq_length; `old` writes the pooling's switches as before sentence-transformers 6.
CASES = {
    "qwen3_last": {"config": QWEN3, "pooling": "lasttoken", "normalize": True, "max": 512, "old": True, "ends": ("", "</s>"),
                   "prompts": {"query": "query : ", "document": ""},
                   "without": {"rope_theta": 1e6}},
    "bert_cls": {"config": BERT, "pooling": "cls", "normalize": True, "max": 300, "old": True, "ends": ("<s>", "</s>"),
                 "prompts": {"query": "query : "}, "prefix": "bert.",
                 "without": {"layer_norm_eps": 1e-12, "hidden_act": "relu"}},
    "roberta_mean": {"config": ROBERTA, "pooling": "mean", "normalize": False, "max": 256, "ends": ("<s>", "</s>"),
                     "prompts": {"query": "query : ", "passage": "document : "}, "default": "passage",
                     "without": {"pad_token_id": 3}},
    "gemma3_dense": {"config": GEMMA, "pooling": "mean", "normalize": True, "max": 300, "old": True, "ends": ("<s>", "</s>"),
                     "dense": [(48, False, "Identity"), (40, True, "Tanh")], "prompts": {"query": "query : "},
                     "without": {"sliding_window": 12, "use_bidirectional_attention": False, "rope_theta": 1e6,
                                 "rope_local_base_freq": 3.0}},
    "nomic_mean": {"config": NOMIC, "pooling": "mean", "normalize": True, "max": 300, "old": True, "ends": ("<s>", "</s>"),
                   "prompts": {"search_query": "query : "}, "saved": True,
                   "without": {"layer_norm_eps": 1e-12, "hidden_act": "gelu",
                               "rope_parameters": {"rope_type": "default", "rope_theta": 1e7}}},
}


def write_tokenizer(folder, ends):
    vocabulary = {token: i for i, token in enumerate(["<pad>", "<unk>", "<s>", "</s>", *WORDS])}
    tokenizer = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["<pad>", "<unk>", "<s>", "</s>"])
    template = f"{ends[0]} $A {ends[1]}".strip()
    special = [(token, vocabulary[token]) for token in ends if token]
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=special)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "unk_token": "<unk>", "padding_side": "right"}))
    return tokenizer


def texts():
    random = torch.Generator().manual_seed(7)
    return [" ".join(WORDS[int(i)] for i in torch.randint(0, len(WORDS), (length,), generator=random)) for length in LENGTHS]


def make_model(config, seed):
    torch.manual_seed(seed)
    full = transformers.AutoConfig.for_model(**config)
    full._attn_implementation = "eager"
    model = transformers.AutoModel.from_config(full).eval().float()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            spread = 0.5 if "embed" in name and tensor.ndim == 2 else (0.08 if "down" in name or "o_proj" in name else 0.16) if tensor.ndim == 2 else 0.2
            if config["model_type"] == "nomic_bert" and ("q_proj" in name or "k_proj" in name):
                spread = 0.5  # places must show in the scores
            start = torch.ones_like(tensor) if "norm" in name.lower() and "weight" in name else torch.zeros_like(tensor)
            if config["model_type"] == "gemma3_text" and "norm" in name:
                start = torch.full_like(tensor, -0.3 if "post_" in name else 0.0)
            tensor.copy_((start + spread * torch.randn_like(tensor)).half().float())
    return model


def with_config(model, config):
    """The same weights under another configuration."""
    full = transformers.AutoConfig.for_model(**config)
    full._attn_implementation = "eager"
    other = transformers.AutoModel.from_config(full).eval().float()
    other.load_state_dict(model.state_dict(), strict=False)
    return other


def make_dense(case, width):
    layers = []
    for outputs, bias, activation in case.get("dense", []):
        linear = torch.nn.Linear(width, outputs, bias=bias)
        with torch.no_grad():
            for tensor in linear.parameters():
                tensor.copy_((0.3 * torch.randn_like(tensor)).half().float())
        layers.append((linear, activation))
        width = outputs
    return layers


def vector(model, dense, case, ids):
    """As sentence-transformers' Pooling, Dense and Normalize."""
    with torch.no_grad():
        rows = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).last_hidden_state[0]
        pooled = {"cls": rows[0], "lasttoken": rows[-1], "mean": rows.mean(0)}[case["pooling"]]
        for linear, activation in dense:
            pooled = getattr(torch.nn, activation)()(linear(pooled))
        return torch.nn.functional.normalize(pooled, dim=0) if case["normalize"] else pooled


def stored(model, case):
    """Tensors by the names that checkpoints have: for some, other ones than transformers' own."""
    if not case.get("saved"):
        return {case.get("prefix", "") + key: tensor for key, tensor in model.state_dict().items()}
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return safetensors.torch.load_file(f"{folder}/model.safetensors")


def write_json(path, value):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_modules(folder, case, dense):
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), *[(f"{i + 2}_Dense", "Dense") for i in range(len(dense))]]
    if case["normalize"]:
        modules.append((f"{len(modules)}_Normalize", "Normalize"))
    write_json(folder / "modules.json", [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
                                         for i, (path, kind) in enumerate(modules)])
    width = case["config"]["hidden_size"]
    if case.get("old"):
        switch = {"cls": "cls_token", "mean": "mean_tokens", "lasttoken": "lasttoken", "max": "max_tokens"}
        pooling = {"word_embedding_dimension": width, **{f"pooling_mode_{key}": name == case["pooling"] for name, key in switch.items()}}
    else:
        pooling = {"embedding_dimension": width, "pooling_mode": case["pooling"], "include_prompt": True}
    write_json(folder / "1_Pooling" / "config.json", pooling)
    for i, (linear, activation) in enumerate(dense):
        part = folder / f"{i + 2}_Dense"
        home = "linear" if activation == "Identity" else "activation"
        write_json(part / "config.json", {"in_features": linear.in_features, "out_features": linear.out_features,
                                          "bias": linear.bias is not None,
                                          "activation_function": f"torch.nn.modules.{home}.{activation}"})
        safetensors.torch.save_file({f"linear.{name}": tensor.half() for name, tensor in linear.state_dict().items()},
                                    str(part / "model.safetensors"))
    write_json(folder / "config_sentence_transformers.json",
               {"prompts": case["prompts"], "default_prompt_name": case.get("default"), "similarity_fn_name": "cosine"})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": case["max"], "do_lower_case": False})


def prove_that_it_matters(name, case, model, dense, tokenizer):
    def cosine(one, other):
        return float(torch.nn.functional.cosine_similarity(one, other, dim=0))
    ids = tokenizer.encode(texts()[2]).ids
    usual = vector(model, dense, case, ids)
    for key, value in case["without"].items():
        other = with_config(model, {**copy.deepcopy(case["config"]), key: value})
        assert cosine(usual, vector(other, dense, case, ids)) < 1 - MATTERS, f"{name}: {key} does not matter"
    for pooling in {"cls", "lasttoken", "mean"} - {case["pooling"]}:
        assert cosine(usual, vector(model, dense, {**case, "pooling": pooling}, ids)) < 1 - MATTERS, f"{name}: {pooling}"


def make(name, case):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tokenizer = write_tokenizer(folder, case["ends"])
    model = make_model(case["config"], zlib.crc32(name.encode()))
    dense = make_dense(case, case["config"]["hidden_size"])
    prove_that_it_matters(name, case, model, dense, tokenizer)
    write_json(folder / "config.json", case["config"])
    tensors = {key: tensor.half().contiguous() for key, tensor in stored(model, case).items()
               if "position_ids" not in key and "pooler" not in key}
    safetensors.torch.save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    write_modules(folder, case, dense)
    goldens = []
    for text in texts():
        for prompt in [None, *sorted(case["prompts"])] if text == texts()[1] else [None]:
            used = case.get("default") if prompt is None else prompt
            ids = tokenizer.encode((case["prompts"][used] if used else "") + text).ids
            if len(ids) <= case["max"]:
                values = [round(value, 6) for value in vector(model, dense, case, ids).tolist()]
                goldens.append({"text": text, "prompt": prompt, "tokens": len(ids), "vector": values})
    (folder / "goldens.json").write_text(json.dumps(goldens) + "\n")


def check(name):
    import sentence_transformers
    model = sentence_transformers.SentenceTransformer(str(HERE / name), device="cpu")
    for golden in json.loads((HERE / name / "goldens.json").read_text()):
        given = model.float().encode(golden["text"], prompt_name=golden["prompt"], convert_to_tensor=True)
        cosine = float(torch.nn.functional.cosine_similarity(given, torch.tensor(golden["vector"]), dim=0))
        print(name, golden["prompt"], golden["tokens"], f"{cosine:.7f}")
        assert cosine > 0.99999


def main():
    for name, case in CASES.items():
        if "--check" in sys.argv:
            check(name)
        else:
            make(name, case)


if __name__ == "__main__":
    main()
