"""HCL of configs: read with python-hcl2, written here.

python-hcl2 writes what it has read and kept the quotes of; plain data it does not quote. Its form of
output is a page: attributes, objects, lists (https://github.com/hashicorp/hcl, hclsyntax/spec.md).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

__all__ = ["read_hcl", "write_hcl"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_RESERVED: Final = frozenset({"true", "false", "null", "for", "if", "in", "else", "endif", "endfor"})
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|\$\$\{|%%\{|\$\{|%\{", re.DOTALL)
_SIMPLE: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def read_hcl(text: str) -> Any:
    """The data of a text. A block becomes an object below its name, in a list, as it may be repeated.

    Raises:
        ValueError: it is no HCL, or holds an expression: nothing is evaluated.
    """
    import hcl2
    from lark.exceptions import LarkError, UnexpectedInput

    options = hcl2.SerializationOptions(
        with_comments=False,
        explicit_blocks=False,
        preserve_heredocs=False,
        preserve_scientific_notation=False,
        strip_string_quotes=False,
    )
    try:
        found = hcl2.loads(text if text.endswith("\n") else f"{text}\n", serialization_options=options)
    except UnexpectedInput as error:
        raise ValueError(f"it is no HCL in line {error.line}, column {error.column}") from None
    except LarkError:
        raise ValueError("it is no HCL") from None
    return _data(found)


def write_hcl(data: dict[str, Any]) -> str:
    """Data as attributes.

    Raises:
        ValueError: with the name of an attribute that HCL could not have, not even in quotes.
    """
    for name in data:
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise ValueError(name)
    return "".join(f"{name} = {_expression(value, 0)}\n" for name, value in data.items())


def _data(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_data(each) for each in value]
    if isinstance(value, dict):
        found = {}
        for key, each in value.items():
            name = _text(key) if key.startswith('"') else key
            if name in found:
                raise ValueError("a key is there twice")
            found[name] = _data(each)
        return found
    return value


def _text(written: str) -> str:
    """The text that stands in quotes."""
    if len(written) < 2 or written[0] != '"' or written[-1] != '"':
        raise ValueError("it holds an expression, and nothing is evaluated here")
    return _ESCAPE.sub(_character, written[1:-1])


def _character(found: re.Match[str]) -> str:
    if found[0] in ("$${", "%%{"):
        return found[0][1:]
    if found[0] in ("${", "%{"):
        raise ValueError("it holds an expression, and nothing is evaluated here")
    code = found[1] or found[2]
    if code:
        return chr(int(code, 16))
    if found[3] not in _SIMPLE:
        raise ValueError("a text holds an escape that HCL does not know")
    return _SIMPLE[found[3]]


def _expression(value: Any, depth: int) -> str:
    indent, inner = "  " * depth, "  " * (depth + 1)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        if not value:
            return "{}"
        rows = "".join(
            f"{inner}{_key(key)} = {_expression(each, depth + 1)}\n" for key, each in value.items()
        )
        return f"{{\n{rows}{indent}}}"
    if isinstance(value, list):
        if not value:
            return "[]"
        rows = "".join(f"{inner}{_expression(each, depth + 1)},\n" for each in value)
        return f"[\n{rows}{indent}]"
    return json.dumps(value)


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) and name not in _RESERVED else _quoted(name)


def _quoted(text: str) -> str:
    # HCL has $${ for ${, and %%{, which python-hcl2 does not read everywhere; the character's number it does.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("${", "\\u0024{").replace("%{", "\\u0025{")
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return '"' + re.sub(r"[\x00-\x1f\x7f\u2028\u2029]", lambda each: f"\\u{ord(each[0]):04x}", escaped) + '"'
