from app.web.components.watch.component import watch

__all__ = ["watch"]
