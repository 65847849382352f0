"""Accuracy and confidence between studies, on realistic open pairs, compared with other tools.

    python -m benchmarks.between_studies --data ../shared/data --rivals /tmp/rivals/bin/python

Parts: ``pairs`` (real and simulated sections), ``fine`` (reference types finer than the truth), ``spill`` (simulated
sections with spill-over), ``skewed`` (one type is 80 to 99 % of the query), ``foreign`` (references of another tissue
or species), ``unseen`` (each type in turn hidden from the reference).
"""

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy import Method, figures, methods
from benchmarks.calibration import CALL_THRESHOLD, Called, expected_calibration_error, hidden_auroc, hidden_types
from benchmarks.data.open_pairs import Labels, Pair, open_pairs
from benchmarks.data.simulated_sections import simulate
from benchmarks.data.study_pairs import (
    BRAIN,
    SAME_LINEAGE,
    fine_pairs,
    foreign_pairs,
    profile_pairs,
    skewed,
    spatial_pairs,
)
from spatialcore.core.types import Floats

HIGH = 0.95
THINNED = "PBMC > PBMC 68k, 50 counts"  # has the cells of another pair
SHARES = (0.8, 0.9, 0.95, 0.99)
SPILLS = (0.0, 0.1, 0.2, 0.3, 0.4)


def pipeline(pair: Pair) -> tuple[Labels, Floats]:
    """Return calls and calibrated confidence."""
    with tempfile.TemporaryDirectory() as folder:
        return Called(pair, Path(folder)).call("calibrated")


def measure(pair: Pair, called: Labels, confidence: Floats) -> dict[str, float]:
    """Return accuracy and calibration over the query cells of types in the reference."""
    in_reference = pair.in_reference
    truth, is_called = pair.truth[in_reference], confidence[in_reference] >= CALL_THRESHOLD
    right = pair.as_truth(called)[in_reference] == truth
    confident = confidence[in_reference] >= HIGH
    accuracy, f1 = figures(truth, pair.as_truth(called)[in_reference])
    return {
        "accuracy": accuracy,
        "exact": float((called[in_reference] == truth).mean()),
        "macro_f1": f1,
        "ece": expected_calibration_error(confidence[in_reference], right),
        "kept": float(is_called.mean()),
        "kept_right": float(right[is_called].mean()) if is_called.any() else np.nan,
        "sure": float(confident.mean()),
        "sure_right": float(right[confident].mean()) if confident.any() else np.nan,
        "auroc": float(roc_auc_score(right, confidence[in_reference])) if 0 < right.mean() < 1 else np.nan,
        "unseen_passing": float((confidence[~in_reference] >= CALL_THRESHOLD).mean())
        if not in_reference.all()
        else np.nan,
    }


