"""The site: `make docs`."""

from importlib.metadata import version as installed_version

project = "cellucid"
author = "The cellucid developers"
copyright = "2026, The cellucid developers"
version = release = installed_version("cellucid")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["images"]

html_theme = "furo"
html_title = f"cellucid {release}"
# The theme links fonts and scripts of its own only; the site opens without a network.
html_static_path: list[str] = []

myst_heading_anchors = 3
# The design notes abbreviate JSON with "..".
suppress_warnings = ["misc.highlighting_failure"]

autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# ipywidgets and anywidget bring a hundred inherited members; the reference shows ours.
autodoc_default_options = {"members": True, "inherited-members": False, "undoc-members": False}
