"""Writes the files of an export: the arrays, and the documents that say what is in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.encode import encode_codes
from cellucid.dataset.folder.additions import ADDITIONS, FOLDER, AddedEmbedding, AddedListing, Additions
from cellucid.dataset.folder.manifests import CONNECTIVITY, IDENTITY, OBS, VAR
from cellucid.dataset.manifest import package_version
from cellucid.export.arrays import ArrayFiles, Kind
from cellucid.export.groups import Groups
from cellucid.export.neighbors import find_edges
from cellucid.export.plan import Plan, Settings
from cellucid.export.workers import Workers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.dataset.base import Dataset

# Genes read at a time: as many as fit, but so many that a pass over a matrix stored by cells is worth its while.
_BLOCK_BYTES = 16 * 1024 * 1024
_LEAST_GENES = 16


class ExportWriter:
    """Writes one folder: reads on the thread that calls it, and leaves packing and writing to the workers'."""

    def __init__(
        self,
        dataset: Dataset,
        plan: Plan,
        settings: Settings,
        folder: Path,
        workers: Workers,
        done: Callable[[], object],
    ) -> None:
        self._dataset = dataset
        self._plan = plan
        self._settings = settings
        self._folder = folder
        self._files = ArrayFiles(folder, settings.compression)
        self._workers = workers
        self._done = done
        self._n_edges: int | None = None

    def write(self, about: Mapping[str, str]) -> None:
        """Writes everything but the identity."""
        (self._folder / "obs").mkdir()
        (self._folder / FOLDER).mkdir()
        points = self._write_embeddings()
        self._write_vectors()
        self._write_edges()
        self._write_obs(points)
        self._write_genes()
        self._write_additions(about["created_at"])

    def write_identity(self, about: Mapping[str, str], source: Mapping[str, str | None]) -> None:
        """Makes the folder an export, once all of it is there."""
        self._json(IDENTITY, self._identity(about, source), indent=2)

    def _write(self, path: str, array: NDArray[Any]) -> str:
        """Has an array written that nobody changes meanwhile; returns the path of the file."""
        self._workers.submit(self._files.write, path, array)
        return path + self._files.suffix

    # ---- embeddings, vectors, neighbours ----

    def _write_embeddings(self) -> dict[int, NDArray[np.float32]]:
        """Writes all of them; returns the stored coordinates of those that Cellucid shows, by number of dimensions."""
        points: dict[int, NDArray[np.float32]] = {}
        for one in self._plan.embeddings:
            coordinates = self._dataset.coordinates(one.key)
            if one.placement is not None:
                coordinates = points[one.dimensions] = one.placement.stored(coordinates)
            elif "/" in one.path:
                (self._folder / one.path).parent.mkdir(exist_ok=True)
            self._write(one.path, coordinates)
        return points

    def _write_vectors(self) -> None:
        if self._plan.vectors:
            (self._folder / "vectors").mkdir()
        for field in self._plan.vectors:
            placement = self._plan.placement(field.dimensions)
            self._files.write(
                f"vectors/{field.key}_{field.dimensions}d.bin", field.values * np.float32(placement.scale)
            )

    def _write_edges(self) -> None:
        with self._dataset.lock:
            graph = self._dataset.aligned("obsp").get("connectivities")
            edges = None if graph is None else find_edges(graph, self._dataset.n_cells)
        if edges is None:
            return
        self._n_edges = len(edges.sources)
        (self._folder / "connectivity").mkdir()
        document = {
            "format": "edge_pairs",
            "n_cells": self._dataset.n_cells,
            "n_edges": self._n_edges,
            "max_neighbors": edges.max_neighbors,
            "index_bytes": edges.sources.itemsize,
            "index_dtype": edges.sources.dtype.name,
            "sourcesPath": self._write("connectivity/edges.src.bin", edges.sources),
            "destinationsPath": self._write("connectivity/edges.dst.bin", edges.destinations),
            "compression": self._settings.compression,
        }
        self._json(CONNECTIVITY, document)

    # ---- obs ----

    def _write_obs(self, points: Mapping[int, NDArray[np.float32]]) -> None:
        kind, latent = Kind(self._settings.obs_bits), self._latent()
        continuous: list[list[Any]] = []
        categorical: list[list[Any]] = []
        for key, safe in self._plan.fields.items():
            series = self._dataset.obs(key)
            if key in self._plan.categories:
                categorical.append([key, *self._write_category(key, safe, series.cat.codes.to_numpy(), points, latent)])
            else:
                stored, extent = kind.encode(series.to_numpy())
                self._write(f"obs/{safe}.values.{kind.ext}", stored)
                continuous.append([key, *extent])
            self._done()
        schemas: dict[str, Any] = {}
        if continuous:
            schemas["continuous"] = _schema(f"obs/{{key}}.values.{kind.ext}{self._files.suffix}", kind)
        if categorical:
            schemas["categorical"] = {
                "codesPathPattern": f"obs/{{key}}.codes.{{ext}}{self._files.suffix}",
                "outlierPathPattern": f"obs/{{key}}.outliers.{kind.ext}{self._files.suffix}",
                "outlierExt": kind.ext,
                "outlierDtype": kind.dtype,
                "outlierQuantized": kind.bits is not None,
            }
        document = {
            "_format": "compact_v1",
            "n_points": self._dataset.n_cells,
            "centroid_outlier_quantile": self._settings.outlier_quantile,
            "latent_key": "latent_space",
            "compression": self._settings.compression,
            "_obsSchemas": schemas,
            "_continuousFields": continuous,
            "_categoricalFields": categorical,
        }
        self._json(OBS, document)

    def _write_category(
        self,
        key: str,
        safe: str,
        codes: NDArray[np.integer[Any]],
        points: Mapping[int, NDArray[np.float32]],
        latent: NDArray[Any] | None,
    ) -> list[Any]:
        labels = self._plan.categories[key]
        stored = encode_codes(codes, len(labels))
        ext = f"u{stored.itemsize * 8}"
        self._write(f"obs/{safe}.codes.{ext}", stored)
        groups = Groups(codes, labels, self._settings.min_points)
        kind = Kind(self._settings.obs_bits)
        outliers, extent = kind.encode(groups.outliers(latent))
        self._write(f"obs/{safe}.outliers.{kind.ext}", outliers)
        centroids = {
            str(dimensions): groups.centroids(points[dimensions], self._settings.outlier_quantile)
            for dimensions in sorted(points)
        }
        return [list(labels), stored.dtype.name, int(np.iinfo(stored.dtype).max), centroids, *extent]

    def _latent(self) -> NDArray[Any] | None:
        if self._plan.latent_key is None:
            return None
        with self._dataset.lock:
            latent = self._dataset.aligned("obsm")[self._plan.latent_key]
            return np.asarray(latent.toarray() if hasattr(latent, "toarray") else latent)

    # ---- genes ----

    def _write_genes(self) -> None:
        if not self._plan.genes:
            return
        (self._folder / "var").mkdir()
        kind = Kind(self._settings.var_bits)
        written: list[Future[list[Any]]] = []
        for names, block in self._gene_blocks():
            for name, values in zip(names, block, strict=True):
                written.append(self._workers.submit(self._write_gene, kind, name, values))
                self._done()
        entries = [gene.result() for gene in written]
        bits = self._settings.var_bits
        document = {
            "_format": "compact_v1",
            "n_points": self._dataset.n_cells,
            "var_gene_id_column": "index",
            "compression": self._settings.compression,
            "quantization": bits,
            "_varSchema": {"kind": "continuous"} | _schema(f"var/{{key}}.values.{kind.ext}{self._files.suffix}", kind),
            "fields": entries,
        }
        self._json(VAR, document)

    def _gene_blocks(self) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        names = list(self._plan.genes)
        step = max(_LEAST_GENES, _BLOCK_BYTES // (4 * self._dataset.n_cells))
        for start in range(0, len(names), step):
            some = names[start : start + step]
            yield some, self._dataset.gene_block(some, self._plan.layer)

    def _write_gene(self, kind: Kind, name: str, values: NDArray[np.float32]) -> list[Any]:
        stored, extent = kind.encode(values)
        self._files.write(f"var/{self._plan.genes[name]}.values.{kind.ext}", stored, sparse=True)
        return [name, *extent]

    # ---- documents ----

    def _write_additions(self, created_at: str) -> None:
        names = self._dataset.cell_names
        others = self._plan.other_names
        suffix = self._files.suffix
        additions = Additions(
            embeddings=tuple(
                AddedEmbedding(one.key, one.dimensions, one.path + suffix, one.placement)
                for one in self._plan.embeddings
            ),
            colors=self._plan.colors,
            layer=self._plan.layer,
            cell_names=None if names is None else self._listing("cell_names", [str(name) for name in names]),
            gene_names=self._listing("gene_names", others) if others else None,
        )
        self._json(ADDITIONS, additions.as_json(created_at, package_version()))

    def _listing(self, name: str, content: object) -> AddedListing:
        data = json.dumps(content, separators=(",", ":")).encode()
        return AddedListing(self._files.write_bytes(f"{FOLDER}/{name}.json", data), len(data))

    def _identity(self, about: Mapping[str, str], source: Mapping[str, str | None]) -> dict[str, Any]:
        plan, suffix = self._plan, self._files.suffix
        dimensions = sorted(plan.shown)
        document: dict[str, Any] = {
            "version": 2,
            **about,
            "cellucid_data_version": package_version(),
            "stats": {
                "n_cells": self._dataset.n_cells,
                "n_genes": len(plan.genes),
                "n_obs_fields": len(plan.fields),
                "n_categorical_fields": len(plan.categories),
                "n_continuous_fields": len(plan.fields) - len(plan.categories),
                "has_connectivity": self._n_edges is not None,
                "n_edges": self._n_edges,
            },
            "embeddings": {
                "available_dimensions": dimensions,
                "default_dimension": dimensions[-1],
                "files": {f"{d}d": f"points_{d}d.bin{suffix}" for d in dimensions},
            },
            "obs_fields": [
                {"key": key, "kind": "category", "n_categories": len(plan.categories[key])}
                if key in plan.categories
                else {"key": key, "kind": "continuous"}
                for key in plan.fields
            ],
            "export_settings": {
                "compression": self._settings.compression,
                "var_quantization": self._settings.var_bits,
                "obs_continuous_quantization": self._settings.obs_bits,
                "obs_categorical_dtype": "auto",
            },
        }
        if known := {key: value for key, value in source.items() if value is not None}:
            document["source"] = known
        if plan.vectors:
            document["vector_fields"] = self._vector_fields()
        return document

    def _vector_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for vectors in sorted(self._plan.vectors, key=lambda one: one.dimensions):
            path = f"vectors/{vectors.key}_{vectors.dimensions}d.bin{self._files.suffix}"
            field = fields.setdefault(vectors.key, {"label": vectors.label, "available_dimensions": [], "files": {}})
            field["available_dimensions"].append(vectors.dimensions)
            field["default_dimension"] = vectors.dimensions
            field["files"][f"{vectors.dimensions}d"] = path
            if vectors.key.endswith("_umap"):
                field["basis"] = "umap"
        default = "velocity_umap" if "velocity_umap" in fields else min(fields)
        return {"default_field": default, "fields": fields}

    def _json(self, path: str, document: object, indent: int | None = None) -> None:
        text = json.dumps(document, indent=indent, allow_nan=False)
        (self._folder / path).write_text(text, encoding="utf-8")


def _schema(pattern: str, kind: Kind) -> dict[str, Any]:
    schema = {"pathPattern": pattern, "ext": kind.ext, "dtype": kind.dtype, "quantized": kind.bits is not None}
    return schema if kind.bits is None else schema | {"quantizationBits": kind.bits}
