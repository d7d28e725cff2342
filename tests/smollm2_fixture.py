#!/usr/bin/env python3
"""Makes what the SmolLM2 tests share, once per build folder: its Hugging Face folder (hf) and its INT4 bake (int4)."""
import baking
import make_hf_folder


def main():
    work = baking.work_folder()
    work.mkdir(parents=True, exist_ok=True)
    folder = work / "hf"
    done = folder / "tokenizer_config.json"  # what the maker writes last
    if not done.exists() or done.stat().st_mtime < baking.smollm2_gguf().stat().st_mtime:
        make_hf_folder.make_hf_folder(baking.smollm2_gguf(), folder)
    # The program may have changed since the last run, so this is baked anew.
    baking.bake(baking.smollm2_gguf(), work / "int4", "--keep-intermediate")


if __name__ == "__main__":
    main()
