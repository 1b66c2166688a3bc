/* Finds secrets that were left in a text: keys and tokens known by their form, private keys, and
 * string literals assigned to names such as `password` or `api_key`.
 *
 * One pass, linear in the text: the text is walked word by word, each rule looks at most a fixed
 * number of bytes ahead, and what a token rule has looked at is not looked at again.
 */
#include "guest.h"

#define RUN_CAP 512   /* the longest token that is measured */
#define VALUE_CAP 128 /* the longest literal that is taken for a password */

__attribute__((import_module("log"), import_name("write"))) void log_write(u32 level, const u8 *message,
                                                                           u32 len);
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* ---- the alphabet of a token, as a set of bits ---- */
enum { UP = 1, LO = 2, NUM = 4, DASH = 8, UNDER = 16, DOT = 32, SLASH = 64, PLUS = 128 };
#define ALNUM (UP | LO | NUM)
#define B64URL (ALNUM | DASH | UNDER)
#define B64 (ALNUM | SLASH | PLUS)

static u32 class_of(u8 c) {
    if (is_upper(c)) return UP;
    if (is_lower(c)) return LO;
    if (is_digit(c)) return NUM;
    switch (c) {
    case '-': return DASH;
    case '_': return UNDER;
    case '.': return DOT;
    case '/': return SLASH;
    case '+': case '=': return PLUS;
    default: return 0;
    }
}

struct token_rule {
    const char *rule;
    const char *prefix;
    u8 alphabet;  /* of what follows the prefix */
    u8 severity;
    u16 min, max; /* bytes after the prefix */
};

static const struct token_rule TOKENS[] = {
    {"secret/aws-access-key-id", "AKIA", UP | NUM, HIGH, 16, 16},
    {"secret/aws-access-key-id", "ASIA", UP | NUM, HIGH, 16, 16},
    {"secret/github-token", "ghp_", ALNUM, HIGH, 36, 251},
    {"secret/github-token", "gho_", ALNUM, HIGH, 36, 251},
    {"secret/github-token", "ghu_", ALNUM, HIGH, 36, 251},
    {"secret/github-token", "ghs_", ALNUM, HIGH, 36, 251},
    {"secret/github-token", "ghr_", ALNUM, HIGH, 36, 251},
    {"secret/github-token", "github_pat_", ALNUM | UNDER, HIGH, 60, 251},
    {"secret/gitlab-token", "glpat-", B64URL, HIGH, 20, 64},
    {"secret/slack-token", "xoxb-", ALNUM | DASH, HIGH, 24, 251},
    {"secret/slack-token", "xoxp-", ALNUM | DASH, HIGH, 24, 251},
    {"secret/slack-token", "xoxa-", ALNUM | DASH, HIGH, 24, 251},
    {"secret/slack-token", "xoxr-", ALNUM | DASH, HIGH, 24, 251},
    {"secret/slack-token", "xapp-", ALNUM | DASH, HIGH, 40, 251},
    {"secret/slack-webhook", "hooks.slack.com/services/", ALNUM | SLASH, HIGH, 40, 80},
    {"secret/stripe-key", "sk_live_", ALNUM, HIGH, 24, 251},
    {"secret/stripe-key", "rk_live_", ALNUM, HIGH, 24, 251},
    {"secret/stripe-test-key", "sk_test_", ALNUM, LOW, 24, 251},
    {"secret/stripe-test-key", "rk_test_", ALNUM, LOW, 24, 251},
    {"secret/google-api-key", "AIza", B64URL, HIGH, 35, 35},
    {"secret/npm-token", "npm_", ALNUM, HIGH, 36, 36},
    {"secret/pypi-token", "pypi-AgEIcHlwaS5vcmc", B64URL, HIGH, 50, 511},
    {"secret/sendgrid-key", "SG.", B64URL | DOT, HIGH, 66, 66},
    {"secret/model-api-key", "sk-ant-", B64URL, HIGH, 80, 251},
    {"secret/model-api-key", "sk-proj-", B64URL, HIGH, 40, 251},
    {"secret/huggingface-token", "hf_", ALNUM, HIGH, 34, 40},
};
#define TOKEN_RULES (sizeof TOKENS / sizeof TOKENS[0])

