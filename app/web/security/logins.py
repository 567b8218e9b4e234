"""Which browsers have logged in, by the key in their cookie, and which have logged out again.

A login lives in a cookie that Streamlit signs, and an open tab keeps what it was opened with. So
that logging out in one tab ends all of them, the key of the browser is noted as ended: no tab that
was opened with it, and no address that was made for it, is good any more.
"""

from __future__ import annotations

from threading import Lock


class Logins:
    """Browsers by their holder, see `browser_key.holder`; forgotten with the process.

    After a start anew nothing is open, and a browser that has logged out has no login to send.
    """

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._ended: set[str] = set()
        self._turn = Lock()

    def begin(self, holder: str) -> bool:
        """Note that a page was drawn for a login; ``False`` when that browser has logged out."""
        with self._turn:
            if not holder or holder in self._ended:
                return False
            self._open.add(holder)
            return True

    def end(self, holder: str) -> None:
        """Note that this browser has logged out."""
        with self._turn:
            self._open.discard(holder)
            if holder:
                self._ended.add(holder)

    def is_open(self, holder: str) -> bool:
        """Whether a page was drawn for a login of this browser that has not ended."""
        with self._turn:
            return holder in self._open
