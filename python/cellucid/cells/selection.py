"""A selection: which cells, as sorted unique row positions that nobody can change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cellucid.cells.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

_SHOWN = 3

# Methods of ndarray whose result would be a Selection although it need not be sorted, unique or positions at all.
# fmt: off
_PLAIN_RESULTS = (
    "__getitem__", "argpartition", "argsort", "astype", "byteswap", "choose", "clip", "compress", "copy", "cumprod",
    "cumsum", "diagonal", "flatten", "ravel", "repeat", "reshape", "round", "squeeze", "swapaxes", "take", "transpose",
)
# fmt: on


class Selection(np.ndarray[tuple[int], np.dtype[np.uint32]]):
    """Sorted unique row positions, ``uint32 (n_selected,)``, read-only.

    Two selections compare as wholes: ``==`` and ``!=`` are one bool, because `traitlets.link` takes the result as
    true or false. With anything else they are numpy's, element by element, and whatever is computed from a selection
    is a plain array.

    Args:
        positions: Row positions: integers, in any order; repeated ones count once.

    Raises:
        SelectionError: The positions are not integers, or negative, or larger than 32 bits hold.
    """

    __hash__ = None  # as every ndarray

    def __new__(cls, positions: ArrayLike = ()) -> Self:
        """As `from_positions`, where the number of cells is not known."""
        return cls.from_positions(positions)

    @classmethod
    def empty(cls) -> Self:
        """No cells."""
        return cls._of(np.empty(0, dtype=np.uint32))

    @classmethod
    def from_positions(cls, positions: ArrayLike, n_cells: int | None = None) -> Self:
        """The cells at these row positions.

        Args:
            positions: Integers, in any order; repeated ones count once.
            n_cells: Number of cells in the dataset, if known.

        Raises:
            SelectionError: The positions are not integers or not in ``0 .. n_cells - 1``.
        """
        values = np.asarray(positions)
        if values.size == 0 and values.ndim == 1 and values.dtype.kind != "b":
            return cls.empty()  # numpy makes floats of []
        if values.ndim != 1:
            raise SelectionError(f"positions have shape {values.shape}; expected one dimension")
        if values.dtype.kind not in "iu":
            raise SelectionError(f"positions are {values.dtype}, such as {values[0]!r}; expected integers")
        limit = np.iinfo(np.uint32).max + 1 if n_cells is None else n_cells
        outside = values[(values < 0) | (values >= limit)]
        if outside.size:
            raise SelectionError(
                f"{_some(outside)} {'is' if outside.size == 1 else 'are'} not among the positions 0 to {limit - 1:,}"
                + ("; negative positions do not count from the end here" if (outside < 0).any() else "")
            )
        # Nearly everything that arrives is sorted already, and looking costs a hundredth of sorting.
        if values.size > 1 and not (values[1:] > values[:-1]).all():
            values = np.unique(values)
        return cls._of(np.array(values, dtype=np.uint32))

    @classmethod
    def from_sorted(cls, positions: NDArray[np.uint32]) -> Self:
        """The cells at ascending positions, as they travel between viewer and Python.

        Raises:
            SelectionError: The positions are not strictly ascending.
        """
        if positions.size > 1 and not (positions[1:] > positions[:-1]).all():
            raise SelectionError("the positions are not strictly ascending; use `Selection.from_positions`")
        return cls._of(np.array(positions, dtype=np.uint32))

    @classmethod
    def wrapping(cls, positions: NDArray[np.uint32]) -> Self:
        """The cells at positions that are known to ascend strictly and that nobody can change, without a copy."""
        assert not positions.flags.writeable
        return positions.view(cls)

    @classmethod
    def from_mask(cls, mask: ArrayLike) -> Self:
        """The cells for which a mask, ``bool (n_cells,)``, is true.

        Raises:
            SelectionError: It is not a one-dimensional array of bool.
        """
        values = np.asarray(mask)
        if values.dtype.kind != "b" or values.ndim != 1:
            raise SelectionError(
                f"a mask has one bool for each cell; got {values.dtype} values of shape {values.shape}"
            )
        return cls._of(np.flatnonzero(values).astype(np.uint32))

    @classmethod
    def _of(cls, positions: NDArray[np.uint32]) -> Self:
        """Wraps positions that are known to be sorted and unique, in an array that nobody else holds."""
        selection = positions.view(cls)
        selection.flags.writeable = False
        return selection

    def mask(self, n_cells: int) -> NDArray[np.bool_]:
        """True for the selected cells, ``bool (n_cells,)``.

        Raises:
            SelectionError: A position is not below `n_cells`.
        """
        if len(self) and self[-1] >= n_cells:
            raise SelectionError(f"position {self[-1]:,} is selected; a mask of {n_cells:,} cells has no room for it")
        mask = np.zeros(n_cells, dtype=np.bool_)
        mask[np.asarray(self)] = True
        return mask

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Selection):
            return np.array_equal(_plain(self), _plain(other))
        return _plain(self) == other

    def __ne__(self, other: object) -> Any:
        if isinstance(other, Selection):
            return not np.array_equal(_plain(self), _plain(other))
        return _plain(self) != other

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            kwargs["out"] = tuple(map(_plain, kwargs["out"]))
        return getattr(ufunc, method)(*map(_plain, inputs), **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _plain(super().__array_function__(func, types, args, kwargs))

    # It cannot change, so it is its own copy. `copy()`, the method, gives a plain array to write to.
    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable[..., Selection], tuple[Any, ...]]:
        return Selection.from_positions, (_plain(self),)

    def __repr__(self) -> str:
        cells = f"{len(self):,} cell{'' if len(self) == 1 else 's'}"
        return f"Selection({cells}: [{_some(self)}])" if len(self) else f"Selection({cells})"

    __str__ = __repr__


def _plain(value: Any) -> Any:
    """The same with plain arrays in the place of selections, also inside lists and tuples."""
    if isinstance(value, Selection):
        return value.view(np.ndarray)
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    return value


def _some(values: NDArray[Any]) -> str:
    return ", ".join(str(value) for value in values[:_SHOWN].tolist()) + (", …" if len(values) > _SHOWN else "")


def _with_plain_result(name: str) -> Callable[..., Any]:
    method = getattr(np.ndarray, name)

    def call(self: Selection, *args: Any, **kwargs: Any) -> Any:
        return method(_plain(self), *args, **kwargs)

    call.__name__, call.__qualname__, call.__doc__ = name, f"Selection.{name}", method.__doc__
    return call


for _name in _PLAIN_RESULTS:
    setattr(Selection, _name, _with_plain_result(_name))
Selection.T = property(lambda self: _plain(self))  # type: ignore[assignment,method-assign]
