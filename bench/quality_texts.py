"""The texts of bench/quality.py: three that models are judged on, and one that NNCF's runs with data calibrate on.

The last shares nothing with the others: fortunes that quote the authors of a judged text are left out.
"""
import gzip
import hashlib
import importlib.util
import pathlib
import random
import subprocess

import numpy as np

import english_text

CODE_FILE = "cache_utils.py"  # of the transformers that bench/requirements.txt pins
CODE_SHA256 = "a51d2cd525f4458941a20cb5b3b8a8d989d8ca5bcd451855a27bb41743fed586"
FORTUNES_WITHOUT = ("Bierce", "Devil's", "Austen", "Pride and Prejudice")
CALIBRATION_SEED = 0


def unpacked(work, package):
    """The folder of a Debian package's files; apt fetches it once."""
    folder = work / "packages" / package
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "--quiet", package], cwd=folder.parent, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        archive = next(folder.parent.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg", "-x", archive, folder], check=True)
    return folder


def devils_dictionary(work):
    """The Devil's Dictionary without the entries that tell of the file itself."""
    raw = gzip.decompress((unpacked(work, "dict-devil") / "usr/share/dictd/devil.dict.dz").read_bytes())
    text = raw.decode("utf-8", "replace")
    return text[text.index("ABASEMENT"):]


def python_code(_work):
    """A module of transformers: classes, docstrings, type hints."""
    package = importlib.util.find_spec("transformers")
    if not package:
        raise SystemExit("the package transformers is missing: pip install -r bench/requirements.txt")
    raw = (pathlib.Path(package.submodule_search_locations[0]) / CODE_FILE).read_bytes()
    if hashlib.sha256(raw).hexdigest() != CODE_SHA256:
        raise SystemExit(f"transformers' {CODE_FILE} is another one: install the version in bench/requirements.txt")
    return raw.decode()


JUDGED = {"novel": english_text.pride_and_prejudice, "dictionary": devils_dictionary, "code": python_code}


def judged_windows(work, tokenizer, count, tokens):
    """Text's name → int64 [count, tokens], the beginning of each text."""
    return {name: windows(tokenizer, read(work), count, tokens) for name, read in JUDGED.items()}


def calibration_windows(work, tokenizer, count, tokens):
    """int64 [count, tokens] of Debian's fortunes, in an order that a seed decides."""
    folder = unpacked(work, "fortunes") / "usr/share/games/fortunes"
    cookies = [cookie.strip() for path in sorted(folder.iterdir()) if path.is_file() and not path.suffix
               for cookie in path.read_text(errors="replace").split("\n%\n")]
    kept = [cookie for cookie in cookies if cookie and not any(name in cookie for name in FORTUNES_WITHOUT)]
    random.Random(CALIBRATION_SEED).shuffle(kept)
    return windows(tokenizer, "\n\n".join(kept), count, tokens)


def windows(tokenizer, text, count, tokens):
    # Five characters a token are more than any of these texts has, so the rest need not be tokenised.
    ids = tokenizer.encode(text[:8 * count * tokens], add_special_tokens=False).ids
    if len(ids) < count * tokens:
        raise SystemExit(f"a text has {len(ids)} tokens, {count * tokens} are needed")
    return np.array(ids[:count * tokens], np.int64).reshape(count, tokens)