/* What marks a value as made up, in lower case. */
static const char *const PLACEHOLDERS[] = {
    "example", "changeme", "change-me", "change_me", "your",   "xxx",     "placeholder", "dummy", "sample",
    "redacted", "fake",    "insert",    "replace",   "foobar", "default", "secret",      "passw", "...",
    "***",     "<",        ">",         "{",         "}",      "%s",      "%(",          "%d",    "$(",
};
#define PLACEHOLDER_COUNT (sizeof PLACEHOLDERS / sizeof PLACEHOLDERS[0])

/* Only for literals whose form says nothing: too common in tests and in code about keys. */
static const char *const CODE_WORDS[] = {
    "test", "token", "api_key", "api-key", "apikey", "://", "null", "none", "(", "[", "mykey", "hunter2",
};
#define CODE_WORD_COUNT (sizeof CODE_WORDS / sizeof CODE_WORDS[0])

/* ---- the text being read ---- */
static const u8 *text;
static u32 size;
static i64 line;
static u8 excerpts[MAX_FINDINGS][8];

/* A secret is never repeated: four characters and an ellipsis are enough to find it. */
static void report(const char *rule, u32 severity, u32 at) {
    u8 *excerpt = excerpts[result.count];
    struct finding *f = &findings[result.count++];
    u32 n = 0;
    while (n < 4 && at + n < size && text[at + n] > ' ' && text[at + n] < 0x7f) {
        excerpt[n] = text[at + n];
        n++;
    }
    excerpt[n] = 0xe2, excerpt[n + 1] = 0x80, excerpt[n + 2] = 0xa6; /* … */
    f->rule = rule;
    f->rule_len = length_of(rule);
    f->line = line;
    f->severity = severity;
    f->excerpt = excerpt;
    f->excerpt_len = n + 3;
}

/* log2 in 1/256 bits, by repeated squaring. `x` is at least 1. */
static u32 log2_q8(u32 x) {
    u32 whole = 31 - __builtin_clz(x);
    u64 m = (u64)x << (31 - whole);
    u32 out = whole;
    for (int i = 0; i < 8; i++) {
        m = (m * m) >> 31;
        out <<= 1;
        if (m >> 32) out |= 1, m >>= 1;
    }
    return out;
}

/* Shannon entropy of `n` bytes in 1/256 bits for each byte. */
static u32 entropy_q8(const u8 *v, u32 n) {
    u8 seen[256] = {0};
    u32 sum = 0;
    if (n > 255) n = 255;
    for (u32 i = 0; i < n; i++) seen[v[i]]++;
    for (u32 c = 0; c < 256; c++)
        if (seen[c]) sum += seen[c] * log2_q8(seen[c]);
    return log2_q8(n) - sum / n;
}

static int contains_word(const u8 *v, u32 n, const char *const *words, u32 count) {
    for (u32 w = 0; w < count; w++)
        for (u32 at = 0; at < n; at++) {
            u32 i = 0;
            while (words[w][i] && at + i < n && lower(v[at + i]) == (u8)words[w][i]) i++;
            if (!words[w][i]) return 1;
        }
    return 0;
}

/* "abcdefgh", "12345678": more than half of the steps go to the next character. */
static int is_sequence(const u8 *v, u32 n) {
    u32 steps = 0;
    for (u32 i = 1; i < n; i++) steps += v[i] == v[i - 1] + 1;
    return steps * 2 > n;
}

static int looks_random(const u8 *v, u32 n, u32 bits_q8) {
    return n > 0 && entropy_q8(v, n) >= bits_q8 && !is_sequence(v, n) &&
           !contains_word(v, n, PLACEHOLDERS, PLACEHOLDER_COUNT);
}

/* Bytes from `at` that belong to `alphabet`, at most `cap`. */
static u32 run_of(u32 at, u32 alphabet, u32 cap) {
    u32 n = 0;
    while (n < cap && at + n < size && (class_of(text[at + n]) & alphabet)) n++;
    return n;
}

static int is_word(u32 at) { return at < size && (is_alnum(text[at]) || text[at] == '_'); }

