"""A still picture of the plot, for a saved notebook that is opened without a kernel."""

from __future__ import annotations

import base64
import logging
import math
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.palettes import MISSING_COLOR
from cellucid.widget.colormaps import COLORMAP_SIZE, colormap_colors
from cellucid.widget.traits.camera import AZIMUTH, ELEVATION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.dataset import Embedding
    from cellucid.widget.traits.looks import Limit
    from cellucid.widget.widget import CellucidWidget

logger = logging.getLogger("cellucid.jupyter")

WIDTH, HEIGHT = 640, 420
"""Pixels: what fits into the output of a notebook in half a window."""

# The viewer's, so that the picture looks as the plot did: see js/src/scene and js/src/host.
_PLAIN_COLOR = "#8f8f8f"  # theme.ts: of all cells where no column colours them
_MARGIN = 28  # camera.ts
_INK, _SMALLEST, _LARGEST, _LARGEST_SET = 0.5, 1.8, 9.0, 64.0  # appearance.ts
_FADING = 0.5  # scene.ts
_GOLDEN, _BAND = 0.618_033_988_749_895, 1 / 8  # points.ts


@dataclass(frozen=True, eq=False)
class _Colors:
    """What colour each cell has, and which cells cover which."""

    palette: NDArray[np.uint8]
    """``(n, 3)``; the first is for cells without a value."""
    of_cells: NDArray[np.integer[Any]]
    """Which colour of the palette each cell has, ``(n_cells,)``."""
    rank: NDArray[Any]
    """Cells of a higher rank cover those of a lower one, ``(n_cells,)``."""


@dataclass(frozen=True, eq=False)
class _Places:
    """Where each cell is seen, in pixels from the top left; a cell that is not placed may be anywhere."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    clarity: NDArray[np.float64] | None = None
    """In a space, the part of its colour that a cell keeps: 1 for the nearest, less for those behind it."""


def with_picture(bundle: Any, widget: CellucidWidget) -> Any:
    """A widget's mime bundle with a picture of the plot; without one where none can be drawn.

    Args:
        bundle: What anywidget gives: the data by mime type, or these with their metadata, or None.
        widget: The widget.
    """
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    if data is None:
        return bundle
    try:
        # As text: hosts differ in whether they encode bytes, and all take text.
        data["image/png"] = base64.b64encode(picture(widget)).decode("ascii")
    except Exception:  # the widget is shown all the same, and tells itself what it could not read
        logger.debug("there is no picture of the plot", exc_info=True)
    return bundle


def picture(widget: CellucidWidget) -> bytes:
    """A PNG of all visible cells in the colours of the widget; transparent where there is none.

    Raises:
        DatasetError: The data cannot be read any more.
    """
    dataset, key = widget._dataset, widget.embedding
    embedding, coordinates = dataset.embedding(key), dataset.coordinates(key)
    placed = np.logical_and.reduce([np.isfinite(axis) for axis in coordinates.T])
    with np.errstate(all="ignore"):  # cells that are not placed, and values beyond the limits
        places = _places(embedding, coordinates, placed, widget.dimension)
        pixels = np.floor(places.y).astype(np.int32) * WIDTH + np.floor(places.x).astype(np.int32)
        colors = _colors(widget)
        rank = colors.rank if places.clarity is None else (65535 * places.clarity).astype(np.uint16)
    cells = np.flatnonzero(placed & widget._host.visible())
    cells = cells[np.argsort(rank[cells], kind="stable")]

    fitting = math.sqrt(_INK * WIDTH * HEIGHT / embedding.n_placed)
    diameter = min(max(fitting, _SMALLEST), _LARGEST) * widget.point_size
    on_top, opacity = _discs(pixels[cells], min(diameter, _LARGEST_SET))
    painted = np.flatnonzero(opacity)
    seen = cells[on_top[painted]]
    opacity = opacity[painted] if places.clarity is None else opacity[painted] * places.clarity[seen]
    image = np.zeros((HEIGHT * WIDTH, 4), dtype=np.uint8)
    image[painted, :3] = colors.palette[colors.of_cells[seen]]
    image[painted, 3] = np.round(255 * opacity)
    return _png(image.reshape(HEIGHT, WIDTH, 4))


def _places(
    embedding: Embedding, coordinates: NDArray[np.float32], placed: NDArray[np.bool_], dimension: int
) -> _Places:
    """Where cells are seen by the camera that shows all of them."""
    low, high = np.array(embedding.min), np.array(embedding.max)
    if dimension == 3:
        return _in_space(coordinates - (low + high) / 2, placed, float(np.linalg.norm(high - low)))
    if dimension == 1:
        width = ((high - low)[0] or 1.0) * _BAND
        across = np.arange(1, len(coordinates) + 1) * _GOLDEN % 1 * width - width / 2
        coordinates = np.column_stack([coordinates[:, 0], across])
        low, high = np.array([low[0], -width / 2]), np.array([high[0], width / 2])
    x, y = (coordinates[:, :2] - (low + high)[:2] / 2).T
    width, height = (high - low)[:2]
    scale = min((WIDTH - 2 * _MARGIN) / width, (HEIGHT - 2 * _MARGIN) / height)
    return _on_paper(x, -y if embedding.y_down and dimension == 2 else y, scale)


def _in_space(places: NDArray[np.float64], placed: NDArray[np.bool_], diagonal: float) -> _Places:
    """In perspective, from where the viewer looks first; `places` are seen from the middle of their box."""
    azimuth, elevation = math.radians(AZIMUTH), math.radians(ELEVATION)
    right = (-math.sin(azimuth), math.cos(azimuth), 0.0)
    toward = (math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation))
    x, y, z = np.array([right, np.cross(toward, right), toward]) @ places.T
    distance = 1.5 * diagonal or math.inf  # the viewer's
    radius = math.sqrt((x**2 + y**2 + z**2).max(where=placed, initial=0.0))
    outline = 2 * radius / math.sqrt(1 - (radius / distance) ** 2)
    nearer = 1 / (1 - z / distance)
    paper = _on_paper(x * nearer, y * nearer, np.float64(HEIGHT - 2 * _MARGIN) / outline)
    return _Places(paper.x, paper.y, 1 - _FADING * np.clip(0.5 - 1.5 * z / distance, 0, 1))


def _on_paper(x: NDArray[np.float64], y: NDArray[np.float64], scale: float) -> _Places:
    """Data units from the middle, y upwards, to pixels; one spot without extent is shown in the middle."""
    scale = scale if math.isfinite(scale) else 1.0
    return _Places(WIDTH / 2 + x * scale, HEIGHT / 2 - y * scale)


def _colors(widget: CellucidWidget) -> _Colors:
    """The cells' colours: high values cover low ones and all of them the missing ones, as in scanpy."""
    dataset = widget._dataset
    if widget.color_by is None:
        nothing = np.zeros(dataset.n_cells, dtype=np.uint8)
        return _Colors(_rgb(_PLAIN_COLOR), nothing, nothing)
    ref = dataset.resolve_field(widget.color_by, widget.layer)
    field = dataset.field_values(ref, widget.layer)
    values = field.values
    if field.kind == "categorical":
        colors = next(known.colors for known in dataset.fields if known.key == ref.key)
        of_cells = values.astype(np.int32) + 1
        return _Colors(_rgb(MISSING_COLOR, *(colors or ())), of_cells, of_cells > 0)
    low, high = _limits(values, widget.color_limits)
    part = (values - low) / (high - low) if high != low else 0.5 + np.sign(values - low)
    steps = COLORMAP_SIZE - 1
    of_cells = (np.clip(part, 0, 1) * steps + 1.5).astype(np.uint16)
    of_cells[np.isnan(values)] = 0
    return _Colors(np.concatenate([_rgb(MISSING_COLOR), colormap_colors(widget.colormap)]), of_cells, of_cells)