def run(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return the figures of this package, one row per pair."""
    rows = []
    for pair in pairs:
        rows.append({"pair": pair.name, **measure(pair, *pipeline(pair))})
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}, file=sys.stderr)
    return pd.DataFrame(rows)


def compare(pairs: Iterable[Pair], chosen: dict[str, Method]) -> pd.DataFrame:
    """Return the macro-F1 of every method, one row per pair."""
    rows: list[dict[str, Any]] = []
    for pair in pairs:
        row: dict[str, Any] = {"pair": pair.name}
        for name, method in chosen.items():
            row[name] = figures(pair.truth[pair.in_reference], pair.as_truth(method(pair))[pair.in_reference])[1]
        rows.append(row)
        print(row, file=sys.stderr)
    return pd.DataFrame(rows)


def foreign(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return the share explained by the profiles, the share of cells called, and called as another lineage."""
    rows = []
    for pair in pairs:
        with tempfile.TemporaryDirectory() as folder:
            model = Called(pair, Path(folder))
            called, confidence = model.call("calibrated")
        passing = confidence >= CALL_THRESHOLD
        related = np.array(
            [truth in SAME_LINEAGE.get(call, ()) for call, truth in zip(called, pair.truth, strict=True)]
        )
        rows.append(
            {
                "pair": pair.name,
                "explained": model.explained,
                "passing": float(passing.mean()),
                "wrong": float((passing & ~related).mean()),
            }
        )
        print(rows[-1], file=sys.stderr)
    return pd.DataFrame(rows)


def hidden(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return AUROC of confidence and unseen score, and called share of a hidden type: means over types of each pair."""
    rows = []
    for pair in pairs:
        of_types = pd.DataFrame(hidden_type(pair, label) for label in hidden_types(pair))
        rows.append({"pair": pair.name, "types": len(of_types), **of_types.mean().to_dict()})
        print(rows[-1], file=sys.stderr)
    return pd.DataFrame(rows)


def hidden_type(pair: Pair, label: str) -> dict[str, float]:
    """Hide a type from the reference; return the share of its cells that is called, and the two AUROCs."""
    with tempfile.TemporaryDirectory() as folder:
        called = Called(pair.without(label), Path(folder))
        confidence = called.call("calibrated")[1]
    return {
        "passing": float((confidence[pair.truth == label] >= CALL_THRESHOLD).mean()),
        "auroc": hidden_auroc(pair, label, -confidence),
        "score_auroc": hidden_auroc(pair, label, called.unseen_score),
    }


def all_pairs(data: Path) -> Iterator[Pair]:
    """Yield the pairs in which types are hidden, each once."""
    sections = list(spatial_pairs(data))
    yield from sections
    names = {pair.name for pair in sections} | {THINNED}
    yield from (pair for pair in (*open_pairs(data), *profile_pairs(data)) if pair.name not in names)


def spill_pairs(data: Path) -> Iterator[Pair]:
    """Simulate sections with several shares of spill-over, from two references."""
    sources: tuple[tuple[tuple[str, str], str, dict[str, str]], ...] = (
        (("profile_rectum_wang", "profile_ileum_wang"), "hMulti", {}),
        (
            ("profile_brain_dronc", "profile_brain_allen"),
            "hBrain",
            BRAIN,
        ),
    )
    for spill in SPILLS:
        for seed, (profiles, panel, names) in enumerate(sources, start=21):
            name = f"{profiles[0].split('_')[1]} > {profiles[1].split('_')[1]}, spill {spill}"
            yield simulate(name, data, profiles, panel, names, spill=spill, seed=seed)


def skewed_pairs(data: Path) -> Iterator[Pair]:
    """Draw the skewed queries of all pairs."""
    rng = np.random.default_rng(0)
    for pair in (*spatial_pairs(data), *open_pairs(data)):
        for share in SHARES:
            yield from skewed(pair, share, rng)


def table(results: pd.DataFrame) -> str:
    """Return a markdown table with the means of all rows at the end."""
    names = [name for name in results.columns if name != "pair"]
    lines = ["| pair | " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    rows = [(row["pair"], row) for _, row in results.iterrows()] + [("**mean**", results[names].mean())]
    for name, row in rows:
        cells = ["-" if pd.isna(row[key]) else f"{row[key]:.3f}" for key in names]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--rivals", type=Path, help="interpreter with singler and tacco")
    parts = ("pairs", "compare", "fine", "spill", "skewed", "foreign", "unseen")
    parser.add_argument("--parts", nargs="+", default=parts, choices=parts)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    data: Path = options.data

    def real_pairs() -> Iterator[Pair]:
        yield from spatial_pairs(data)
        yield from profile_pairs(data)

    work = {
        "pairs": lambda: run(real_pairs()),
        "compare": lambda: compare(real_pairs(), methods(options.rivals, None)),
        "fine": lambda: run(fine_pairs(data)),
        "spill": lambda: run(spill_pairs(data)),
        "skewed": lambda: run(skewed_pairs(data)),
        "foreign": lambda: foreign(foreign_pairs(data)),
        "unseen": lambda: hidden(all_pairs(data)),
    }
    for part in options.parts:
        print(f"\n{part}\n\n{table(work[part]())}", flush=True)


if __name__ == "__main__":
    main()
