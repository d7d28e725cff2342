#!/usr/bin/env python3
"""tests/package/check_files.py FOLDER: every library and program of an unpacked package runs on Debian 12, Ubuntu 22.04 and newer:
no symbol newer than theirs, no library that is neither inside nor everywhere, no place of the machine that built it."""
import pathlib
import re
import subprocess
import sys

# Ubuntu 22.04 has glibc 2.35 and gcc 12's runtime libraries; Debian 12 and all later ones have more.
NEWEST = {"GLIBC": (2, 35), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (12, 0, 0)}
EVERYWHERE = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1", "libstdc++.so.6",
              "ld-linux-x86-64.so.2"}
# OpenCL's loader belongs to the GPU's driver; without it the GPU plugin is passed over, and doctor says why.
OF_A_DRIVER = {"libopenvino_intel_gpu_plugin.so": {"libOpenCL.so.1"}}
WANTED = ("bin/ovenbird", "lib/ovenbird/libopenvino.so.*", "lib/ovenbird/libopenvino_intel_npu_plugin.so", "share/man/man1/ovenbird.1",
          "share/bash-completion/completions/ovenbird", "share/doc/ovenbird/copyright", "share/doc/ovenbird/LICENSE",
          "share/doc/ovenbird/third-party-licences.txt")


def objdump(*words):
    return subprocess.run(["objdump", *map(str, words)], capture_output=True, text=True, check=True).stdout


def faults_of(path, inside):
    dynamic = objdump("-p", path)
    # Only what is asked for; a library's own versions (Version definitions) may be anything.
    needs = dynamic.partition("Version References:")[2]
    for family, version in sorted(set(re.findall(r"\b(GLIBC|GLIBCXX|CXXABI|GCC)_([0-9.]+)", needs))):
        if tuple(map(int, version.split("."))) > NEWEST[family]:
            symbols = sorted(set(re.findall(rf"{family}_{re.escape(version)}\)?\s+(\S+)", objdump("-T", path))))
            yield f"asks for {family}_{version} ({', '.join(symbols[:5])}), newer than {'.'.join(map(str, NEWEST[family]))}"
    for library in re.findall(r"NEEDED\s+(\S+)", dynamic):
        if library not in EVERYWHERE | inside | OF_A_DRIVER.get(path.name, set()):
            yield f"needs {library}, which is not in the package; install() it in cmake/package.cmake"
    for places in re.findall(r"(?:RPATH|RUNPATH)\s+(\S+)", dynamic):
        for place in places.split(":"):
            if not place.startswith("$ORIGIN"):
                yield f"looks for libraries in {place}, a place of the machine that built it"


def main():
    root = pathlib.Path(sys.argv[1])
    files = sorted(path for path in root.rglob("*") if path.is_file())
    binaries = [path for path in files if path.read_bytes()[:4] == b"\x7fELF"]
    faults = [f"{pattern}: is missing" for pattern in WANTED if not list(root.glob(pattern))]
    faults += [f"{path.relative_to(root)}: a symbolic link that points nowhere" for path in root.rglob("*")
               if path.is_symlink() and not path.exists()]
    faults += [f"{path.relative_to(root)}: is empty" for path in files if path.stat().st_size == 0]
    inside = {path.name for path in binaries}
    newest = {}
    for path in binaries:
        faults += [f"{path.relative_to(root)}: {fault}" for fault in faults_of(path, inside)]
        for family, version in re.findall(r"\b(GLIBC|GLIBCXX)_([0-9.]+)", objdump("-p", path).partition("Version References:")[2]):
            newest[family] = max(newest.get(family, (0,)), tuple(map(int, version.split("."))))
    if len(binaries) < 10:
        faults.append(f"only {len(binaries)} programs and libraries are there")
    told = ", ".join(f"{family} {'.'.join(map(str, version))}" for family, version in sorted(newest.items()))
    print("\n".join(faults) or f"{len(binaries)} programs and libraries, the newest symbols: {told}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
