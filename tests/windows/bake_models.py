#!/usr/bin/env python3
"""Bakes with Linux's program what the tests under Wine run."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import baking


def main():
    work = baking.work_folder()
    work.mkdir(parents=True, exist_ok=True)
    baking.bake(baking.smollm2_gguf(), work / "int4")
    baking.bake(baking.smollm2_gguf(), work / "folded", "--context", "256", "--form", "folded")


if __name__ == "__main__":
    main()
