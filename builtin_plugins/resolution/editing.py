"""Operations on the text of a project file: list, add, remove."""

from __future__ import annotations

import dataclasses

from hyperhost.contracts import Dependency, Resolution
from hyperhost.offering import Asked, operation

from .inputs import Subject, split
from .project import Project, add_dependency, read_project, remove_dependency

__all__ = ["dependency_add", "dependency_list", "dependency_remove"]


@operation(group="deps", permission="artifact:read")
def dependency_list(asked: Asked, project: str) -> list[Dependency]:
    """List what a project file asks for, in its order."""
    return list(read_project(project).dependencies)


@operation(group="deps", permission="artifact:read")
def dependency_add(
    asked: Asked, project: str, dependency: Dependency, lock: str = "", check: bool = True
) -> str:
    """Add a dependency to the text of a project file; an empty constraint becomes ^ of what fits now."""
    name, _ = split(dependency.artifact)
    constraint = dependency.constraint.strip()
    if not constraint:
        constraint = f"^{_fitting(asked, read_project(project), name, dependency.registry)}"
    split(f"{name}@{constraint}")
    written = add_dependency(project, dataclasses.replace(dependency, artifact=name, constraint=constraint))
    if check:
        Subject(project=written, lock=lock, upgrade=[name]).resolve(asked)
    return written


@operation(group="deps", permission="artifact:read")
def dependency_remove(asked: Asked, project: str, artifact: str) -> str:
    """Remove a dependency from the text of a project file."""
    return remove_dependency(project, artifact)


def _fitting(asked: Asked, project: Project, name: str, registry: str | None) -> str:
    """The version that a project can have of an artifact, if any will do."""
    request = project.request()
    others = [root for root in request.roots if root.artifact != name]
    roots = [*others, Dependency(name, registry=registry)]
    free = dataclasses.replace(request, roots=roots, principal=asked.principal)
    answer: Resolution = asked.hook.resolution_resolve(request=free)
    return next(each.version for each in answer.versions if each.artifact == name)
