"""A server under test: started on a free port, ended with all of its workers."""
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import baking

# Then a token's logits hardly depend on what was computed together with it: in a device's own precision, near ties do.
EXACT = [word for key, value in {**baking.EXACT, "KV_CACHE_PRECISION": "f32"}.items() for word in ("--ov-config", f"{key}={value}")]

class Server:
    """`ovenbird serve` over folders; its messages are kept in `log`."""

    def __init__(self, *words, environment=None):
        command = [baking.program(), "serve", *map(str, words), "--port", "0", "--device", "CPU", "--no-cache"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(environment or {})})
        self.log = []
        self.url = None
        self._listening = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self._listening.wait(60) or self.url is None:
            self.stop()
            raise AssertionError("the server does not listen:\n" + "\n".join(self.log))

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip())
            found = re.search(r"listening on (http://[\w.:\[\]]+)", line)
            if found:
                self.url = found.group(1)
                self._listening.set()
        self._listening.set()

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def workers(self):
        return self.children("worker")

    def children(self, command_word):
        """Processes of a command that it started and that live."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
                command = pathlib.Path("/proc", entry, "cmdline").read_text()
            except OSError:
                continue
            fields = stat.rpartition(")")[2].split()
            if int(fields[1]) == self.process.pid and fields[0] != "Z" and f"\0{command_word}\0" in command:
                found.append(int(entry))
        return found

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stderr.close()
        return self.process.returncode


def is_alive(process):
    try:
        return pathlib.Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def wait_until(condition, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
