"""Hook implementation of the template engine ``jinja2``; the work is in :mod:`.process`."""

from __future__ import annotations

from hyperhost.hookspecs import hookimpl

__all__ = ["TemplatesJinja2"]


class TemplatesJinja2:
    """Renders templates of Jinja2."""

    @hookimpl
    def template_render(self, engine: str, texts: list[str], parameters_json: str) -> list[str] | None:
        """See the hookspec."""
        if engine != "jinja2":
            return None
        from .process import render

        return render(texts, parameters_json)
