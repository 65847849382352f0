"""The model card: purpose, training data and held-out scores of a model, as a markdown file next to it."""

from spatialcore.annotation.calls.resolution import confusable_pairs
from spatialcore.core.text.markdown import escape
from spatialcore.core.types import JsonObject

CONFUSIONS_SHOWN = 15


def render_card(card: JsonObject) -> str:
    """Return the model card as markdown.

    Parameters
    ----------
    card
        Content of the sidecar of the model.
    """
    parts = [_head(card), _use(card), _data(card), _held_out(card), _confusions(card), _reliability(card)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(card: JsonObject) -> str:
    trainer = (card.get("training") or {}).get("trainer", "unknown")
    lines = [
        f"# Model card: {escape(card.get('name', 'model'))}",
        "",
        f"- tissue: {escape(card.get('tissue', 'unknown'))}",
        f"- {len(card['classes'])} cell types, {len(card['genes'])} genes, trainer `{trainer}`",
        f"- input: log1p of counts brought to {card['target_sum']:g} over the model's genes",
        f"- sha256 of the model file: `{card['sha256']}`",
        f"- seed {card.get('random_state', 'unknown')}; "
        + ", ".join(f"{name} {number}" for name, number in sorted((card.get("versions") or {}).items())),
    ]
    return "\n".join(lines)


def _use(card: JsonObject) -> str:
    matched = (card.get("platform") or {}).get("matched_to", "nothing")
    fit = {
        "query": "cells of the query it was matched to, or of others by the same panel, platform and depth",
        "depths": "cells of the panel's platform at the depths it was trained for",
    }.get(matched, "cells measured about as deeply as its reference")
    calibrated = card.get("calibration")
    meaning = (
        "`cell_type_confidence` (calibrated) is the probability that a call is right among the types below."
        if calibrated
        else "It has no calibration: a confidence of 0.8 does not mean 80 % right."
    )
    return (
        f"## Intended use\n\nTo name cell types in {fit}. Types that the reference lacks are not known to it; "
        f"cells of such types get a low confidence in most, not in all cases. {meaning} "
        "Not for diagnosis, and not without a look at markers."
    )


def _data(card: JsonObject) -> str:
    training = card.get("training") or {}
    cells = training.get("cells_per_class") or {}
    ids = card.get("ontology_ids") or {}
    lines = ["## Training data", ""]
    lines.append(f"{training.get('n_cells', 0):,} labelled cells, {training.get('n_unlabelled', 0):,} without a label.")
    platform = card.get("platform") or {}
    if platform.get("matched_to") == "query":
        lines.append(
            f"Matched to {platform['query_cells']:,} query cells: median depth {platform['median_depth']:.0f} counts, "
            f"ambient share {100 * platform['ambient_share']:.0f} %{_mixed(platform)}.{_prevailing(platform)}"
        )
    lines += _samples(card)
    f1, n_held_out = ((card.get("heldout") or {}).get(key) or {} for key in ("f1", "cells"))
    lines += ["", "| cell type | Cell Ontology | training cells | held-out cells | F1 |", "|---|---|---|---|---|"]
    for name in card["classes"]:
        score = f"{f1[name]:.3f}" if name in f1 else ""
        lines.append(
            f"| {escape(name)} | {ids.get(name, '')} | {cells.get(name, '')} | {n_held_out.get(name, '')} | {score} |"
        )
    return "\n".join(lines)


def _samples(card: JsonObject) -> list[str]:
    """Return a table of the samples of a cohort, for which the model is matched one by one."""
    samples = card.get("samples")
    if not samples:
        return []
    lines = ["", "| sample | query cells | median depth | ambient share | unlike the others |", "|---|---|---|---|---|"]
    for name, platform in samples.items():
        depth, ambient = platform["median_depth"], 100 * platform["ambient_share"]
        cells = f"{platform['query_cells']:,} | {depth:.0f} | {ambient:.0f} %"
        lines.append(f"| {escape(name)} | {cells} | {escape(platform.get('unlike') or 'no')} |")
    return lines


def _mixed(platform: JsonObject) -> str:
    share = platform.get("mixed_share")
    return "" if share is None else f", counts of other types {100 * share:.0f} %"


def _prevailing(platform: JsonObject) -> str:
    """Say what the model expects where one class has most cells of the query that it was matched to."""
    if "prevailing_class" not in platform:
        return ""
    share = f"{100 * platform['prevailing_share']:.0f} %"
    return f" Of these, {share} are {escape(platform['prevailing_class'])}: the model expects such a composition."


def _held_out(card: JsonObject) -> str:
    figures = card.get("heldout")
    if not figures:
        return "## Held-out scores\n\nNone were measured by this trainer."
    return (
        "## Held-out scores\n\nReference cells that the scoring models had not seen, as the platform would show them: "
        f"accuracy {figures['accuracy']:.3f}, macro-F1 {figures['macro_f1']:.3f}. "
        f"{_folds(figures)} Between laboratories and platforms it will be lower: over six open sections, each "
        "annotated with a reference of another laboratory or animal, calls with a calibrated confidence of at least "
        "0.8 were right in 0.94 of the cells (0.86 to 0.97 by section); the mean calibration error was 0.04."
    )


def _folds(figures: JsonObject) -> str:
    groups = figures.get("groups")
    if not groups:
        return "Folds were dealt by cells, so donors are not new to the scoring models."
    return f"Folds held out whole sources or donors ({groups} of them) where a type has several."


def _confusions(card: JsonObject) -> str:
    confusion = (card.get("heldout") or {}).get("confusion")
    if not confusion:
        return ""
    pairs = confusable_pairs(confusion, tuple(card["classes"]))
    if not pairs:
        return "## What the panel cannot tell apart\n\nNo pair of types is taken for each other in over 10 % of cells."
    lines = ["## What the panel cannot tell apart", "", "| pair | wrong among the two |", "|---|---|"]
    lines += [
        f"| {escape(pair['classes'][0])} / {escape(pair['classes'][1])} | {100 * pair['share']:.0f} % |"
        for pair in pairs[:CONFUSIONS_SHOWN]
    ]
    return "\n".join(lines)


def _reliability(card: JsonObject) -> str:
    bins = (card.get("heldout") or {}).get("reliability")
    if not bins:
        return ""
    lines = ["## Calibration curve, held-out cells", "", "| confidence | cells | mean | right |", "|---|---|---|---|"]
    lines += [
        f"| {part['low']:.1f} to {part['high']:.1f} | {part['n_cells']} | {part['confidence']:.3f} "
        f"| {part['accuracy']:.3f} |"
        for part in bins
    ]
    return "\n".join(lines)
