"""Failures of the databases in the words of the contract: one refusal with a rule for each kind."""

from __future__ import annotations

from typing import Any, Final

from hyperhost.errors import RefusalError

__all__ = ["is_disconnect", "refusal"]

_BUSY = ("storage.busy", "another process is writing to it; try again, or stop that process")
_FULL = ("storage.full", "make room, or permit writing, where the database lies")
_CORRUPT = ("storage.corrupt", "restore it from a backup")
_GONE = ("storage.unavailable", "check the address, and that the database server runs")
_VALUE = ("storage.value", "store text without zero bytes and lone surrogates, and numbers of 64 bits")
_FAILED = ("storage.failed", "see the reason; nothing was changed")

_SQLITE: Final = {
    3: _FULL,  # SQLITE_PERM
    5: _BUSY,  # SQLITE_BUSY
    6: _BUSY,  # SQLITE_LOCKED
    8: _FULL,  # SQLITE_READONLY
    10: _FULL,  # SQLITE_IOERR
    11: _CORRUPT,  # SQLITE_CORRUPT
    13: _FULL,  # SQLITE_FULL
    14: _GONE,  # SQLITE_CANTOPEN
    18: _VALUE,  # SQLITE_TOOBIG
    19: _VALUE,  # SQLITE_CONSTRAINT
    20: _VALUE,  # SQLITE_MISMATCH
    26: _CORRUPT,  # SQLITE_NOTADB
}
_POSTGRES: Final = {
    "08": _GONE,  # connection exception
    "22": _VALUE,  # data exception
    "23": _VALUE,  # integrity constraint violation
    "28": _GONE,  # invalid authorization
    "3D": _GONE,  # invalid catalog name
    "40": _BUSY,  # transaction rollback
    "53": _GONE,  # insufficient resources
    "54": _VALUE,  # program limit exceeded, such as a key too long for its index
    "57": _GONE,  # operator intervention
    "58": _FULL,  # system error, such as a file that cannot be extended
    "25006": _FULL,  # read-only transaction
    "42501": _FULL,  # insufficient privilege
    "53100": _FULL,  # disk full
    "55P03": _BUSY,  # lock not available
    "XX001": _CORRUPT,
    "XX002": _CORRUPT,
}


def _original(error: BaseException) -> BaseException:
    """The driver's own error inside of peewee's, which may be wrapped more than once."""
    waiting: list[Any] = [error]
    for inner in waiting:
        if type(inner).__module__.partition(".")[0] in _DRIVERS:
            return inner  # type: ignore[no-any-return]
        parts = (inner.args[0] if inner.args else None, inner.__cause__, inner.__context__)
        waiting += [part for part in parts if isinstance(part, BaseException) and part not in waiting]
    return error


_DRIVERS: Final = ("sqlite3", "psycopg", "psycopg_pool")


def refusal(error: BaseException, where: str) -> RefusalError:
    """The refusal for a failure.

    Args:
        error: What peewee or a driver raised.
        where: The database, in words that hold no password.
    """
    original: Any = _original(error)
    if isinstance(error, UnicodeEncodeError | OverflowError):
        rule, hint = _VALUE
    elif (code := getattr(original, "sqlite_errorcode", None)) is not None:
        rule, hint = _SQLITE.get(code & 0xFF, _FAILED)
    elif (state := getattr(original, "sqlstate", None)) is not None:
        rule, hint = _POSTGRES.get(state) or _POSTGRES.get(state[:2], _FAILED)
    else:
        rule, hint = _by_class(original)
    reason = " ".join(str(original).split()) or type(original).__name__
    return RefusalError(f"{where}: {reason}", rule, hint=hint)


def _by_class(error: BaseException) -> tuple[str, str]:
    name, words = type(error).__name__, str(error)
    # Bytes in the file that are no text; and a first page that is none, which comes without a code.
    if "decode" in words.lower() or "not a database" in words:
        return _CORRUPT
    if name == "DataError" or isinstance(error, ValueError):
        return _VALUE
    if name in ("OperationalError", "InterfaceError", "PoolTimeout", "PoolClosed", "TooManyRequests"):
        return _GONE  # of psycopg without a state: it never reached the server, or lost it
    return _FAILED


def is_disconnect(error: BaseException) -> bool:
    """Whether the connection was lost, so that another one may do."""
    original = _original(error)
    state = getattr(original, "sqlstate", None)
    if type(original).__module__.partition(".")[0] != "psycopg":
        return False
    if state is None:
        return type(original).__name__ in ("OperationalError", "InterfaceError")
    return state[:2] == "08" or state in ("57P01", "57P02", "57P03")
