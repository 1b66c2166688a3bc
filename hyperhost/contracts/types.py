"""Numbers of a stated width, for hook signatures and contract types.

To Python and its type checkers these are plain ``int`` and ``float``; to WIT they are the type
named. A bare ``int`` means ``s64`` and a bare ``float`` means ``f64``. The host checks the range
of an argument before it reaches a component, and names it when it does not fit.

Text of a fixed shape (ids, versions, hashes) stays ``str``. There is no type for a time: times
are :data:`S64` microseconds since 1970-01-01 UTC and their names end in ``_us``.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

__all__ = ["F32", "S8", "S16", "S32", "S64", "U8", "U16", "U32", "U64"]

U8: TypeAlias = Annotated[int, "u8"]
"""0 to 255."""
U16: TypeAlias = Annotated[int, "u16"]
"""0 to 65,535."""
U32: TypeAlias = Annotated[int, "u32"]
"""0 to 4,294,967,295."""
U64: TypeAlias = Annotated[int, "u64"]
"""0 to 2^64 - 1."""
S8: TypeAlias = Annotated[int, "s8"]
"""-128 to 127."""
S16: TypeAlias = Annotated[int, "s16"]
"""-32,768 to 32,767."""
S32: TypeAlias = Annotated[int, "s32"]
"""-2,147,483,648 to 2,147,483,647."""
S64: TypeAlias = Annotated[int, "s64"]
"""-2^63 to 2^63 - 1; what a bare ``int`` means too."""
F32: TypeAlias = Annotated[float, "f32"]
"""A float of single precision; values are rounded to it on the way into a component."""
