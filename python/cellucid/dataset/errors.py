"""What can go wrong with a dataset, one class for each thing a caller may want to tell apart."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def reading_file(path: Path, what: str | None, hint: Callable[[str], str] = lambda text: "") -> Iterator[None]:
    """Turns whatever goes wrong while a file is read into an error that names it, and not where it lies.

    Args:
        path: The file.
        what: The part that is read; None for the file as such.
        hint: What helps against an error with a text, to be put behind it.

    Raises:
        DatasetError: Something went wrong.
    """
    name = repr(path.name)
    doing = f"cannot open {name}" if what is None else f"cannot read {what} of {name}"
    try:
        yield
    except DatasetError as error:
        # One that says what its caller may want to tell apart stays what it is.
        if type(error) is not DatasetError or (name in str(error) and str(path) not in str(error)):
            raise
        text = str(error).replace(str(path), path.name)
        raise DatasetError(text if path.name in text else f"{doing}: {text}") from error
    except Exception as error:  # h5py, zarr, numcodecs and anndata raise anything over a damaged file
        text = (str(error) or type(error).__name__).replace(str(path), path.name)
        raise DatasetError(f"{doing}: {text}{hint(text)}") from error


def warn_user(message: str) -> None:
    """Warns at the line that called into cellucid: that is the line a person can change."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("cellucid."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
