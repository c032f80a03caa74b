"""Fingerprint of a round: what went in, so that two reports can be told apart by eight digits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import evalpkg
from evalpkg import params
from evalpkg.params import ParamsError, Round

LEDGERS = ("measures.csv", "problems.csv", "platform.csv")  # of all rounds, beside their folders


@dataclass(frozen=True)
class Fingerprint:
    """Digest of a round's inputs.

    Attributes
    ----------
    digest
        SHA-256 over names and contents of the inputs and the version of the package, in hexadecimal.
    files
        Relative name of each input -> SHA-256 of its content.
    """

    digest: str
    files: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.digest[:4]} {self.digest[4:8]}"


def of(round_: Round) -> Fingerprint:
    """Take the fingerprint of a round: raw files, parameters, codebook and what it names, lexicon, version.

    Where the files lie, when they were written and in which order they are found does not matter.
    """
    files = {name: sha256(path.read_bytes()) for name, path in sorted(inputs(round_).items())}
    return Fingerprint(digest_of(files, evalpkg.__version__), files)


def digest_of(files: Mapping[str, str], version: str) -> str:
    """Hash the sorted lines ``name digest`` and the version.

    >>> digest_of({"a": "1", "b": "2"}, "0.1.0") == digest_of({"b": "2", "a": "1"}, "0.1.0")
    True
    """
    lines = [f"{name}\t{files[name]}" for name in sorted(files)]
    return sha256("\n".join([version, *lines]).encode())


def inputs(round_: Round) -> dict[str, Path]:
    """Name every file that decides the numbers of a round."""
    found = {
        f"params/{name}": round_.root / "params" / name for name in (params.DEFAULTS, f"{round_.id}.yaml")
    }
    codebook = f"codebooks/{round_.codebook}.yaml"
    for name in (codebook, round_.lexicon, *_named(round_, codebook)):
        with suppress(ParamsError):  # a survey without remarks needs no lexicon
            found[f"reference/{name}"] = params.reference(round_.root, name)
    ledgers = (round_.root / "data" / "raw" / name for name in LEDGERS)
    found |= {f"ledger/{path.name}": path for path in ledgers if path.is_file()}
    return found | {f"raw/{path.relative_to(round_.raw).as_posix()}": path for path in raw_files(round_.raw)}


def _named(round_: Round, codebook: str) -> list[str]:
    """List the reference files that a codebook names: departments, options, size rules."""
    spec: dict[str, Any] = {}
    with suppress(ParamsError):  # what opens the round says what is wrong with it
        spec = params.read_yaml(params.reference(round_.root, codebook))
    parts = [part for item in spec.get("items", []) for part in item.values() if isinstance(part, dict)]
    return [str(name) for name in (spec.get("departments"), *(part.get("file") for part in parts)) if name]


def raw_files(folder: Path) -> list[Path]:
    """List the files of a raw folder; a spreadsheet left open (``~$…``) and hidden files do not count."""
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "~$"))
    )


def sha256(content: bytes) -> str:
    """Digest in hexadecimal.

    >>> sha256(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()
