"""Which cells these are: a fingerprint of their names and order, and the dataset's id."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable


def fingerprint(names: Iterable[str] | pd.Index[Any]) -> str:
    """A hash of cell names and of their order (BLAKE2b, 128 bits, hexadecimal).

    Each name is hashed to 64 bits first, in bulk: a million names take well under a second.
    """
    labels = np.asarray(names if isinstance(names, pd.Index) else list(names), dtype=object)
    # Names hardly ever repeat, so looking for repetitions first (pandas' default) is time lost.
    hashes = pd.util.hash_array(labels, categorize=False)
    return hashlib.blake2b(hashes.astype("<u8").tobytes(), digest_size=16).hexdigest()


def dataset_id(names: Iterable[str] | pd.Index[Any], n_vars: int) -> str:
    """The id of a dataset in memory: equal for equal cell names in the same order and as many genes."""
    return f"anndata-{fingerprint(names)}-{n_vars}"
