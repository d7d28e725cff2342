#!/usr/bin/env python3
"""Which cargo the build takes, and that it runs its own rustc, whatever stands beside."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = """include({root}/cmake/find_cargo.cmake)
execute_process(COMMAND ${{OVENBIRD_CARGO}} COMMAND_ERROR_IS_FATAL ANY)
"""


class CargoChoice(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.debian = self.rust("debian")
        (self.folder / "script.cmake").write_text(SCRIPT.format(root=ROOT))

    def rust(self, name):
        """Stand-ins: a cargo that says its place and runs the rustc it would run, as cargo chooses one."""
        place = self.folder / name / "bin"
        place.mkdir(parents=True)
        (place / "rustc").write_text(f"#!/bin/sh\necho rustc of {name}\n")
        (place / "cargo").write_text(f"#!/bin/sh\necho cargo of {name}\n${{RUSTC:-rustc}}\nrustc\n")
        for program in place.iterdir():
            program.chmod(0o755)
        return place

    def chosen(self, **variables):
        environment = {name: value for name, value in os.environ.items() if name not in ("CARGO_HOME", "HOME", "RUSTC")}
        environment.update({name: str(value) for name, value in variables.items()},
                           PATH=f"{self.debian}:{os.environ['PATH']}")
        cmake = os.environ.get("OVENBIRD_CMAKE", "cmake")
        done = subprocess.run([cmake, "-P", self.folder / "script.cmake"], env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split("\n")[:-1]

    def of(self, name):
        return [f"cargo of {name}", f"rustc of {name}", f"rustc of {name}"]

    def test_rustups_of_the_home_folder(self):
        self.rust("home/.cargo")
        self.assertEqual(self.chosen(HOME=self.folder / "home"), self.of("home/.cargo"))

    def test_the_one_that_is_named(self):
        self.rust("home/.cargo")
        self.rust("named")
        self.assertEqual(self.chosen(HOME=self.folder / "home", CARGO_HOME=self.folder / "named"), self.of("named"))

    def test_the_first_of_the_path_where_nothing_is_named(self):
        self.assertEqual(self.chosen(), self.of("debian"))
        self.assertEqual(self.chosen(CARGO_HOME=""), self.of("debian"))
        self.assertEqual(self.chosen(HOME=self.folder / "nobody"), self.of("debian"))


if __name__ == "__main__":
    unittest.main()
