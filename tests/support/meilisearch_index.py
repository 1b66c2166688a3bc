"""One index of the stub server: documents, settings, searches. It does what Meilisearch is documented to do.

Ranking is simpler than Meilisearch's: a hit's score depends on the best attribute that has the words and on
how early they stand there; with several words the score is the mean. It is between 0 and 1, as the real one.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from meilisearch_filters import Condition, FilterError, compiled, normal

__all__ = ["ApiError", "Index"]

_SETTINGS = {
    "searchableAttributes", "filterableAttributes", "sortableAttributes", "rankingRules", "stopWords",
    "synonyms", "distinctAttribute", "typoTolerance", "prefixSearch", "facetSearch", "faceting", "pagination",
}  # fmt: skip
_SEARCH = {
    "indexUid", "q", "filter", "sort", "facets", "limit", "offset", "page", "hitsPerPage",
    "attributesToRetrieve",
    "attributesToSearchOn", "matchingStrategy", "showRankingScore", "federationOptions",
}  # fmt: skip
_QUERY = re.compile(r'"([^"]*)"|(\S+)')
_WORDS = 10


class ApiError(Exception):
    """An error as the API answers it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Index:
    """Documents with their settings."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.documents: dict[str, dict[str, Any]] = {}
        self.settings: dict[str, Any] = {}

    def set(self, given: dict[str, Any]) -> None:
        for name in given:
            if name not in _SETTINGS:
                raise ApiError(400, "bad_request", f"Unknown field `{name}`")
        self.settings |= given

    def put(self, rows: list[dict[str, Any]]) -> None:
        for each in rows:
            self.documents[str(each[self.key or "id"])] = each

    def remove(self, ids: list[str]) -> None:
        for each in ids:
            self.documents.pop(each, None)

    def search(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A search by itself, or one of several whose hits stay apart."""
        found = self.ranked(asked)
        most = self.settings.get("pagination", {}).get("maxTotalHits", 1000)
        total = min(len(found), most)
        answer: dict[str, Any] = {"query": asked.get("q", ""), "processingTimeMs": 0}
        if "page" in asked or "hitsPerPage" in asked:
            size = asked.get("hitsPerPage", 20)
            begin = (asked.get("page", 1) - 1) * size
            answer |= {"hitsPerPage": size, "page": asked.get("page", 1), "totalHits": total}
            answer["totalPages"] = -(-total // size) if size else 0
        else:
            begin, size = asked.get("offset", 0), asked.get("limit", 20)
            answer |= {"limit": size, "offset": begin, "estimatedTotalHits": total}
        shown = found[:most][begin : begin + size]
        answer["hits"] = [self.shown(asked, document, score) for document, score in shown]
        if asked.get("facets"):
            answer["facetDistribution"] = self.facets(asked["facets"], [document for document, _ in found])
            answer["facetStats"] = {}
        return answer

    def shown(self, asked: dict[str, Any], document: dict[str, Any], score: float) -> dict[str, Any]:
        names = asked.get("attributesToRetrieve", ["*"])
        found = {name: value for name, value in document.items() if "*" in names or name in names}
        return found | ({"_rankingScore": score} if asked.get("showRankingScore") else {})

    def ranked(self, asked: dict[str, Any]) -> list[tuple[dict[str, Any], float]]:
        """All hits in their order, with their scores."""
        for name in asked:
            if name not in _SEARCH:
                raise ApiError(400, "bad_request", f"Unknown field `{name}`")
        condition = self.condition(asked.get("filter") or "")
        terms = [found[1] or found[2] for found in _QUERY.finditer(asked.get("q") or "")][:_WORDS]
        if terms and asked.get("matchingStrategy") != "all":
            raise ApiError(501, "stub", "the stub knows one matching strategy")
        attributes = self.searched(asked)
        found = []
        for document in self.documents.values():
            if condition(document):
                scores = [_scored(term.split(), document, attributes) for term in terms]
                if None not in scores:
                    found.append(
                        (document, sum(each or 0.0 for each in scores) / len(scores) if scores else 1.0)
                    )
        for rule in reversed(self.settings.get("rankingRules", [])):
            if ":" in rule:
                self.sort(found, rule)
        found.sort(key=lambda each: -each[1])
        for rule in reversed(asked.get("sort") or []):
            if rule.partition(":")[0] not in self.settings.get("sortableAttributes", []):
                raise ApiError(400, "invalid_search_sort", f"Attribute `{rule}` is not sortable.")
            self.sort(found, rule)
        return found

    def sort(self, found: list[tuple[dict[str, Any], float]], rule: str) -> None:
        """By an attribute; what does not have it comes last."""
        name, _, direction = rule.partition(":")
        there = [each for each in found if name in each[0]]
        there.sort(key=lambda each: each[0][name], reverse=direction == "desc")
        found[:] = there + [each for each in found if name not in each[0]]

    def searched(self, asked: dict[str, Any]) -> list[str]:
        known = self.settings.get("searchableAttributes", ["*"])
        wanted = asked.get("attributesToSearchOn", known)
        for name in wanted:
            if name not in known:
                message = f"Attribute `{name}` is not searchable."
                raise ApiError(400, "invalid_search_attributes_to_search_on", message)
        return [name for name in known if name in wanted]

    def condition(self, text: str) -> Condition:
        try:
            return compiled(text, self.settings.get("filterableAttributes", []))
        except FilterError as error:
            raise ApiError(400, "invalid_search_filter", str(error)) from None

    def facets(self, names: list[str], documents: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
        most = self.settings.get("faceting", {}).get("maxValuesPerFacet", 100)
        found: dict[str, dict[str, int]] = {}
        for name in names:
            if name not in self.settings.get("filterableAttributes", []):
                raise ApiError(400, "invalid_search_facets", f"Attribute `{name}` is not filterable.")
            counts: Counter[str] = Counter()
            written: dict[str, str] = {}
            for document in documents:
                for value in {normal(each): each for each in document.get(name, [])}.values():
                    counts[normal(value)] += 1
                    written.setdefault(normal(value), value)
            found[name] = {written[value]: count for value, count in counts.most_common(most)}
        return found

    def facet_search(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Values of an attribute that begin so."""
        name, begun = asked["facetName"], normal(asked.get("facetQuery") or "")
        if name not in self.settings.get("filterableAttributes", []):
            message = f"Attribute `{name}` is not facet-searchable."
            raise ApiError(400, "invalid_facet_search_facet_name", message)
        counts: Counter[str] = Counter()
        for document in self.documents.values():
            counts.update(value for value in document.get(name, []) if normal(value).startswith(begun))
        most = self.settings.get("faceting", {}).get("maxValuesPerFacet", 100)
        hits = [{"value": value, "count": counts[value]} for value in sorted(counts)[:most]]
        return {"facetHits": hits, "facetQuery": asked.get("facetQuery"), "processingTimeMs": 0}


def _scored(wanted: list[str], document: dict[str, Any], attributes: list[str]) -> float | None:
    """The score of words that stand one after the other; ``None`` where they do not."""
    for place, name in enumerate(attributes):
        found = str(document.get(name, "")).split()
        for first in range(len(found) - len(wanted) + 1):
            if found[first : first + len(wanted)] == wanted:
                return 1.0 - (place + first / (first + 5)) / (len(attributes) + 1)
    return None
