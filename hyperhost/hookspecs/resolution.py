"""Hooks of resolution: the service ``resolution``, and the plugins that list, choose and exclude.

Exactly one provider answers the service (``[providers]`` in ``hyperhost.toml``). The rest belong to
no service: a plugin lists the candidates of the registries that it can read, a strategy is a plugin
that answers for its own name, and every filter is asked. All are gates: a fault ends the
resolution, because leaving out a filter would let through what it was there to stop.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.operations import Principal
from hyperhost.contracts.resolution import Candidate, Exclusion, Resolution, ResolutionRequest
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["ResolutionHooks"]


class ResolutionHooks(Protocol):
    """The service ``resolution`` and the hooks of strategies and filters."""

    @hookspec(service="resolution", firstresult=True, raises=RefusalError)
    def resolution_resolve(self, request: ResolutionRequest) -> Resolution:
        """Pick one version of everything needed, so that all constraints hold.

        The same request against the same candidates gives the same answer. What ``request.principal`` must
        not read is not there: not in the answer, and not in what is said when there is none. A fault ends
        the operation that asked.

        Args:
            request: What is needed and how to choose.

        Returns:
            The versions, what is needed before what needs it.

        Raises:
            RefusalError: rule ``unresolvable`` (the reason is the explanation in plain sentences, the
                conclusion last; an unknown name is one), ``invalid:FIELD:RULE`` (a name, a constraint or a
                pin is none), ``conflict:registry`` (two pins of one name), ``missing:source`` and
                ``missing:strategy`` (nobody answers for it), ``unavailable:source`` and
                ``unavailable:strategy`` (what answered failed, or is out of order).

        Example:
            ```python
            from hyperhost.contracts import Dependency, Resolution, ResolutionRequest, ResolvedVersion
            from hyperhost.errors import RefusalError
            from hyperhost.hookspecs import hookimpl

            class OneOfEach:
                @hookimpl
                def resolution_resolve(self, request: ResolutionRequest) -> Resolution:
                    if any(root.constraint != "*" for root in request.roots):
                        raise RefusalError("only 1.0.0 exists", "unresolvable")
                    return Resolution([ResolvedVersion(root.artifact, "1.0.0") for root in request.roots])

            host.register(OneOfEach())
            request = ResolutionRequest([Dependency("org.acme/auth")])
            [chosen] = host.hook.resolution_resolve(request=request).versions
            assert (chosen.artifact, chosen.version) == ("org.acme/auth", "1.0.0")
            ```
        """
        ...

    @hookspec(firstresult=True)
    def resolution_list_candidates(
        self, source: str, artifacts: list[str], principal: Principal | None
    ) -> list[Candidate] | None:
        """List all versions of some artifacts in one registry.

        Takes several at once so that a remote registry costs few round trips. Plugins are asked in
        order until one answers for the registry. A fault ends the resolution: a registry that cannot
        be asked is never taken for one that does not know a name.

        Args:
            source: The registry; empty is the local one.
            artifacts: ``namespace/name`` of each.
            principal: For whom; versions that they must not read are left out as if they did not exist.
                ``None``: nothing is left out.

        Returns:
            Their versions, highest first within each artifact, artifacts in the order asked for;
            nothing for one that does not exist. Yanked versions are among them, marked. ``None`` when
            the registry belongs to another plugin.

        Example:
            ```python
            from hyperhost.contracts import Candidate
            from hyperhost.hookspecs import hookimpl

            index = {"org.acme/auth": ["2.0.0", "1.0.0"]}

            class Fixed:
                @hookimpl
                def resolution_list_candidates(
                    self, source: str, artifacts: list[str]
                ) -> list[Candidate] | None:
                    if source != "acme":
                        return None
                    return [
                        Candidate(name, version, source=source)
                        for name in artifacts
                        for version in index.get(name, [])
                    ]

            host.register(Fixed())
            ask = host.hook.resolution_list_candidates
            found = ask(source="acme", artifacts=["org.acme/auth", "org.acme/none"], principal=None)
            assert [candidate.version for candidate in found] == ["2.0.0", "1.0.0"]
            assert ask(source="other", artifacts=["org.acme/auth"], principal=None) is None
            ```
        """
        ...

    @hookspec(firstresult=True)
    def resolution_choose(self, strategy: str, candidates: list[Candidate]) -> str | None:
        """Choose among versions of one artifact that all satisfy what is known so far.

        Plugins are asked in order until one answers. The solver may come back and ask again with
        fewer candidates when a choice leads nowhere. A fault, or a version that was not offered,
        ends the resolution.

        Args:
            strategy: Name of the strategy asked for; a plugin answers only for its own.
            candidates: At least one; highest first, all of one artifact.

        Returns:
            Version of the candidate chosen, exactly as it was offered; ``None`` when the strategy
            belongs to another plugin.

        Example:
            ```python
            from hyperhost.contracts import Candidate
            from hyperhost.hookspecs import hookimpl

            class FewestDependencies:
                @hookimpl
                def resolution_choose(self, strategy: str, candidates: list[Candidate]) -> str | None:
                    if strategy != "fewest-dependencies":
                        return None
                    return min(candidates, key=lambda candidate: len(candidate.dependencies)).version

            host.register(FewestDependencies())
            offered = [Candidate("org.acme/auth", "2.0.0"), Candidate("org.acme/auth", "1.0.0")]
            ask = host.hook.resolution_choose
            assert ask(strategy="fewest-dependencies", candidates=offered) == "2.0.0"
            assert ask(strategy="highest", candidates=offered) is None
            ```
        """
        ...

    @hookspec
    def resolution_filter(self, candidates: list[Candidate]) -> list[Exclusion]:
        """Exclude versions that must not be chosen.

        Every plugin is asked before the first choice, once for each artifact; a version that one
        plugin excludes is excluded. A fault ends the resolution.

        Args:
            candidates: At least one; highest first, all of one artifact.

        Returns:
            What to exclude and why, in no order. Versions that were not offered are ignored.

        Example:
            ```python
            from hyperhost.contracts import Candidate, Exclusion
            from hyperhost.hookspecs import hookimpl

            class NoPreReleases:
                @hookimpl
                def resolution_filter(self, candidates: list[Candidate]) -> list[Exclusion]:
                    return [
                        Exclusion(candidate.version, "pre-releases are not allowed here", "policy.stable")
                        for candidate in candidates
                        if "-" in candidate.version
                    ]

            host.register(NoPreReleases())
            offered = [Candidate("org.acme/auth", "2.0.0-rc.1"), Candidate("org.acme/auth", "1.0.0")]
            [exclusions] = host.hook.resolution_filter(candidates=offered)
            assert [exclusion.version for exclusion in exclusions] == ["2.0.0-rc.1"]
            ```
        """
        ...

    @hookspec(service="resolution", firstresult=True)
    def resolution_explain(self, request: ResolutionRequest, artifact: str) -> list[str]:
        """Say why an artifact is, or is not, part of an answer.

        A fault ends the operation that asked.

        Args:
            request: The same that was, or would be, resolved.
            artifact: ``namespace/name``.

        Returns:
            Plain sentences, each building on those before it. Empty when the artifact has nothing
            to do with the request.

        Example:
            ```python
            from hyperhost.contracts import Dependency, ResolutionRequest
            from hyperhost.hookspecs import hookimpl

            class Direct:
                @hookimpl
                def resolution_explain(self, request: ResolutionRequest, artifact: str) -> list[str]:
                    return [
                        f"{artifact} {root.constraint} was asked for."
                        for root in request.roots
                        if root.artifact == artifact
                    ]

            host.register(Direct())
            request = ResolutionRequest([Dependency("org.acme/auth", "^1.0.0")])
            why = host.hook.resolution_explain(request=request, artifact="org.acme/auth")
            assert why == ["org.acme/auth ^1.0.0 was asked for."]
            ```
        """
        ...
