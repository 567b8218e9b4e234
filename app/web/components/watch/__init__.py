"""Browser part that asks the server whether anything changed: no fragment reruns by itself."""

from app.web.components.watch.component import watch

__all__ = ["watch"]
