"""The viewer's colormaps are matplotlib's, and the names that Python accepts are those that the viewer has."""

import re
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
import pytest

from cellucid.widget.traits.looks import COLORMAPS

STOPS = Path(__file__).resolve().parent.parent / "js" / "src" / "state" / "stops.ts"
ENTRY = re.compile(r"^ {2}(\w+): `([0-9a-f\s]+)`,$", re.MULTILINE)


def viewer_stops() -> dict[str, npt.NDArray[np.float64]]:
    """The stops of each colormap of the viewer, `(n, 3)` from 0 to 255."""
    entries = ENTRY.findall(STOPS.read_text(encoding="utf-8"))
    return {name: np.array([list(bytes.fromhex(stop)) for stop in stops.split()], float) for name, stops in entries}


def samples(stops: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """256 colours from evenly spaced stops, as js/src/state/colormaps.ts makes them."""
    at = np.linspace(0, len(stops) - 1, 256)
    channels = [np.interp(at, np.arange(len(stops)), channel) for channel in stops.T]
    return np.floor(np.stack(channels, axis=1) + 0.5)


def test_the_viewer_has_the_colormaps_that_python_accepts_in_the_same_order():
    assert tuple(viewer_stops()) == COLORMAPS


@pytest.mark.parametrize("name", COLORMAPS)
def test_a_colormap_is_matplotlibs(name):
    ours = samples(viewer_stops()[name])
    theirs = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255
    assert np.abs(ours - theirs).max() <= 2.5, "two of 255, and what rounding to whole ones adds"
    np.testing.assert_array_equal(ours[[0, -1]], np.round(theirs[[0, -1]]))


@pytest.mark.parametrize("name", COLORMAPS)
def test_a_reversed_colormap_is_matplotlibs(name):
    ours = samples(viewer_stops()[name])[::-1]
    theirs = matplotlib.colormaps[f"{name}_r"](np.linspace(0, 1, 256))[:, :3] * 255
    assert np.abs(ours - theirs).max() <= 2.5
