"""Hooks of template engines: turn text and parameters into text.

Several plugins may answer, each for the engines it knows. Rules of refusals; ``N`` is the number of
the text that was refused, from 0:

=========================  =====================================================================
``template.syntax:N``      the text is no template of this engine
``template.failed:N``      it is one, and rendering it failed: an unknown name, a forbidden access
``template.limit``         it took more time, memory or output than it may
=========================  =====================================================================
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["TemplateHooks"]


class TemplateHooks(Protocol):
    """What a template engine answers."""

    @hookspec(firstresult=True, raises=RefusalError)
    def template_render(self, engine: str, texts: list[str], parameters_json: str) -> list[str] | None:
        """Render texts, all with the same parameters.

        The texts are written by strangers: an engine runs them where they reach nothing, and ends the
        ones that never would. They come together, so that what protects from them is set up once. A
        fault ends the operation that asked.

        Args:
            engine: Name of the engine, for example ``jinja2``.
            texts: Templates.
            parameters_json: A JSON object: what the templates may name.

        Returns:
            One text for each template, in the same order; ``None`` when the engine is another's.

        Raises:
            RefusalError: ``template.syntax:N``, ``template.failed:N``, ``template.limit``.

        Example:
            ```python
            import json
            from string import Template

            from hyperhost.hookspecs import hookimpl

            class Dollars:
                @hookimpl
                def template_render(
                    self, engine: str, texts: list[str], parameters_json: str
                ) -> list[str] | None:
                    if engine != "dollars":
                        return None
                    return [Template(text).substitute(json.loads(parameters_json)) for text in texts]

            host.register(Dollars())
            made = host.hook.template_render(
                engine="dollars", texts=["Hello $name"], parameters_json='{"name": "Bob"}'
            )
            assert made == ["Hello Bob"]
            ```
        """
        ...
