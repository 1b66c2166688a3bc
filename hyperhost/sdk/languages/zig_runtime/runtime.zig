//! What every Zig plugin has: text, lists, and memory that lasts until the call ends.
const std = @import("std");

extern fn plugin_alloc(size: usize) *anyopaque;

/// Memory for this call. Nothing of it has to be freed, and nothing may be kept for the next call.
pub const allocator: std.mem.Allocator = .{ .ptr = undefined, .vtable = &.{
    .alloc = take,
    .resize = std.mem.Allocator.noResize,
    .remap = std.mem.Allocator.noRemap,
    .free = std.mem.Allocator.noFree,
} };

fn take(_: *anyopaque, size: usize, alignment: std.mem.Alignment, _: usize) ?[*]u8 {
    const spare = if (alignment.toByteUnits() > 16) alignment.toByteUnits() else 0;
    const at = @intFromPtr(plugin_alloc(size + spare));
    return @ptrFromInt(alignment.forward(at));
}

/// A new text, written as `std.fmt` writes it.
pub fn format(comptime text: []const u8, arguments: anytype) String {
    return .from(std.fmt.allocPrint(allocator, text, arguments) catch @trap());
}

/// Text in a record or list: UTF-8.
pub const String = extern struct {
    ptr: ?[*]const u8 = null,
    len: usize = 0,

    pub fn from(text: []const u8) String {
        return .{ .ptr = text.ptr, .len = text.len };
    }
    pub fn slice(self: String) []const u8 {
        return if (self.ptr) |at| at[0..self.len] else "";
    }
    pub fn eql(self: String, other: []const u8) bool {
        return std.mem.eql(u8, self.slice(), other);
    }
};

/// Bytes in a record or list.
pub const Bytes = String;

/// A list in a record or list.
pub fn List(comptime T: type) type {
    return extern struct {
        ptr: ?[*]const T = null,
        len: usize = 0,

        const Self = @This();
        pub fn from(items: []const T) Self {
            return .{ .ptr = items.ptr, .len = items.len };
        }
        pub fn slice(self: Self) []const T {
            return if (self.ptr) |at| at[0..self.len] else &.{};
        }
    };
}

pub fn Entry(comptime V: type) type {
    return extern struct { key: String, value: V };
}

/// Values by text: `map.get("key")`, or `for (map.slice()) |entry|`.
pub fn Map(comptime V: type) type {
    return extern struct {
        ptr: ?[*]const Entry(V) = null,
        len: usize = 0,

        const Self = @This();
        pub fn from(entries: []const Entry(V)) Self {
            return .{ .ptr = entries.ptr, .len = entries.len };
        }
        pub fn slice(self: Self) []const Entry(V) {
            return if (self.ptr) |at| at[0..self.len] else &.{};
        }
        pub fn get(self: Self, key: []const u8) ?V {
            for (self.slice()) |entry| if (entry.key.eql(key)) return entry.value;
            return null;
        }
    };
}

/// A value that may be missing, in a record or list.
pub fn Option(comptime T: type) type {
    return extern struct {
        is_some: bool = false,
        value: T = undefined,

        const Self = @This();
        pub const none: Self = .{};
        pub fn from(value: ?T) Self {
            return if (value) |it| .{ .is_some = true, .value = it } else .{};
        }
        pub fn get(self: Self) ?T {
            return if (self.is_some) self.value else null;
        }
    };
}

/// What a hook returned, without its error: any but `error.Refused` ends the call.
pub fn unwrap(answer: anytype) Unwrapped(@TypeOf(answer)) {
    return switch (@typeInfo(@TypeOf(answer))) {
        .error_union => answer catch @trap(),
        else => answer,
    };
}

fn Unwrapped(comptime T: type) type {
    return switch (@typeInfo(T)) {
        .error_union => |it| it.payload,
        else => T,
    };
}

/// The same for a hook that can refuse; `null` when it did.
pub fn unrefused(answer: anytype) ?Unwrapped(@TypeOf(answer)) {
    return switch (@typeInfo(@TypeOf(answer))) {
        .error_union => answer catch |problem| if (@as(anyerror, problem) == error.Refused) null else @trap(),
        else => answer,
    };
}
