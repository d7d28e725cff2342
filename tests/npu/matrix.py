#!/usr/bin/env python3
"""The acceptance matrix: two-layer models of all kinds, baked by ovenbird and given to Intel's NPU compiler.

    matrix.py --strength 2 [--seed N] [--platforms 3720,4000] [--every-platform] [--graphs folded]

Which graph of the folder is compiled is one of the factors: the loop's window, those with a cache, the folded ones. With
--graphs it is all of a kind for every model instead. So is the platform; with --every-platform each model meets all of them.

A model that the bake refuses for an NPU counts only when the compiler refuses it too. Exit status 1 when a cell differs.
"""
import argparse
import collections
import concurrent.futures
import itertools
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
           "seq_len": [32, 128, 512, 1024], "effort": ["fast", "rotated", "calibrated"]}
EFFORTS = {"fast": [], "rotated": ["--rotate", "on"], "calibrated": ["--effort", "normal", "--calibration-tokens", "512"]}
WINDOW = "window"
GRAPHS = {"window": [WINDOW], "whole": ["graphs/decode", "graphs/verify", "graphs/prefill"],
          "folded": ["folded/decode", "folded/verify", "folded/prefill", "folded/head", "folded/head_8"]}
SMALLEST_CONTEXT = 256


def program():
    return os.environ.get("OVENBIRD", str(ROOT / "build" / "dev" / "ovenbird"))


def context_of(row):
    return max(row["seq_len"], SMALLEST_CONTEXT)


def bake_options(row):
    weights = ["--bits", "8"] if row["group"] == "int8" else ["--group-size", row["group"]]
    window = all(graph == WINDOW for graph in row["graphs"])
    return [row["form"], *weights, *EFFORTS[row["effort"]], "--seq-len", str(row["seq_len"]), "--context", "0" if window else str(context_of(row))]


def title(row):
    bias = "biases" if row["biases"] else "no biases"
    return (f"{row['model_type']} {row['heads']}/{random_model.kv_heads(row)} heads of {row['head_size']}, "
            f"{'tied' if row['tied'] else 'untied'}, {bias}, {row['form'][2:]} {row['group']}, {row['effort']}, N {row['seq_len']}, {' '.join(row['graphs'])}")


def bake(row, folder):
    source = random_model.write_model(row, folder / "source")
    done = subprocess.run([program(), "bake", source, "-o", folder / "baked", *bake_options(row)], capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise SystemExit(f"{title(row)}: the bake failed\n{done.stderr}")
    return [graph_file(row, folder / "baked", graph) for graph in row["graphs"]]


def graph_file(row, baked, graph):
    """The XML, with its .bin beside it as plain readers expect; layers of two kinds take turns."""
    if graph == WINDOW:
        return baked / "openvino_model.xml"
    name = graph if graph.startswith("folded/head") else f"{graph}_{context_of(row)}"
    kind = baked / f"{name}_kind1.xml"
    xml = kind if kind.exists() and row["heads"] % 2 else baked / f"{name}.xml"
    if not xml.with_suffix(".bin").exists():
        xml.with_suffix(".bin").symlink_to(baked.resolve() / "openvino_model.bin")
    return xml


def rows_of(options, platforms):
    """Models (rows of factors), each with the graphs to compile and the platforms to compile them for."""
    factors = dict(FACTORS)
    if options.families:
        factors["model_type"] = options.families.split(",")
    if not options.graphs:
        factors["graph"] = [graph for kind in GRAPHS.values() for graph in kind]
    if not options.every_platform:
        factors["platform"] = platforms
    rows = covering.covering_array(factors, options.strength, options.seed, allowed)
    return [{**row, "graphs": GRAPHS[options.graphs] if options.graphs else [row["graph"]],
             "platforms": platforms if options.every_platform else [row["platform"]]} for row in rows]


def allowed(row):
    """Only INT4 is calibrated."""
    return random_model.allowed(row) and not (row["group"] == "int8" and row["effort"] == "calibrated")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strength", type=int, default=2, help="every combination of so many factors occurs (%(default)s)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100000, help="of the array; printed")
    parser.add_argument("--platforms", default=",".join(map(str, judge.PLATFORMS)))
    parser.add_argument("--families", help="model types, with commas, instead of all")
    parser.add_argument("--every-platform", action="store_true", help="each model for all platforms")
    parser.add_argument("--graphs", choices=list(GRAPHS), help="all graphs of this kind, for every model")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--cache", action="store_true", help="remember verdicts by content")
    parser.add_argument("--timeout", type=float, default=120)
    return parser.parse_args()


def main():
    options = parse()
    platforms = [int(platform) for platform in options.platforms.split(",")]
    rows = rows_of(options, platforms)
    print(f"seed {options.seed}: {len(rows)} models cover every combination of {options.strength} factors", flush=True)
    start = time.monotonic()
    toolchain.command()
    cache = toolchain.folder() / "verdicts" if options.cache else None
    with tempfile.TemporaryDirectory(prefix="npu-matrix-") as scratch:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            baked = pool.map(lambda row, number: bake(row, pathlib.Path(scratch) / str(number)), rows, itertools.count())
            models = {str(xml): row for row, files in zip(rows, baked, strict=True) for xml in files}
        print(f"baked in {time.monotonic() - start:.0f} s", flush=True)
        pairs = [(xml, platform) for xml, row in models.items() for platform in row["platforms"]]
        counts, refused = collections.Counter(), []
        for verdict in judge.compile_all(pairs, options.jobs, judge.Limits(options.timeout), cache):
            counts[verdict.platform, verdict.accepted] += 1
            if not verdict.accepted:
                refused.append(verdict)
                print(f"REFUSED {verdict.platform}: {title(models[verdict.model])}: {pathlib.Path(verdict.model).name}: "
                      f"{verdict.reason}", flush=True)
    for platform in platforms:
        print(f"{platform}: {counts[platform, True]} accepted, {counts[platform, False]} refused")
    print(f"{len(pairs)} compilations in {time.monotonic() - start:.0f} s")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
