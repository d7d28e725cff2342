#!/usr/bin/env python3
"""Workers that break down under load: every request ends in the text of an undisturbed run, or in a clear error soon."""
import argparse
import collections
import random
import threading
import time

import common

FIRST_WORDS = ("a heron", "the pond", "rain", "one two", "when it", "x", "stone and", "far")
TOKENS = 12
STEP_LIMIT = 1
MEMORY_MIB = 200
SOON = 5
MOST_GROWTH_MIB = 48


def bodies():
    for place, words in enumerate(FIRST_WORDS):
        for stream in (False, True):
            yield {"model": "tiny", "prompt": words, "max_tokens": TOKENS, "temperature": 0.9, "seed": place + 1, "stream": stream, "ignore_eos": True}


class Clients:
    """Ask again and again until they are told to end."""

    def __init__(self, port, expected, count, seed):
        self.counts = collections.Counter()
        self.faults = []
        self.errors_at = []
        self.slowest = 0
        self._port, self._expected = port, expected
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(random.Random(f"{seed} client {place}"),)) for place in range(count)]
        for thread in self._threads:
            thread.start()

    def _ask(self, draw):
        while not self._ends.is_set():
            body, text = draw.choice(self._expected)
            start = common.clock()
            kind, said = common.completion(self._port, body, timeout=300)
            end = common.clock()
            with self._lock:
                self.slowest = max(self.slowest, end - start)
                if kind == "text" and said != text:
                    kind = "another text"
                self.counts[kind] += 1
                if kind == "error":
                    self.errors_at.append(end)
                    self.counts["error: " + ("four faults" if "broke down 4 times" in said else said[:120])] += 1
                elif kind != "text":
                    self.faults.append(f"{kind}: {said[:300]!r} for {body}, expected {text!r}")

    def end(self):
        self._ends.set()
        for thread in self._threads:
            thread.join()


def noted_faults(folder):
    path = folder / "faults"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(float(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines]


def late_errors(errors_at, faults):
    """Errors that came long behind the last fault before them."""
    times = [at for at, _ in faults]
    return [at for at in errors_at if not any(0 <= at - fault <= SOON for fault in times)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="faults")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600, help="end earlier, after so long")
    words = parser.parse_args()
    with common.scratch_folder() as folder:
        model = f"tiny={common.tiny_model(folder)}"
        with common.served(model, *common.EXACT) as server:
            expected = [(body, common.completion(server.port, body)) for body in bodies()]
        assert all(kind == "text" for _, (kind, _) in expected), expected
        expected = [(body, text) for body, (_, text) in expected]
        environment = {"OVENBIRD_WORKER": str(common.HERE / "faulty_worker.py"), "OVENBIRD": common.baking.program(),
                       "SERVE_FAULTS_FOLDER": str(folder), "SERVE_FAULTS_SEED": str(words.seed)}
        limits = ("--step-limit", STEP_LIMIT, "--worker-memory", MEMORY_MIB)
        with common.served(model, *common.EXACT, *limits, environment=environment) as server:
            common.completion(server.port, expected[0][0])
            before = common.Held(server.process.pid)
            start = common.clock()
            clients = Clients(server.port, expected, words.clients, words.seed)
            while len(noted_faults(folder)) < words.times and server.process.poll() is None and common.clock() - start < words.seconds:
                time.sleep(0.2)
            clients.end()
            took = common.clock() - start
            found = clients.faults[:3]
            if server.process.poll() is not None:
                common.conclude("faults", words.seed, "", [f"the server ended: {server.process.returncode}", *server.log[-3:]])
            after = common.settled(server, before)
            found += common.grown(before, after, MOST_GROWTH_MIB)
            figures = common.metrics(server.port)
        faults = noted_faults(folder)
        late = late_errors(clients.errors_at, faults)
        if late:
            found.append(f"{len(late)} errors came more than {SOON} s behind their fault")
        left = common.holding("SERVE_FAULTS_FOLDER", str(folder))
        if left or server.process.returncode != 0:
            found.append(f"the server's end: status {server.process.returncode}, left over: {left}")
        kinds = collections.Counter(kind for _, kind in faults)
        common.conclude("faults", words.seed,
                        f"{len(faults)} faults in {took:.0f} s ({dict(kinds)}), {figures['ovenbird:worker_faults_total']:.0f} counted; requests "
                        f"{dict(clients.counts)}, the slowest {clients.slowest:.1f} s; before: {before}; after: {after}; ended {common.counted(figures)}",
                        found)


if __name__ == "__main__":
    main()
