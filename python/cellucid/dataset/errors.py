"""What can go wrong with a dataset, one class for each thing a caller may want to tell apart."""

from __future__ import annotations

import sys
import warnings

REMEDY = "call the widget's refresh() (or open the data again)"
"""What helps when the data are no longer those of the opening."""


class DatasetError(ValueError):
    """The data cannot be shown, or were asked for something they do not have."""


class _NotThere(DatasetError, KeyError):
    """A look-up that found nothing: a ``KeyError`` that prints as a sentence."""

    # KeyError prints the repr of its argument, which turns a message into a quoted string with escaped newlines.
    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnknownField(_NotThere):
    """Neither an obs column nor a gene has this name."""


class UnknownEmbedding(_NotThere):
    """No embedding that can be shown has this key."""


class UnknownLayer(_NotThere):
    """No matrix has this name."""


class UnknownResource(_NotThere):
    """The dataset has no resource at this path."""


class DatasetChanged(DatasetError):
    """The AnnData is no longer what it was when it was opened, so that what was asked for would be something else."""


class MissingPackage(DatasetError, ImportError):
    """The data are stored in a way that an optional package reads; the message says how to install it."""


class AmbiguousGene(DatasetError):
    """Several columns of the matrix have this gene name."""


def warn_user(message: str) -> None:
    """Warns at the line that called into cellucid: that is the line a person can change."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("cellucid."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
