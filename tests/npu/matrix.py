#!/usr/bin/env python3
"""The acceptance matrix: two-layer models of all kinds, baked by ovenbird and given to Intel's NPU compiler.

    matrix.py --strength 2 [--seed N] [--platforms 3720,4000]

A model that the bake refuses for an NPU counts only when the compiler refuses it too. Exit status 1 when a cell differs.
"""
import argparse
import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from npu_compiler import judge, toolchain

import covering
import random_model

FACTORS = {**random_model.FACTORS, "form": ["--sym", "--asym"], "group": ["-1", "64", "128", "int8"],
           "seq_len": [32, 128, 512, 1024]}


def program():
    return os.environ.get("OVENBIRD", str(ROOT / "build" / "dev" / "ovenbird"))


def bake_options(row):
    weights = ["--bits", "8"] if row["group"] == "int8" else ["--group-size", row["group"]]
    return [row["form"], *weights, "--seq-len", str(row["seq_len"]), "--context", "0"]


def title(row):
    bias = "biases" if row["biases"] else "no biases"
    return (f"{row['model_type']} {row['heads']}/{random_model.kv_heads(row)} heads of {row['head_size']}, "
            f"{'tied' if row['tied'] else 'untied'}, {bias}, {row['form'][2:]} {row['group']}, N {row['seq_len']}")


def bake(row, folder):
    source = random_model.write_model(row, folder / "source")
    done = subprocess.run([program(), "bake", source, "-o", folder / "baked", *bake_options(row)], capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise SystemExit(f"{title(row)}: the bake failed\n{done.stderr}")
    return folder / "baked" / "openvino_model.xml"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strength", type=int, default=2, help="every combination of so many factors occurs (%(default)s)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100000, help="of the array; printed")
    parser.add_argument("--platforms", default=",".join(map(str, judge.PLATFORMS)))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--cache", action="store_true", help="remember verdicts by content")
    parser.add_argument("--timeout", type=float, default=120)
    return parser.parse_args()


def main():
    options = parse()
    platforms = [int(platform) for platform in options.platforms.split(",")]
    rows = covering.covering_array(FACTORS, options.strength, options.seed, random_model.allowed)
    print(f"seed {options.seed}: {len(rows)} models cover every combination of {options.strength} factors", flush=True)
    start = time.monotonic()
    toolchain.command()
    cache = toolchain.folder() / "verdicts" if options.cache else None
    with tempfile.TemporaryDirectory(prefix="npu-matrix-") as scratch:
        models = {str(bake(row, pathlib.Path(scratch) / str(number))): row for number, row in enumerate(rows)}
        print(f"baked in {time.monotonic() - start:.0f} s", flush=True)
        pairs = [(xml, platform) for xml in models for platform in platforms]
        counts, refused = collections.Counter(), []
        for verdict in judge.compile_all(pairs, options.jobs, judge.Limits(options.timeout), cache):
            counts[verdict.platform, verdict.accepted] += 1
            if not verdict.accepted:
                refused.append(verdict)
                print(f"REFUSED {verdict.platform}: {title(models[verdict.model])}: {verdict.reason}", flush=True)
    for platform in platforms:
        print(f"{platform}: {counts[platform, True]} accepted, {counts[platform, False]} refused")
    print(f"{len(pairs)} compilations in {time.monotonic() - start:.0f} s")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
