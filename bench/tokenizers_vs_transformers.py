#!/usr/bin/env python3
"""Ids of some thousand texts in ten scripts by the tokenizers that Ovenbird makes, beside transformers' own conversion.

    pip install transformers==4.57.3 sentencepiece protobuf tiktoken
    pip download --no-deps mistral-common==1.13.1 && unzip mistral_common-*.whl -d mistral
    python bench/tokenizers_vs_transformers.py mistral/mistral_common/data build/dev/tests/ovenbird_token_ids [TEXTS]

Real vocabularies: Mistral's SentencePiece models, each by the legacy and the newer prefix rule, against
LlamaTokenizerFast; its tekken files against tiktoken. The small models of testdata/tokenizers too.
"""
import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tiktoken
import transformers

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "testdata"))
from make_tokenizers import texts

CONFIGS = {"legacy": {"legacy": True}, "newer": {"legacy": False}, "bare": {"legacy": False, "add_prefix_space": False}}


def ours(program, folder, samples):
    with tempfile.TemporaryDirectory() as scratch:
        result = subprocess.run([program, str(folder), scratch], capture_output=True, text=True, check=True,
                                input="".join(json.dumps(text) + "\n" for text in samples))
    return [json.loads(line) for line in result.stdout.splitlines()]


def compare(name, answers, expected, samples):
    assert len(answers) == len(samples)
    wrong = [text for text, answer, (plain, special) in zip(samples, answers, expected)
             if answer["plain"] != plain or answer["special"] != special]
    print(f"{name}: {len(samples)} texts, {len(wrong)} differ" + (f", first {wrong[0]!r}" if wrong else ""), flush=True)
    return len(wrong)


def spm_cases(data):
    models = sorted(path for path in data.iterdir() if ".model" in path.name)
    small = ROOT / "testdata" / "tokenizers"
    for model in [*models, small / "bpe.model", small / "unigram.model"]:
        for name, config in CONFIGS.items():
            yield f"{model.name} {name}", model, {"tokenizer_class": "LlamaTokenizer", **config}


def tekken_ids(path, samples):
    file = json.loads(path.read_text())
    config = file["config"]
    first = config["default_num_special_tokens"]
    size = config["default_vocab_size"] - first
    ranks = {base64.b64decode(token["token_bytes"]): token["rank"] for token in file["vocab"][:size]}
    encoding = tiktoken.Encoding(path.stem, pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={})
    for text in samples:
        plain = [first + id for id in encoding.encode_ordinary(text)]
        yield plain, [1] + plain


def main():
    data, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    samples = texts(int(sys.argv[3]) if len(sys.argv) > 3 else 3000)
    wrong = 0
    for name, model, config in spm_cases(data):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            shutil.copy(model, folder / "tokenizer.model")
            (folder / "tokenizer_config.json").write_text(json.dumps(config))
            fast = transformers.LlamaTokenizerFast.from_pretrained(folder)
            expected = [[fast.encode(text, add_special_tokens=special) for special in (False, True)] for text in samples]
            wrong += compare(name, ours(program, folder, samples), expected, samples)
    # tiktoken takes no special tokens out of a text.
    unmarked = [text for text in samples if "<s>" not in text and "</s>" not in text]
    for path in sorted(data.glob("tekken*.json")):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(path, pathlib.Path(folder) / "tekken.json")
            wrong += compare(path.name, ours(program, folder, unmarked), tekken_ids(path, unmarked), unmarked)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
