"""Intel's NPU compiler on a machine without an NPU: OpenVINO's Windows libraries under Wine, and a small C program.

OpenVINO's Linux wheel leaves the compiler out and its Windows wheel has it. Everything lives in one folder
(build/npu-compiler, or OVENBIRD_NPU_COMPILER): the wheel's libraries, the program and Wine's own state.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OPENVINO = "2026.4.1"
WHEEL_SHA256 = "bfddae6d6d3ad240157b946f180c33d0ddfaaae7487995d929a4e6b4bc12b283"
PACKAGES = {"wine64": "/usr/lib/wine/wine64", "gcc-mingw-w64-x86-64": "/usr/bin/x86_64-w64-mingw32-gcc"}
DOWNLOAD = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--platform",
            "win_amd64", "--python-version", "3.11", f"openvino=={OPENVINO}"]


class SetupError(Exception):
    """The compiler cannot be had here; the text says why and what to do."""


def folder():
    return pathlib.Path(os.environ.get("OVENBIRD_NPU_COMPILER", ROOT / "build" / "npu-compiler"))


def environment():
    """Wine's variables: its own prefix, none of its messages, no offers to install Mono or Gecko."""
    return {**os.environ, "WINEPREFIX": str(folder() / "wine"), "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=", "DISPLAY": ""}


def command():
    """The start of a command line that runs the compiler; set up on first use. Errors: SetupError."""
    program = folder() / "libs" / "npu_compile.exe"
    folder().mkdir(parents=True, exist_ok=True)
    with open(folder() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several users of one folder wait for the first
        if not _ready(program):
            _install_packages()
            if not (folder() / "wine" / "system.reg").exists():
                _start_wine()
            if not (folder() / f"openvino-{OPENVINO}").exists() or not (folder() / "licenses").is_dir():
                _unpack_libraries()
            _build(program)
    return [PACKAGES["wine64"], str(program)]


def version():
    """What results depend on: a change of it makes cached ones worthless."""
    source = (HERE / "compile.c").read_bytes()
    return f"openvino {OPENVINO} {WHEEL_SHA256[:12]} {hashlib.sha256(source).hexdigest()[:12]}"


def _ready(program):
    stamp = folder() / "version"
    return program.exists() and stamp.exists() and stamp.read_text() == version() and (folder() / "licenses").is_dir()


def _install_packages():
    missing = [package for package, file in PACKAGES.items() if not os.path.exists(file)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise SetupError(f"as root, please: apt-get install --no-install-recommends {' '.join(missing)}")
    _say(f"installing {' '.join(missing)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-qq"], env=quiet)
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], env=quiet)


def _unpack_libraries():
    wheels = list(folder().glob(f"openvino-{OPENVINO}-*win_amd64.whl"))
    if not wheels:
        _say(f"fetching OpenVINO {OPENVINO} for Windows, 90 MB")
        python = ROOT / ".venv" / "bin" / "python"
        _run([str(python) if python.exists() else sys.executable, "-m", "pip", *DOWNLOAD, "--dest", str(folder())])
        wheels = list(folder().glob(f"openvino-{OPENVINO}-*win_amd64.whl"))
    digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SetupError(f"{wheels[0]} has SHA-256 {digest}, {WHEEL_SHA256} was expected; delete it and try again")
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in wheel.namelist():
            path = pathlib.PurePosixPath(name)
            if path.match("openvino/libs/*.dll"):
                _extract(wheel, name, folder() / "libs" / path.name)
            elif path.match("openvino/include/openvino/c/**/*.h") or path.match("openvino/include/openvino/c/*.h"):
                _extract(wheel, name, folder() / "include" / path.relative_to("openvino/include"))
            elif path.parent.name == "licenses":
                _extract(wheel, name, folder() / "licenses" / path.name)
    wheels[0].unlink()
    (folder() / f"openvino-{OPENVINO}").touch()


def _extract(wheel, name, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(name) as source, open(target, "wb") as copy:
        shutil.copyfileobj(source, copy)


def _start_wine():
    _say("preparing Wine")
    _run([PACKAGES["wine64"], "wineboot", "--init"], env=environment())
    _run(["/usr/lib/wine/wineserver", "--wait"], env=environment())


def _build(program):
    _run([PACKAGES["gcc-mingw-w64-x86-64"], "-O1", "-Wall", "-Werror", f"-I{folder() / 'include'}",
          str(HERE / "compile.c"), "-o", str(program), f"-L{folder() / 'libs'}", "-lopenvino_c"])
    (folder() / "version").write_text(version())


def _run(command, env=None):
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace")
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-10:])
        raise SetupError(f"{' '.join(command)}\nended with {done.returncode}:\n{tail}")


def _say(text):
    print(f"npu-compile: {text}", file=sys.stderr, flush=True)
