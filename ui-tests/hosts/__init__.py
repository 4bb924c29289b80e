"""Real hosts for the widget: JupyterLab, a notebook in it, and the browser that shows them."""
