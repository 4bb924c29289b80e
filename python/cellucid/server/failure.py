"""Why there is no answer."""


class Failure(Exception):
    """A status, a short name for programs, a sentence, and what to do."""

    def __init__(self, status: int, code: str, message: str, hint: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.hint, self.headers = status, code, hint, headers
