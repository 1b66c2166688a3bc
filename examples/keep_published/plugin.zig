//! A policy: only admins take back, archive or delete what was published. Everybody else is told so.
const std = @import("std");
const plugin = @import("plugin");

const guarded = [_][]const u8{ "unpublish", "archive", "delete" };

/// Judge a change of an artifact; what is no change of one is not this policy's concern.
pub fn policy_decide(
    request: *const plugin.PolicyRequest,
    refusal: *plugin.Refusal,
) ![]const plugin.PolicyFinding {
    _ = refusal;
    const change = request.change.get() orelse return &.{};
    if (!isGuarded(request.operation.slice()) or !wasPublished(change)) return &.{};
    for (request.principal.roles.slice()) |role| {
        if (std.mem.eql(u8, role.slice(), "admin")) return &.{};
    }
    const found = try plugin.allocator.alloc(plugin.PolicyFinding, 1);
    found[0] = .{
        .policy = .from("keep-published"),
        .rule = .from("admins-only"),
        .action = .deny,
        .reason = .from("others may use it already; ask an admin"),
        .severity = .high,
        .enforcement = .mandatory,
    };
    return found;
}

fn isGuarded(operation: []const u8) bool {
    for (guarded) |name| {
        if (std.mem.eql(u8, operation, name)) return true;
    }
    return false;
}

/// Whether somebody may have it: it was published once, in whatever state it is now.
fn wasPublished(change: anytype) bool {
    return change.artifact.activity.published_at_us.get() != null;
}
