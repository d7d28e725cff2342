"""Run by `ovenbird bake --exporter optimum-intel`: the real optimum-intel exports a model. What it prints and how it ends are
told in lines of JSON: {"missing": [packages]}, {"versions": {...}}, {"line": text}, {"ended": exit status}.

usage: python -c SCRIPT optimum-cli's words …
"""
import importlib.metadata
import json
import os
import re
import subprocess
import sys

PACKAGES = ("optimum-intel", "nncf", "openvino", "torch", "transformers")
LONGEST_LINE = 2000


def tell(**what):
    print(json.dumps(what), flush=True)


def versions():
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    return found


def main():
    found = versions()
    missing = [package for package, version in found.items() if version is None]
    if missing:
        tell(missing=missing)
        return
    tell(versions={**found, "python": sys.version.split()[0]})
    # The model is here; only a dataset may have to be downloaded.
    offline = {} if "--dataset" in sys.argv else {"HF_HUB_OFFLINE": "1"}
    environment = {**os.environ, **offline, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "optimum.commands.optimum_cli", *sys.argv[1:]]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=environment) as child:
        rest = b""
        while part := os.read(child.stdout.fileno(), 65536):
            *lines, rest = re.split(rb"[\r\n]", rest + part)
            for line in lines:
                if line.strip():
                    tell(line=line.decode(errors="replace")[:LONGEST_LINE])
            rest = rest[-LONGEST_LINE:]
        if rest.strip():
            tell(line=rest.decode(errors="replace"))
    tell(ended=child.returncode)


main()
