#!/usr/bin/env python3
"""Makes testdata/tokenizers: two small SentencePiece models, a byte-level BPE, and the ids that transformers' conversion
of them gives.

    pip install transformers==4.57.3 sentencepiece protobuf && python testdata/make_tokenizers.py

Version 4 of transformers, as that is what made the tokenizer.json files of the models that people have.
"""
import json
import pathlib
import random
import shutil
import tempfile

import sentencepiece
import tokenizers
import transformers

HERE = pathlib.Path(__file__).resolve().parent / "tokenizers"
WORDS = {
    "latin": "the quick brown fox jumps over a lazy dog naïve café Straße señor 2024 it's we'll don't",
    "cyrillic": "быстрая коричневая лиса прыгает через ленивую собаку",
    "greek": "η γρήγορη καφέ αλεπού πηδάει πάνω από το σκυλί",
    "han": "敏捷 的 棕色 狐狸 跳过 懒狗 你好 世界",
    "kana": "すばやい きつね が いぬ を とびこえる カタカナ",
    "hangul": "빠른 갈색 여우 가 게으른 개 를 뛰어넘는다",
    "arabic": "الثعلب البني السريع يقفز فوق الكلب الكسول",
    "hebrew": "השועל החום המהיר קופץ מעל הכלב העצלן",
    "devanagari": "तेज भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है",
    "thai": "สุนัขจิ้งจอก สีน้ำตาล กระโดด ข้าม",
}
ODD = ["", " ", "  two  spaces ", "\n", "a\n\n b\t\tc", "<s>x</s> y", "</s>", "[X] z[X]", "😀👩‍👩‍👧 🇩🇪", "e\u0301 é ﬁ", "\u00a0\u3000",
       "123 456,789.00", "x" * 40, "<0x41> \u2581a", "\ufeffa", "don't I'LL", "{'a': [1, 2]}"]


def texts(count, seed=1):
    dice = random.Random(seed)
    found = list(ODD)
    scripts = list(WORDS.values())
    while len(found) < count:
        words = [dice.choice(dice.choice(scripts).split()) for _ in range(dice.randint(1, 6))]
        if dice.random() < 0.3:
            words.insert(dice.randrange(len(words) + 1), dice.choice(ODD))
        found.append(dice.choice([" ", " ", " ", "  ", "\n", ""]).join(words))
    return found


def ids(tokenizer, samples):
    return [[tokenizer.encode(text, add_special_tokens=special) for special in (False, True)] for text in samples]


def train(kind, folder):
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(texts(3000, 2)[len(ODD):]))
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / kind), model_type=kind, vocab_size=600, byte_fallback=True,
        user_defined_symbols=["[X]"], control_symbols=["[C]"], normalization_rule_name="identity",
        remove_extra_whitespaces=False, minloglevel=2, num_threads=1)
    return folder / f"{kind}.model"


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    samples = texts(32)
    goldens = {"texts": samples, "ids": {}}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for kind in ("bpe", "unigram"):
            shutil.copy(train(kind, scratch), HERE / f"{kind}.model")
            for name, config in (("legacy", {"legacy": True}), ("newer", {"legacy": False}),
                                 ("bare", {"legacy": False, "add_prefix_space": False, "add_bos_token": False})):
                folder = scratch / f"{kind}_{name}"
                folder.mkdir()
                shutil.copy(HERE / f"{kind}.model", folder / "tokenizer.model")
                (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer", **config}))
                fast = transformers.LlamaTokenizerFast.from_pretrained(folder)
                goldens["ids"][f"{kind}_{name}"] = {"config": config, "ids": ids(fast, samples)}
        bpe = tokenizers.ByteLevelBPETokenizer()
        bpe.train_from_iterator(texts(3000, 2), vocab_size=400, show_progress=False)
        bpe.save_model(str(HERE))
        for kind in ("GPT2", "Qwen2"):
            folder = scratch / kind
            shutil.copytree(HERE, folder)
            slow = getattr(transformers, kind + "Tokenizer").from_pretrained(folder)
            fast = transformers.PreTrainedTokenizerFast(
                tokenizer_object=transformers.convert_slow_tokenizer.convert_slow_tokenizer(slow))
            config = {"tokenizer_class": kind + "Tokenizer"}
            goldens["ids"][kind] = {"config": config, "ids": ids(fast, samples)}
    (HERE / "goldens.json").write_text(json.dumps(goldens, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
