"""Permissions: how they are written, granted, checked, described and compared."""

from hyperhost.capabilities.diff import PermissionDiff, compare
from hyperhost.capabilities.grammar import Capability, Grammar, Kind
from hyperhost.capabilities.grants import GrantSet, intersect

__all__ = ["Capability", "Grammar", "GrantSet", "Kind", "PermissionDiff", "compare", "intersect"]
