#!/usr/bin/env python3
"""Spoiled frames between a server and its worker, in both ways: the server answers right or says an error, and neither crashes."""
import argparse
import collections
import json
import os
import random
import select
import socket
import subprocess
import time

import common
import frames
import pipe_worker

PROMPTS = 40
SOON = 8  # seconds until an answer or an error
# A well-formed frame of the answer under way is believed, and so is one that is not there.
BELIEVED = {"fields", "bytes", "dropped", "another", "twice", "late"}
QUIET = 2
MOST_GROWTH_MIB = 48


def bodies():
    return [{"model": "tiny", "prompt": f"heron {place}", "max_tokens": 6, "temperature": 0.9, "seed": place + 1, "stream": place % 2 == 0, "ignore_eos": True}
            for place in range(PROMPTS)]


def environment(folder, worker, **more):
    return {"OVENBIRD_WORKER": str(common.HERE / worker), "OVENBIRD": common.baking.program(), "SERVE_FAULTS_FOLDER": str(folder), **more}


def spoiled_between(folder, start):
    path = folder / "spoiled"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split(" ")[1] for line in lines if float(line.split(" ")[0]) >= start]


def towards_server(folder, model, expected, words, found):
    """Requests one after the other to a server whose worker spoils frames. Its figures."""
    draw = random.Random(f"{words.seed} requests")
    ends, believed, slowest = collections.Counter(), collections.Counter(), 0
    count, before_last = 0, []
    with common.served(model, "--step-limit", "0.5", environment=environment(folder, "pipe_worker.py", SERVE_FAULTS_SEED=str(words.seed))) as server:
        common.serving.wait_until(lambda: common.completion(server.port, expected[0][0])[0] == "text", 60)
        before = common.Held(server.process.pid)
        while count < words.times and server.process.poll() is None and len(found) < 5:
            body, text = draw.choice(expected)
            start = common.clock()
            kind, said = common.completion(server.port, body)
            took = common.clock() - start
            slowest = max(slowest, took)
            spoiled = spoiled_between(folder, start)
            count += len(spoiled)
            if kind == "text" and said != text:
                kind = "another text"
                if BELIEVED & set(spoiled):
                    believed.update(BELIEVED & set(spoiled))
                else:
                    found.append(f"another text, but only {spoiled} were spoiled (before: {before_last}): {said!r}, expected {text!r}")
            if kind == "broken":
                found.append(f"a broken answer behind {spoiled}: {said[:300]!r}")
            if took > SOON:
                found.append(f"{took:.1f} s behind {spoiled}: {kind}")
            ends[kind] += 1
            before_last = spoiled
        if server.process.poll() is not None:
            found.append(f"the server ended: {server.process.returncode} {server.log[-3:]}")
            return f"{count} frames spoiled"
        after = common.settled(server, before)
        found += common.grown(before, after, MOST_GROWTH_MIB)
    if server.process.returncode != 0:
        found.append(f"the server's end: status {server.process.returncode}")
    return f"{count} frames spoiled towards the server: {dict(ends)} (another text by {dict(believed)}), the slowest {slowest:.1f} s"


class Worker:
    """A real worker with a hostile parent."""

    def __init__(self):
        self._own, other = socket.socketpair()
        self._process = subprocess.Popen([common.baking.program(), "worker"], stdin=other, stderr=subprocess.DEVNULL)
        other.close()

    def send(self, data):
        self._own.settimeout(5)
        try:
            self._own.sendall(data)
        except OSError:
            pass

    def hear(self, ends, seconds):
        """Events until one of `ends`; false: none in time, or it has ended."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if select.select([self._own], [], [], 0.1)[0]:
                try:
                    message = frames.receive(self._own.fileno())
                except OSError:
                    return False
                if message is None:
                    return False
                if json.loads(message)["is"] in ends:
                    return True
            elif self._process.poll() is not None:
                return False
        return False

    def has_ended(self):
        return self._process.poll() is not None

    def end(self):
        """Its exit status; none: it does not end."""
        self._own.close()
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None


def deep_spoiled(message, draw):
    """Another value anywhere in an order, or other bytes."""
    if draw.random() < 0.3:
        return pipe_worker.bytes_spoiled(message, draw)
    order = json.loads(message)
    places = []
    walk = [((), order)]
    while walk:
        path, value = walk.pop()
        places += [path] if path else []
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        walk += [((*path, key), each) for key, each in items]
    for _ in range(draw.choice((1, 1, 2))):
        *path, last = draw.choice(places)
        value = order
        try:
            for key in path:
                value = value[key]
            value[last] = draw.choice(pipe_worker.ODD)
        except (TypeError, KeyError, IndexError):
            pass
    return json.dumps(order).encode()


def framed(message):
    return len(message).to_bytes(4, "little") + message


def towards_worker(load, asks, words, found):
    draw = random.Random(f"{words.seed} parent")
    count, ends = 0, collections.Counter()
    while count < words.asks and len(found) < 5:
        worker = Worker()
        sent = []

        def send(data):
            sent.append(data[:2000])
            worker.send(data)
        if draw.random() < 0.1:
            send(framed(deep_spoiled(load, draw)))
            count += 1
        else:
            send(framed(load))
        if worker.hear(("ready", "error"), 60) and not worker.has_ended():
            while count < words.asks and draw.random() < 0.99:
                kind = draw.random()
                count += 1
                if kind < 0.85:
                    send(framed(deep_spoiled(draw.choice(asks), draw)))
                elif kind < 0.97:
                    send(framed(draw.choice((b"", b"null", b"[]", b"{}", b"[" * 200000, b'{"do":' * 5000, b'{"do":1}', b'{"do":null}', b'{"do":["cancel"]}',
                                             b'{"do":"cancel"}', b'{"do":"encode"}', b'{"do":"encode","text":"\\u0000"}', b'{"do":"decode","ids":[-1]}',
                                             b'{"do":"decode","ids":[9223372036854775807]}', b'{"do":"render","ask":1}', b'{"do":"load"}', load))))
                else:
                    send(draw.choice((b"\xff" * 8, draw.randbytes(100), framed(load)[:-5])))
                if not worker.hear(("done", "error", "text"), QUIET if kind > 0.85 else 30):
                    break
        status = worker.end()
        ends[status] += 1
        if status is None or status < 0 or status > 125:
            found.append(f"a worker ended by {status} behind {sent[-2:]!r}")
    return f"{count} spoiled orders towards {sum(ends.values())} workers, exit statuses {dict(ends)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100, help="spoiled frames towards the server")
    parser.add_argument("--asks", type=int, default=100, help="spoiled orders towards the worker")
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    found = []
    with common.scratch_folder() as folder:
        model = f"tiny={common.tiny_model(folder)}"
        with common.served(model, *common.EXACT, environment=environment(folder, "faulty_worker.py")) as server:
            answers = [(body, common.completion(server.port, body)) for body in bodies()]
        assert all(kind == "text" for _, (kind, _) in answers), answers
        orders = [line[2:] for line in (folder / "frames").read_bytes().split(b"\n") if line.startswith(b"> ")]
        load = next(order for order in orders if json.loads(order)["do"] == "load")
        asks = [order for order in orders if json.loads(order)["do"] == "ask"]
        figures = towards_server(folder, model, [(body, text) for body, (_, text) in answers], words, found) if words.times else ""
        (common.pathlib.Path(folder) / "gone").mkdir(exist_ok=True)
        os.chdir(folder / "gone")
        figures += "; " + towards_worker(load, asks, words, found) if words.asks else ""
        common.conclude("pipe", words.seed, figures, found)


if __name__ == "__main__":
    main()
