"""Hooks of access: who somebody is, what they may do, and what an operation is about.

Who somebody is, any number of plugins may say (:meth:`AccessHooks.access_authenticate`). What they may
do is decided in one place, by the provider of the service ``access``, from its own roles and from what
every plugin adds (:meth:`AccessHooks.access_grants`). All of them are gates: after a fault nothing is
allowed. Refusals have these rules:

==============================  ==============================================================
``unauthenticated:FIELD:RULE``  a credential is wrong, expired, revoked or not meant for this
``denied:PERMISSION:RULE``      a principal may not do that
``missing:KIND``                it is not there, or the principal must not know that it is
==============================  ==============================================================
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.access import (
    AccessDecision,
    AccessGrant,
    AccessPlace,
    AccessRequest,
    Credential,
    LoginStart,
    Resource,
)
from hyperhost.contracts.operations import Principal
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["AccessHooks"]


class AccessHooks(Protocol):
    """Who may do what."""

    @hookspec(firstresult=True, raises=RefusalError)
    def access_authenticate(self, credential: Credential) -> Principal | None:
        """Say who shows a credential. A fault lets nobody in.

        The answer's ``attributes`` are those of the proof, such as ``email``. What the front end saw,
        ``ip`` and ``user_agent``, is put over them by the kernel. No answer may be the owner of the home
        (``local:…``) or of the kind ``system``; the kernel refuses such a one.

        Args:
            credential: What is shown.

        Returns:
            Who they are; ``None`` when it is no credential of this plugin, as when another has issued it.

        Raises:
            RefusalError: ``unauthenticated:FIELD:RULE``: it is one of this plugin's, and does not hold.

        Example:
            ```python
            from hyperhost.contracts import Credential, CredentialKind, Principal
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def access_authenticate(self, credential: Credential) -> Principal | None:
                    if credential.kind is not CredentialKind.API_KEY:
                        return None
                    return Principal("user:alice") if credential.secret == "k1.s3cr3t" else None

            host.register(Fixed())
            shown = Credential(CredentialKind.API_KEY, "k1.s3cr3t")
            assert host.hook.access_authenticate(credential=shown).id == "user:alice"
            ```
        """
        ...

    @hookspec(firstresult=True, raises=RefusalError)
    def access_keep_password(self, password: str, proof: Credential | None) -> str:
        """Take a new password, and answer with a handle that an operation is given in its place.

        Arguments of operations are shown to policies and recorded with faults; so a password is none. After a
        fault nothing is kept.

        Args:
            password: The new password.
            proof: Name and old password of whoever changes their own; ``None`` when another one sets it.

        Returns:
            A handle that can be used once, within five minutes, in this process.

        Raises:
            RefusalError: ``invalid:password:RULE``: it must not be used; ``unauthenticated:FIELD:RULE``: the
                proof does not hold.

        Example:
            ```python
            from hyperhost.contracts import Credential
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def access_keep_password(self, password: str, proof: Credential | None) -> str:
                    return "handle-1"

            host.register(Fixed())
            keep = host.hook.access_keep_password
            assert keep(password="seven small boats", proof=None) == "handle-1"
            ```
        """
        ...

    @hookspec(firstresult=True, raises=RefusalError)
    def access_login_start(self, provider: str, redirect_uri: str) -> LoginStart | None:
        """Begin a login with a provider of OpenID Connect. After a fault nothing was begun.

        Args:
            provider: Its name in the configuration; empty for the only one.
            redirect_uri: Where the browser is sent afterwards; the front end listens there.

        Returns:
            Where to send the browser; ``None`` when no such provider is this plugin's. What comes back is
            shown to ``access_authenticate`` as a credential of the kind ``oidc``.

        Raises:
            RefusalError: ``invalid:FIELD:RULE``, or ``state:oidc`` when the provider does not answer.

        Example:
            ```python
            from hyperhost.contracts import LoginStart
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def access_login_start(self, provider: str, redirect_uri: str) -> LoginStart | None:
                    return LoginStart("https://id.acme.example/authorize?state=1", "flow-1")

            host.register(Fixed())
            start = host.hook.access_login_start
            assert start(provider="", redirect_uri="http://127.0.0.1:9/").flow == "flow-1"
            ```
        """
        ...

    @hookspec(firstresult=True, raises=RefusalError)
    def access_lookup(self, principal_id: str) -> Principal | None:
        """Say what is known of a principal now: asked about who issued a token when that is used.

        A fault ends the operation.

        Args:
            principal_id: For example ``user:alice``.

        Returns:
            The principal with the roles that it has by itself; ``None`` when it is nobody of this plugin's.

        Raises:
            RefusalError: ``unauthenticated:principal:RULE``: there was one, and it is disabled or deleted.

        Example:
            ```python
            from hyperhost.contracts import Principal
            from hyperhost.errors import RefusalError
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def access_lookup(self, principal_id: str) -> Principal | None:
                    if principal_id == "user:mallory":
                        raise RefusalError("mallory is disabled", "unauthenticated:principal:disabled")
                    return Principal(principal_id) if principal_id == "user:alice" else None

            host.register(Fixed())
            assert host.hook.access_lookup(principal_id="user:alice").id == "user:alice"
            assert host.hook.access_lookup(principal_id="user:bob") is None
            ```
        """
        ...

    @hookspec(service="access", firstresult=True)
    def access_decide(self, request: AccessRequest) -> AccessDecision:
        """Decide whether a principal may do something. A fault allows nothing.

        Asked around every operation; under 20 µs for what was asked shortly before.

        Args:
            request: Who wants to do what with which resource.

        Returns:
            The answer, with words for those who are refused.

        Example:
            ```python
            from hyperhost.contracts import AccessDecision, AccessRequest, Principal, Resource
            from hyperhost.hookspecs import hookimpl

            class Closed:
                @hookimpl
                def access_decide(self, request: AccessRequest) -> AccessDecision:
                    return AccessDecision(False, "nobody may", missing=[request.permission])

            host.register(Closed())
            asked = AccessRequest(Principal("user:bob"), "create", "artifact:create", Resource("artifact"))
            assert host.hook.access_decide(request=asked).missing == ["artifact:create"]
            ```
        """
        ...

    @hookspec(service="access", firstresult=True)
    def access_visible(self, principal: Principal, resources: list[Resource]) -> list[bool]:
        """Say which of many resources a principal may see, so that lists leave out the others.

        What is asked for is ``artifact:read`` of an artifact and ``KIND:read`` of anything else. A fault
        ends the operation that asked, and nothing is shown.

        Args:
            principal: Who looks.
            resources: What there is.

        Returns:
            One answer for each, in their order.

        Example:
            ```python
            from hyperhost.contracts import Principal, Resource, Visibility
            from hyperhost.hookspecs import hookimpl

            class PublicOnly:
                @hookimpl
                def access_visible(self, principal: Principal, resources: list[Resource]) -> list[bool]:
                    return [each.visibility is Visibility.PUBLIC for each in resources]

            host.register(PublicOnly())
            there = [Resource("artifact", visibility=each) for each in Visibility]
            shown = host.hook.access_visible(principal=Principal("user:bob"), resources=there)
            assert dict(zip(Visibility, shown))[Visibility.PRIVATE] is False
            ```
        """
        ...

    @hookspec()
    def access_grants(self, principal: Principal, resource: Resource) -> list[AccessGrant]:
        """Add to what a principal may do with a resource. A fault allows nothing.

        Asked by the provider of ``access`` when it has no recent answer; every plugin adds to it, and what
        one of them denies stays denied.

        Args:
            principal: Who asks.
            resource: What it is about.

        Returns:
            What this plugin adds; often nothing.

        Example:
            ```python
            from hyperhost.contracts import AccessGrant, Principal, Resource
            from hyperhost.hookspecs import hookimpl

            class Friends:
                @hookimpl
                def access_grants(self, principal: Principal, resource: Resource) -> list[AccessGrant]:
                    if principal.id != "user:bob" or resource.namespace != "org.acme":
                        return []
                    return [AccessGrant("friends", allow=["artifact:read"])]

            host.register(Friends())
            here = Resource("artifact", namespace="org.acme")
            [[grant]] = host.hook.access_grants(principal=Principal("user:bob"), resource=here)
            assert grant.allow == ["artifact:read"]
            ```
        """
        ...

    @hookspec()
    def access_places(self, principal: Principal) -> list[AccessPlace]:
        """Say where :meth:`access_grants` adds something for a principal that holds for all that lies there.

        A search is told by it what somebody may find, without a question for each artifact. What
        ``access_grants`` allows and this does not say is not found, though it can be read; what it denies
        and this does not say is left out of hits, and still counted. A fault ends the search.

        Args:
            principal: Who asks, with the roles that they have anywhere.

        Returns:
            All of it, in no order.

        Example:
            ```python
            from hyperhost.contracts import AccessGrant, AccessPlace, Principal, Resource
            from hyperhost.hookspecs import hookimpl

            class Friends:
                @hookimpl
                def access_places(self, principal: Principal) -> list[AccessPlace]:
                    return [AccessPlace("org.acme", "user:bob", allow=["artifact:read"])]

            host.register(Friends())
            [[place]] = host.hook.access_places(principal=Principal("user:bob"))
            assert (place.namespace, place.allow) == ("org.acme", ["artifact:read"])
            ```
        """
        ...

    @hookspec(firstresult=True, raises=RefusalError)
    def access_resource(self, principal: Principal, kind: str, reference: str) -> Resource | None:
        """Say what a reference in the arguments of an operation means, as the operation would.

        The plugin that keeps such things answers. A fault ends the operation.

        Args:
            principal: Who asks; what they must not see is not there for them.
            kind: What kind of reference it is: ``artifact`` (an id, or coordinates), ``artifact-name``
                (``namespace/name``), ``namespace`` (a path, which need not have been created), ….
            reference: As it was given.

        Returns:
            What it means; ``None`` when it is no kind of this plugin's.

        Raises:
            RefusalError: ``missing:KIND`` in the words of the operation, when it is not there or must not be
                known of; ``invalid:FIELD:RULE`` when it is no reference.

        Example:
            ```python
            from hyperhost.contracts import Principal, Resource
            from hyperhost.errors import RefusalError
            from hyperhost.hookspecs import hookimpl

            class Rooms:
                @hookimpl
                def access_resource(self, principal: Principal, kind: str, reference: str) -> Resource | None:
                    if kind != "room":
                        return None
                    if reference != "attic":
                        raise RefusalError(f"there is no room {reference}", "missing:room")
                    return Resource("room", "attic", owner="user:alice")

            host.register(Rooms())
            bob, find = Principal("user:bob"), host.hook.access_resource
            assert find(principal=bob, kind="room", reference="attic").owner == "user:alice"
            assert find(principal=bob, kind="key", reference="k1") is None
            ```
        """
        ...
