"""What the console of a browser's page says."""

from playwright.sync_api import ConsoleMessage, Error, Page


class Console(list[str]):
    """The lines that a page logs from now on, and its errors."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        page.on("console", self._hear)
        page.on("pageerror", self._hear_error)

    def close(self) -> None:
        """Hear no more: the page will be another's."""
        self._page.remove_listener("console", self._hear)
        self._page.remove_listener("pageerror", self._hear_error)

    def _hear(self, message: ConsoleMessage) -> None:
        self.append(f"[{message.type}] {message.text}")

    def _hear_error(self, error: Error) -> None:
        self.append(f"[page error] {error}")
