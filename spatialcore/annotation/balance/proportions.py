"""Target proportions: read them, match them to types, and convert them to numbers of cells."""

import csv
import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from spatialcore.core.sampling import share_out
from spatialcore.core.types import Ints
from spatialcore.core.validation import short
from spatialcore.errors import FileMissingError, InputError

SLACK = 1e-6
FORMATS = "a dict, a .json file {type: share} or a .csv file with columns cell_type and proportion"


def read_proportions(proportions: Mapping[str, float] | str | Path) -> dict[str, float]:
    """Return checked proportions from a mapping, a JSON file or a CSV file, without changing the argument.

    Raises
    ------
    FileMissingError
        The file does not exist.
    InputError
        The file has another format, a share is not in (0, 1], a type is named twice, or the shares exceed 1.
    """
    pairs = list(proportions.items()) if isinstance(proportions, Mapping) else _read_file(proportions)
    if not pairs:
        raise InputError("target_proportions is empty", hint="name at least one type, or pass None")
    shares: dict[str, float] = {}
    for name, value in pairs:
        key = str(name).strip()
        if key in shares:
            raise InputError(f"target_proportions names {key!r} twice", hint="give each type one share")
        shares[key] = _share(key, value)
    if sum(shares.values()) > 1 + SLACK:
        raise InputError(
            f"target_proportions sum to {sum(shares.values()):.7g}, more than 1",
            hint="write shares of the final size as fractions: 0.0025 for 0.25 %",
        )
    return shares


def _share(name: str, value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]  # a value without a number raises
    except (TypeError, ValueError):
        number = np.nan
    if isinstance(value, bool) or not 0 < number <= 1:
        raise InputError(
            f"target proportion of {name!r} is {short(value)}, expected a number above 0 and at most 1",
            hint="write the share as a fraction: 0.0025 for 0.25 %",
        )
    return number


def _read_file(file: str | Path) -> list[tuple[str, object]]:
    if not isinstance(file, str | Path):
        raise InputError(f"target_proportions is a {type(file).__name__}", hint=f"pass {FORMATS}")
    path = Path(file)
    if not path.is_file():
        raise FileMissingError(f"no file of target proportions at {path}", hint=f"pass {FORMATS}")
    try:
        if path.suffix.lower() == ".json":
            return _pairs_of_json(path)
        if path.suffix.lower() == ".csv":
            return _pairs_of_csv(path)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read: {error}", hint=f"pass {FORMATS}") from error
    raise InputError(f"{path.name} is neither .json nor .csv", hint=f"pass {FORMATS}")


def _pairs_of_json(path: Path) -> list[tuple[str, object]]:
    pairs = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=list)
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise InputError(f"{path} is not a JSON object {{type: share}}", hint=f"pass {FORMATS}")
    return pairs


