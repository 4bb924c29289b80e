"""A real Notebook 7, which is JupyterLab's parts in another frame."""

from urllib.parse import quote

from hosts.jupyterlab import JupyterLab, add_query


class Notebook7(JupyterLab):
    """One server of Notebook 7, alive inside `with`; a page of it shows one notebook."""

    name = "Notebook"
    module = "notebook"
    application = "JupyterNotebookApp"

    def url(self, path: str = "", *, workspace: str | None = None) -> str:
        """The address that opens a notebook, or the list of files; there are no workspaces."""
        place = f"notebooks/{quote(path)}" if path else "tree"
        return add_query(self.base_url + place, f"token={self.token}")
