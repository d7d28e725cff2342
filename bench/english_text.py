"""Pride and Prejudice, in plain text, from Debian's package of Jane Austen's novels (r-cran-janeaustenr)."""
import bz2
import lzma
import pathlib
import struct
import subprocess
import zlib

PACKAGE = "r-cran-janeaustenr"
TITLE = "PRIDE AND PREJUDICE"
LZMA_FILTERS = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 26}]


def pride_and_prejudice(work):
    """The novel's text; the package is fetched by apt once."""
    path = work / "pride_and_prejudice.txt"
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        books = [text for text in _objects(_unpacked(work)) if TITLE in text[:400].upper()]
        if len(books) != 1:
            raise SystemExit(f"{PACKAGE} holds {len(books)} texts that begin with {TITLE}, one was expected")
        path.write_text(books[0])
    return path.read_text()


def _unpacked(work):
    subprocess.run(["apt-get", "download", "--quiet", PACKAGE], cwd=work, check=True, stdout=subprocess.DEVNULL)
    package = next(work.glob(f"{PACKAGE}_*.deb"))
    subprocess.run(["dpkg", "-x", package, work / PACKAGE], check=True)
    return (next((work / PACKAGE).rglob("Rdata.rdb"))).read_bytes()


def _objects(database):
    """The character vectors of an R lazy-load database: records of a length, a compression's letter and XDR bytes."""
    position = 0
    while position < len(database):
        kind = database[position + 4:position + 5]
        body = position + 4 + (kind in (b"Z", b"2"))
        unpacker = {b"Z": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=LZMA_FILTERS),
                    b"2": bz2.BZ2Decompressor}.get(kind, zlib.decompressobj)()
        raw = unpacker.decompress(database[body:])
        position = len(database) - len(unpacker.unused_data)
        if len(raw) > 10_000:
            yield _lines(raw)


def _lines(raw):
    """A serialised STRSXP: "X\\n", three version numbers, in version 3 the encoding's name, then flagged strings."""
    at = 14
    if struct.unpack_from(">I", raw, 2)[0] == 3:
        at += 4 + struct.unpack_from(">I", raw, at)[0]
    count = struct.unpack_from(">I", raw, at + 4)[0]
    at += 8
    lines = []
    for _ in range(count):
        length = max(struct.unpack_from(">i", raw, at + 4)[0], 0)
        lines.append(raw[at + 8:at + 8 + length].decode())
        at += 8 + length
    return "\n".join(lines)


if __name__ == "__main__":
    print(len(pride_and_prejudice(pathlib.Path("build/bench"))), "characters")
