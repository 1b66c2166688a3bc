//! The strategy "proven": the highest version with a thousand downloads, or the one that has most.
const std = @import("std");
const plugin = @import("plugin");

const enough = 1000;

/// Choose among versions of one artifact; candidates come with the highest first.
pub fn resolution_choose(strategy: []const u8, candidates: []const plugin.Candidate) ?[]const u8 {
    if (!std.mem.eql(u8, strategy, "proven") or candidates.len == 0) return null;
    var best: *const plugin.Candidate = &candidates[0];
    for (candidates) |*candidate| {
        if (candidate.download_count >= enough) return candidate.version.slice();
        if (candidate.download_count > best.download_count) best = candidate;
    }
    return best.version.slice();
}
