"""The pages that the data server shows a person: the viewer, and why there is none."""

from __future__ import annotations

import html
import secrets
from functools import cache
from pathlib import Path

CODE = Path(__file__).parent.parent / "static" / "page.js"
"""The viewer's code for a page of its own."""

_STYLE = """
:root { color-scheme: light dark; }
body {
  margin: 0; font: 14px/1.5 system-ui, sans-serif;
  background: light-dark(#fff, #121212); color: light-dark(#212121, #e0e0e0);
}
.cellucid { height: 100vh !important; }
main { max-width: 34rem; margin: 20vh auto 0; padding: 0 1.5rem; }
h1 { font-size: 1.15rem; font-weight: 600; margin: 0 0 .5rem; }
p { margin: 0 0 .75rem; color: light-dark(#5f5f5f, #a8a8a8); }
code { font: 13px ui-monospace, monospace; color: light-dark(#212121, #e0e0e0); }
"""

_GONE = """<main>
<h1>This viewer is not shown any more</h1>
<p>Its widget was closed, or Python has ended. Run the cell or the command that shows the data again,
and open the address that it gives.</p>
</main>"""

_LOCKED = """<main>
<h1>This address needs its token</h1>
<p>The data are shown to nobody else, so the address of a viewer carries a secret. In Python
<code>widget.viewer_url</code> is the whole address; <code>cellucid serve</code> prints it when it starts.
If Python was restarted since, the address is another one now.</p>
</main>
<script nonce="{nonce}">
const query = new URLSearchParams(location.search);
const key = "cellucid " + location.pathname + " " + query.get("viewerId");
let token = null;
try {{
  token = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
}} catch {{}} // a browser that stores nothing
if (token !== null) {{
  query.set("viewer_token", token);
  location.replace("?" + query); // not with the path, whose first two slashes would name another host
}}
</script>"""


def viewer_page(title: str | None) -> tuple[str, str]:
    """The viewer's page, and the policy that it is served under.

    Args:
        title: What is shown; None where there is nothing to show.
    """
    if title is None:
        return _page("cellucid", _GONE)
    nonce = secrets.token_urlsafe(16)
    return _page(title, f'<script type="module" nonce="{nonce}">{_code()}</script>', nonce)


def locked_page() -> tuple[str, str]:
    """What a person is told who opens an address without the token; a tab that knows it comes again with it."""
    nonce = secrets.token_urlsafe(16)
    return _page("cellucid", _LOCKED.format(nonce=nonce), nonce)


def _page(title: str, body: str, nonce: str = "none") -> tuple[str, str]:
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; img-src data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
    return text, policy


@cache
def _code() -> str:
    return CODE.read_text(encoding="utf-8")
