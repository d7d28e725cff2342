#!/usr/bin/env python3
"""What INT4 costs in quality: ovenbird's data-free compression beside NNCF's, as KL divergence from the f32 model.

SmolLM2-135M-Instruct on the beginning of Pride and Prejudice, in windows of 512 tokens; every model runs on the CPU in
f32 without dynamic quantisation. Both sides compress the layers to INT4 and the table, which is also the head, to INT8.
"""
import math
import os
import subprocess
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import openvino as ov
import tokenizers

import english_text
import measure

TARGET = 1.0
WINDOW = 512
FORMS = [(sym, size) for sym in (True, False) for size in (64, -1)]
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}


def export_f32(folder, output):
    """optimum-intel's uncompressed export without a cache: the reference, and what NNCF compresses."""
    from optimum.intel import OVModelForCausalLM
    xml = output / "openvino_model.xml"
    if not xml.exists():
        OVModelForCausalLM.from_pretrained(folder, export=True, compile=False, use_cache=False, stateful=False,
                                           load_in_8bit=False).save_pretrained(output)
    return xml


def compress_with_nncf(xml, sym, size):
    import nncf
    model = ov.Core().read_model(xml)
    mode = nncf.CompressWeightsMode.INT4_SYM if sym else nncf.CompressWeightsMode.INT4_ASYM
    return nncf.compress_weights(model, mode=mode, group_size=size, ratio=1.0, all_layers=False)


def bake(program, folder, output, sym, size, search):
    """An own model with logits for every row, and the seconds that its bake took."""
    start = time.monotonic()
    subprocess.run([program, "bake", folder, "-o", output, "--force", "--group-size", str(size),
                    "--sym" if sym else "--asym", "--search-scales" if search else "--no-search-scales", "--seq-len",
                    str(WINDOW), "--all-logits", "--no-forward-check"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return ov.Core().read_model(output / "openvino_model.xml"), time.monotonic() - start


class Candidate:
    """A compiled model and what it has cost so far."""

    def __init__(self, model):
        self.request = ov.Core().compile_model(model, "CPU", EXACT).create_infer_request()
        self.kl = self.nll = 0.0

    def log_probabilities(self, ids):
        feed = {"input_ids": ids[None], "attention_mask": np.ones((1, WINDOW), np.int64),
                "position_ids": np.arange(WINDOW, dtype=np.int64)[None], "beam_idx": np.zeros(1, np.int32)}
        names = [port.any_name for port in self.request.get_compiled_model().inputs]
        logits = self.request.infer({name: feed[name] for name in names})["logits"][0]
        logits = logits - logits.max(axis=-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True, dtype=np.float64)).astype(np.float32)

    def score(self, ids, reference):
        own = self.log_probabilities(ids)
        self.kl += float((np.exp(reference) * (reference - own)).sum(dtype=np.float64))
        self.nll += perplexity_sum(own, ids)


def perplexity_sum(log_probabilities, ids):
    return -float(log_probabilities[np.arange(WINDOW - 1), ids[1:]].sum(dtype=np.float64))


def candidates(options, folder, xml):
    """Yields (form, name, model, seconds)."""
    for sym, size in FORMS:
        start = time.monotonic()
        yield (sym, size), "NNCF", compress_with_nncf(xml, sym, size), time.monotonic() - start
        for name, search in (("plain", False), ("ovenbird", True)):
            yield (sym, size), name, *bake(options.ovenbird, folder, options.work / "kl_own", sym, size, search)


def main():
    parser = measure.arguments(__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=24)
    options = parser.parse_args()
    folder = measure.smollm2_folder(options.work)
    xml = export_f32(folder, options.work / "optimum_f32")
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = np.array(tokenizer.encode(english_text.pride_and_prejudice(options.work)).ids, np.int64)
    windows = ids[:options.windows * WINDOW].reshape(-1, WINDOW)

    reference = Candidate(ov.Core().read_model(xml))
    expected, nll = [], 0.0
    for window in windows:
        expected.append(reference.log_probabilities(window))
        nll += perplexity_sum(expected[-1], window)
    predicted = len(windows) * (WINDOW - 1)
    print(f"{windows.size} tokens; perplexity of f32: {math.exp(nll / predicted):.2f}")

    results, rows, missed = [], [], []
    for (sym, size), name, model, seconds in candidates(options, folder, xml):
        candidate = Candidate(model)
        for window, log_probabilities in zip(windows, expected):
            candidate.score(window, log_probabilities)
        figures = {"form": "sym" if sym else "asym", "group_size": size, "by": name, "kl": candidate.kl / windows.size,
                   "perplexity": math.exp(candidate.nll / predicted), "bake_seconds": seconds}
        if name == "NNCF":
            theirs = figures["kl"]
        figures["ratio_to_nncf"] = figures["kl"] / theirs
        if name == "ovenbird" and figures["ratio_to_nncf"] > TARGET:
            missed.append(f"{figures['form']} {size}")
        results.append(figures)
        rows.append([f"{figures['form']} {'per channel' if size < 0 else f'g{size}'}", name, f"{figures['kl']:.4f}",
                     f"{figures['ratio_to_nncf']:.3f}", f"{figures['perplexity']:.2f}", f"{seconds:.1f}"])
    measure.print_table(["form", "by", "KL", "KL / NNCF's", "perplexity", "seconds"], rows)
    print(f"ours at most {TARGET:.2f} times NNCF's: {'MISSED for ' + ', '.join(missed) if missed else 'met'}")
    measure.write_json(options.json, {"tokens": int(windows.size), "target": TARGET, "results": results})


if __name__ == "__main__":
    main()
