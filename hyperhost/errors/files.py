"""A file of the home directory, a recording or an answer is not what it has to be."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError

__all__ = [
    "CacheError",
    "ConfigError",
    "HomeError",
    "InputRequiredError",
    "LockFileError",
    "OutputFileError",
    "RecordingComponentError",
    "RecordingError",
    "ReplayMismatchError",
]


class RecordingError(HyperHostError):
    """A recording cannot be read, written or used: damaged, altered, too large, of another format.

    Names the place in it and what is wrong there.
    """

    code = "HH-RECORDING"


class RecordingComponentError(RecordingError):
    """The component is not the one that was recorded. Names both versions and digests."""

    code = "HH-RECORDING-COMPONENT"


class ReplayMismatchError(RecordingError):
    """A replay called a host function otherwise than recorded. Names the call, what was recorded and came."""

    code = "HH-REPLAY"


class HomeError(HyperHostError):
    """The home directory cannot be used. Names the path."""

    code = "HH-HOME"


class ConfigError(HomeError):
    """``hyperhost.toml`` has an unknown or ill-typed key. Names it and the nearest one."""

    code = "HH-CONFIG"


class LockFileError(HomeError):
    """``plugins.lock`` cannot be read or written. It was not changed."""

    code = "HH-LOCK"


class CacheError(HomeError):
    """The compile cache is unusable or was altered. The component was compiled anew instead."""

    code = "HH-CACHE"


class OutputFileError(HyperHostError):
    """What a template generated cannot be written: a path that is refused, a file in the way. Nothing was."""

    code = "HH-OUTPUT-FILE"


class InputRequiredError(HyperHostError):
    """A question would have to be asked and there is no terminal. The hint names the flag."""

    code = "HH-INPUT"
