"""Look at cells in a notebook, and have what you select in Python."""

from importlib.metadata import version

from cellucid.dataset import open_dataset
from cellucid.show import show_anndata
from cellucid.widget import CellucidWidget

__all__ = ["CellucidWidget", "__version__", "open_dataset", "show_anndata"]
__version__ = version("cellucid")