def _pairs_of_csv(path: Path) -> list[tuple[str, object]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader((line for line in stream if line.strip()), skipinitialspace=True)
        columns = [str(name).strip() for name in rows.fieldnames or []]
        if not {"cell_type", "proportion"} <= set(columns):
            raise InputError(
                f"{path} has columns {', '.join(columns) or 'none'}", hint="expected columns: cell_type,proportion"
            )
        rows.fieldnames = columns
        return [(row["cell_type"], row["proportion"]) for row in rows]


def match_groups(keys: Sequence[str], groups: Sequence[str], names: Mapping[str, set[int]]) -> list[list[int]]:
    """Return the groups that each key names.

    Parameters
    ----------
    keys
        Original labels, CL names or CL ids, as given by the user.
    groups
        Names of the groups: CL ids, or labels without an id.
    names
        Every other name of a group -> its groups.

    Raises
    ------
    InputError
        A key is unknown (near matches are listed), or two keys name one group.
    """
    positions = {group: position for position, group in enumerate(groups)}
    lowered: dict[str, set[int]] = {}
    for name, indices in [*names.items(), *((group, {position}) for group, position in positions.items())]:
        lowered.setdefault(name.casefold(), set()).update(indices)
    matched: list[list[int]] = [
        sorted({positions[key]} if key in positions else names.get(key) or lowered.get(key.casefold(), set()))
        for key in keys
    ]
    for key, targets in zip(keys, matched, strict=True):
        if not targets:
            groups_of = {**names, **{group: {position} for group, position in positions.items()}}
            hint = f"similar types: {', '.join(_similar(key, groups_of))}"
            raise InputError(f"target_proportions names {key!r}, which no cell has", hint=hint)
    key_of: dict[int, str] = {}
    for key, targets in zip(keys, matched, strict=True):
        for position in targets:
            if position in key_of:
                raise InputError(
                    f"target_proportions names one type twice: {key_of[position]!r} and {key!r}",
                    hint="give it one share",
                )
            key_of[position] = key
    return matched


def _similar(key: str, groups_of: Mapping[str, set[int]]) -> list[str]:
    """Return up to three names that are spelled like a key, else the first five; one name per group and spelling."""
    options = sorted({name.casefold(): name for name in groups_of}.values())
    matches = difflib.get_close_matches(key, options, n=len(options), cutoff=0.6)
    ranked = {str(groups_of[name]): name for name in reversed(matches)}
    best = [name for name in matches if ranked[str(groups_of[name])] == name]
    return best[:3] or options[:5]


def resolve_sizes(
    available: Ints, caps: Ints, shares: Sequence[float], matched: Sequence[Sequence[int]], floor: int
) -> Ints:
    """Return how many cells each group contributes so that the shares hold in the result.

    With N cells in the result, a type with share p contributes p N. A type with fewer cells, or with a lower cap,
    contributes all it can; a type below the floor contributes the floor; N follows from both. When the shares sum to 1,
    N is the largest size that all of them allow.

    Parameters
    ----------
    available
        Cells of each group.
    caps
        The most that each group may contribute.
    shares
        p of every key, in (0, 1], together at most 1.
    matched
        The groups of every key, each group in one key at most.
    floor
        The minimum that a type with a share contributes, as far as it has the cells.
    """
    most = np.minimum(available, caps)
    room = np.array([int(most[list(groups)].sum()) for groups in matched])
    share = np.asarray(shares, dtype=np.float64)
    named = {position for groups in matched for position in groups}
    rest = int(sum(most[i] for i in range(len(most)) if i not in named))
    if share.sum() >= 1 - SLACK:
        if len(named) < len(most):
            raise InputError(
                f"target_proportions sum to 1, but types without a share: {len(most) - len(named)}",
                hint="give every type a share, or keep the sum below 1",
            )
        totals = _exact_composition(share / share.sum(), room)
    else:
        totals = _sizes_beside(rest, share, room, np.minimum(room, floor))
    sizes = most.copy()
    for groups, total in zip(matched, totals, strict=True):
        members = list(groups)
        sizes[members] = share_out(int(total), available[members], most[members])
    return sizes


def _exact_composition(share: np.ndarray, room: np.ndarray) -> Ints:
    size = int(np.floor((room / share).min() + 1e-9))
    return share_out(size, share, room)


def _sizes_beside(rest: int, share: np.ndarray, room: np.ndarray, minimum: np.ndarray) -> Ints:
    """Solve N = rest + sum n_k with n_k = p_k N bounded by minimum and room."""
    if rest == 0:  # all types have shares: they keep their ratio
        return np.asarray(np.maximum(_exact_composition(share / share.sum(), room), minimum), np.int64)
    size = rest / (1 - share.sum())
    for _ in range(len(share) * 2 + 2):
        bound = np.where(share * size > room, room, np.where(share * size < minimum, minimum, -1))
        free = bound < 0
        new = (rest + bound[~free].sum()) / (1 - share[free].sum())
        if np.isclose(new, size):
            break
        size = new
    return np.asarray(np.clip(np.round(share * size), minimum, room), np.int64)
