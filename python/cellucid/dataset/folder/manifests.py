"""What the manifests of an export folder say, whichever Cellucid wrote it: dialects A, B and C become one.

=======  ==================  ===================================================================
dialect  written by          how to know it
=======  ==================  ===================================================================
A        Cellucid 0.0.9      identity version 2, files named by key (``obs/{key}.values.f32``)
B        0.9.1 and 0.9.2     identity version 2, files named by number (``obs/{index}.values.f32``)
C        0.9.3 and 0.9.4     identity version 3, any number of embeddings
=======  ==================  ===================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cellucid.dataset.folder.names import safe_name
from cellucid.dataset.folder.node import Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cellucid.dataset.folder.files import ExportFiles

IDENTITY = "dataset_identity.json"
OBS = "obs_manifest.json"
VAR = "var_manifest.json"
CONNECTIVITY = "connectivity_manifest.json"

MAX_CELLS = 1 << 28
"""More cells than anybody has shown; one float32 for each is 1 GiB."""

_CODES = {"uint8": ("u8", 0xFF), "uint16": ("u16", 0xFFFF), "uint32": ("u32", 0xFFFF_FFFF)}
_VALUES = {"float32": None, "uint8": 8, "uint16": 16}
_EDGES = ("uint16", "uint32", "uint64")

Dialect = Literal["A", "B", "C"]


@dataclass(frozen=True)
class StoredValues:
    """One number for each cell: float32, or codes between two values."""

    path: str
    dtype: str
    range: tuple[float, float] | None
    """What the lowest and the highest code stand for; None where the values are stored as they are."""


@dataclass(frozen=True)
class StoredCodes:
    """One category for each cell."""

    path: str
    dtype: str
    labels: tuple[str, ...]
    """What the codes stand for; a label may be there twice."""
    missing: int


@dataclass(frozen=True)
class StoredPoints:
    """Coordinates, stored between -1 and 1."""

    key: str
    dimensions: int
    path: str


@dataclass(frozen=True)
class StoredVectors:
    """An arrow for each cell over one of the embeddings, in its stored coordinates."""

    key: str
    embedding: str
    path: str


@dataclass(frozen=True)
class StoredEdges:
    """Pairs of neighbours."""

    sources: str
    destinations: str
    dtype: str
    n_edges: int


@dataclass(frozen=True)
class Export:
    """The content of an export folder."""

    dialect: Dialect
    id: str
    name: str
    created_at: str | None
    written_by: object
    """The version of the package that wrote it."""
    n_cells: int
    points: tuple[StoredPoints, ...]
    """The one to begin with first."""
    fields: Mapping[str, StoredValues | StoredCodes]
    left_out: Mapping[str, str]
    """Fields that cannot be shown, and why."""
    genes: Mapping[str, StoredValues]
    gene_names: tuple[str, ...]
    """All genes in their order; a name that several have is not among `genes`."""
    vectors: tuple[StoredVectors, ...]
    edges: StoredEdges | None


def read_export(files: ExportFiles) -> Export:
    """Reads the manifests of a folder.

    Raises:
        DatasetError: One is missing, or does not say what a reader needs; it names file and place.
    """
    files.watch((IDENTITY, OBS, VAR, CONNECTIVITY))
    identity, obs = _document(files, IDENTITY), _document(files, OBS)
    var = _document(files, VAR) if files.has(VAR) else None
    edges = _document(files, CONNECTIVITY) if files.has(CONNECTIVITY) else None
    dialect = _dialect(identity, obs, var)
    n_cells = obs["n_points"].integer(1, MAX_CELLS)
    for node in (
        (stats := identity.get("stats")) and stats.get("n_cells"),
        var and var.get("n_points"),
        edges and edges.get("n_cells"),
    ):
        if node is not None and node.value != n_cells:
            raise node.expected(f"the {n_cells:,} cells of {OBS}")
    points = tuple(_points(identity, dialect))
    fields, left_out = _fields(identity, obs, dialect)
    genes, gene_names = _genes(var, dialect)
    return Export(
        dialect=dialect,
        id=identity["id"].key(),
        name=name.text() if (name := identity.get("name")) is not None else identity["id"].key(),
        created_at=created.text() if (created := identity.get("created_at")) is not None else None,
        written_by=version.value if (version := identity.get("cellucid_data_version")) is not None else None,
        n_cells=n_cells,
        points=points,
        fields=fields,
        left_out=left_out,
        genes=genes,
        gene_names=gene_names,
        vectors=tuple(_vectors(identity, points, dialect)),
        edges=None if edges is None else _edges(edges),
    )


def _document(files: ExportFiles, path: str) -> Node:
    return Node(files, path, files.json(path))


def _dialect(identity: Node, obs: Node, var: Node | None) -> Dialect:
    version = identity["version"].integer(1, 1_000_000)
    if version == 3:
        return "C"
    if version != 2:
        raise identity["version"].fail(
            f"this is version {version} of the export format, and 2 and 3 can be read; "
            "export the data again with `cellucid.prepare`"
        )
    # A and B have the same versions everywhere; only the paths tell them apart.
    patterns = [pattern for schema in _schemas(obs, var) for pattern in _patterns(schema)]
    return "B" if any("{index}" in pattern.text() for pattern in patterns) else "A"


def _schemas(obs: Node, var: Node | None) -> Iterator[Node]:
    schemas = obs.get("_obsSchemas")
    for kind in ("continuous", "categorical"):
        if schemas is not None and (schema := schemas.get(kind)) is not None:
            yield schema
    if var is not None and (schema := var.get("_varSchema")) is not None:
        yield schema


def _patterns(schema: Node) -> Iterator[Node]:
    for name in ("pathPattern", "codesPathPattern"):
        if (pattern := schema.get(name)) is not None:
            yield pattern


# ---- embeddings and vectors ----


def _points(identity: Node, dialect: Dialect) -> Iterator[StoredPoints]:
    embeddings = identity["embeddings"]
    if dialect == "C":
        found = [
            StoredPoints(key, item["dimension"].integer(1, 3), item["file"].text())
            for key, item in embeddings["items"].items()
        ]
    else:
        found = [
            StoredPoints(f"X_umap_{_dimension(key, file)}d", _dimension(key, file), file.text())
            for key, file in embeddings["files"].items()
        ]
    if not found:
        raise embeddings.fail("there is no embedding to show")
    default = _default_points(embeddings, dialect)
    # What the folder begins with, then the plane before the space, and lines last.
    order = {2: 0, 3: 1, 1: 2}
    return iter(sorted(found, key=lambda one: (default not in (one.key, one.dimensions), order[one.dimensions])))


def _dimension(key: str, file: Node) -> int:
    if key not in ("1d", "2d", "3d"):
        raise file.fail("expected the keys '1d', '2d' and '3d'")
    return int(key[0])


def _default_points(embeddings: Node, dialect: Dialect) -> str | int | None:
    """The key of the embedding to begin with, or how many dimensions it has."""
    node = embeddings.get("default_dimension")
    if node is None or node.is_null:
        return None
    dimension = node.integer(1, 3)
    if dialect == "C" and (defaults := embeddings.get("defaults")) is not None:
        default = defaults.get(f"{dimension}d")
        return dimension if default is None else default.text()
    return dimension


def _vectors(identity: Node, points: tuple[StoredPoints, ...], dialect: Dialect) -> Iterator[StoredVectors]:
    vectors = identity.get("vector_fields")
    if vectors is None or vectors.is_null:
        return
    over = {(p.key if dialect == "C" else f"{p.dimensions}d"): p.key for p in points}
    for key, field in vectors["fields"].items():
        for name, file in field["files"].items():
            if name not in over:
                raise file.fail(f"there is no embedding {name!r}")
            yield StoredVectors(key, over[name], file.text())


# ---- fields ----


def _fields(
    identity: Node, obs: Node, dialect: Dialect
) -> tuple[dict[str, StoredValues | StoredCodes], dict[str, str]]:
    found: dict[str, StoredValues | StoredCodes] = {}
    left_out: dict[str, str] = {}
    owners: dict[str, str] = {}  # by path
    for kind, name in (("continuous", "_continuousFields"), ("categorical", "_categoricalFields")):
        entries = obs.get(name)
        if entries is None or not len(entries):
            continue
        schema = obs["_obsSchemas"][kind]
        for entry in entries:
            index, at = _index(entry, dialect)
            key = entry[at].key()
            if key in found or key in left_out:
                raise entry.fail(f"there are two fields {key!r}")
            stored = (
                _values(schema, "pathPattern", key, index, entry, at + 1)
                if kind == "continuous"
                else _codes(schema, key, index, entry, at + 1)
            )
            if isinstance(stored, str):
                left_out[key] = stored
                continue
            if (other := owners.get(stored.path)) is not None:
                # Cellucid 0.0.9 wrote both to one file, and the last one stayed.
                del found[other]
                left_out[other] = f"the export has one file for it and for {key!r}, which was written later"
            owners[stored.path] = key
            found[key] = stored
    order = {key: position for position, key in enumerate(_listed(identity))}
    return {key: found[key] for key in sorted(found, key=lambda key: order.get(key, len(order)))}, left_out


def _listed(identity: Node) -> Iterator[str]:
    """The fields in the order of the table they come from, which only the identity has."""
    fields = identity.get("obs_fields")
    if fields is not None and not fields.is_null:
        for field in fields:
            yield field["key"].key()


def _index(entry: Node, dialect: Dialect) -> tuple[int | None, int]:
    """An entry's number where the dialect has one, and where its key stands."""
    return (None, 0) if dialect == "A" else (entry[0].integer(0, 1 << 31), 1)


