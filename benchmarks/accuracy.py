"""Accuracy of this package and of other tools on open pairs.

    python -m benchmarks.accuracy --data ../shared/data --rivals /tmp/rivals/bin/python --old /tmp/old/bin/python

``--rivals`` is an interpreter with singler and tacco, ``--old`` one with spatialcore 0.5.4 (it has the same package
name, so it needs its own environment). Without them these columns are omitted.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler

from benchmarks.data.open_pairs import Labels, Pair, lung_settings, open_pairs
from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.normalization import log1p_normalize

Method = Callable[[Pair], Labels]


def pipeline(pair: Pair) -> Labels:
    """Return the calls of the pipeline: logistic regression on the reference matched to the query."""
    return _trained(pair, "logistic")


def recipe(pair: Pair) -> Labels:
    """Return the calls of CellTypist's SGD with mini-batches balanced over types."""
    return _trained(pair, "celltypist")


def _trained(pair: Pair, trainer: str) -> Labels:
    query = pair.query_data()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        matched = query if trainer == "logistic" else None
        train_celltypist_model(pair.reference_data(), output_path=path, trainer=trainer, query=matched)  # type: ignore[arg-type]
        annotate_celltypist(query, custom_model_path=path, min_confidence=0)
    calls: Labels = query.obs[columns.PREDICTED].astype(str).to_numpy()
    return calls


def plain(pair: Pair) -> Labels:
    """Class-balanced multinomial logistic regression of scikit-learn on log1p(10k), C=.01."""
    scaler = StandardScaler()
    train = np.minimum(scaler.fit_transform(log1p_normalize(pair.reference, 1e4).toarray()), 10)
    test = np.minimum(scaler.transform(log1p_normalize(pair.query, 1e4).toarray()), 10)
    fit = LogisticRegression(C=0.01, class_weight="balanced", max_iter=300).fit(train, pair.labels)
    calls: Labels = fit.predict(test).astype(str)
    return calls


def rival(interpreter: Path, name: str) -> Method:
    """Return a method that runs another tool with its own interpreter."""

    def run(pair: Pair) -> Labels:
        with tempfile.TemporaryDirectory() as folder:
            target, script = Path(folder) / "labels.npy", Path(__file__).with_name("accuracy_rivals.py")
            run_tool(interpreter, [str(script), name], pair, target, cwd=Path(folder))
            calls: Labels = np.load(target)
            return calls

    return run


def run_tool(interpreter: Path, program: list[str], pair: Pair, target: Path, *, cwd: Path) -> None:
    """Run another tool on a pair with its own interpreter.

    Parameters
    ----------
    program
        Script, or ``-m`` and module, and the name of the tool; the paths of the pair and of the result are added.
    target
        The result; the pair is written beside it.
    cwd
        Folder of the process. The script of a former version of this package must not run in the checkout.
    """
    source = target.with_name("pair.npz")
    save_pair(pair, source)
    arguments = [str(interpreter), "-W", "ignore", *program, str(source), str(target)]
    process = subprocess.run(arguments, capture_output=True, text=True, cwd=cwd, env=_clean(), check=False)
    if process.returncode:
        raise RuntimeError(f"{program[-1]} failed on {pair.name}:\n{process.stderr[-2000:]}")


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def save_pair(pair: Pair, path: Path) -> None:
    """Write a pair as .npz, readable with numpy alone."""
    arrays = {"labels": pair.labels.astype(str), "genes": np.array(pair.genes)}
    for side, matrix in (("reference", pair.reference), ("query", pair.query)):
        for name in ("data", "indices", "indptr", "shape"):
            arrays[f"{side}_{name}"] = np.asarray(getattr(matrix, name))
    if pair.positions is not None:
        arrays["positions"] = pair.positions
    np.savez(path, **arrays)  # type: ignore[arg-type]


def figures(truth: Labels, called: Labels) -> tuple[float, float]:
    """Return accuracy and macro-F1 over the types in the query."""
    classes = np.unique(truth)
    return accuracy_score(truth, called), f1_score(truth, called, labels=classes, average="macro", zero_division=0)


def methods(rivals: Path | None, old: Path | None) -> dict[str, Method]:
    """Return the methods that can be run."""
    available: dict[str, Method] = {"CellTypist SGD": recipe, "balanced LR": plain}
    if rivals:
        available |= {"SingleR": rival(rivals, "singler"), "TACCO": rival(rivals, "tacco")}
    if old:
        available["spatialcore 0.5.4"] = rival(old, "spatialcore054")
    return available | {"ours": pipeline}


def measure(pairs: Iterable[Pair], chosen: dict[str, Method]) -> pd.DataFrame:
    """Return pair, method, accuracy, macro_f1 and seconds; query cells of types outside the reference are excluded."""
    rows = []
    for pair in pairs:
        for name, method in chosen.items():
            start = time.perf_counter()
            called = method(pair)[pair.in_reference]
            accuracy, f1 = figures(pair.truth[pair.in_reference], called)
            rows.append((pair.name, name, accuracy, f1, time.perf_counter() - start))
            print(f"{pair.name:32} {name:18} {accuracy:.3f} / {f1:.3f}  {rows[-1][-1]:.0f} s", file=sys.stderr)
    return pd.DataFrame(rows, columns=["pair", "method", "accuracy", "macro_f1", "seconds"])


def table(results: pd.DataFrame) -> str:
    """Return accuracy / macro-F1 as a markdown table with means, and the largest deficit against another method."""
    order = list(dict.fromkeys(results["method"]))
    wide = {c: results.pivot(index="pair", columns="method", values=c)[order] for c in ("accuracy", "macro_f1")}
    pairs = list(dict.fromkeys(results["pair"]))
    accuracy, f1 = (wide[c].loc[pairs] for c in ("accuracy", "macro_f1"))
    lines = ["| pair | " + " | ".join(order) + " |", "|---" * (len(order) + 1) + "|"]
    for name, a, b in [*((p, accuracy.loc[p], f1.loc[p]) for p in pairs), ("**mean**", accuracy.mean(), f1.mean())]:
        lines.append(f"| {name} | " + " | ".join(f"{a[m]:.3f} / {b[m]:.3f}" for m in order) + " |")
    deficit = (f1.drop(columns="ours").max(axis=1) - f1["ours"]).max()
    lines += ["", f"Largest deficit against the best other method of a pair: {deficit:+.3f} macro-F1."]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--rivals", type=Path, help="interpreter with singler and tacco")
    parser.add_argument("--old", type=Path, help="interpreter with spatialcore 0.5.4")
    parser.add_argument(
        "--lung", action="store_true", help="the simulated lung pair over settings, instead of all pairs"
    )
    parser.add_argument("--only", help="method to run, for development")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("celltypist").setLevel(logging.ERROR)
    chosen = methods(options.rivals, options.old)
    pairs = lung_settings(options.data) if options.lung else open_pairs(options.data)
    results = measure(pairs, {options.only: chosen[options.only]} if options.only else chosen)
    omitted = [
        name for name, path in (("SingleR, TACCO", options.rivals), ("spatialcore 0.5.4", options.old)) if not path
    ]
    print(table(results) if not options.only else results.to_string())
    if omitted:
        print(f"Omitted without an interpreter: {'; '.join(omitted)}.")


if __name__ == "__main__":
    main()
