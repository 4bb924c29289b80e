"""Export folders: those of Cellucid 0.0.9 to 0.9.4, those of `cellucid.prepare`, and folders of several."""

from __future__ import annotations

from cellucid.dataset.folder.dataset import FolderDataset
from cellucid.dataset.folder.several import find_exports, is_export

__all__ = ["FolderDataset", "find_exports", "is_export"]
