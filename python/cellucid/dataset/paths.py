"""Where each resource is: one function for each kind, so that a path is written in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cellucid.dataset.encode import codes_dtype, quote_key, short_name, unquote_key

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = "manifest.json"
IDENTITY = "dataset_identity.json"

NAMES_A_BLOCK = 1_024
"""Cells whose names are read at a time."""

_GENE_ENDING = ".values.f32"


def embedding_path(key: str) -> str:
    """Coordinates of an embedding."""
    return f"embeddings/{quote_key(key)}.f32"


def embedding_entry_path(key: str) -> str:
    """What the manifest says of an embedding, for one of which it says nothing: chosen components."""
    return f"embeddings/{quote_key(key)}.json"


def codes_path(key: str, n_categories: int) -> str:
    """Category codes of an obs column; the ending says their type."""
    return f"obs/{quote_key(key)}.codes.{short_name(codes_dtype(n_categories))}"


def values_path(key: str) -> str:
    """Values of a continuous obs column."""
    return f"obs/{quote_key(key)}.values.f32"


def categories_path(key: str) -> str:
    """Categories and colours of an obs column that has too many of them for the manifest."""
    return f"obs/{quote_key(key)}.categories.json"


def gene_path(gene: str, layer: str | None = None) -> str:
    """Values of a gene, from the default matrix or from a named one."""
    return f"{_gene_folder(layer)}/{quote_key(gene)}{_GENE_ENDING}"


def gene_names_path(layer: str | None = None) -> str:
    """Names of the genes of the default matrix, or of a named one."""
    return f"{_gene_folder(layer)}/genes.json"


def other_gene_names_path(layer: str | None = None) -> str:
    """Other names of the same genes."""
    return f"{_gene_folder(layer)}/other_names.json"


def cell_names_path(block: int | str) -> str:
    """Names of a block of cells, from number ``block * NAMES_A_BLOCK`` on."""
    return f"cells/names.{block}.json"


def parse_embedding_path(path: str) -> str | None:
    """The key that `embedding_path` made a path of, or None for any other path."""
    return _parse_embedding(path, ".f32", embedding_path)


def parse_embedding_entry_path(path: str) -> str | None:
    """The key that `embedding_entry_path` made a path of, or None for any other path."""
    return _parse_embedding(path, ".json", embedding_entry_path)


def vectors_path(field: str, embedding: str) -> str:
    """Arrows of a vector field over an embedding, in its coordinates."""
    return f"vectors/{quote_key(field)}/{quote_key(embedding)}.f32"


def edges_path(end: Literal["sources", "destinations"]) -> str:
    """One end of each pair of neighbours, as row positions."""
    return f"connectivity/{end}.u32"


def parse_gene_names_path(path: str) -> str | None:
    """The layer that `gene_names_path` made a path of, or None for any other path."""
    return _parse_layer(path, gene_names_path)


def parse_other_gene_names_path(path: str) -> str | None:
    """The layer that `other_gene_names_path` made a path of, or None for any other path."""
    return _parse_layer(path, other_gene_names_path)


def parse_gene_path(path: str) -> tuple[str, str | None] | None:
    """The gene and the layer that `gene_path` made a path of, or None for any other path."""
    match path.split("/"):
        case ["var", leaf]:
            layer = None
        case ["layers", segment, "var", leaf]:
            layer = unquote_key(segment)
        case _:
            return None
    gene = unquote_key(leaf.removesuffix(_GENE_ENDING))
    # Only the one spelling of a path is a resource: another would be another name for the same cache entry.
    return (gene, layer) if path == gene_path(gene, layer) else None


def _parse_embedding(path: str, ending: str, make: Callable[[str], str]) -> str | None:
    match path.split("/"):
        case ["embeddings", leaf] if leaf.endswith(ending):
            key = unquote_key(leaf.removesuffix(ending))
            return key if path == make(key) else None
    return None


def _parse_layer(path: str, make: Callable[[str], str]) -> str | None:
    match path.split("/"):
        case ["layers", segment, "var", _]:
            layer = unquote_key(segment)
            return layer if path == make(layer) else None
    return None


def _gene_folder(layer: str | None) -> str:
    return "var" if layer is None else f"layers/{quote_key(layer)}/var"
