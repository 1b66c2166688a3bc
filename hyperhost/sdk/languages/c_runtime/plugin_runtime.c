/* Memory and text of a C plugin. Needs no C library and calls nothing of the host. */
#include "plugin_runtime.h"

#include <stdarg.h>

#include "plugin_abi.h"

/* ---- memory: an arena that is emptied after each call ----
 *
 * Chunks are filled from the bottom and kept for the next call. The first is part of the module, the
 * others are grown memory, joined to the one before when nobody else has grown it in between.
 */
#define PAGE 65536u
#define FIRST 32768u

typedef struct chunk {
  struct chunk *next;
  uintptr_t end;
} chunk;

static _Alignas(16) uint8_t first_bytes[FIRST];
static chunk first_chunk;
static chunk *current;
static uintptr_t top;
static uint32_t calls; /* tells blocks of this call from what was left by another */

static uintptr_t aligned(uintptr_t at, size_t align) { return (at + align - 1) & ~(uintptr_t)(align - 1); }

static void enter(chunk *at) {
  current = at;
  top = at == &first_chunk ? (uintptr_t)first_bytes : (uintptr_t)(at + 1);
}

static void more(size_t size) {
  /* At least twice what the last chunk had, so that there are few of them. */
  uintptr_t begin = current == &first_chunk ? (uintptr_t)first_bytes : (uintptr_t)(current + 1);
  uint64_t wanted = (uint64_t)size + sizeof(chunk) + 16, twice = (uint64_t)(current->end - begin) * 2;
  size_t least = (size_t)((wanted + PAGE - 1) / PAGE), pages = (size_t)((twice + PAGE - 1) / PAGE);
  if (wanted > UINT32_MAX - PAGE) __builtin_trap();
  if (pages < least) pages = least;
  size_t before = __builtin_wasm_memory_grow(0, pages);
  if (before == (size_t)-1 && pages > least) {
    pages = least;
    before = __builtin_wasm_memory_grow(0, pages);
  }
  if (before == (size_t)-1) __builtin_trap(); /* the host says that memory is used up */
  uintptr_t at = before * PAGE;
  uint64_t end = (uint64_t)at + (uint64_t)pages * PAGE;
  if (end > UINT32_MAX) end = UINT32_MAX - 15; /* the last page of 4 GiB: its end has no address */
  if (at == current->end) {
    current->end = (uintptr_t)end;
    return;
  }
  chunk *fresh = (chunk *)at;
  fresh->next = 0;
  fresh->end = (uintptr_t)end;
  current->next = fresh;
  enter(fresh);
}

static void *take(size_t align, size_t size) {
  if (!current) {
    first_chunk.end = (uintptr_t)first_bytes + FIRST;
    enter(&first_chunk);
  }
  for (;;) {
    uintptr_t at = aligned(top, align);
    if (at <= current->end && size <= current->end - at) {
      top = at + size;
      return (void *)at;
    }
    if (current->next)
      enter(current->next);
    else
      more(size + align);
  }
}

void plugin_arena_reset(void) {
  calls++;
  if (current) enter(&first_chunk);
}

/* The canonical ABI's allocator: the host puts arguments and answers here. */
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align,
                                                                size_t size) {
  if (!size) return (void *)align;
  if (old_size && (uintptr_t)old + old_size == top && size <= current->end - (uintptr_t)old) {
    top = (uintptr_t)old + size;
    return old;
  }
  void *fresh = take(align, size);
  if (old_size) __builtin_memcpy(fresh, old, old_size < size ? old_size : size);
  return fresh;
}

void *plugin_alloc(size_t size) {
  void *fresh = take(16, size ? size : 1);
  __builtin_memset(fresh, 0, size);
  return fresh;
}

/* A list's room is noted in front of its elements, sealed with its place and the call, so that a list
 * that was not made here is never taken for one that was. */
typedef struct {
  uint32_t seal, call, room, unused;
} note;

void *plugin_list_grow(void *list, size_t len, size_t element_size) {
  note *was = (note *)list - 1;
  if (len && (uintptr_t)list > (uintptr_t)first_bytes + sizeof(note) && !((uintptr_t)list & 15) &&
      was->seal == ((uint32_t)(uintptr_t)list ^ 0x9e3779b9u) && was->call == calls && len < was->room) {
    __builtin_memset((uint8_t *)list + len * element_size, 0, element_size);
    return list;
  }
  uint64_t room = len < 4 ? 4 : (uint64_t)len * 2, bytes = room * element_size;
  if (bytes > UINT32_MAX - PAGE) __builtin_trap();
  note *fresh = take(16, sizeof(note) + (size_t)bytes);
  uint8_t *elements = (uint8_t *)(fresh + 1);
  *fresh = (note){(uint32_t)(uintptr_t)elements ^ 0x9e3779b9u, calls, (uint32_t)room, 0};
  if (len) __builtin_memcpy(elements, list, len * element_size);
  __builtin_memset(elements + len * element_size, 0, element_size);
  return elements;
}

