/* What both scanners share: the result list in the layout of the canonical ABI, and text helpers.
 *
 * There is no C library and no heap. Arguments are placed by the wrapper's allocator (memory.wat
 * in parts/); results live in the static arrays below, which are reused by every call.
 */
#ifndef GUEST_H
#define GUEST_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

/* A file with more findings than this is reported up to here: the result stays small. */
#define MAX_FINDINGS 200

enum severity { LOW, MEDIUM, HIGH };

/* record finding { rule: string, line: s64, severity: enum, excerpt: string }: 32 bytes. */
struct finding {
    const char *rule;
    u32 rule_len;
    i64 line;
    u8 severity;
    const u8 *excerpt;
    u32 excerpt_len;
};
_Static_assert(sizeof(struct finding) == 32, "the canonical ABI's size");
_Static_assert(__builtin_offsetof(struct finding, line) == 8, "the canonical ABI's offset");
_Static_assert(__builtin_offsetof(struct finding, severity) == 16, "the canonical ABI's offset");
_Static_assert(__builtin_offsetof(struct finding, excerpt) == 20, "the canonical ABI's offset");

static struct finding findings[MAX_FINDINGS];
static struct {
    struct finding *items;
    u32 count;
} result;

static u32 length_of(const char *text) {
    u32 n = 0;
    while (text[n]) n++;
    return n;
}

static int is_upper(u8 c) { return c >= 'A' && c <= 'Z'; }
static int is_lower(u8 c) { return c >= 'a' && c <= 'z'; }
static int is_digit(u8 c) { return c >= '0' && c <= '9'; }
static int is_alpha(u8 c) { return is_upper(c) || is_lower(c); }
static int is_alnum(u8 c) { return is_alpha(c) || is_digit(c); }
static u8 lower(u8 c) { return is_upper(c) ? c + 32 : c; }

/* Whether `text` (of `n` bytes) starts with `prefix`, exactly. */
static int starts_with(const u8 *text, u32 n, const char *prefix) {
    for (u32 i = 0; prefix[i]; i++)
        if (i >= n || text[i] != (u8)prefix[i]) return 0;
    return 1;
}

#endif