def _path(pattern: Node, key: str, index: int | None, ext: str = "") -> str:
    text = pattern.text()
    placeholder, name = ("{key}", safe_name(key)) if index is None else ("{index}", str(index))
    if placeholder not in text:
        raise pattern.expected(f"a path with {placeholder}")
    return text.replace("{ext}", ext).replace(placeholder, name)


def _values(schema: Node, pattern: str, key: str, index: int | None, entry: Node, at: int) -> StoredValues:
    dtype = schema["dtype"].one_of(*_VALUES)
    path = _path(schema[pattern], key, index)
    if _VALUES[dtype] is None:
        return StoredValues(path, dtype, None)
    low, high = entry[at].number(), entry[at + 1].number()
    if low > high:
        raise entry.fail(f"the smallest value {low} is larger than the largest, {high}")
    return StoredValues(path, dtype, (low, high))


def _codes(schema: Node, key: str, index: int | None, entry: Node, at: int) -> StoredCodes | str:
    """The codes, or why they cannot be shown."""
    labels = tuple(node.label() for node in entry[at])
    dtype = entry[at + 1].one_of(*_CODES)
    ext, largest = _CODES[dtype]
    missing = entry[at + 2].integer(0, largest)
    if len(labels) > largest:
        return f"its {len(labels):,} categories do not fit into codes of type {dtype}, so some are another's"
    if missing < len(labels):
        raise entry[at + 2].fail(f"the code of missing values, {missing}, is one of the {len(labels):,} categories'")
    path = _path(schema["codesPathPattern"], key, index, ext)
    return StoredCodes(path, dtype, labels, missing)


