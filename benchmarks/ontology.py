"""How well labels become Cell Ontology terms, against tables that curators made.

Every (source, label) pair is asked once, by the label alone. A label's truth in a source is the set of ids its curators
gave it there. The facts of a table that ship with the package as a lexicon are withheld while that table is asked;
``--withhold curators`` withholds those of its curators' other tables as well, ``--withhold all`` measures the rules,
``--withhold none`` what is shipped. Beside the figures stand two bounds for labels that recur: what the one best answer
to every label would reach, and what the other tables' vote reaches. ``--halves N`` asks N random halves of the tables
with the facts of the other half alone. ``--rival FILE`` (CSV: label, id) measures another mapper on its labels.

    python benchmarks/ontology.py ../shared/truth --worst 20
"""

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from spatialcore.annotation.ontology.hierarchy import ancestors, current_id, distance, on_one_line
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.errors import InputError

# Two terms are of different lineages when each lies below some of these and they have none in common.
LINEAGES = {
    "T": "CL:0000084", "B": "CL:0000945", "ILC": "CL:0001065", "myeloid": "CL:0000766", "erythroid": "CL:0000764",
    "megakaryocyte": "CL:0000556", "endothelial": "CL:0000115", "epithelial": "CL:0000066", "neuron": "CL:0000540",
    "glia": "CL:0000125", "muscle": "CL:0000187", "connective": "CL:0002320", "germ": "CL:0000586",
}  # fmt: skip


COLUMNS = {"label", "cl_id", "source", "trivial"}
HRA = ("hra_celltypist", "hra_azimuth", "hra_frmatch", "hra_popv", "asctb")


def curators_of(source: str) -> tuple[str, ...]:
    """Return the tables made by the same people as this one."""
    return HRA if source in HRA else (source,)


def lineages(term: str) -> set[str]:
    """Return the lineages a term belongs to."""
    line = {term, *ancestors(term)}
    return {name for name, anchor in LINEAGES.items() if anchor in line}


def is_wrong_lineage(found: str, truth: frozenset[str]) -> bool:
    """Say whether a term is of another lineage than every right one."""
    return all(
        not on_one_line(found, right) and bool(lineages(found)) and bool(lineages(right))
        and not lineages(found) & lineages(right)
        for right in truth
    )  # fmt: skip


def steps(found: str, truth: frozenset[str]) -> int:
    """Return the fewest is_a steps to a right term, 99 where there is no way."""
    ways = []
    for right in truth:
        try:
            ways.append(distance(found, right))
        except InputError:  # a part of a cell has no common ancestor with a cell
            ways.append(99)
    return min(ways)


def read_truth(folder: Path) -> pd.DataFrame:
    """Return one row per source and label: the right ids, and whether the label is trivial or recurs elsewhere."""
    tables = [pd.read_csv(file, keep_default_na=False) for file in sorted(folder.glob("*.csv"))]
    rows = pd.concat([table for table in tables if set(table.columns) >= COLUMNS], ignore_index=True)
    rows["cl_id"] = rows["cl_id"].map(current_id)
    rows = rows[rows["cl_id"].notna()]
    rows["trivial"] = rows["trivial"].astype(str) == "True"
    rows["seen"] = rows.get("seen_in_dev", pd.Series("", index=rows.index)).astype(str) == "True"
    pairs = rows.groupby(["source", "label"], sort=True).agg(
        truth=("cl_id", frozenset), trivial=("trivial", "any"), seen=("seen", "any")
    )
    pairs = pairs.reset_index()
    spelling = pairs["label"].str.lower()
    pairs["recurring"] = (spelling.map(pairs.groupby(spelling)["source"].nunique()) > 1) | pairs["seen"]
    return pairs


def judge(pairs: pd.DataFrame, found: pd.Series) -> pd.DataFrame:
    """Return the pairs with the term that was found and how far it is from the truth."""
    judged = pairs.assign(found=found.to_numpy())
    judged["steps"] = [steps(term, truth) if term else 99 for term, truth in judged[["found", "truth"]].to_numpy()]
    judged["wrong"] = [
        bool(term) and is_wrong_lineage(term, truth) for term, truth in judged[["found", "truth"]].to_numpy()
    ]
    return judged


def summary(judged: pd.DataFrame) -> dict[str, float]:
    """Return the figures of a set of judged pairs, in percent."""
    if judged.empty:
        return {"labels": 0}
    return {
        "labels": len(judged),
        "exact": 100 * (judged["steps"] == 0).mean(),
        "within2": 100 * (judged["steps"] <= 2).mean(),
        "wrong": 100 * judged["wrong"].mean(),
        "coverage": 100 * (judged["found"] != "").mean(),
    }


def report(judged: pd.DataFrame) -> pd.DataFrame:
    """Return the figures by source, and over all of them by kind of label."""
    plain = judged[~judged["trivial"]]
    rows = {source: summary(plain[plain["source"] == source]) for source in judged["source"].unique()}
    rows["non-trivial"] = summary(plain)
    rows["non-trivial, once"] = summary(plain[~plain["recurring"]])
    rows["trivial"] = summary(judged[judged["trivial"]])
    rows["recurring"] = summary(plain[plain["recurring"]])
    rows["trivial and recurring"] = summary(judged[judged["trivial"] | judged["recurring"]])
    rows["all"] = summary(judged)
    return pd.DataFrame(rows).T


