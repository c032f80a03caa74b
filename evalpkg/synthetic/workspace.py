"""Write the demo rounds into a folder, which becomes a workspace if it is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalpkg import params

from . import measures, problems, round_files, truth, world

TRUTH = "data/raw/truth.json"


def write(
    root: str | Path, rounds: list[str] | None = None, seed: int = world.SEED, *, force: bool = False
) -> list[Path]:
    """Write demo rounds under ``root/data/raw`` and ``truth.json`` beside them.

    Parameters
    ----------
    root
        A workspace with the demo's parameters, or a folder without any (they are copied into it).
    rounds
        Round names; None writes all five.
    seed
        Start of all random numbers; the same seed gives the same bytes.
    force
        Replace files of other content.

    Returns
    -------
    list of Path
        The files, written now or already there with the same content.

    Raises
    ------
    SyntheticError
        A round is unknown, belongs to a real survey, or a file of other content stands in the way; then nothing is written.
    """
    folder = Path(root)
    chosen = list(world.WAVES) if rounds is None else rounds
    unknown = [name for name in chosen if name not in world.WAVES]
    if unknown:
        raise world.SyntheticError(f"没有示例轮次 {'、'.join(unknown)}；可用：{'、'.join(world.WAVES)}")
    files = _parameters(folder, chosen)
    demos = {name: round_files.draw(name, folder, seed) for name in chosen}
    files |= {
        f"data/raw/{name}/{file}": content
        for name, demo in demos.items()
        for file, content in demo.files.items()
    }
    files["data/raw/measures.csv"] = round_files.csv(measures.ledger())
    files["data/raw/problems.csv"] = round_files.csv(problems.ledger(round_files.material(folder), seed))
    files["data/raw/platform.csv"] = round_files.csv(problems.platform())
    if not force:
        _refuse_strangers(folder, files, chosen)
    files[TRUTH] = _truth(folder, demos, seed)
    return [_put(folder / name, content) for name, content in files.items()]


def _parameters(folder: Path, chosen: list[str]) -> dict[str, bytes]:
    """Parameter files for a folder without any; a folder of another survey is refused, for its pages would lack the banner."""
    shipped = params.bundle() / "params"
    if not (folder / "params").is_dir():
        return {f"params/{path.name}": path.read_bytes() for path in sorted(shipped.glob("*.yaml"))}
    for name in chosen:
        path = folder / "params" / f"{name}.yaml"
        if not path.is_file() or "合成数据" not in path.read_text(encoding="utf-8"):
            raise world.SyntheticError(
                f"params/{name}.yaml 不是示例轮次（没有“合成数据”提示）；请把示例写到一个空文件夹"
            )
    return {}


def _refuse_strangers(folder: Path, files: Mapping[str, bytes], chosen: list[str]) -> None:
    for name, content in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() != content:
            raise world.SyntheticError(
                f"{name} 已存在且内容不同，未覆盖任何文件；请先移走它，或加 --force 覆盖"
            )
    for name in chosen:
        own = f"answers_{name}.xlsx"
        for path in sorted((folder / "data" / "raw" / name).glob("answers*")):
            if path.name != own:
                raise world.SyntheticError(
                    f"data/raw/{name}/ 里已有别的答卷 {path.name}；示例不与它混放，请换一个空文件夹"
                )


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _truth(folder: Path, demos: Mapping[str, round_files.Demo], seed: int) -> bytes:
    """Truth of the rounds drawn now, beside that of rounds written earlier from the same seed."""
    earlier = _earlier(folder / TRUTH, seed)
    kept = {name: value for name, value in earlier.items() if (folder / "data" / "raw" / name).is_dir()}
    by_round = kept | {name: demo.truth for name, demo in demos.items()}
    city = next(iter(demos.values())).city if demos else {}
    return truth.as_json({"city": city, "rounds": by_round})


def _earlier(path: Path, seed: int) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    same = isinstance(found, dict) and found.get("city", {}).get("seed") == seed
    return dict(found["rounds"]) if same else {}
