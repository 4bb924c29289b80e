"""Look at cells in a notebook, and have what you select in Python."""

from importlib.metadata import version

from cellucid.dataset import open_dataset
from cellucid.export import generate_datasets_manifest, prepare
from cellucid.show import serve, serve_anndata, show, show_anndata
from cellucid.widget import CellucidWidget

__all__ = [
    "CellucidWidget",
    "__version__",
    "generate_datasets_manifest",
    "open_dataset",
    "prepare",
    "serve",
    "serve_anndata",
    "show",
    "show_anndata",
]
__version__ = version("cellucid")
