"""The journey of a person through each host: show, colour, circle, wait."""

from importlib.metadata import version

from hosts.journey import CELLS, Host, journey


def test_jupyterlab_over_http(notebook):
    page = notebook(CELLS)
    page.run_all()
    visit = journey(page, Host("JupyterLab", f"jupyterlab {version('jupyterlab')}", real=True))
    assert visit.transport == "direct"
    assert visit.moved["direct"] > 700 * 8
    visit.save()
