"""Table of the reference labels and the Cell Ontology terms they were mapped to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.validation import takes_adata
from spatialcore.errors import InputError
from spatialcore.plotting import style
from spatialcore.plotting.groups import obs_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TIERS: Final = {
    "tier0_pattern": ("#2ca25f", "Pattern"),
    "tier1_exact": ("#3182bd", "Exact"),
    "tier2_token": ("#f28e2b", "Token match"),
    "tier3_overlap": ("#d7301f", "Word overlap"),
    "unmapped": ("#9a9a9a", "Unmapped"),
}
OTHER: Final = ("#6f63a8", "Curated")
COLUMNS: Final = ("input_label", "name", "id", "match_tier", "score", "n_cells")
_ATTENTION: Final = ("unmapped", "tier3_overlap", "tier2_token")
_ROW: Final = 0.19


@takes_adata
def plot_ontology_mapping(
    adata: AnnData,
    source_label_column: str,
    ontology_name_column: str,
    ontology_id_column: str,
    mapping_table: pd.DataFrame | None = None,
    title: str | None = None,
    figsize: tuple[float, float] = (14, 8),
    save: str | Path | None = None,
) -> "Figure":
    """Plot a table of labels and their Cell Ontology terms, coloured by match tier.

    Parameters
    ----------
    adata
        Cells with labels and terms. Not used if ``mapping_table`` is passed.
    source_label_column, ontology_name_column, ontology_id_column
        Columns of ``obs`` with the original labels, the names of the terms and their ids.
    mapping_table
        The table of :func:`spatialcore.annotation.add_ontology_ids`, with tiers and scores.
    title
        Title of the figure.
    figsize
        Width and largest height in inches; a short table is less high. If the rows do not fit, labels to check come
        first and a note gives the number of labels that are not drawn; the CSV has all.
    save
        Path to write the figure to; the table is written next to it as CSV.

    Returns
    -------
    Figure
        One row per label, unmapped and uncertain labels first.

    Raises
    ------
    LabelColumnError
        A column does not exist.
    InputError
        ``mapping_table`` has no column ``input_label``.

    Examples
    --------
    >>> import anndata, numpy, pandas
    >>> from spatialcore.annotation import add_ontology_ids
    >>> obs = pandas.DataFrame({"label": ["CD4+ T cells", "Mph"]}, index=["a", "b"])
    >>> adata, _, result = add_ontology_ids(anndata.AnnData(numpy.zeros((2, 1)), obs=obs), "label")
    >>> figure = plot_ontology_mapping(
    ...     adata, "label", "cell_type_ontology_label", "cell_type_ontology_term_id", mapping_table=result.table
    ... )
    """
    table = (
        mapping_from_obs(adata, source_label_column, ontology_name_column, ontology_id_column)
        if mapping_table is None
        else as_mapping(mapping_table)
    )
    figure = _draw(table, title or "Reference labels and their Cell Ontology terms", figsize)
    style.save_with_table(figure, table, save)
    return figure


def height_for(n_rows: int) -> float:
    """Return the height in inches of a table with this many labels."""
    return max(1.9, 1.5 + _ROW * n_rows)


def as_mapping(table: pd.DataFrame) -> pd.DataFrame:
    """Return a mapping table with the columns and the order of the figure: labels to check first."""
    if "input_label" not in table:
        raise InputError("mapping_table has no column 'input_label'", hint=f"columns: {', '.join(table.columns)}")
    frame = table.reindex(columns=list(COLUMNS))
    frame[["name", "id"]] = frame[["name", "id"]].fillna("").astype(str)
    frame["match_tier"] = frame["match_tier"].where(frame["match_tier"].notna(), _tier_by_text(frame)).astype(str)
    frame["score"] = pd.to_numeric(frame["score"], errors="coerce")
    frame["n_cells"] = pd.to_numeric(frame["n_cells"], errors="coerce")
    rank = frame["match_tier"].map({tier: i for i, tier in enumerate(_ATTENTION)}).fillna(len(_ATTENTION))
    order = np.lexsort((frame["input_label"].astype(str).str.casefold(), -frame["n_cells"].fillna(0), rank))
    return frame.iloc[order].reset_index(drop=True)


def mapping_from_obs(adata: AnnData, source: str, name: str, term: str) -> pd.DataFrame:
    """Return the mapping table of three columns of ``obs``; the tier is exact, unmapped or curated."""
    parts = {"input_label": obs_column(adata, source), "name": obs_column(adata, name), "id": obs_column(adata, term)}
    frame = pd.DataFrame({key: values.astype(object) for key, values in parts.items()}).fillna("").astype(str)
    frame.loc[~frame["id"].str.startswith("CL:"), ["name", "id"]] = ""
    return as_mapping(frame.value_counts(sort=False).rename("n_cells").reset_index())


def _tier_by_text(frame: pd.DataFrame) -> pd.Series:
    same = frame["input_label"].astype(str).str.casefold() == frame["name"].str.casefold()
    return pd.Series(
        np.select([frame["id"] == "", same], ["unmapped", "tier1_exact"], default="curated"), index=frame.index
    )


def _draw(table: pd.DataFrame, title: str, figsize: tuple[float, float]) -> "Figure":
    figsize = (figsize[0], min(figsize[1], height_for(len(table))))
    figure = style.new_figure(figsize, layout=None)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    style.hide_axes(axes)
    axes.set_xlim(0, figsize[0])
    axes.set_ylim(0, figsize[1])
    max_rows = max(1, int((figsize[1] - 1.45) / _ROW))
    drawn = table.head(max_rows)
    _header(axes, figsize, table, title)
    y = figsize[1] - 1.2
    for line, row in enumerate(drawn.to_dict("records")):
        _row(axes, figsize[0], y - line * _ROW, dict(row))
    if len(table) > len(drawn):
        text = f"{len(table) - len(drawn)} more labels in the CSV; labels to check come first"
        axes.text(0.15, 0.08, text, fontsize=style.SMALL, color=style.MUTED)
    return figure


def _column_positions(width: float) -> dict[str, float]:
    return {key: width * share for key, share in zip(COLUMNS, (0.025, 0.37, 0.70, 0.79, 0.90, 0.985), strict=True)}


def _header(axes: "Axes", figsize: tuple[float, float], table: pd.DataFrame, title: str) -> None:
    width, height = figsize
    mapped = int((table["match_tier"] != "unmapped").sum())
    axes.text(0.15, height - 0.3, title, fontsize=style.LARGE, fontweight="bold", color=style.INK)
    x = 0.15
    axes.text(x, height - 0.62, f"{mapped} of {len(table)} labels mapped", fontsize=style.NORMAL, color=style.INK)
    x = width * 0.37
    for tier, count in table["match_tier"].value_counts().reindex([*TIERS, "curated"]).dropna().items():
        color, name = TIERS.get(str(tier), OTHER)
        axes.scatter([x], [height - 0.57], s=40, c=color, marker="s")
        axes.text(x + 0.12, height - 0.62, f"{name} {int(count)}", fontsize=style.SMALL, color=style.INK)
        x += 0.35 + 0.085 * (len(name) + 3)
    titles = ("Reference label", "Cell Ontology term", "Id", "Match", "Score", "Cells")
    for (key, x), text in zip(_column_positions(width).items(), titles, strict=True):
        align = "right" if key == "n_cells" else "left"
        axes.text(x, height - 0.95, text, fontsize=style.SMALL, color=style.MUTED, ha=align)
    axes.plot([0.15, width - 0.15], [height - 1.02] * 2, color=style.MUTED, linewidth=0.7)


def _row(axes: "Axes", width: float, y: float, row: dict[Any, Any]) -> None:
    from matplotlib.patches import Rectangle

    color, tier = TIERS.get(row["match_tier"], OTHER)
    axes.add_patch(Rectangle((0.15, y - 0.06), width - 0.3, _ROW * 0.94, facecolor=color, alpha=0.13, linewidth=0))
    axes.add_patch(Rectangle((0.15, y - 0.06), 0.06, _ROW * 0.94, facecolor=color, linewidth=0))
    texts = {
        "input_label": row["input_label"],
        "name": row["name"] or "no term, label unchanged",
        "id": row["id"],
        "match_tier": tier,
        "score": "" if pd.isna(row["score"]) else f"{row['score']:.2f}",
        "n_cells": "" if pd.isna(row["n_cells"]) else style.thousands(row["n_cells"]),
    }
    for key, x in _column_positions(width).items():
        text_color = style.MUTED if key == "name" and not row["name"] else style.INK
        align = "right" if key == "n_cells" else "left"
        axes.text(
            x, y, _shorten(texts[key], key, width), fontsize=style.SMALL, color=text_color, ha=align, clip_on=False
        )


def _shorten(text: str, key: str, width: float) -> str:
    """Shorten a text in the middle to the width of its column; the CSV has the full text."""
    max_letters = int({"input_label": 0.34, "name": 0.32}.get(key, 1.0) * width / 0.068)
    return text if len(text) <= max_letters else f"{text[: max_letters // 2 - 1]} … {text[-(max_letters // 2 - 2) :]}"
