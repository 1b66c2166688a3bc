"""What an artifact has to be like, whoever made it so: its author, or a plugin that altered it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Artifact, Publisher, Visibility
from hyperhost.offering import invalid

from .dependencies import check_dependencies
from .names import check_labels, check_text
from .namespaces import visibility_of

if TYPE_CHECKING:
    from .work import Work

__all__ = ["RESERVED", "check_artifact", "kept_annotations"]

RESERVED: Final = "hyperhost."
"""Beginning of the annotations that belong to the registry; they change by its operations alone."""

_MAX_WORDS: Final = 100
_MAX_WORD: Final = 200
_MAX_ANNOTATION_KEY: Final = 253
_MAX_ANNOTATIONS_BYTES: Final = 256 * 1024
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_UNSEEN: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u200b\u2028\u2029\ufeff]+")
"""What browsers leave out at the beginning of an address, or within it, and some more."""
_HARMLESS: Final = re.compile(
    r"(?:(?:bzr|cvs|git|hg|svn)\+)?(?:bzr|cvs|ftps?|git|hg|https?|rsync|sftp|ssh|svn)", re.IGNORECASE
)
_OPENNESS: Final = {Visibility.PRIVATE: 0, Visibility.INTERNAL: 1, Visibility.PUBLIC: 2}


def check_artifact(work: Work, artifact: Artifact) -> None:
    """Check all of an artifact but its name, namespace and version, which never change.

    Raises:
        RefusalError: something in it is not what it has to be.
    """
    check_labels(artifact.labels)
    _check_annotations(artifact.annotations)
    _check_metadata(artifact)
    if artifact.publisher is not None:
        _check_publisher(artifact.publisher)
    check_dependencies(artifact.dependencies, f"{artifact.namespace}/{artifact.name}", "dependencies")
    widest = visibility_of(work, artifact.namespace)
    if _OPENNESS[artifact.visibility] > _OPENNESS[widest]:
        raise invalid(
            "visibility",
            "namespace",
            f"{artifact.visibility.value} is more than {artifact.namespace} allows, which is {widest.value}",
            f"leave it out, or make it {widest.value}",
        )


def kept_annotations(before: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """Annotations as they were given, with those of the registry as they were.

    Raises:
        RefusalError: one of the registry's was given with another value.
    """
    kept = {key: value for key, value in before.items() if key.startswith(RESERVED)}
    for key, value in given.items():
        if key.startswith(RESERVED) and before.get(key) != value:
            raise invalid(
                "annotations",
                "reserved",
                f"the annotation {key[:80]!r} belongs to the registry",
                f"choose a key that does not begin with {RESERVED!r}",
            )
    return given | kept


def _check_annotations(annotations: dict[str, str]) -> None:
    size = 0
    for key, value in annotations.items():
        if not 1 <= len(key) <= _MAX_ANNOTATION_KEY or not key.isprintable():
            raise invalid(
                "annotations",
                "key",
                f"{key[:80]!r} is no key of an annotation",
                f"write 1 to {_MAX_ANNOTATION_KEY} printable characters",
            )
        size += len(key.encode()) + len(value.encode())
    if size > _MAX_ANNOTATIONS_BYTES:
        raise invalid("annotations", "size", f"the annotations take {size} bytes", "the most is 256 KiB")


def _check_metadata(artifact: Artifact) -> None:
    for name in ("description", "author", "homepage", "repository"):
        check_text(getattr(artifact.metadata, name), f"metadata.{name}")
    for name in ("homepage", "repository"):
        _check_address(getattr(artifact.metadata, name), f"metadata.{name}")
    for name in ("licenses", "tags", "keywords"):
        words = getattr(artifact.metadata, name)
        if len(words) > _MAX_WORDS:
            raise invalid(
                f"metadata.{name}", "count", f"there are {len(words)} {name}", f"the most is {_MAX_WORDS}"
            )
        for index, word in enumerate(words):
            if not 1 <= len(word) <= _MAX_WORD or not word.isprintable():
                raise invalid(
                    f"metadata.{name}[{index}]",
                    "word",
                    "it is empty, too long or not printable",
                    f"write 1 to {_MAX_WORD} printable characters",
                )


def _check_address(text: str, field: str) -> None:
    """Pages make links of addresses: a scheme that runs something, or holds it, must not get there."""
    scheme = _SCHEME.match(_UNSEEN.sub("", text))
    if scheme is not None and not _HARMLESS.fullmatch(scheme[1]):
        raise invalid(
            field,
            "url",
            f"{field} is an address of the kind {scheme[1][:40]!r}",
            "write one that begins with https://",
        )


def _check_publisher(publisher: Publisher) -> None:
    if not publisher.id:
        raise invalid("publisher.id", "missing", "a publisher needs an id")
    for name in ("id", "name", "email", "url"):
        check_text(getattr(publisher, name), f"publisher.{name}", 1_000)
    _check_address(publisher.url, "publisher.url")
