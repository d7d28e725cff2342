#!/usr/bin/env python3
"""Which weight forms Intel's NPU compiler keeps compressed: form x generation, blob bytes over weight bytes, seconds.

Two-layer llamas of hidden size 1024, baked by ovenbird in each form; the tied table counts once for each of its two uses.
Timed while other compilations run beside: the ratios of sizes are exact, the seconds are not.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import measure

sys.path[:0] = [str(measure.ROOT / "tools"), str(measure.ROOT / "tests" / "npu")]
import random_model
from npu_compiler import judge, toolchain

FORMS = {"sym, per channel": ["--group-size", "-1"], "asym, per channel": ["--asym", "--group-size", "-1"],
         "sym, groups of 128": ["--group-size", "128"], "sym, groups of 64": ["--group-size", "64"],
         "asym, groups of 64": ["--asym", "--group-size", "64"], "INT8 sym": ["--bits", "8"],
         "INT8 asym": ["--bits", "8", "--asym"], "f16": ["--bits", "16"]}
MODEL = {"model_type": "llama", "heads": 8, "attention": "grouped", "head_size": 128, "tied": True, "biases": False}


def bake_all(program, scratch):
    random_model.HIDDEN, random_model.INTERMEDIATE = 1024, 2816
    source = random_model.write_model(MODEL, scratch / "source")
    for number, (form, options) in enumerate(FORMS.items()):
        folder = scratch / str(number)
        subprocess.run([program, "bake", source, "-o", folder, "--no-forward-check", *options], check=True,
                       capture_output=True)
        yield str(folder / "openvino_model.xml"), form


def main():
    options = measure.arguments(__doc__.splitlines()[0]).parse_args()
    toolchain.command()
    with tempfile.TemporaryDirectory() as scratch:
        forms = dict(bake_all(options.ovenbird, pathlib.Path(scratch)))
        pairs = [(xml, platform) for xml in forms for platform in judge.PLATFORMS]
        verdicts = {(forms[verdict.model], verdict.platform): verdict for verdict in judge.compile_all(pairs, os.cpu_count())}
    table = random_model.VOCABULARY * random_model.HIDDEN
    results, rows = [], []
    for form in FORMS:
        row = [form]
        for platform in judge.PLATFORMS:
            verdict = verdicts[form, platform]
            twice = table * (2 if form == "f16" else 1)
            ratio = verdict.blob_bytes / (verdict.weight_bytes + twice)
            results.append({"form": form, "platform": platform, "accepted": verdict.accepted, "blob_over_weights": ratio,
                            "seconds": verdict.seconds, "reason": verdict.reason})
            row.append(f"{ratio:.2f}, {verdict.seconds:.1f} s" if verdict.accepted else "refused")
        rows.append(row)
    measure.print_table(["form", *judge.PLATFORMS], rows)
    measure.write_json(options.json, {"results": results})


if __name__ == "__main__":
    main()
