"""One compilation by Intel's NPU compiler in a child process, with limits of time and memory."""
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from . import toolchain

PLATFORMS = (3720, 4000, 5010, 5020, 6010)
GENERATIONS = {3720: "Meteor Lake, Arrow Lake", 4000: "Lunar Lake", 5010: "Panther Lake", 5020: "Wildcat Lake",
               6010: "the one after"}
# Wine's own server ends with its last client; one that starts at that moment loses its connection.
_WINE_FAILED = "wine client error"
_TRIES = 4
_LOG_LINE = re.compile(r"^\[ERROR\] \S+ \[[^]]*\] *(.*)")


@dataclasses.dataclass
class Verdict:
    """What the compiler made of one model on one platform."""
    model: str
    platform: int
    accepted: bool
    reason: str  # empty when accepted, else the compiler's own first error or the limit that was met
    seconds: float
    peak_mb: float  # resident memory
    blob_bytes: int
    weight_bytes: int  # the .bin's size; 0 where there is none
    compiler: str
    requirements: str = ""  # what a runtime must have to load the blob, in OpenVINO's words
    cached: bool = False


@dataclasses.dataclass
class Limits:
    seconds: float = 900
    memory_mb: float = 12000


def compile_model(xml, platform, limits=Limits(), blob=None, cache=None, stopping=threading.Event()):
    """Compiles one IR. `blob`: where to keep the result; `cache`: a folder of verdicts by content, not used when a blob is
    wanted; `stopping`: set by another thread to end it early. Accepted means compiled, exported, and a blob that is not empty.
    Errors: toolchain.SetupError."""
    xml = pathlib.Path(xml).absolute()  # a link stays one: its weights lie beside it, not beside what it points to
    weights = xml.with_suffix(".bin")
    entry = cache / f"{_content(xml, weights)}-{platform}.json" if cache and not blob else None
    if entry and entry.exists():
        return Verdict(**{**json.loads(entry.read_text()), "model": str(xml), "cached": True})
    command = toolchain.command()
    with tempfile.TemporaryDirectory(prefix="npu-compile-") as scratch:
        target = pathlib.Path(blob).resolve() if blob else pathlib.Path(scratch) / "model.blob"
        for _ in range(_TRIES):
            target.unlink(missing_ok=True)
            ended, limit, seconds, peak, output = _run_limited(
                [*command, _windows(xml), str(platform), _windows(target), "LOG_LEVEL=LOG_ERROR"], limits, scratch, stopping)
            if limit or ended == 0 or _WINE_FAILED not in output:
                break
        size = target.stat().st_size if target.exists() else 0
        accepted = not limit and ended == 0 and size > 0 and f"BLOB {size}" in output
        reason = "" if accepted else limit or _reason(output, ended)
        if not accepted:
            target.unlink(missing_ok=True)
    verdict = Verdict(str(xml), platform, accepted, reason, round(seconds, 2), round(peak / 2**20, 1),
                      size if accepted else 0, weights.stat().st_size if weights.exists() else 0, toolchain.version(),
                      _requirements(output) if accepted else "")
    if entry and not limit:
        cache.mkdir(parents=True, exist_ok=True)
        partial = entry.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(dataclasses.asdict(verdict)))
        partial.rename(entry)
    return verdict


def compile_all(pairs, jobs, limits=Limits(), cache=None):
    """Verdicts for (xml, platform) pairs as they come, `jobs` at a time. None is compiled any more once the caller stops."""
    stopping = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            waiting = [pool.submit(compile_model, xml, platform, limits, None, cache, stopping) for xml, platform in pairs]
            for done in concurrent.futures.as_completed(waiting):
                yield done.result()
        finally:
            stopping.set()
            pool.shutdown(cancel_futures=True)


def _windows(path):
    return "Z:" + str(path).replace("/", "\\")


def _content(xml, weights):
    digest = hashlib.sha256(toolchain.version().encode())
    for file in (xml, weights):
        if file.exists():
            with open(file, "rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:32]


def _run_limited(command, limits, scratch, stopping):
    """(exit status, the limit that ended it or "", seconds, peak bytes, output). No process of its group is left."""
    log = pathlib.Path(scratch) / "log"
    start, peak, limit = time.monotonic(), 0, ""
    # The guard first: whenever this process dies, the compiler is in a group that somebody ends.
    guard = _guard()
    with open(log, "wb") as out:
        child = None
        try:
            child = subprocess.Popen(command, cwd=scratch, env=toolchain.environment(), stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=out, process_group=guard.pid)
            while not _has_ended(child.pid):
                peak = max(peak, _resident(child.pid))
                if time.monotonic() - start > limits.seconds:
                    limit = f"the compiler was stopped after {limits.seconds:g} s"
                elif peak > limits.memory_mb * 2**20:
                    limit = f"the compiler was stopped at {limits.memory_mb:g} MB of memory"
                elif stopping.is_set():
                    limit = "the compiler was stopped"
                if limit:
                    break
                time.sleep(0.02)
        finally:
            # Before its leader is waited for: then the group's number may be given to others.
            os.killpg(guard.pid, signal.SIGKILL)
            if child:
                child.wait()
            guard.stdin.close()
            guard.wait()
    return child.returncode, limit, time.monotonic() - start, peak, log.read_text(errors="replace")


def _guard():
    """The leader of a new group, which ends all of it when this process dies, in whatever way: its standard input ends then."""
    return subprocess.Popen(["/bin/sh", "-c", "trap '' INT TERM HUP; read line; kill -KILL 0"], stdin=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0)


def _has_ended(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _resident(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def _requirements(output):
    return next((line.split(" ", 1)[1].strip() for line in output.splitlines() if line.startswith("REQUIREMENTS ")), "")


def _reason(output, ended):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    logged = [match.group(1) for match in map(_LOG_LINE.match, lines) if match]
    if logged:
        return logged[0]
    told = [line for line in lines if not line.startswith("Exception from")]
    if told:
        return told[0]
    return f"the compiler ended with status {ended} and said nothing"
