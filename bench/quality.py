#!/usr/bin/env python3
"""What INT4 costs in quality: ovenbird's bakes beside NNCF's, with and without data, on texts that none calibrates on.

SmolLM2-135M-Instruct on the beginnings of a novel, a dictionary and a Python module, in windows of 256 tokens: KL from
the f32 model, perplexity, and how often the likeliest token is the f32 model's. Every model runs on the CPU in f32
without dynamic quantisation. Both sides compress the layers to INT4 and the table, which is also the head, to INT8.

    quality.py                          everything that is not in the cache yet
    quality.py --judge FOLDER_OR_XML    only these, baked with --seq-len 256 --all-logits --context 0
"""
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import tokenizers

import measure
import quality_texts
from likelihood import GRAPH, Graph, Reference, judge

WINDOW = 256
CALIBRATION_WINDOWS = 128
NNCF_TIMEOUT_SECONDS = 900
SIZES = (64, -1)
NNCF = {"data-free": {}, "AWQ, scale estimation": {"awq": True, "scale_estimation": True}, "GPTQ": {"gptq": True}}
# Options of the bake, each with an option that the program must know to make the variant.
OVENBIRD = {"default": ([], None), **{f"effort {effort}": (["--effort", effort], "--effort")
                                     for effort in ("fast", "normal", "best")}}
BAKE = ["--seq-len", str(WINDOW), "--all-logits", "--context", "0", "--forward-check", "off", "--force",
        "--keep-intermediate"]


def reference_xml(options):
    import kl_vs_nncf
    xml = options.work / "optimum_f32" / GRAPH
    return xml if xml.exists() else kl_vs_nncf.export_f32(measure.smollm2_folder(options.work), xml.parent)


def tokenizer_of(options):
    return tokenizers.Tokenizer.from_file(str(measure.smollm2_folder(options.work) / "tokenizer.json"))


def texts_of(options):
    return quality_texts.judged_windows(options.work, tokenizer_of(options), options.windows, WINDOW)


def name_of(by, kind, size):
    return f"{by} {kind} {'per channel' if size < 0 else f'g{size}'}"


def folder_of(options, name):
    return options.work / "quality" / "".join(letter if letter.isalnum() else "_" for letter in name)


def compress_with_nncf(options, kind, size, output):
    """One of NNCF's runs, in a process of its own."""
    import nncf
    import openvino as ov
    model = ov.Core().read_model(reference_xml(options))
    more = dict(NNCF[kind])
    if more:
        names = [port.any_name for port in model.inputs]
        windows = quality_texts.calibration_windows(options.work, tokenizer_of(options), CALIBRATION_WINDOWS, WINDOW)
        feed = {"attention_mask": np.ones((1, WINDOW), np.int64), "beam_idx": np.zeros(1, np.int32),
                "position_ids": np.arange(WINDOW, dtype=np.int64)[None]}
        items = [{**{name: feed[name] for name in names if name in feed}, "input_ids": ids[None]} for ids in windows]
        more |= {"dataset": nncf.Dataset(items), "subset_size": len(items)}
    start = time.monotonic()
    model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT4_SYM, group_size=size, ratio=1.0,
                                  all_layers=False, **more)
    seconds = time.monotonic() - start
    output.mkdir(parents=True, exist_ok=True)
    ov.save_model(model, output / GRAPH, compress_to_fp16=False)
    (output / "seconds.json").write_text(json.dumps(seconds))