# ---- genes and neighbours ----


def _genes(var: Node | None, dialect: Dialect) -> tuple[dict[str, StoredValues], tuple[str, ...]]:
    if var is None:
        return {}, ()
    found: dict[str, StoredValues] = {}
    names: list[str] = []
    owners: dict[str, str] = {}
    lost: set[str] = set()
    entries = var["fields"]
    schema = var["_varSchema"] if len(entries) else None
    for entry in entries:
        assert schema is not None
        index, at = _index(entry, dialect)
        key = entry[at].key()
        stored = _values(schema, "pathPattern", key, index, entry, at + 1)
        if (other := owners.get(stored.path)) is not None and other != key:
            lost.add(other)  # written over by this one, as with fields
        owners[stored.path] = key
        names.append(key)
        found[key] = stored
    several = {name for name, count in _counts(names).items() if count > 1}
    kept = tuple(name for name in names if name not in lost)
    return {name: stored for name, stored in found.items() if name not in lost | several}, kept


def _counts(names: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _edges(document: Node) -> StoredEdges:
    document["format"].one_of("edge_pairs")
    return StoredEdges(
        sources=document["sourcesPath"].text(),
        destinations=document["destinationsPath"].text(),
        dtype=document["index_dtype"].one_of(*_EDGES),
        n_edges=document["n_edges"].integer(0, 1 << 40),
    )