def _limits(values: NDArray[np.float32], limits: tuple[Limit, Limit] | None) -> tuple[np.float64, np.float64]:
    """The ends of the colour bar in the unit of the values."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.float64(0), np.float64(1)
    low, high = limits or (None, None)
    return _limit(finite, low, finite.min()), _limit(finite, high, finite.max())


def _limit(finite: NDArray[np.float32], limit: Limit, own: np.float32) -> np.float64:
    if isinstance(limit, str):
        return np.float64(np.percentile(finite, float(limit[1:])))
    return np.float64(own if limit is None else limit)


def _rgb(*colors: str) -> NDArray[np.uint8]:
    """``#rrggbb`` as ``(n, 3)``."""
    return np.frombuffer(bytes.fromhex("".join(color[1:] for color in colors)), dtype=np.uint8).reshape(-1, 3)


def _discs(pixels: NDArray[np.int32], diameter: float) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Which disc is on top in each pixel of the picture, and how much of the pixel it covers, 0 for none.

    The time that it takes depends on the picture and the diameter and hardly on the number of discs: each pixel takes
    the last of those in its surroundings, shift by shift of the whole picture.

    Args:
        pixels: Where each disc has its middle, in their order: later ones cover earlier ones.
        diameter: Of all of them, in pixels.
    """
    reach = math.ceil(diameter / 2)
    middles = np.zeros(HEIGHT * WIDTH, dtype=np.int32)
    middles[pixels] = np.arange(1, len(pixels) + 1, dtype=np.int32)  # of one pixel the last is kept
    around = np.pad(middles.reshape(HEIGHT, WIDTH), reach)
    shifts = np.arange(2 * reach + 1)
    away = np.hypot(shifts[:, None] - reach, shifts - reach)
    cover = np.clip(diameter / 2 + 0.5 - away, 0, 1)

    last = np.zeros((HEIGHT, WIDTH), dtype=np.int32)
    opacity = np.zeros((HEIGHT, WIDTH))
    for part in np.unique(cover[cover > 0]):  # the soft edges first: whatever is solid lies over them
        found = np.zeros_like(last)
        for down, along in np.argwhere(cover == part):
            np.maximum(found, around[down : down + HEIGHT, along : along + WIDTH], out=found)
        np.copyto(last, found, where=found > 0)
        opacity[found > 0] = part
    return last.ravel() - 1, opacity.ravel()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of RGBA pixels, ``(height, width, 4)``."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), dtype=np.uint8)  # each begins with its filter: 0 for none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)  # 8 bits a channel, RGBA
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