/* A JSON Web Token: two base64url parts that begin a JSON object, and a signature.
 * The token every tutorial shows (subject 1234567890) is not one. */
static u32 match_jwt(u32 at, int silent) {
    u32 header, payload, signature;
    if (at && (text[at - 1] == '.' || text[at - 1] == '-')) return 0;
    header = run_of(at, B64URL, 4096);
    if (header < 12 || at + header >= size || text[at + header] != '.') return 0;
    u32 second = at + header + 1;
    if (!starts_with(text + second, size - second, "eyJ")) return 0;
    payload = run_of(second, B64URL, 16384);
    if (payload < 12 || second + payload >= size || text[second + payload] != '.') return 0;
    u32 third = second + payload + 1;
    signature = run_of(third, B64URL, 4096);
    if (signature < 20) return 0;
    if (!silent && !starts_with(text + second, size - second, "eyJzdWIiOiIxMjM0NTY3ODkw") &&
        looks_random(text + third, signature, 3 * 256))
        report("secret/jwt", MEDIUM, at);
    return third + signature - at;
}

/* Bytes taken by a token that starts at `at`, 0 when none does. Reports it unless `silent`. */
static u32 match_token(u32 at, int silent) {
    if (at >= size) return 0;
    if (starts_with(text + at, size - at, "eyJ")) return match_jwt(at, silent);
    for (u32 r = 0; r < TOKEN_RULES; r++) {
        const struct token_rule *rule = &TOKENS[r];
        if (text[at] != (u8)rule->prefix[0] || !starts_with(text + at, size - at, rule->prefix)) continue;
        u32 body = at + length_of(rule->prefix);
        u32 n = run_of(body, rule->alphabet, RUN_CAP);
        if (n < rule->min) continue;
        if (n <= rule->max && !is_word(body + n) && !silent && looks_random(text + body, n, 3 * 256))
            report(rule->rule, rule->severity, at);
        return body + n - at;
    }
    return 0;
}

/* A PEM private key: the header counts only when a line of the key follows, so that code which
 * reads or writes the format is not taken for a key. */
static void match_private_key(u32 at) {
    u32 p = at + 10, end = p + 32;
    while (p < size && p < end && (is_upper(text[p]) || text[p] == ' ')) p++;
    if (p < at + 10 + 11 || !starts_with(text + p, size - p, "-----")) return;
    u32 label = p;
    if (starts_with(text + p - 6, 6, " BLOCK")) label = p - 6;
    if (!starts_with(text + label - 11, 11, "PRIVATE KEY")) return;
    p += 5;
    end = p + 240;
    while (p < size && p < end) {
        if (starts_with(text + p, size - p, "-----")) return;
        u32 n = run_of(p, B64, 64);
        if (n >= 40) {
            u32 skip = text[p] == 'n' && text[p - 1] == '\\'; /* the n of an escaped newline */
            if (looks_random(text + p + skip, n - skip, 3 * 256))
                report("secret/private-key", HIGH, p + skip);
            return;
        }
        p += n ? n : 1;
    }
}

struct name_rule {
    const char *suffix; /* of the name, '-' taken for '_' */
    const char *rule;
    u8 min;   /* bytes of the value */
    u16 bits; /* entropy of the value, in 1/256 bits */
};

static const struct name_rule NAMES[] = {
    {"password", "secret/password", 8, 2 * 256 + 128},
    {"passwd", "secret/password", 8, 2 * 256 + 128},
    {"passphrase", "secret/password", 8, 2 * 256 + 128},
    {"pwd", "secret/password", 8, 2 * 256 + 128},
    {"secret", "secret/hard-coded-secret", 12, 3 * 256},
    {"secret_key", "secret/hard-coded-secret", 12, 3 * 256},
    {"private_key", "secret/hard-coded-secret", 16, 3 * 256},
    {"encryption_key", "secret/hard-coded-secret", 12, 3 * 256},
    {"signing_key", "secret/hard-coded-secret", 12, 3 * 256},
    {"api_key", "secret/api-key", 12, 3 * 256},
    {"apikey", "secret/api-key", 12, 3 * 256},
    {"access_key", "secret/api-key", 16, 3 * 256},
    {"auth_token", "secret/api-key", 16, 3 * 256},
    {"access_token", "secret/api-key", 16, 3 * 256},
    {"refresh_token", "secret/api-key", 16, 3 * 256},
    {"token", "secret/api-key", 20, 3 * 256 + 64},
};
#define NAME_RULES (sizeof NAMES / sizeof NAMES[0])