/* ---- text ---- */

static size_t length_of(const char *text) {
  size_t len = 0;
  if (text)
    while (text[len]) len++;
  return len;
}

static bool same(const char *a, const char *b, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (a[i] != b[i]) return false;
  return true;
}

plugin_string plugin_string_from(const char *text) { return (plugin_string){text, length_of(text)}; }

plugin_string plugin_string_copy(const char *text, size_t len) {
  char *copy = take(1, len + 1);
  if (len) __builtin_memcpy(copy, text, len);
  copy[len] = 0;
  return (plugin_string){copy, len};
}

const char *plugin_string_c(plugin_string text) { return plugin_string_copy(text.ptr, text.len).ptr; }

bool plugin_string_equal(plugin_string a, plugin_string b) { return a.len == b.len && same(a.ptr, b.ptr, a.len); }

bool plugin_string_is(plugin_string text, const char *other) {
  return plugin_string_equal(text, plugin_string_from(other));
}

bool plugin_string_starts_with(plugin_string text, plugin_string prefix) {
  return text.len >= prefix.len && same(text.ptr, prefix.ptr, prefix.len);
}

bool plugin_string_ends_with(plugin_string text, plugin_string suffix) {
  return text.len >= suffix.len && same(text.ptr + (text.len - suffix.len), suffix.ptr, suffix.len);
}

ptrdiff_t plugin_string_find(plugin_string text, plugin_string part, size_t from) {
  for (size_t at = from; at <= text.len && part.len <= text.len - at; at++)
    if (same(text.ptr + at, part.ptr, part.len)) return (ptrdiff_t)at;
  return -1;
}

plugin_string plugin_string_slice(plugin_string text, size_t from, size_t to) {
  if (to > text.len) to = text.len;
  if (from > to) from = to;
  return (plugin_string){text.ptr + from, to - from};
}

/* ---- plugin_string_format ---- */

typedef struct {
  char *ptr;
  size_t len, room;
} buffer;

static void put(buffer *out, char c, size_t times) {
  if (times > out->room - out->len) {
    uint64_t room = ((uint64_t)out->len + times) * 2 + 64;
    if (room > UINT32_MAX - PAGE) __builtin_trap();
    out->ptr = cabi_realloc(out->ptr, out->room, 1, (size_t)room);
    out->room = (size_t)room;
  }
  __builtin_memset(out->ptr + out->len, c, times);
  out->len += times;
}

static void put_text(buffer *out, const char *text, size_t len) {
  if (!len) return;
  put(out, 0, len);
  __builtin_memcpy(out->ptr + out->len - len, text, len);
}

typedef struct {
  bool left, zero;
  char sign; /* '+', ' ' or none, in front of what is not negative */
  size_t width;
  int precision; /* -1: none */
} spec;

static void padded(buffer *out, const spec *how, char sign, const char *text, size_t len, size_t zeros) {
  size_t whole = len + zeros + (sign != 0), pad = how->width > whole ? how->width - whole : 0;
  if (how->zero && !how->left) zeros += pad, pad = 0;
  if (!how->left) put(out, ' ', pad);
  if (sign) put(out, sign, 1);
  put(out, '0', zeros);
  put_text(out, text, len);
  if (how->left) put(out, ' ', pad);
}

static size_t digits(char *end, uint64_t value, uint32_t base, const char *alphabet) {
  size_t len = 0;
  do {
    *--end = alphabet[value % base];
    value /= base;
    len++;
  } while (value);
  return len;
}

static void put_number(buffer *out, spec how, uint64_t value, bool negative, uint32_t base, bool upper) {
  char text[24];
  size_t len = digits(text + sizeof text, value, base, upper ? "0123456789ABCDEF" : "0123456789abcdef");
  if (!how.precision && !value) len = 0;
  size_t zeros = how.precision > 0 && (size_t)how.precision > len ? (size_t)how.precision - len : 0;
  if (how.precision >= 0) how.zero = false;
  padded(out, &how, negative ? '-' : how.sign, text + sizeof text - len, len, zeros);
}

/* Decimal digits of a finite double, exactly, rounded half to even. A double is a whole number times a
 * power of two: what is left of the point is multiplied out or shifted down, what is right of it is
 * multiplied by ten for one digit after the other. */
enum { MOST_PLACES = 1100, WORDS = 36 };

