"""Fingerprint of a round: what went in, so that two reports can be told apart by eight digits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import evalpkg
from evalpkg import params
from evalpkg.params import ParamsError, Round


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
    """Take the fingerprint of a round: raw files, parameters, codebook, lexicon, version.

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
    for name in (f"codebooks/{round_.codebook}.yaml", round_.lexicon):
        with suppress(ParamsError):  # a survey without remarks needs no lexicon
            found[f"reference/{name}"] = params.reference(round_.root, name)
    return found | {f"raw/{path.relative_to(round_.raw).as_posix()}": path for path in raw_files(round_.raw)}


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
