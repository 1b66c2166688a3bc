"""Machine code shared by hosts that otherwise keep everything in memory."""

from __future__ import annotations

import os
from pathlib import Path

from hyperhost.host.home import find_home
from hyperhost.host.host import Host
from hyperhost.sandbox.cache import CompileCache

__all__ = ["code_cache", "code_home", "use_cache"]


def code_home() -> Path | None:
    """Where machine code is kept between runs: the home directory, or the user's cache if there is none.

    Not in the project: who checks out a project must not run machine code that came with it.

    Returns:
        The directory, or ``None`` when neither can be written.
    """
    home = find_home(None).path
    if not home.is_dir():
        try:
            cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
            home = Path(cache) / "hyperhost"
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except (OSError, RuntimeError):  # nobody has a directory of their own here
            return None
    return home if os.access(home, os.W_OK | os.X_OK) else None


def code_cache(home: Path) -> CompileCache:
    """The machine code that is kept in ``home``; what is wrong with it costs time and nothing else."""
    return CompileCache(home / "cache", home / "cache.key", lambda error: None)


def use_cache(host: Host, cache: CompileCache) -> None:
    """Have ``host`` take machine code from ``cache``; a home would bring it a database as well."""
    host.sandbox._cache = cache
