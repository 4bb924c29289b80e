"""A page of a widget, as far as Python can tell."""

import numpy as np

from cellucid.channel.selection import EncodedCells


class Page:
    """Sends what the viewer would send."""

    def __init__(self, widget, name="p1"):
        self.widget, self.name, self.seq = widget, name, 0

    def send(self, event, payload, data=None, *, numbered=True):
        self.seq += numbered
        content = {"kind": "event", "page": self.name, "seq": self.seq * numbered, "event": event, "payload": payload}
        self.widget._handle_custom_msg(content, [] if data is None else [memoryview(data)])

    def ready(self):
        self.send("ready", {"n_cells": self.widget.n_cells, "dimensions": 2})

    def select(self, positions):
        cells = EncodedCells.of(np.asarray(positions, dtype=np.uint32), self.widget.n_cells)
        self.send("selection", {"source": "lasso", "encoding": cells.encoding, "count": cells.count}, cells.data)

    def click(self, cell):
        self.send("click", {"cell": cell, "button": 0, "shift": False, "ctrl": False})

    def hover(self, cell):
        self.send("hover", {"cell": cell}, numbered=False)

    def set(self, values, *, camera_of=None):
        """Set traits, as a person does."""
        self.send("traits", {"values": values, "camera_of": camera_of})

    def look(self, zoom):
        self.set({"camera": {"center": [0.0, 0.0], "zoom": zoom}})

    def has_seen(self, updates=0, selection=0, marks=0, commands=0, epoch=1):
        numbers = {"updates": updates, "selection": selection, "marks": marks, "commands": commands, "epoch": epoch}
        self.widget._handle_custom_msg({"kind": "seen", "page": self.name, **numbers}, [])


_pages = 0


def page_sets(widget, values, **about):
    """Set traits on a page of their own."""
    global _pages
    _pages += 1
    Page(widget, f"page-{_pages}").set(values, **about)
