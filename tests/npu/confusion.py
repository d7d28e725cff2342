#!/usr/bin/env python3
"""Holds `ovenbird check` against Intel's NPU compiler: random models, a quarter of them broken, the confusion matrix.

    confusion.py [--seed N] [--models 40] [--platforms 3720,4000,5010,5020,6010]

Nothing that check passes may be refused, and at most 2% the other way; else exit status 1.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))
from npu_compiler import judge, toolchain

import broken
import matrix
import random_model

MOST_FALSE_ALARMS = 0.02


def random_row(generator):
    while True:
        row = {name: generator.choice(values) for name, values in matrix.FACTORS.items()}
        row["graphs"] = [matrix.WINDOW]
        if random_model.allowed(row):
            return row


def make(number, generator, folder):
    """(xml, title) of one model; every fourth is broken."""
    row = random_row(generator)
    xml, = matrix.bake(row, folder)
    if number % 4:
        return xml, matrix.title(row)
    way = generator.choice(broken.WAYS)
    return broken.break_model(xml, way, folder / "broken.xml"), f"{matrix.title(row)}, {way.__name__}"


def predictions(xml):
    """platform: whether check would pass it."""
    done = subprocess.run([matrix.program(), "check", xml, "--json"], capture_output=True, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"check failed on {xml}: {done.stderr}")
    return {int(platform): verdict == "accepted" for platform, verdict in json.loads(done.stdout)["platforms"].items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100000)
    parser.add_argument("--models", type=int, default=40)
    parser.add_argument("--platforms", default=",".join(map(str, judge.PLATFORMS)))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    platforms = [int(platform) for platform in options.platforms.split(",")]
    generator = random.Random(options.seed)
    print(f"seed {options.seed}: {options.models} models, {len(platforms)} platforms", flush=True)
    toolchain.command()
    with tempfile.TemporaryDirectory(prefix="npu-confusion-") as scratch:
        made = [make(number, generator, pathlib.Path(scratch) / str(number)) for number in range(options.models)]
        expected = {str(xml): predictions(xml) for xml, _ in made}
        titles = {str(xml): title for xml, title in made}
        counts = collections.Counter()
        for verdict in judge.compile_all([(xml, platform) for xml, _ in made for platform in platforms], options.jobs,
                                         judge.Limits(120)):
            passed = expected[verdict.model][verdict.platform]
            counts[verdict.platform, passed, verdict.accepted] += 1
            if passed != verdict.accepted:
                print(f"{verdict.platform}: check {'passes' if passed else 'refuses'}, the compiler "
                      f"{'accepts' if verdict.accepted else 'refuses'}: {titles[verdict.model]}; {verdict.reason}", flush=True)
    print("platform  both accept  both refuse  passed, refused  refused, accepted")
    for platform in platforms:
        cells = [counts[platform, *cell] for cell in ((True, True), (False, False), (True, False), (False, True))]
        print(f"{platform:8}" + "".join(f"{cell:{width}}" for cell, width in zip(cells, (13, 13, 17, 19))))
    missed = sum(counts[platform, True, False] for platform in platforms)
    alarms = sum(counts[platform, False, True] for platform in platforms) / (options.models * len(platforms))
    print(f"{options.models * len(platforms)} configurations: {missed} passed but refused; "
          f"{100 * alarms:.1f}% refused but accepted (at most {100 * MOST_FALSE_ALARMS:.0f}%)")
    return 1 if missed or alarms > MOST_FALSE_ALARMS else 0


if __name__ == "__main__":
    sys.exit(main())
