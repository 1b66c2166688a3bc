"""Engines: whoever answers ``template_render``, and three that are shipped as sandboxed components."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import LimitError, RefusalError, SandboxError
from hyperhost.offering import invalid

if TYPE_CHECKING:
    import hyperhost

__all__ = ["SHIPPED", "Engines"]

SHIPPED: Final = Path(__file__).parent / "engines"
"""Packed plugins, one for each engine: ``NAME.hhp``, built by ``sdk/template_engines/build.py``."""


class Engines:
    """The engines that a host has.

    A shipped one is loaded when the first template asks for it and nobody else answers: loading
    compiles a megabyte of WebAssembly, which the host's cache remembers.

    Args:
        context: Of the plugin.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        self._context = context
        self._loaded: set[str] = set()
        self._lock = threading.Lock()

    def render(self, engine: str, texts: dict[str, str], parameters_json: str) -> dict[str, str]:
        """Render texts.

        Args:
            engine: Name of the engine.
            texts: Templates by the field of the manifest that they are.
            parameters_json: What they may name.

        Raises:
            RefusalError: there is no such engine, or a template is wrong; names the field.
        """
        if not texts:
            return {}
        fields = list(texts)
        try:
            made = self._ask(engine, list(texts.values()), parameters_json)
        except RefusalError as refusal:
            raise _located(refusal, fields) from None
        except LimitError as error:
            raise invalid(
                "template", "limit", f"a template was stopped: {error.message}", error.hint
            ) from None
        except SandboxError as error:
            raise invalid("template", "failed", f"the engine {engine} broke off: {error.message}") from None
        if made is None:
            raise invalid(
                "manifest.engine",
                "unknown",
                f"no plugin renders templates of {engine!r}",
                "install or activate a plugin that answers template_render for it",
            )
        if len(made) != len(fields):
            raise invalid(
                "template", "failed", f"the engine {engine} answered {len(made)} of {len(fields)} texts"
            )
        return dict(zip(fields, made, strict=True))

    def _ask(self, engine: str, texts: list[str], parameters_json: str) -> list[str] | None:
        ask: Any = self._context.hook.template_render
        made: list[str] | None = ask(engine=engine, texts=texts, parameters_json=parameters_json)
        if made is None and self._load(engine):
            made = ask(engine=engine, texts=texts, parameters_json=parameters_json)
        return made

    def _load(self, engine: str) -> bool:
        """Load a shipped engine; whether there is one and somebody may answer now."""
        shipped = {path.stem: path for path in SHIPPED.glob("*.hhp")}
        if engine not in shipped:
            return False
        with self._lock:
            if engine not in self._loaded:
                self._context.load(shipped[engine])
                self._loaded.add(engine)
        return True


def _located(refusal: RefusalError, fields: list[str]) -> RefusalError:
    """A refusal of an engine, with the field that it means."""
    kind, _, number = refusal.rule.partition(":")
    domain, _, rule = kind.partition(".")
    if domain != "template":
        return refusal
    at = int(number) if number.isdecimal() else len(fields)
    field = fields[at] if at < len(fields) else "template"
    return invalid(field, rule, f"{field}: {refusal.reason}", refusal.hint)
