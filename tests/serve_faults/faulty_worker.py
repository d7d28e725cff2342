#!/usr/bin/env python3
"""Stands between a server and the real worker, and breaks down by a seed. OVENBIRD_WORKER names it.

SERVE_FAULTS_FOLDER: lives are counted there, and faults and frames written down. SERVE_FAULTS_SEED: which fault
each life has, and when; without it, frames pass as they are and are recorded."""
import ctypes
import json
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import sys
import time

import frames

FOLDER = pathlib.Path(os.environ["SERVE_FAULTS_FOLDER"])
SEED = os.environ.get("SERVE_FAULTS_SEED")
KINDS = ("abort", "segfault", "kill", "exit", "exit 0", "hang", "lost", "garbage", "long", "half", "memory", "at start", "slow start")
SILENT = ("hang", "half", "garbage", "memory")  # nothing comes behind them, and the process stays
SERVER = 0
LATEST = 70  # events of the real worker, before the fault
MEMORY = 300 << 20
PR_SET_PDEATHSIG = 1


def next_life():
    descriptor = os.open(FOLDER / "lives", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b"x")
    return os.fstat(descriptor).st_size


def note(kind):
    with open(FOLDER / "faults", "a") as file:
        file.write(f"{time.monotonic()} {kind}\n")


def end_with(kind, real):
    """What cannot go on; a hang returns."""
    if kind == "hang":
        os.kill(real.pid, signal.SIGSTOP)
        return
    if kind == "lost":
        frames.send(SERVER, json.dumps({"is": "error", "code": 6, "message": "device lost"}).encode())
    elif kind == "garbage":
        frames.send_raw(SERVER, random.Random(SEED).randbytes(4096))
    elif kind == "long":
        frames.send_raw(SERVER, b"\xff\xff\xff\xff{}")
    elif kind == "half":
        frames.send_raw(SERVER, b"\x40\0\0\0{\"is\":")
    elif kind == "memory":
        globals()["waste"] = bytearray(b"x" * MEMORY)
    elif kind == "exit":
        os._exit(3)
    elif kind == "exit 0":
        os._exit(0)
    else:
        os.kill(os.getpid(), {"abort": signal.SIGABRT, "kill": signal.SIGKILL}.get(kind, signal.SIGSEGV))
    if kind != "lost":
        time.sleep(600)


def main():
    draw = random.Random(f"{SEED} {next_life()}")
    kind = draw.choice(KINDS) if SEED else ""
    at = draw.randrange(1, LATEST)
    if kind == "slow start":
        time.sleep(draw.uniform(0.1, 0.8))
    if kind == "at start":
        note(kind)
        os.kill(os.getpid(), signal.SIGSEGV)
    own, other = socket.socketpair()
    guard = ctypes.CDLL(None).prctl
    real = subprocess.Popen([os.environ["OVENBIRD"], *sys.argv[1:]], stdin=other,
                            preexec_fn=lambda: guard(PR_SET_PDEATHSIG, signal.SIGKILL))
    other.close()
    record = None if SEED else open(FOLDER / "frames", "ab", buffering=0)
    events, computed = 0, False
    while True:
        for ready in select.select([SERVER, own], [], [])[0]:
            message = frames.receive(SERVER if ready == SERVER else own.fileno())
            if message is None:
                os._exit(0)
            if ready == SERVER:
                frames.send(own.fileno(), message)
            else:
                frames.send(SERVER, message)
                events += 1
                computed = computed or b'"piece"' in message
            if record:
                record.write((b"> " if ready == SERVER else b"< ") + message + b"\n")
            # Before its first step a worker may take long, by design: silence comes behind it.
            if kind and events >= at and (computed or kind not in SILENT):
                note(kind)
                end_with(kind, real)
                kind = ""


if __name__ == "__main__":
    main()