def nncf_folder(options, kind, size):
    """(folder, seconds of the compression) of NNCF's run, made once; None when it takes too long or fails."""
    name = name_of("NNCF", kind, size)
    folder = folder_of(options, name)
    if not (folder / "seconds.json").exists():
        command = [sys.executable, __file__, "--work", options.work, "--compress", kind, str(size)]
        with open(f"{measure.fresh(folder)}.log", "wb") as log:
            try:
                subprocess.run(command, check=True, stdout=log, stderr=log, timeout=NNCF_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                print(f"{name}: skipped, not done within {NNCF_TIMEOUT_SECONDS} s", flush=True)
                return None
            except subprocess.CalledProcessError as error:
                print(f"{name}: skipped, ended with {error.returncode}: see {log.name}", flush=True)
                return None
    return folder, json.loads((folder / "seconds.json").read_text())


def variants_of_ovenbird(options):
    """{kind: options of the bake}, without those that the program does not know."""
    help_text = subprocess.run([options.ovenbird, "bake", "--help"], capture_output=True, text=True, check=True).stdout
    result = {}
    for kind, (more, needed) in OVENBIRD.items():
        if needed and needed not in help_text:
            print(f"ovenbird {kind}: skipped, the program has no {needed}", flush=True)
        else:
            result[kind] = more
    for text in options.bake_options:
        kind, _, more = text.partition("=")
        result[kind] = shlex.split(more)
    return result


def ovenbird_folder(options, kind, more, size):
    """(folder, seconds of the bake)."""
    folder = folder_of(options, name_of("ovenbird", kind, size))
    made = folder.with_suffix(".json")
    key = hashlib.sha256(options.ovenbird.read_bytes()).hexdigest() + " ".join([*BAKE, *more])
    if not made.exists() or json.loads(made.read_text())["key"] != key:
        folder.parent.mkdir(parents=True, exist_ok=True)
        command = [options.ovenbird, "bake", measure.smollm2_folder(options.work), "-o", folder,
                   "--group-size", str(size), *BAKE, *more]
        seconds = measure.run_sampled(command, folder.with_suffix(".log"))["seconds"]
        made.write_text(json.dumps({"key": key, "seconds": seconds}))
    return folder, json.loads(made.read_text())["seconds"]


def all_folders(options):
    """Yields (name, by, kind, group size, folder, seconds) of every variant that is asked for and can be made."""
    own = variants_of_ovenbird(options) if options.only != "nncf" else {}
    for kind, more in own.items():
        for size in SIZES:
            name = name_of("ovenbird", kind, size)
            if options.variant in name:
                yield name, "ovenbird", kind, size, *ovenbird_folder(options, kind, more, size)
    for kind in NNCF if options.only != "ovenbird" else ():
        for size in SIZES:
            name = name_of("NNCF", kind, size)
            made = nncf_folder(options, kind, size) if options.variant in name else None
            if made:
                yield name, "NNCF", kind, size, *made


def digest(value):
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


class Cache:
    """Figures by the graph's files and what they were judged on, in a JSON file that is written after each."""

    def __init__(self, path):
        self.path = path
        self.figures = json.loads(path.read_text()) if path.exists() else {}

    def get(self, path, judged_on, make):
        """The figures of a graph's file or folder; make() computes them when the cache has none."""
        file = (path / GRAPH if path.is_dir() else path).resolve()
        state = file.with_suffix(".bin").stat()
        key = f"{file.parent.name} {state.st_size} {state.st_mtime_ns} {judged_on}"
        if key not in self.figures:
            self.figures[key] = make()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(self.figures, indent=1))
        return self.figures[key]


def print_figures(figures, seconds=None):
    texts = list(next(iter(figures.values())))
    rows = [[name, *(f"{of_text[text]['kl']:.4f}  {of_text[text]['perplexity']:6.2f}  {of_text[text]['top1']:.3f}"
                     for text in texts), f"{seconds[name]:.1f}" if seconds and name in seconds else ""]
            for name, of_text in figures.items()]
    print("KL, perplexity and top-1 agreement on each text:")
    measure.print_table(["model", *texts, "seconds"], rows)


def arguments(description):
    parser = measure.arguments(description)
    parser.add_argument("--windows", type=int, default=16, help=f"of {WINDOW} tokens, of each text")
    parser.add_argument("--bake-options", metavar="NAME=OPTIONS", action="append", default=[],
                        help="a further variant of ovenbird's: its name and options of bake")
    parser.add_argument("--only", choices=["ovenbird", "nncf"], help="make one side's variants")
    parser.add_argument("--variant", default="", help="only variants with this text in their names")
    return parser


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--judge", nargs="+", type=pathlib.Path, metavar="FOLDER_OR_XML", help="only these models")
    parser.add_argument("--compress", nargs=2, metavar=("KIND", "SIZE"), help="one of NNCF's runs, without judging it")
    options = parser.parse_args()
    if options.compress:
        kind, size = options.compress[0], int(options.compress[1])
        compress_with_nncf(options, kind, size, folder_of(options, name_of("NNCF", kind, size)))
        return
    texts = texts_of(options)
    reference = Reference(reference_xml(options), options.work / "quality" / "reference")
    if options.judge:
        figures = judge(reference, {"f32": reference, **{str(path): Graph(path) for path in options.judge}}, texts)
        print_figures(figures)
        measure.write_json(options.json, {"windows": options.windows, "window": WINDOW, "results": figures})
        return
    cache = Cache(options.work / "quality" / "figures.json")
    judged_on = digest({name: windows.tolist() for name, windows in texts.items()})
    figures = {"f32": cache.get(reference_xml(options), judged_on,
                                lambda: judge(reference, {"f32": reference}, texts)["f32"])}
    results, seconds = [{"by": "f32", "texts": figures["f32"]}], {}
    for name, by, kind, size, folder, seconds[name] in all_folders(options):
        figures[name] = cache.get(folder, judged_on, lambda: judge(reference, {name: Graph(folder)}, texts)[name])
        results.append({"by": by, "kind": kind, "group_size": size, "seconds": seconds[name], "texts": figures[name]})
        print(f"{name}: KL {figures[name]['all']['kl']:.4f}, {seconds[name]:.1f} s", flush=True)
    print_figures(figures, seconds)
    measure.write_json(options.json, {"windows": options.windows, "window": WINDOW,
                                      "calibration_windows": CALIBRATION_WINDOWS, "results": results})


if __name__ == "__main__":
    main()
