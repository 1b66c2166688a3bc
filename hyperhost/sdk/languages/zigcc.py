"""What C and Zig share: the compiler of the ``ziglang`` wheel, linking, and what the module may import."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import BuildError, CompileError, ToolchainError
from hyperhost.sdk.coremodule import core_imports
from hyperhost.sdk.toolchain import run

if TYPE_CHECKING:
    import subprocess

    from hyperhost.sdk.cbindings import CFunction

__all__ = [
    "CPU",
    "RUNTIME",
    "compile_c",
    "compile_glue",
    "link",
    "own_words",
    "require_zig",
    "run_zig",
    "zig",
]

RUNTIME: Final = Path(__file__).with_name("c_runtime")
"""Directory of the C code that every plugin gets."""

CPU: Final = "generic+bulk_memory+sign_ext+nontrapping_fptoint"
_COMPILE: Final = (
    *("-target", "wasm32-wasi", f"-mcpu={CPU}", "-std=gnu17", "-O2", "-g0", "-fno-sanitize=undefined"),
    *("-Wall", "-Wextra", "-fno-ident"),
)
_LINK: Final = (
    *("-target", "wasm32-wasi", f"-mcpu={CPU}", "-O2", "-g0", "-Wl,--strip-all", "-Wl,--gc-sections"),
    "-Wl,-z,stack-size=262144",
)
_ALONE: Final = ("-nostdlib", "-Wl,--no-entry")
_WITH_LIBC: Final = ("-mexec-model=reactor",)
_SLOW_S: Final = 5
_UNDEFINED: Final = re.compile(r"undefined symbol: (\S+)")
_HERE: Final = re.compile(r"^\./", re.MULTILINE)
_WASI: Final = "wasi_snapshot_preview1"
_INSTEAD: Final = (
    (
        re.compile(r"fd_write|fd_fdstat.*|fd_seek|fd_close"),
        "output and files (printf, puts, fopen)",
        "host_log_write",
    ),
    (re.compile(r"path_.*|fd_.*"), "files (fopen, open, stat)", "the arguments of the hook"),
    (
        re.compile(r"clock_.*|poll_oneoff"),
        "time (time, clock, sleep)",
        "host_clock_now, with the capability clock",
    ),
    (re.compile(r"environ_.*|args_.*"), "the environment (getenv)", "host_env_get, with the capability env"),
    (
        re.compile(r"random_get"),
        "random numbers (getentropy)",
        "host_random_bytes, with the capability random",
    ),
    (re.compile(r"proc_.*|sched_.*"), "the process (exit, signal)", "return, or __builtin_trap()"),
    (re.compile(r"sock_.*"), "sockets", "host_http_fetch, with the capability http"),
)


def zig() -> Path:
    """The compiler.

    Raises:
        ToolchainError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("ziglang")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        for name in ("zig", "zig.exe"):
            if (found := Path(place, name)).is_file():
                return found
    raise ToolchainError("needs ziglang", hint="python -m pip install ziglang")


def require_zig() -> Mapping[str, str]:
    """The compiler's version.

    Raises:
        ToolchainError: it is not installed.
    """
    zig()
    return {"ziglang": importlib.metadata.version("ziglang")}


def run_zig(arguments: Sequence[str | Path], cwd: Path, scratch: Path) -> subprocess.CompletedProcess[str]:
    """Run the compiler. What it keeps for one directory goes to scratch, not into the author's."""
    return run([zig(), *arguments], cwd, {"ZIG_LOCAL_CACHE_DIR": str(scratch / "zig-cache")})


def compile_glue(bindings: Path, out: Path) -> None:
    """Compile the generated glue with the runtime in it.

    The runtime defines what loops would otherwise be replaced by: a ``strlen`` that calls itself.

    Raises:
        CompileError: the compiler does not lay out a type as the canonical ABI does.
    """
    compile_c("plugin_glue.c", out, cwd=bindings, include=".", extra=("-fno-builtin", "-Werror"))


