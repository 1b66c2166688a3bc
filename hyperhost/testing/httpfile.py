"""Recorded HTTP exchanges in a file: JSON that people can read and review, with secrets masked."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from hyperhost.errors import RecordingError
from hyperhost.host.secrecy import Mask, header_secrets
from hyperhost.sandbox.services import TransportError, TransportFault, WireResponse

__all__ = ["Exchange", "read_exchanges", "url_fits", "write_exchanges"]

_FORMAT: Final = "hyperhost-http 1"
_SECRET_PARAMETER = re.compile(
    r"(?<=[?&])(?P<name>[^=&]*(?:token|secret|password|passwd|api[_-]?key|signature)|key|sig)=(?P<value>[^&]+)",
    re.IGNORECASE,
)
_MASKED = re.compile(r"(?:\\\*){3,}\d*|1{4,}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it.

    Attributes:
        method: In upper case.
        url: Where it went.
        headers: Of the request.
        answer: The response, or the error instead of one.
    """

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    answer: WireResponse | TransportError


def write_exchanges(file: Path, exchanges: Sequence[Exchange], secrets: Iterable[str] = ()) -> None:
    """Write a recording, as a whole or not at all.

    Args:
        file: Where to; directories are made.
        exchanges: In order.
        secrets: Texts to mask besides the credentials in headers and URLs.
    """
    found = list(secrets)
    for each in exchanges:
        found += header_secrets(each.headers)
        found += [match["value"] for match in _SECRET_PARAMETER.finditer(each.url)]
        if isinstance(each.answer, WireResponse):
            found += header_secrets(each.answer.headers)
    mask = Mask((), found)
    data = {"format": _FORMAT, "exchanges": [_written(each, mask) for each in exchanges]}
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(file)


def read_exchanges(file: Path) -> list[Exchange]:
    """The exchanges of a recording.

    Raises:
        RecordingError: it is damaged or of another format.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["format"] != _FORMAT:
            raise RecordingError(
                f"{file} has the format {data['format']!r}",
                hint="record it again with: pytest --record-http",
            )
        return [_read(each) for each in data["exchanges"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(
            f"{file} is no recording of HTTP: {type(error).__name__}: {error}",
            hint="record it again with: pytest --record-http",
        ) from error


def url_fits(recorded: str, sent: str) -> bool:
    """Whether a request for ``sent`` is the one recorded, whatever stands where secrets were."""
    if recorded == sent:
        return True
    pattern = _MASKED.sub("[^/?&]+", re.escape(recorded))
    return re.fullmatch(pattern, sent) is not None


def _written(each: Exchange, mask: Mask) -> dict[str, Any]:
    def headers(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
        return [[name, mask.text(value)] for name, value in pairs]

    written: dict[str, Any] = {
        "request": {"method": each.method, "url": mask.text(each.url), "headers": headers(each.headers)}
    }
    if isinstance(each.answer, TransportError):
        written["error"] = {"kind": each.answer.kind, "message": mask.text(str(each.answer))}
        return written
    body = mask.data(each.answer.body)
    try:
        written_body = {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        written_body = {"base64": base64.b64encode(body).decode("ascii")}
    written["response"] = {
        "status": each.answer.status,
        "headers": headers(each.answer.headers),
        "body": written_body,
    }
    return written


def _read(data: Any) -> Exchange:
    request = data["request"]
    answer: WireResponse | TransportError
    if "error" in data:
        kind = data["error"]["kind"]
        if kind not in get_args(TransportFault):
            raise ValueError(f"{kind!r} is no kind of error")
        answer = TransportError(kind, str(data["error"]["message"]))
    else:
        response = data["response"]
        body = response["body"]
        content = body["text"].encode() if "text" in body else base64.b64decode(body["base64"], validate=True)
        answer = WireResponse(int(response["status"]), _pairs(response["headers"]), content)
    return Exchange(str(request["method"]), str(request["url"]), _pairs(request["headers"]), answer)


def _pairs(data: Any) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in data]
