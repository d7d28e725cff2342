#!/usr/bin/env python3
"""Clients that go at random moments: the next request is answered at once, and nobody computes for them any more."""
import argparse
import collections
import random
import socket
import statistics
import struct
import time

import common

CLIENTS = 3  # at once: one is answered, the others wait
PROMPT = "The heron stood at the edge of the pond and did not move when the rain began. "
LONGEST_WAIT = 10
MOST_GROWTH_MIB = 32


class Client:
    """Asks for a long answer, and goes."""

    def __init__(self, port, draw):
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._draw = draw
        stream = draw.random() < 0.7
        self._streams = stream
        body = {"model": "model", "prompt": PROMPT * draw.choice((1, 4, 12)) + str(draw.random()), "stream": stream, "ignore_eos": True, "max_tokens": 600}
        self._connection.sendall(common.request_bytes("/v1/completions", body))

    def go(self):
        """Where its answer was, as far as it could know."""
        heard = b""
        self._connection.setblocking(False)
        try:
            while part := self._connection.recv(65536):
                heard += part
        except BlockingIOError:
            pass
        if self._draw.random() < 0.5:  # by a reset, not by an end
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()
        if not self._streams:
            return "not streamed"
        return "decode" if heard.count(b"data:") > 1 else "prefill" if heard else "queued or prefill"


def computes_on(server):
    """Whether a worker goes on computing, by its time on processors."""
    worker = max(server.workers(), key=common.cpu_ticks)
    before = common.cpu_ticks(worker)
    time.sleep(0.5)
    return common.cpu_ticks(worker) - before > 5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30, help="clients that go")
    parser.add_argument("--model", help="a baked folder; default: the baked SmolLM2 of the tests")
    parser.add_argument("--longest", type=float, default=1.0, help="seconds until a client goes, at most")
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    draw = random.Random(words.seed)
    found, delays, moments = [], [], collections.Counter()
    gone = 0
    with common.served(f"model={words.model or common.baking.work_folder() / 'int4'}", *common.EXACT) as server:
        short = {"model": "model", "prompt": "Hello", "max_tokens": 1}
        assert common.completion(server.port, short)[0] == "text"
        before = common.Held(server.process.pid)
        tokens = common.metrics(server.port)["llamacpp:tokens_predicted_total"]
        while gone < words.times:
            clients = [Client(server.port, draw) for _ in range(min(CLIENTS, words.times - gone))]
            draw.shuffle(clients)
            for client in clients:
                time.sleep(draw.uniform(0, words.longest))
                moments[client.go()] += 1
                gone += 1
            start = common.clock()
            kind, said = common.completion(server.port, short)
            delays.append(common.clock() - start)
            tokens += 1
            if kind != "text":
                found.append(f"the next request: {kind}: {said[:200]}")
            if gone % (10 * CLIENTS) == 0 and computes_on(server):
                found.append("the worker goes on computing")
        if max(delays) > LONGEST_WAIT:
            found.append(f"a request waited {max(delays):.1f} s")
        quiet = common.serving.wait_until(lambda: common.metrics(server.port)["vllm:num_requests_running"] == 0, 10)
        figures = common.metrics(server.port)
        if not quiet:
            found.append("an answer is still under way")
        time.sleep(0.5)
        if common.metrics(server.port)["llamacpp:tokens_predicted_total"] != figures["llamacpp:tokens_predicted_total"]:
            found.append("tokens are generated for nobody")
        after = common.settled(server, before)
        found += common.grown(before, after, MOST_GROWTH_MIB)
    ended = common.counted(figures)
    if sum(ended.values()) != gone + len(delays) + 1:
        found.append(f"{gone + len(delays) + 1} requests were counted as {sum(ended.values())}")
    if server.process.returncode != 0:
        found.append(f"the server's end: status {server.process.returncode}")
    common.conclude("disconnects", words.seed,
                    f"{gone} clients went ({dict(moments)}); the next answer came after {1000 * statistics.median(delays):.0f} ms (median), "
                    f"{1000 * max(delays):.0f} ms (longest); workers that broke down: {figures['ovenbird:worker_faults_total']:.0f}; tokens for those who went: "
                    f"{figures['llamacpp:tokens_predicted_total'] - tokens:.0f}; ended {ended}; before: {before}; after: {after}", found[:5])


if __name__ == "__main__":
    main()