def compile_c(source: str, out: Path, *, cwd: Path, include: str, extra: Sequence[str] = ()) -> str:
    """Compile one C file and return the compiler's warnings.

    Args:
        source: Path as it should stand in messages, relative to ``cwd``.
        out: Object file.
        cwd: Where to compile.
        include: Directory of ``plugin.h``, relative to ``cwd``.
        extra: More options.

    Raises:
        CompileError: in the compiler's words.
    """
    command: list[str | Path] = [
        "cc",
        *_COMPILE,
        *extra,
        f"-ffile-prefix-map={cwd}=.",
        f"-I{include}",
        "-c",
        "-o",
        out,
        source,
    ]
    done = run_zig(command, cwd, out.parent)
    if done.returncode:
        raise CompileError(own_words(done.stderr, cwd, out.parent) or f"{source} does not compile")
    return own_words(done.stderr, cwd, out.parent)


def link(objects: Sequence[Path], out: Path, hooks: Mapping[str, CFunction], source: str) -> tuple[str, ...]:
    """Link objects to a core module that imports host functions and nothing else.

    The C library takes half a minute to build when it is first used on a machine, so it is linked
    only when something of it is missing.

    Args:
        objects: Object files.
        out: The module.
        hooks: Functions that the author defines, by their name in C.
        source: The author's file, for messages.

    Returns:
        Notes.

    Raises:
        CompileError: a function is defined nowhere.
        BuildError: it needs an operating system.
    """
    done = run_zig(["cc", *_LINK, *_ALONE, "-o", out, *objects], out.parent, out.parent)
    _refuse_missing_hooks(done.stderr, hooks, source)
    notes: list[str] = []
    if done.returncode and _UNDEFINED.search(done.stderr):
        started = time.monotonic()
        done = run_zig(["cc", *_LINK, *_WITH_LIBC, "-o", out, *objects], out.parent, out.parent)
        if (took := time.monotonic() - started) > _SLOW_S:
            notes.append(f"the C library was built, which took {took:.0f} s and is done once")
    if missing := sorted(set(_UNDEFINED.findall(done.stderr))):
        raise CompileError(
            f"{source} uses {', '.join(missing)}, which nothing defines",
            hint="define it, or look up its name in bindings/plugin.h",
        )
    if done.returncode:
        raise CompileError(own_words(done.stderr, out.parent, out.parent))
    _refuse_wasi(out.read_bytes(), source)
    return tuple(notes)


def _refuse_missing_hooks(said: str, hooks: Mapping[str, CFunction], source: str) -> None:
    missing = [name for name in hooks if name in _UNDEFINED.findall(said)]
    if missing:
        raise CompileError(
            "\n".join(
                f"{source} defines no {name}; plugin.h declares: {hooks[name].one_line};" for name in missing
            ),
            hint="define it, or take its hook out of plugin.toml",
        )


def _refuse_wasi(module: bytes, source: str) -> None:
    wanted = [name for place, name in core_imports(module) if place == _WASI]
    if not wanted:
        return
    reasons: dict[str, str] = {}
    for name in wanted:
        for pattern, what, instead in _INSTEAD:
            if pattern.fullmatch(name):
                reasons.setdefault(what, instead)
                break
    raise BuildError(
        f"{source} uses parts of the C library that need an operating system: "
        f"{'; '.join(reasons) or 'WASI'} (WASI's {', '.join(wanted)})",
        hint="; ".join(f"instead of {what} use {instead}" for what, instead in reasons.items()),
    )


def own_words(said: str, cwd: Path, scratch: Path) -> str:
    """The compiler's text with paths as the author knows them."""
    for place in (str(scratch), str(cwd), str(zig().parent.parent)):
        said = said.replace(f"{place}{os.sep}", "")
    return _HERE.sub("", said).strip()
