#!/usr/bin/env python3
"""Embedding models of each kind, in INT8 and in INT4, all graphs given to Intel's NPU compiler for every generation.

    embedders.py [--platforms 3720,4000]

Exit status 1 when a graph is refused.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CASES = sorted((ROOT / "testdata" / "tiny_embeddings").iterdir())
WEIGHTS = {"INT8": ["--bits", "8"], "INT4": ["--bits", "4", "--group-size", "-1"]}


def program():
    return os.environ.get("OVENBIRD", str(ROOT / "build" / "dev" / "ovenbird"))


def refusals(case, weights, platforms, work):
    baked = pathlib.Path(work) / f"{case.name}_{weights}"
    subprocess.run([program(), "bake", case, "-o", baked, *WEIGHTS[weights]], check=True, capture_output=True)
    command = [program(), "check", baked, "--compile", "--compiler", ROOT / "tools" / "npu-compile", "--json"]
    done = subprocess.run([*command, *(["--platform", platforms] if platforms else [])], capture_output=True, text=True)
    graphs = json.loads(done.stdout)["graphs"]
    compiled = [(graph["graph"], verdict) for graph in graphs for verdict in graph["compiled"]]
    refused = [f"{name}: {verdict}" for name, verdict in compiled if not verdict.get("accepted")]
    print(f"{case.name} {weights}: {len(compiled) - len(refused)} of {len(compiled)} accepted", flush=True)
    return refused if compiled else ["nothing was compiled"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platforms", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        refused = [line for case in CASES for weights in WEIGHTS for line in refusals(case, weights, options.platforms, work)]
    print("\n".join(refused))
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
