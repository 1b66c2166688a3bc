"""The one table of what every operation needs, and of what it is about.

An operation without a line is run for nobody but the owner of the home. To add one, add a line: its
permission, and where in its arguments it says what it is about. A test compares the table with what a
full host offers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["LINES", "OPEN", "Line"]

OPEN: Final = ""
"""Permission of what anybody may ask for, as it is about nobody but themselves."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one operation needs.

    Attributes:
        permission: ``KIND:ACTION``; :data:`OPEN` for none.
        kind: What kind of reference says what it is about, see ``access_resource``; empty when it is about
            the registry as a whole.
        argument: Path of that reference in the arguments. Where it is optional and not given, the
            operation is about the registry as a whole.
        filtered: It answers with what the principal may see and leaves out the rest by itself, so that
            nothing is asked here.
        extra: Arguments that need one more permission when they are given, by path; with ``!`` before it,
            when they are not.
        local: It reads or writes files that its arguments name, so only the owner of the home runs it.
        files: Arguments that name a file where they are given; with them it is ``local``.
    """

    permission: str
    kind: str = ""
    argument: str = ""
    filtered: bool = False
    extra: tuple[tuple[str, str], ...] = ()
    local: bool = False
    files: tuple[str, ...] = ()


def _about(
    permission: str, *names: str, kind: str = "artifact", argument: str = "artifact"
) -> dict[str, Line]:
    return {name: Line(permission, kind, argument) for name in names}


def _whole(permission: str, *names: str) -> dict[str, Line]:
    return {name: Line(permission) for name in names}


def _filtered(permission: str, *names: str) -> dict[str, Line]:
    return {name: Line(permission, filtered=True) for name in names}


def _local(permission: str, *names: str) -> dict[str, Line]:
    return {name: Line(permission, local=True) for name in names}


_GRANTING: Final = tuple(  # policies go by labels, too
    (f"edit.{name}", "namespace:grant")
    for name in ("acl", "owner", "visibility", "inherit", "policies", "labels")
)

LINES: Final[dict[str, Line]] = {
    # artifacts
    "create": Line("artifact:create", "artifact-new", "draft"),
    "validate": Line("artifact:create", "artifact-new", "draft"),
    **_about(
        "artifact:read", "read", "read_manifest", "verify", "bundle", "test", "download", "content_read"
    ),
    **_filtered(
        "artifact:read",
        "list",
        "lint",
        "version_list",
        "artifact_at",
        "artifact_history",
        "registry_at",
        "diff",
    ),
    **_about("artifact:read", "resolve"),
    **_about("artifact:update", "update"),
    **_about("artifact:delete", "delete"),
    "publish": Line(
        "artifact:publish", "artifact", "artifact", extra=(("key", "artifact:sign"), ("key", "key:use"))
    ),
    **_about("artifact:publish", "unpublish"),
    **_about("artifact:deprecate", "deprecate", "undeprecate"),
    **_about("artifact:archive", "archive", "restore"),
    "sign": Line("artifact:sign", "artifact", "artifact", extra=(("!bundle", "key:use"),)),
    **_about("artifact:rate", "rate"),
    **_about("config:render", "render"),
    **_about("config:reveal", "reveal"),
    **_about("template:generate", "generate"),
    **_whole("content:write", "content_open", "content_append", "content_commit", "content_abort"),
    # versions
    **_about("version:tag", "tag"),
    **_about("version:tag", "untag", kind="artifact-name", argument="name"),
    **_about("version:promote", "promote"),
    **_about("version:yank", "yank", "unyank"),
    **_about("version:promote", "demote", kind="artifact-name", argument="name"),
    # search and dependencies
    **_filtered("artifact:read", "search", "query"),
    **_filtered(
        "artifact:read", "graph_show", "graph_path", "graph_similar", "graph_impact", "graph_clusters"
    ),
    **_filtered("artifact:read", "recommend"),
    **_whole("audit:read", "recommend_for"),  # what is recommended to somebody tells what they have used
    **_whole("administration:read", "index_status", "recommend_status"),
    **_whole("administration:index", "index_rebuild", "recommend_rebuild"),
    **_filtered(
        "artifact:read", "dependency_resolve", "dependency_graph", "dependency_why", "dependency_outdated"
    ),
    **_filtered("artifact:read", "dependency_what_if", "conflict_detect", "relationship_find"),
    **_filtered("artifact:read", "dependency_list", "dependency_add", "dependency_remove"),
    **_local("artifact:read", "dependency_solve"),
    # namespaces
    "namespace_create": Line("namespace:create", "namespace-new", "path", extra=_GRANTING),
    "namespace_update": Line("namespace:update", "namespace", "path", extra=_GRANTING),
    **_about("namespace:read", "namespace_read", kind="namespace", argument="path"),
    **_about("namespace:delete", "namespace_delete", kind="namespace", argument="path"),
    **_filtered("namespace:read", "namespace_list", "namespace_at"),
    # keys and trust
    **_whole("key:generate", "key_generate"),
    **_whole("key:read", "key_list", "key_show", "key_rules"),
    "key_export": Line("key:export", files=("passphrase_file",)),
    "key_import": Line("key:import", files=("passphrase_file",)),
    **_whole("key:rotate", "key_rotate"),
    **_whole("key:revoke", "key_revoke"),
    **_whole("key:trust", "key_trust", "key_untrust"),
    **_whole("trust:read", "tuf_status"),
    **_whole("trust:manage", "tuf_create", "tuf_update", "tuf_renew"),
    **_local("trust:manage", "tuf_export"),
    **_whole("trust:manage", "tuf_delegate", "tuf_revoke", "tuf_rotate"),
    # the registry as a whole
    **_whole("administration:read", "registry_info", "registry_status", "operation_stats"),
    **_whole("administration:migrate", "migrate", "upgrade", "downgrade"),
    **_whole("administration:cache", "cache_clear"),
    **_whole("content:collect", "content_collect", "content_collect_step"),
    **_whole("audit:read", "audit_list", "audit_show", "audit_export"),
    "audit_verify": Line("audit:read", files=("file",)),
    **_whole("audit:seal", "audit_seal"),
    **_local("registry:export", "export"),
    **_local("registry:import", "import"),
    **_whole("registry:import", "import_artifacts", "transfer_step", "remote_pull"),
    **_local("registry:sync", "sync"),
    # other registries; what is fetched from one is a file that the arguments name
    **_whole("remote:read", "remote_list", "remote_show"),
    **_whole("remote:manage", "remote_add", "remote_keep", "remote_remove"),
    **_whole("artifact:read", "remote_find"),
    **_local("artifact:read", "remote_fetch"),
    **_local("registry:backup", "backup", "backup_list", "backup_verify", "backup_restore", "backup_keygen"),
    # policies and secrets
    **_whole("policy:read", "policy_list", "policy_show"),
    **_whole("policy:manage", "policy_add", "policy_remove"),
    **_about("policy:test", "policy_test"),
    **_whole("secret:read", "secret_list"),
    **_whole("secret:manage", "secret_remove", "secret_rotate"),
    **_local("secret:manage", "secret_set"),
    # identities
    **_whole(OPEN, "whoami"),
    **_whole("user:manage", "user_create", "user_list", "user_read", "user_disable", "user_enable"),
    **_whole("user:manage", "user_delete", "user_set_password"),
    **_whole("identity:own", "password_change", "session_create"),
    **{
        name: Line("identity:own", extra=(("user", "user:manage"),))
        for name in ("apikey_create", "apikey_list", "apikey_revoke", "session_list", "session_revoke")
    },
    **_whole("identity:record", "authentication_failed"),
    # roles and tokens
    **_whole("role:read", "role_list", "role_show"),
    **_whole("role:manage", "role_create", "role_delete"),
    **_whole("role:assign", "role_assign", "role_unassign", "role_assignments"),
    **_whole("token:own", "token_create", "token_list", "token_revoke"),
    **_whole(OPEN, "token_attenuate", "token_show", "token_check", "token_key"),
}
"""Line by operation."""
