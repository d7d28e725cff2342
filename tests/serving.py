"""A server under test: started on a free port, ended with all of its workers."""
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import uuid

import baking

# Then a token's logits hardly depend on what was computed together with it: in a device's own precision, near ties do.
EXACT = [word for key, value in {**baking.EXACT, "KV_CACHE_PRECISION": "f32"}.items() for word in ("--ov-config", f"{key}={value}")]

# In the environment of a server and of all that it starts.
MARK = "OVENBIRD_TEST_MARK"


class Server:
    """`ovenbird serve` over folders; its messages are kept in `log`."""

    def __init__(self, *words, environment=None):
        command = [baking.program(), "serve", *map(str, words), "--port", "0", "--device", "CPU", "--no-cache"]
        self.mark = str(uuid.uuid4())
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(environment or {}), MARK: self.mark})
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
        """Processes of a command that it started and that live: they have its mark. Under Wine they are no children of it."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self.process.pid:
                continue
            try:
                command = pathlib.Path("/proc", entry, "cmdline").read_text(errors="replace").replace("\0", " ").split(" ")
                environment = pathlib.Path("/proc", entry, "environ").read_text(errors="replace").split("\0")
            except OSError:
                continue
            if command_word in command and f"{MARK}={self.mark}" in environment and is_alive(int(entry)):
                found.append(int(entry))
        return found

    def stop(self):
        if self.process.poll() is None:
            self.ask_to_end()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stderr.close()
        return self.process.returncode


    def ask_to_end(self):
        """SIGTERM; Windows has none, and the program's own way of asking."""
        if baking.is_windows() and self.url is not None:
            subprocess.run([baking.program(), "serve", "--stop", "--port", str(self.port)], capture_output=True, timeout=60)
        else:
            self.process.send_signal(signal.SIGTERM)


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