/* The rule for the name that ends at `end`, or 0. "nonsecret" is not a name that ends in
 * "secret"; "client_secret" and "clientSecret" are. */
static const struct name_rule *rule_for_name(u32 start, u32 end) {
    for (u32 r = 0; r < NAME_RULES; r++) {
        const char *suffix = NAMES[r].suffix;
        u32 n = length_of(suffix), i = 0;
        if (n > end) continue;
        while (i < n) {
            u8 c = lower(text[end - 1 - i]), want = suffix[n - 1 - i];
            if (c != want && !(want == '_' && c == '-')) break;
            i++;
        }
        if (i < n) continue;
        u32 first = end - n;
        if (first == 0 || first <= start || !is_alnum(text[first - 1])) return &NAMES[r];
        if (is_upper(text[first]) && is_lower(text[first - 1])) return &NAMES[r];
    }
    return 0;
}

/* Words with a number in them, such as `oauth2_client`, `sha256.digest` or `Base64Encoder`, are names. */
static int looks_like_name(const u8 *v, u32 n) {
    u32 separators = 0, digit_runs = 0, digits = 0, cases = 0, changes = 0;
    for (u32 i = 0; i < n; i++) {
        changes += i && class_of(v[i]) != class_of(v[i - 1]);
        if (is_digit(v[i])) {
            digits++;
            digit_runs += i == 0 || !is_digit(v[i - 1]);
        } else if (!is_alpha(v[i])) {
            if (v[i] != '_' && v[i] != '-' && v[i] != '.' && v[i] != '/' && v[i] != ':') return 0;
            separators++;
        } else {
            cases |= is_upper(v[i]) ? 1 : 2;
        }
    }
    if (!separators) return digit_runs == 1 && digits <= 2 && changes * 3 <= n;
    return digit_runs <= separators + 1 && digits <= 4 && cases != 3;
}

static int acceptable_value(const u8 *v, u32 n, const struct name_rule *rule) {
    u32 digits = 0, letters = 0;
    if (n < rule->min || n > VALUE_CAP) return 0;
    for (u32 i = 0; i < n; i++) {
        if (v[i] <= ' ' || v[i] >= 0x7f || v[i] == '\\') return 0;
        digits += is_digit(v[i]);
        letters += is_alpha(v[i]);
    }
    if (!digits || !letters || v[0] == '/' || v[0] == '.' || v[0] == '$' || v[0] == '@') return 0;
    return looks_random(v, n, rule->bits) && !looks_like_name(v, n) &&
           !contains_word(v, n, CODE_WORDS, CODE_WORD_COUNT);
}

static u32 skip_blanks(u32 at) {
    u32 end = at + 32;
    while (at < size && at < end && (text[at] == ' ' || text[at] == '\t')) at++;
    return at;
}

static int is_quote(u32 at) { return at < size && (text[at] == '"' || text[at] == '\''); }

/* Where the value begins after the name that ends at `at`: behind `=`, `:`, `: str =`, `=>`, `:=`,
 * for names that are variables, keys of a mapping, or items (`environ["NAME"] = `). 0 when none. */
static u32 find_value(u32 at) {
    if (is_quote(at)) at++;
    if (at < size && text[at] == ']') at++;
    at = skip_blanks(at);
    if (at >= size) return 0;
    if (text[at] == ':') {
        at = skip_blanks(at + 1);
        if (is_quote(at)) return at;
        u32 end = at + 40;
        while (at < size && at < end &&
               ((class_of(text[at]) & (ALNUM | UNDER | DOT)) || text[at] == '|' || text[at] == ' ' ||
                text[at] == '[' || text[at] == ']'))
            at++;
    }
    if (at >= size || text[at] != '=') return 0;
    at++;
    if (at < size && text[at] == '=') return 0;
    if (at < size && text[at] == '>') at++;
    return skip_blanks(at);
}