static size_t whole_digits(char *end, uint64_t mantissa, int shift) {
  uint32_t big[WORDS] = {(uint32_t)(mantissa % 1000000000u), (uint32_t)(mantissa / 1000000000u)};
  size_t used = 2, len = 0;
  for (int i = 0; i < shift; i++) {
    uint32_t carry = 0;
    for (size_t at = 0; at < used; at++) {
      uint32_t twice = big[at] * 2 + carry;
      carry = twice >= 1000000000u;
      big[at] = twice - (carry ? 1000000000u : 0);
    }
    if (carry) big[used++] = carry;
  }
  for (size_t at = 0; at < used; at++)
    for (int i = 0; i < 9; i++, big[at] /= 10) *(end - ++len) = (char)('0' + big[at] % 10);
  while (len > 1 && *(end - len) == '0') len--;
  return len;
}

static int next_digit(uint32_t *fraction) { /* big-endian words of a number below 1 */
  uint64_t carry = 0;
  for (int at = WORDS - 1; at >= 0; at--) {
    carry += (uint64_t)fraction[at] * 10;
    fraction[at] = (uint32_t)carry;
    carry >>= 32;
  }
  return (int)carry;
}

static int against_half(const uint32_t *fraction) {
  bool more = fraction[0] & 0x7fffffffu;
  for (int at = 1; at < WORDS; at++) more |= fraction[at] != 0;
  return fraction[0] >> 31 ? more : -1;
}

static void put_float(buffer *out, spec how, double value) {
  uint64_t bits = (uint64_t)plugin_bits64(value), mantissa = bits & 0xfffffffffffffull;
  int exponent = (int)(bits >> 52 & 0x7ff);
  char sign = bits >> 63 ? '-' : how.sign;
  if (exponent == 0x7ff) {
    how.zero = false;
    padded(out, &how, sign, mantissa ? "nan" : "inf", 3, 0);
    return;
  }
  if (exponent) mantissa |= 1ull << 52;
  exponent = (exponent ? exponent : 1) - 1075;
  int places = how.precision < 0 ? 6 : how.precision > MOST_PLACES ? MOST_PLACES : how.precision;
  char text[340 + MOST_PLACES], *point = text + 330;
  uint32_t fraction[WORDS] = {0};
  uint64_t whole = exponent > -64 && exponent < 0 ? mantissa >> -exponent : exponent < 0 ? 0 : mantissa;
  size_t len = whole_digits(point, whole, exponent > 0 ? exponent : 0);
  for (int bit = 0; exponent < 0 && bit < 53; bit++) { /* bit `bit` is worth 2^(bit + exponent) */
    int place = -(bit + exponent) - 1;
    if (place >= 0 && mantissa >> bit & 1) fraction[place / 32] |= 0x80000000u >> place % 32;
  }
  for (int i = 0; i < places; i++) point[i] = (char)('0' + next_digit(fraction));
  int half = against_half(fraction);
  if (half > 0 || (half == 0 && (point[places - 1] & 1))) { /* the digit before the point if places is 0 */
    char *at = point + places;
    while (at > point - len && *(at - 1) == '9') *--at = '0';
    if (at > point - len)
      ++*(at - 1);
    else
      *(point - ++len) = '1';
  }
  char *begin = point - len;
  if (places) { /* the whole digits move down by one, for the point */
    for (size_t i = 0; i < len; i++) begin[(ptrdiff_t)i - 1] = begin[i];
    begin--;
    point[-1] = '.';
    len += 1 + (size_t)places;
  }
  padded(out, &how, sign, begin, len, 0);
}

static uint64_t unsigned_argument(va_list *arguments, int size) {
  switch (size) {
  case 8: return va_arg(*arguments, unsigned long long);
  case 2: return (unsigned short)va_arg(*arguments, int);
  case 1: return (unsigned char)va_arg(*arguments, int);
  default: return va_arg(*arguments, unsigned int);
  }
}

static int64_t signed_argument(va_list *arguments, int size) {
  switch (size) {
  case 8: return va_arg(*arguments, long long);
  case 2: return (short)va_arg(*arguments, int);
  case 1: return (signed char)va_arg(*arguments, int);
  default: return va_arg(*arguments, int);
  }
}

static const char *read_number(const char *at, va_list *arguments, int *number) {
  if (*at == '*') {
    *number = va_arg(*arguments, int);
    return at + 1;
  }
  for (*number = 0; *at >= '0' && *at <= '9' && *number < 100000; at++) *number = *number * 10 + (*at - '0');
  return at;
}

/* Bytes of the number that a length modifier announces; `at` is moved behind it. */
static int read_size(const char **at) {
  int size = 4;
  for (;; ++*at) {
    if (**at == 'h') size = size == 2 ? 1 : 2;
    else if (**at == 'j') size = 8;
    else if (**at == 'l') size = (*at)[1] == 'l' ? 8 : size;
    else if (**at != 'z' && **at != 't') return size;
  }
}

