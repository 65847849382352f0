"""Read a model's pickle without running code from it.

A pickle can call any function. Only classes and constructors on a short list are allowed: numpy arrays, scikit-learn's
linear models and scaler, CellTypist's model. Everything else is refused before it is called. Private helpers of old
scikit-learn releases (loss functions) have no state that prediction needs and are replaced by an inert object.
"""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from spatialcore.errors import FileMissingError, InputError, ModelError

_CLASSES = frozenset(
    {
        ("builtins", "bytearray"),
        ("builtins", "complex"),
        ("builtins", "dict"),
        ("builtins", "frozenset"),
        ("builtins", "list"),
        ("builtins", "set"),
        ("builtins", "slice"),
        ("builtins", "tuple"),
        ("celltypist.models", "Model"),
        ("collections", "OrderedDict"),
        ("copyreg", "_reconstructor"),
        ("builtins", "object"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("scipy.sparse._csr", "csr_matrix"),
        ("sklearn.linear_model._logistic", "LogisticRegression"),
        ("sklearn.linear_model._stochastic_gradient", "SGDClassifier"),
        ("sklearn.linear_model.logistic", "LogisticRegression"),
        ("sklearn.linear_model.stochastic_gradient", "SGDClassifier"),
        ("sklearn.preprocessing._data", "StandardScaler"),
        ("sklearn.preprocessing.data", "StandardScaler"),
    }
)
_NUMPY_CONSTRUCTORS = frozenset({"_reconstruct", "scalar", "_frombuffer"})
_NUMPY_MODULES = frozenset(
    {"numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric"}
)
_RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "sklearn.linear_model.logistic": "sklearn.linear_model._logistic",
        "sklearn.linear_model.stochastic_gradient": "sklearn.linear_model._stochastic_gradient",
        "sklearn.preprocessing.data": "sklearn.preprocessing._data",
    }
)
_INERT_MODULES = frozenset(
    {
        "sklearn.linear_model._sgd_fast",
        "sklearn.linear_model.sgd_fast",
        "sklearn._loss._loss",
        "sklearn._loss.loss",
        "sklearn._loss.link",
    }
)


_DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    MemoryError,
    OverflowError,
)


class Inert:
    """Placeholder for a private helper of an old scikit-learn: takes any state and does nothing."""

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


class _Reader(pickle.Unpickler):
    """An unpickler that allows only the listed names."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _INERT_MODULES:
            return Inert
        numpy_part = module in _NUMPY_MODULES and name in _NUMPY_CONSTRUCTORS
        numpy_scalar = module == "numpy" and _is_scalar_type(name)
        if (module, name) in _CLASSES or numpy_part or numpy_scalar:
            return super().find_class(_RENAMED.get(module, module), name)
        raise ModelError(
            f"the model file needs {module}.{name}, which is not allowed in a model; it was not loaded",
            hint="load only models that you trust; if this one is yours, train it again with train_celltypist_model",
        )


def _is_scalar_type(name: str) -> bool:
    kind = getattr(np, name, None)
    return isinstance(kind, type) and issubclass(kind, np.generic)


def read_pickle(path: Path) -> dict[str, Any]:
    """Read the dictionary in a CellTypist model file.

    Raises
    ------
    FileMissingError
        The file does not exist; nothing is downloaded.
    ModelError
        The file is not a pickle, is not a model, or needs a class that is not allowed.
    """
    if path.is_dir():
        raise InputError(f"{path.absolute()} is a folder, expected a model file", hint="pass the .pkl file in it")
    if not path.is_file():
        raise FileMissingError(
            f"no model file at {path.absolute()}",
            hint="check the path, or train one with `spatialcore train` or train_celltypist_model",
        )
    try:
        with path.open("rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn warns about other versions, but only arrays are read
            content = _Reader(stream).load()
    except ModelError:
        raise
    except _DAMAGE as error:
        raise ModelError(
            f"{path} is not a readable model file: {error}",
            hint="the file may be damaged or truncated"
            if path.suffix == ".pkl"
            else "pass a .pkl file written by `spatialcore train` or CellTypist",
        ) from error
    if not isinstance(content, dict) or not {"Model", "Scaler_"} <= content.keys():
        raise ModelError(
            f"{path} is not a CellTypist model", hint="a model file has the keys 'Model', 'Scaler_' and 'description'"
        )
    return content
