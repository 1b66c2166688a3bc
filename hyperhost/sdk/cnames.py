"""Names in C: from WIT's, without meeting a keyword, a library function or each other."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["CNames", "function_name", "member_name", "parameter_name"]

_KEYWORD_WORDS: Final = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl complex const
constexpr const_cast continue decltype default delete do double dynamic_cast else enum errno explicit
export extern false float for friend goto I if imaginary inline int kill_dependency long mutable
namespace new noreturn not not_eq nullptr offsetof operator or or_eq private protected public register
reinterpret_cast requires restrict return setjmp short signed sizeof static static_assert static_cast
stderr stdin stdout struct switch template this thread_local throw true try typedef typeid typename
typeof typeof_unqual typeof union unsigned using va_arg va_copy va_end va_list va_start virtual void
volatile wchar_t while xor xor_eq assert unix linux noexcept concept int8_t int16_t int32_t int64_t
uint8_t uint16_t uint32_t uint64_t size_t uintptr_t intptr_t ptrdiff_t memcpy memmove memset memcmp
strlen
"""
_KEYWORDS: Final = frozenset(_KEYWORD_WORDS.split())
"""Keywords of C and C++, what the standard headers define as macros, and types that the bindings use."""

_LIBRARY: Final = re.compile(
    r"(pthread|sem|clock|timer|sched|posix|cnd|mtx|thrd|tss|atomic|stdc|wasm|cabi|wasi|plugin|host|hook)_.*"
    r"|at_quick_exit|quick_exit|aligned_alloc|call_once|timespec_get.*|kill_dependency"
)
_LONGEST: Final = 60


class CNames:
    """Names that are taken; each is given once.

    Args:
        taken: Names that are taken from the start.
    """

    def __init__(self, taken: set[str]) -> None:
        self._taken = set(taken)

    def claim(self, name: str) -> str:
        """``name``, with a number behind it if it is taken. Very long ones are cut."""
        if len(name) > _LONGEST:
            name = name[:_LONGEST].rstrip("_")
        chosen, number = name, 1
        while chosen in self._taken:
            number += 1
            chosen = f"{name}_{number}"
        self._taken.add(chosen)
        return chosen


def member_name(name: str) -> str:
    """A field or union member; a keyword gets ``_`` behind it."""
    spelled = name.replace("-", "_")
    return f"{spelled}_" if spelled in _KEYWORDS else spelled


def parameter_name(name: str) -> str:
    """A parameter, which may not hide the names of types either."""
    spelled = member_name(name)
    return f"{spelled}_" if spelled.startswith(("plugin_", "host_")) else spelled


def function_name(name: str) -> str:
    """The function that answers a hook.

    C has library functions of one word and of several prefixes (``remove``, ``clock_…``), so hooks
    of such names get ``hook_`` in front.
    """
    spelled = name.replace("-", "_")
    if "_" not in spelled or spelled in _KEYWORDS or _LIBRARY.fullmatch(spelled):
        return f"hook_{spelled}"
    return spelled