static const char *put_one(buffer *out, const char *at, va_list *arguments) {
  spec how = {.precision = -1};
  for (;; at++) {
    if (*at == '-') how.left = true;
    else if (*at == '0') how.zero = true;
    else if (*at == '+' || (*at == ' ' && !how.sign)) how.sign = *at;
    else if (*at != ' ' && *at != '#') break;
  }
  int width = 0;
  at = read_number(at, arguments, &width);
  if (width < 0) how.left = true, width = -width;
  how.width = (size_t)width;
  if (*at == '.') {
    at = read_number(at + 1, arguments, &how.precision);
    if (how.precision < 0) how.precision = -1;
  }
  int size = read_size(&at);
  switch (*at) {
  case 'd': case 'i': {
    int64_t value = signed_argument(arguments, size);
    put_number(out, how, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10, false);
    break;
  }
  case 'u': case 'x': case 'X': case 'o':
    how.sign = 0;
    put_number(out, how, unsigned_argument(arguments, size), false, *at == 'u' ? 10 : *at == 'o' ? 8 : 16, *at == 'X');
    break;
  case 'p':
    how.sign = 0;
    put_number(out, how, (uintptr_t)va_arg(*arguments, void *), false, 16, false);
    break;
  case 'f': case 'F': case 'e': case 'E': case 'g': case 'G':
    put_float(out, how, va_arg(*arguments, double));
    break;
  case 'c': {
    char c = (char)va_arg(*arguments, int);
    how.zero = false;
    padded(out, &how, 0, &c, 1, 0);
    break;
  }
  case 's': {
    const char *text = va_arg(*arguments, const char *);
    size_t len = 0;
    if (text)
      while ((how.precision < 0 || len < (size_t)how.precision) && text[len]) len++;
    how.zero = false;
    padded(out, &how, 0, text, len, 0);
    break;
  }
  case '%': put(out, '%', 1); break;
  default: __builtin_trap(); /* the compiler warned of it */
  }
  return at + 1;
}

plugin_string plugin_string_format(const char *format, ...) {
  buffer out = {0};
  va_list arguments;
  va_start(arguments, format);
  while (*format) {
    size_t plain = 0;
    while (format[plain] && format[plain] != '%') plain++;
    put_text(&out, format, plain);
    format += plain;
    if (*format == '%') format = put_one(&out, format + 1, &arguments);
  }
  va_end(arguments);
  return (plugin_string){out.ptr, out.len};
}

/* ---- what the compiler may call by itself, and the simplest of string.h ----
 *
 * Weak, so that those of the C library are taken when it is linked.
 */
#define WEAK __attribute__((weak))

WEAK void *memcpy(void *restrict to, const void *restrict from, size_t len) { return __builtin_memcpy(to, from, len); }
WEAK void *memmove(void *to, const void *from, size_t len) { return __builtin_memmove(to, from, len); }
WEAK void *memset(void *at, int value, size_t len) { return __builtin_memset(at, value, len); }

WEAK int memcmp(const void *a, const void *b, size_t len) {
  const uint8_t *x = a, *y = b;
  for (size_t i = 0; i < len; i++)
    if (x[i] != y[i]) return x[i] - y[i];
  return 0;
}

WEAK int bcmp(const void *a, const void *b, size_t len) { return memcmp(a, b, len); }

WEAK void *memchr(const void *at, int value, size_t len) {
  const uint8_t *bytes = at;
  for (size_t i = 0; i < len; i++)
    if (bytes[i] == (uint8_t)value) return (void *)(bytes + i);
  return 0;
}

WEAK size_t strlen(const char *text) { return length_of(text); }

WEAK int strncmp(const char *a, const char *b, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (a[i] != b[i]) return (uint8_t)a[i] - (uint8_t)b[i];
    if (!a[i]) break;
  }
  return 0;
}

WEAK int strcmp(const char *a, const char *b) { return strncmp(a, b, (size_t)-1); }

WEAK char *strchr(const char *text, int value) {
  for (;; text++) {
    if (*text == (char)value) return (char *)text;
    if (!*text) return 0;
  }
}

WEAK char *strrchr(const char *text, int value) {
  const char *found = 0;
  for (;; text++) {
    if (*text == (char)value) found = text;
    if (!*text) return (char *)found;
  }
}

WEAK char *strstr(const char *text, const char *part) {
  size_t len = length_of(part);
  for (; *text || !len; text++)
    if (!strncmp(text, part, len)) return (char *)text;
  return 0;
}
