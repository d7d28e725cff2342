#!/usr/bin/env python3
"""Plays a worker by recorded frames, and spoils some of them by a seed. OVENBIRD_WORKER names it.

SERVE_FAULTS_FOLDER: `frames` lies there, as faulty_worker.py recorded them, `spoiled` is written there."""
import json
import os
import pathlib
import random
import struct
import time

import frames

FOLDER = pathlib.Path(os.environ.get("SERVE_FAULTS_FOLDER", "."))
SEED = os.environ.get("SERVE_FAULTS_SEED")
SERVER = 0
SPOILED = 0.02  # of the frames
ODD = (None, True, -1, 0, 2**31, 2**63 - 1, -2**63, 2**64, 1e308, "", "\0", "\ud800", "x" * 70000, [], {}, [[1]], [None], [-1, 2**63 - 1], {"a": 1})


def recorded():
    """What comes first, and the events of each prompt."""
    ready, answers, prompt = b"", {}, None
    for line in (FOLDER / "frames").read_bytes().split(b"\n"):
        way, message = line[:2], line[2:]
        if way == b"> ":
            order = json.loads(message)
            prompt = key_of(order) if order["do"] == "ask" else None
            if prompt is not None:
                answers[prompt] = []
        elif way == b"< " and b'"ready"' in message:
            ready = message
        elif way == b"< " and prompt is not None:
            answers[prompt].append(message)
    return ready, answers


def key_of(order):
    return order["ask"]["text"], str(order["ask"]["sampling"]["seed"])


def numbered(message, order):
    """As if it answered this order."""
    return json.dumps({**json.loads(message), "number": order.get("number", 0)}).encode()


def note(kind):
    with open(FOLDER / "spoiled", "a") as file:
        file.write(f"{time.monotonic()} {kind}\n")


def fields_spoiled(message, draw):
    """Another value, or none, in a field; what it does, as far as a parent could see that it is wrong."""
    event = json.loads(message)
    key = draw.choice(list(event))
    if draw.random() < 0.3:
        del event[key]
    else:
        event[key] = draw.choice(ODD)
    return json.dumps(event).encode()


def bytes_spoiled(message, draw):
    data = bytearray(message)
    for _ in range(draw.choice((1, 1, 3))):
        kind, place = draw.random(), draw.randrange(len(data))
        if kind < 0.4:
            data[place] = draw.randrange(256)
        elif kind < 0.6:
            data[place] ^= 1 << draw.randrange(8)
        elif kind < 0.8:
            data[place:place] = draw.randbytes(draw.randrange(1, 9))
        elif len(data) > 1:
            del data[place:place + draw.randrange(1, 9)]
            if not data:
                data = bytearray(b" ")
    return bytes(data)


def send_spoiled(message, others, draw):
    kind = draw.choice(("fields", "fields", "fields", "bytes", "bytes", "length", "twice", "dropped", "another", "garbage", "nested", "empty", "cut", "late"))
    note(kind)
    if kind == "fields":
        frames.send(SERVER, fields_spoiled(message, draw))
    elif kind == "bytes":
        frames.send(SERVER, bytes_spoiled(message, draw))
    elif kind == "length":
        frames.send_raw(SERVER, struct.pack("<I", draw.choice((0, 1, len(message) - 1, len(message) + 1, 2**31, 2**32 - 1, 1 << 20))) + message)
    elif kind == "twice":
        frames.send(SERVER, message)
        frames.send(SERVER, message)
    elif kind == "another":
        frames.send(SERVER, draw.choice(others))
    elif kind == "garbage":
        frames.send_raw(SERVER, draw.randbytes(draw.randrange(1, 5000)))
    elif kind == "nested":
        frames.send(SERVER, draw.choice((b"[" * 200000, b'{"is":' * 5000, b'{"is":"piece","ids":' + b"[" * 90 + b"]" * 90 + b"}")))
    elif kind == "empty":
        frames.send(SERVER, draw.choice((b"", b"null", b"{}", b"[]", b"\0", b'{"is":null}', b'{"is":["piece"]}')))
    elif kind == "cut":
        frames.send_raw(SERVER, (struct.pack("<I", len(message)) + message)[:draw.randrange(1, len(message) + 4)])
        os._exit(0)
    elif kind == "late":
        frames.send(SERVER, message)
        frames.send(SERVER, others[-1])


def main():
    descriptor = os.open(FOLDER / "lives", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b"x")
    draw = random.Random(f"{SEED} {os.fstat(descriptor).st_size}")
    ready, answers = recorded()
    all_frames = [ready, *(event for events in answers.values() for event in events)]

    def say(message, order):
        message = numbered(message, order)
        if draw.random() < SPOILED:
            send_spoiled(message, [numbered(draw.choice(all_frames), order), numbered(all_frames[-1], order)], draw)
        else:
            frames.send(SERVER, message)

    say(ready, json.loads(frames.receive(SERVER)))
    computed = 0
    while message := frames.receive(SERVER):
        order = json.loads(message)
        if order["do"] != "ask":
            continue
        heard = len(order["ask"]["resumed"])
        for event in answers[key_of(order)]:
            spoken = json.loads(event)
            if spoken["is"] == "piece":
                count = len(spoken["ids"])
                heard, passed = max(heard - count, 0), heard > 0
                if passed:
                    continue
            elif spoken["is"] == "alive":
                computed += 1
                event = json.dumps({"is": "alive", "computed_tokens": computed}).encode()
            say(event, order)
    os._exit(0)


if __name__ == "__main__":
    main()
