"""Where each resource is: one function for each kind, so that a path is written in one place."""

from __future__ import annotations

from cellucid.dataset.encode import codes_dtype, quote_key, short_name, unquote_key

MANIFEST = "manifest.json"
IDENTITY = "dataset_identity.json"

_GENE_ENDING = ".values.f32"


def embedding_path(key: str) -> str:
    """Coordinates of an embedding."""
    return f"embeddings/{quote_key(key)}.f32"


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
    folder = "var" if layer is None else f"layers/{quote_key(layer)}/var"
    return f"{folder}/{quote_key(gene)}{_GENE_ENDING}"


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
