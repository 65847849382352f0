"""The model card: what a model is, what it was trained on, and how far it can be trusted, on one page of Markdown."""

from typing import Any

from tasks.manifests import SourceVersion


def model_card(sidecar: dict[str, Any], references: list[SourceVersion]) -> str:
    """Return the card of a model.

    Parameters
    ----------
    sidecar
        What lies beside the model as ``{name}_celltypist.json``.
    references
        What it was trained on.
    """
    training, heldout, platform = (sidecar.get(part) or {} for part in ("training", "heldout", "platform"))
    facts = {
        "Tissue": sidecar.get("tissue", ""),
        "Trainer": training.get("trainer", ""),
        "Genes": len(sidecar.get("genes", [])),
        "Training cells": f"{training.get('n_cells', 0):,}",
        "Matched to": platform.get("matched_to") or "nothing: trained on the references as they are",
        "Median counts of a query cell": platform.get("median_depth", "unknown"),
        "Expression the model expects": f"log1p of counts brought to {sidecar.get('target_sum', 10_000):g} a cell",
        "Accuracy on held-out reference cells": _share(heldout.get("accuracy")),
        "Macro-F1 on held-out reference cells": _share(heldout.get("macro_f1")),
        "Seed": sidecar.get("random_state", ""),
        "sha256": f"`{sidecar.get('sha256', '')}`",
    }
    return "\n".join(
        [
            f"# Model of {sidecar.get('tissue') or sidecar.get('name', '')}",
            "",
            "Held-out figures are of reference cells brought to the queries' platform, not of the queries themselves.",
            "Valid for this panel and this platform; a cell of a type that is not listed cannot be called.",
            "",
            *_table(("what", "value"), list(facts.items())),
            "",
            "## Classes",
            "",
            *_table(("class", "Cell Ontology", "training cells", "held-out F1"), _classes(sidecar)),
            "",
            "## References",
            "",
            *_table(("URI", "version", "labels in"), [(ref.uri, ref.token, ref.label_column) for ref in references]),
            "",
        ]
    )


def _classes(sidecar: dict[str, Any]) -> list[tuple[Any, ...]]:
    ids = sidecar.get("ontology_ids") or {}
    cells = (sidecar.get("training") or {}).get("cells_per_class") or {}
    f1 = (sidecar.get("heldout") or {}).get("f1") or {}
    return [
        (name, ids.get(name) or "its own label", cells.get(name, ""), _share(f1.get(name)))
        for name in sidecar.get("classes", [])
    ]


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    return [_row(head), _row(tuple("---" for _ in head)), *map(_row, rows)]


def _row(cells: tuple[Any, ...]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _share(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