/* A literal assigned to a name that says it is secret. Format strings (f"...") are not literals. */
static void match_assignment(u32 start, u32 end) {
    const struct name_rule *rule = rule_for_name(start, end);
    if (!rule || (start && (text[start - 1] == ':' || text[start - 1] == '/'))) return; /* part of a path */
    u32 at = find_value(end);
    if (!at) return;
    if (at < size && text[at] == '(') at = skip_blanks(at + 1);
    if (at + 1 < size && is_quote(at + 1) && (lower(text[at]) == 'b' || lower(text[at]) == 'r')) at++;
    if (!is_quote(at)) return;
    u8 quote = text[at++];
    u32 n = 0;
    while (at + n < size && n <= VALUE_CAP && text[at + n] != quote && text[at + n] != '\n') n++;
    if (at + n >= size || text[at + n] != quote) return;
    if (match_token(at, 1)) return; /* its own rule will report it */
    if (acceptable_value(text + at, n, rule)) report(rule->rule, MEDIUM, at);
}

/* NAME=value without quotes, as in `.env` files. In Python that would be an expression. */
static void match_env_line(u32 start, u32 end) {
    if (end >= size || text[end] != '=') return;
    if (start && text[start - 1] != '\n' &&
        !(start >= 7 && starts_with(text + start - 7, 7, "export ")))
        return;
    for (u32 i = start; i < end; i++)
        if (is_lower(text[i])) return;
    const struct name_rule *rule = rule_for_name(start, end);
    if (!rule || is_quote(end + 1)) return;
    u32 at = end + 1, n = 0;
    while (at + n < size && n <= VALUE_CAP && text[at + n] > ' ') n++;
    if (match_token(at, 1)) return;
    if (acceptable_value(text + at, n, rule)) report(rule->rule, MEDIUM, at);
}

static void scan(int env_lines) {
    u32 i = 0;
    while (i < size && result.count < MAX_FINDINGS) {
        u8 c = text[i];
        if (c == '\n') {
            line++, i++;
        } else if (c == '\\' && i + 1 < size && text[i + 1] != '\n') {
            i += 2; /* an escape: the n of "\n" is not part of the word after it */
        } else if (is_alnum(c) || c == '_') {
            u32 taken = match_token(i, 0);
            if (taken) {
                i += taken;
                continue;
            }
            u32 start = i;
            while (is_word(i)) i++;
            match_assignment(start, i);
            if (env_lines && result.count < MAX_FINDINGS) match_env_line(start, i);
        } else if (c == '-' && starts_with(text + i, size - i, "-----BEGIN")) {
            match_private_key(i);
            i += 10;
        } else {
            i++;
        }
    }
}

static u32 append(u8 *out, u32 at, const char *words) {
    while (*words) out[at++] = *words++;
    return at;
}

/* "3 possible secrets in path", so that whoever granted `log` sees it in the plugin's log. */
static void log_summary(const u8 *path, u32 path_len) {
    static u8 message[256];
    u32 at = 0, count = result.count;
    if (count >= 100) message[at++] = '0' + count / 100;
    if (count >= 10) message[at++] = '0' + count / 10 % 10;
    message[at++] = '0' + count % 10;
    at = append(message, at, count == 1 ? " possible secret in " : " possible secrets in ");
    u32 room = path_len < 200 ? path_len : 200;
    while (room < path_len && room && (path[room] & 0xc0) == 0x80) room--; /* whole characters only */
    for (u32 i = 0; i < room; i++) message[at++] = path[i];
    log_write(LOG_WARNING, message, at);
}

__attribute__((export_name("check_text"))) void *check_text(const u8 *path, u32 path_len, const u8 *content,
                                                            u32 content_len) {
    int python = path_len >= 3 && starts_with(path + path_len - 3, 3, ".py");
    text = content;
    size = content_len;
    line = 1;
    result.items = findings;
    result.count = 0;
    scan(!python);
    if (result.count) log_summary(path, path_len);
    return &result;
}