def ask(pairs: pd.DataFrame, withheld: str) -> pd.Series:
    """Return what our mapper finds with the facts of some tables withheld: of a kind, or those named."""
    found = []
    for source, label in pairs[["source", "label"]].to_numpy():
        left_out = {
            "none": "",
            "source": source,
            "curators": ",".join(curators_of(source)),
            "all": ",".join((*HRA, "hlca_author")),
        }.get(withheld, withheld)
        found.append(matcher_for(excluded_sources=left_out).match(label).id)
    return pd.Series(found, index=pairs.index)


def bounds(pairs: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which pairs the one best answer to each label gets right, and which the vote of the other tables."""
    votes = pairs.groupby(pairs["label"].str.lower())["truth"].agg(lambda sets: Counter(t for ids in sets for t in ids))
    best, others = [], []
    for label, truth in pairs[["label", "truth"]].to_numpy():
        cast = votes[label.lower()]
        best.append(max(sorted(cast), key=cast.__getitem__) in truth)
        rest = cast - Counter(truth)
        others.append(bool(rest) and max(sorted(rest), key=rest.__getitem__) in truth)
    return {"best single answer": pd.Series(best), "vote of the others": pd.Series(others)}


def show_bounds(pairs: pd.DataFrame) -> None:
    """Print what agreement among the curators allows where labels recur."""
    recurring = pairs["recurring"] & ~pairs["trivial"]
    for name, right in bounds(pairs).items():
        with_trivial = (right | pairs["trivial"])[recurring | pairs["trivial"]]
        print(f"{name}: recurring {100 * right[recurring].mean():.1f}, with trivial {100 * with_trivial.mean():.1f}")


def show_halves(pairs: pd.DataFrame, count: int) -> None:
    """Print the figures of random halves of the tables, asked with the facts of the other half alone."""
    sources = sorted(pairs["source"].unique())
    for seed in range(count):
        asked = random.Random(seed).sample(sources, len(sources) // 2)
        half = pairs[pairs["source"].isin(asked)]
        figures = report(judge(half, ask(half, ",".join(asked)))).loc[["non-trivial", "trivial and recurring"]]
        print(f"\nhalf {seed}: {', '.join(sorted(asked))}\n{figures.round(1).to_string()}")


def abstained(folder: Path) -> tuple[int, int, list[str]]:
    """Return how many labels that mean no type were left unmapped, of how many, and which were not."""
    labels = sorted(set(pd.read_csv(folder / "negatives.csv", keep_default_na=False)["label"]))
    mapped = [label for label in labels if matcher_for().match(label).id]
    return len(labels) - len(mapped), len(labels), mapped


def show_worst(judged: pd.DataFrame, count: int) -> None:
    """Print the labels that are farthest off, those of a wrong lineage first."""
    bad = judged[(judged["steps"] > 2) & (judged["found"] != "")]
    bad = bad.sort_values(["wrong", "steps", "label"], ascending=[False, False, True]).drop_duplicates("label")
    name = matcher_for().name_of
    for row in bad.head(count).itertuples():
        right = " | ".join(sorted(name(term) for term in row.truth))
        print(f"{row.source:16} {row.label!r} -> {name(row.found)}; curators: {right}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--worst", type=int, default=0)
    parser.add_argument(
        "--withhold", choices=("source", "curators", "all", "none"), default="source",
        help="shipped facts not to be read: those of the table asked, of all tables of its curators, all, or none",
    )  # fmt: skip
    parser.add_argument("--halves", type=int, default=0)
    parser.add_argument("--rival", type=Path, help="CSV of label, id: measured beside ours on its labels")
    options = parser.parse_args()
    pairs = read_truth(options.truth)
    rival = pd.read_csv(options.rival, keep_default_na=False) if options.rival else None
    if rival is not None:
        pairs = pairs[pairs["label"].isin(rival["label"])].reset_index(drop=True)
    start = time.process_time()
    judged = judge(pairs, ask(pairs, options.withhold))
    spent = time.process_time() - start
    print(report(judged).round(1).to_string())
    show_bounds(pairs)
    print(f"\n{pairs['label'].nunique()} labels in {spent:.1f} CPU s (judging included)")
    if (options.truth / "negatives.csv").is_file():
        kept, total, mapped = abstained(options.truth)
        print(f"labels of no type left unmapped: {kept} of {total}; mapped: {', '.join(mapped)}")
    if rival is not None:
        ids = dict(zip(rival["label"], rival["id"].map(lambda term: current_id(term) or ""), strict=True))
        print(f"\nrival ({options.rival.name}) on the same labels")
        print(report(judge(pairs, pairs["label"].map(ids))).round(1).to_string())
    show_worst(judged, options.worst)
    show_halves(pairs, options.halves)


if __name__ == "__main__":
    main()
