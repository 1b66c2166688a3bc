/* What every C plugin has: strings, lists, and memory that lasts until the call ends. */
#ifndef PLUGIN_RUNTIME_H
#define PLUGIN_RUNTIME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Text: `len` bytes of UTF-8. There is no NUL behind it; see plugin_string_c. */
typedef struct {
  const char *ptr;
  size_t len;
} plugin_string;

/** Bytes of any kind. */
typedef struct {
  const uint8_t *ptr;
  size_t len;
} plugin_bytes;

/** Memory for this call: all zero, for any type, freed by itself when the call ends. */
void *plugin_alloc(size_t size);

/** A string literal: `plugin_string_lit("name a license")`. Costs nothing. */
#define plugin_string_lit(literal) ((plugin_string){"" literal "", sizeof(literal) - 1})

/** Text that ends with NUL; it is not copied. NULL is empty. */
plugin_string plugin_string_from(const char *text);

/** A copy of `len` bytes. */
plugin_string plugin_string_copy(const char *text, size_t len);

/**
 * A new text, written as printf writes it, of any length.
 *
 * Knows %s (also %.*s), %c, %d %i %u %x %X %o (also with l, ll, z, j, t, h and hh), %p, %f and %%, with flags
 * `-`, `0`, `+` and space, width and precision; %e and %g write what %f does. For a plugin_string write
 * `plugin_string_format("%.*s", (int)text.len, text.ptr)`. Any other letter ends the call with a trap.
 */
plugin_string plugin_string_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Whether two texts are the same. */
bool plugin_string_equal(plugin_string a, plugin_string b);

/** Whether a text is this one, which ends with NUL: `plugin_string_is(name, "main")`. */
bool plugin_string_is(plugin_string text, const char *other);

bool plugin_string_starts_with(plugin_string text, plugin_string prefix);
bool plugin_string_ends_with(plugin_string text, plugin_string suffix);

/** Where `part` is first found in `text` from byte `from` on, or -1. */
ptrdiff_t plugin_string_find(plugin_string text, plugin_string part, size_t from);

/** The bytes from `from` up to, not including, `to`; both are cut to the text. Nothing is copied. */
plugin_string plugin_string_slice(plugin_string text, size_t from, size_t to);

/** A copy with NUL behind it, for library functions that want one. */
const char *plugin_string_c(plugin_string text);

/** Room for one more element behind `len` of them; used by the …_push functions. */
void *plugin_list_grow(void *list, size_t len, size_t element_size);

#ifdef __cplusplus
}
#endif
#endif
