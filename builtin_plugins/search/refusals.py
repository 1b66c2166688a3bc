"""Refusals of this plugin; :class:`hyperhost.Operations` turns the kind of each into an error class."""

from __future__ import annotations

from hyperhost.errors import HyperHostError, QuerySyntaxError, RefusalError

__all__ = ["invalid", "no_engine", "no_meaning", "of_engine", "of_query"]

_FIELDS = {"search.page": "token", "search.field": "sort", "search.syntax": "query"}


def invalid(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """An argument is not what it has to be."""
    return RefusalError(reason, f"invalid:{field}:{rule}", hint=hint)


def of_query(field: str, error: QuerySyntaxError) -> RefusalError:
    """A query or a filter is not written as it has to be."""
    return RefusalError(error.message, f"query:{field}[{error.position}]:{error.rule}", hint=error.hint)


def of_engine(refusal: RefusalError) -> RefusalError:
    """What a search engine refuses, as an operation does."""
    field = _FIELDS.get(refusal.rule)
    if field is None:
        rule = "state:search:" + refusal.rule.removeprefix("search.")
        return RefusalError(refusal.reason, rule, plugin=refusal.plugin, hint=refusal.hint)
    return invalid(field, refusal.rule.removeprefix("search."), refusal.reason, refusal.hint)


def no_engine(error: HyperHostError) -> RefusalError:
    """Nothing answers the service, or several could."""
    hint = error.hint or "activate one"
    if "provides the service" in error.message:
        hint = "activate search-whoosh, which comes with HyperHost: hyperhost plugin activate search-whoosh"
    reason = f"there is no search engine: {error.message}"
    return RefusalError(reason, "state:search:engine", plugin=error.plugin, hint=hint)


def no_meaning(reason: str, hint: str, plugin: str | None = None) -> RefusalError:
    """Nothing searches by meaning."""
    if "provides the service" in reason:
        hint = (
            "install it: pip install 'hyperhost[semantic]', and activate embed-minilm and search-semantic, "
            "which come with HyperHost"
        )
    return RefusalError(
        f"there is no search by meaning: {reason}", "unavailable:semantic", plugin=plugin, hint=hint
    )
