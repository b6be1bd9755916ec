"""The laboratory: `answer` computes (request -> reply); the hosts carry: `server` and `Lab`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .widget import Lab as Lab

__all__ = ["Lab"]


def __getattr__(name: str) -> Any:
    # The widget alone needs anywidget, so it is imported when somebody asks for it.
    if name == "Lab":
        from .widget import Lab

        return Lab
    raise AttributeError(f"module 'lapicque.lab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
