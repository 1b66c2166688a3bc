/* Finds the licences a text states: SPDX lines, and the phrases by which the well-known licences
 * are recognised. A text that reserves all rights and names no licence is reported too.
 *
 * One pass, linear in the text. A phrase matches across line breaks and comment marks. Each rule
 * is reported once for a text, at its first place.
 */
#include "guest.h"

#define EXCERPT_CAP 80
#define ID_CAP 40
#define GAP_CAP 48       /* the longest stretch of blanks and comment marks inside a phrase */
#define VERSION_WINDOW 160
#define CLAUSE_WINDOW 1600
#define LICENCE_WINDOW 500

struct phrase {
    const char *words; /* lower case; a blank stands for any gap */
    const char *rule;
    u8 severity;
};

/* Families: the version named behind the phrase makes "license/GPL" into "license/GPL-3.0". */
static const char GPL[] = "license/GPL", LGPL[] = "license/LGPL", AGPL[] = "license/AGPL";
static const char MPL[] = "license/MPL", APACHE[] = "license/Apache", EPL[] = "license/EPL";
static const char BSD[] = "license/BSD", BSD_2[] = "license/BSD-2-Clause", BSD_3[] = "license/BSD-3-Clause";
static const char RIGHTS[] = "license/all-rights-reserved";

/* Sorted by first letter: the search stops at the first phrase that begins later. */
static const struct phrase PHRASES[] = {
    {"all rights reserved", RIGHTS, MEDIUM},
    {"apache license", APACHE, LOW},
    {"apache software license", APACHE, LOW},
    {"boost software license", "license/BSL-1.0", LOW},
    {"bsd 2 clause", BSD_2, LOW},
    {"bsd 3 clause", BSD_3, LOW},
    {"bsd license", BSD, LOW},
    {"bsd style license", BSD, LOW},
    {"cc0 1.0 universal", "license/CC0-1.0", LOW},
    {"eclipse public license", EPL, LOW},
    {"european union public licence", "license/EUPL", MEDIUM},
    {"gnu affero general public license", AGPL, HIGH},
    {"gnu general public license", GPL, MEDIUM},
    {"gnu lesser general public license", LGPL, LOW},
    {"gnu library general public license", LGPL, LOW},
    {"isc license", "license/ISC", LOW},
    {"license agpl", AGPL, HIGH},
    {"license apache", APACHE, LOW},
    {"license bsd", BSD, LOW},
    {"license gpl", GPL, MEDIUM},
    {"license isc", "license/ISC", LOW},
    {"license lgpl", LGPL, LOW},
    {"license mit", "license/MIT", LOW},
    {"license mpl", MPL, LOW},
    {"license psf", "license/PSF-2.0", LOW},
    {"licensed to psf under a contributor agreement", "license/PSF-2.0", LOW},
    {"licensed under the agpl", AGPL, HIGH},
    {"licensed under the gpl", GPL, MEDIUM},
    {"licensed under the lgpl", LGPL, LOW},
    {"mit license", "license/MIT", LOW},
    {"mozilla public license", MPL, LOW},
    {"permission is hereby granted free of charge to any person obtaining a copy", "license/MIT", LOW},
    {"permission to use copy modify and distribute this software and its documentation for any purpose",
     "license/HPND", LOW},
    {"permission to use copy modify and or distribute this software for any purpose", "license/ISC", LOW},
    {"python software foundation license", "license/PSF-2.0", LOW},
    {"redistribution and use in source and binary forms", BSD, LOW},
    {"server side public license", "license/SSPL-1.0", HIGH},
    {"the authors be held liable for any damages arising from the use of this software", "license/Zlib", LOW},
    {"this is free and unencumbered software released into the public domain", "license/Unlicense", LOW},
};
#define PHRASE_COUNT (sizeof PHRASES / sizeof PHRASES[0])

/* How SPDX identifiers begin; the first match decides. */
static const struct {
    const char *prefix;
    u8 severity;
} SPDX[] = {
    {"AGPL-", HIGH},   {"GPL-", MEDIUM},  {"LGPL-", LOW},     {"SSPL-", HIGH},    {"BUSL-", HIGH},
    {"EUPL-", MEDIUM}, {"OSL-", MEDIUM},  {"CC-BY-NC", HIGH}, {"CC-BY-SA", MEDIUM}, {"CC", LOW},
    {"MIT", LOW},      {"BSD-", LOW},     {"0BSD", LOW},      {"Apache-", LOW},   {"MPL-", LOW},
    {"PSF-", LOW},     {"Python-", LOW},  {"ISC", LOW},       {"Zlib", LOW},      {"Unlicense", LOW},
    {"BSL-", LOW},     {"EPL-", LOW},     {"CDDL-", LOW},     {"Artistic-", LOW}, {"HPND", LOW},
    {"NCSA", LOW},     {"OFL-", LOW},     {"PostgreSQL", LOW}, {"Unicode-", LOW}, {"BlueOak-", LOW},
    {"WTFPL", LOW},    {"X11", LOW},      {"curl", LOW},      {"LicenseRef-", MEDIUM},
};
#define SPDX_COUNT (sizeof SPDX / sizeof SPDX[0])

/* ---- the text being read ---- */
static const u8 *text;
static u32 size;
static i64 line;
static char names[MAX_FINDINGS][8 + ID_CAP];
static u32 rights_at;      /* 1 + where all rights were first reserved */
static i64 rights_line;

static int is_gap(u8 c) {
    switch (c) {
    case ' ': case '\t': case '\r': case '\n': case '#': case '*': case '/': case '"': case '\'': case ',':
    case ';': case ':': case '(': case ')': case '-': case '_': case '=': case '|': case '[': case ']':
        return 1;
    default:
        return 0;
    }
}

/* The end of `words` if they stand at `at`, else 0. */
static u32 match_words(u32 at, const char *words) {
    for (; *words; words++) {
        if (*words != ' ') {
            if (at >= size || lower(text[at]) != (u8)*words) return 0;
            at++;
            continue;
        }
        u32 end = at + GAP_CAP, gap = at;
        while (at < size && at < end && is_gap(text[at])) at++;
        if (at == gap) return 0;
    }
    return at;
}

static int ends_word(u32 at) { return at >= size || !is_alnum(text[at]); }

/* Whether a rule that says the same or more was reported: GPL-3.0 says more than GPL. */
static int is_known(const char *rule) {
    u32 n = length_of(rule);
    for (u32 i = 0; i < result.count; i++) {
        const struct finding *f = &findings[i];
        if (starts_with((const u8 *)f->rule, f->rule_len, rule) &&
            (f->rule_len == n || f->rule[n] == '-'))
            return 1;
    }
    return 0;
}

/* The line around `at`, without the comment mark before it and nothing a terminal would obey. */
static void report(const char *rule, u32 severity, u32 at, i64 on_line) {
    if (is_known(rule) || result.count >= MAX_FINDINGS) return;
    u32 start = at, floor = at > EXCERPT_CAP / 2 ? at - EXCERPT_CAP / 2 : 0;
    while (start > floor && text[start - 1] >= ' ' && text[start - 1] < 0x7f) start--;
    if (start && start == floor) /* not in the middle of a word */
        while (start < at && is_alnum(text[start])) start++;
    while (start < at && text[start] != '(' && text[start] != '[' && (is_gap(text[start]) || text[start] == '.'))
        start++;
    u32 end = start, cap = start + EXCERPT_CAP;
    while (end < size && end < cap && text[end] >= ' ' && text[end] < 0x7f) end++;
    struct finding *f = &findings[result.count++];
    f->rule = rule;
    f->rule_len = length_of(rule);
    f->line = on_line;
    f->severity = severity;
    f->excerpt = text + start;
    f->excerpt_len = end - start;
}

static const struct {
    const char *family, *digits, *rule;
} VERSIONS[] = {
    {GPL, "2", "license/GPL-2.0"},       {GPL, "3", "license/GPL-3.0"},   {LGPL, "2.1", "license/LGPL-2.1"},
    {LGPL, "2", "license/LGPL-2.0"},     {LGPL, "3", "license/LGPL-3.0"}, {AGPL, "3", "license/AGPL-3.0"},
    {MPL, "1.1", "license/MPL-1.1"},     {MPL, "2.0", "license/MPL-2.0"}, {APACHE, "1.1", "license/Apache-1.1"},
    {APACHE, "2", "license/Apache-2.0"}, {EPL, "1", "license/EPL-1.0"},   {EPL, "2", "license/EPL-2.0"},
};
#define VERSION_COUNT (sizeof VERSIONS / sizeof VERSIONS[0])

static int is_family(const char *rule) {
    for (u32 v = 0; v < VERSION_COUNT; v++)
        if (VERSIONS[v].family == rule) return 1;
    return 0;
}

/* Where the digits of a version begin, if a version is named at `at`: "version 3", "v. 2", "v2". */
static u32 version_digits(u32 at) {
    u32 digits = match_words(at, "version ");
    if (!digits) digits = match_words(at, "v. ");
    return digits || lower(text[at]) != 'v' ? digits : at + 1;
}

/* The rule for a family's version that is named soon behind `at`; the family itself when none is. */
static const char *with_version(const char *family, u32 at) {
    u32 end = at + VERSION_WINDOW < size ? at + VERSION_WINDOW : size;
    for (u32 i = at; i < end; i++) {
        if (i > at && is_alnum(text[i]) && is_alnum(text[i - 1])) continue;
        u32 digits = version_digits(i);
        if (!digits && i <= at + 1) digits = i; /* directly behind: GPL-3.0 */
        if (!digits || digits >= size) continue;
        for (u32 v = 0; v < VERSION_COUNT; v++)
            if (VERSIONS[v].family == family && starts_with(text + digits, size - digits, VERSIONS[v].digits))
                return VERSIONS[v].rule;
    }
    return family;
}

/* The three-clause licence forbids the use of names; the two-clause one does not mention them. */
static const char *bsd_clauses(u32 at) {
    u32 end = at + CLAUSE_WINDOW < size ? at + CLAUSE_WINDOW : size;
    for (u32 i = at; i < end; i++)
        if (lower(text[i]) == 'n' &&
            (match_words(i, "neither the name") || match_words(i, "names of its contributors") ||
             match_words(i, "name of the author may not") || match_words(i, "names of any contributors")))
            return BSD_3;
    return BSD_2;
}

/* "See LICENSE" near a copyright line: the rights are not all reserved after all. */
static int names_a_licence(u32 at) {
    u32 start = at > LICENCE_WINDOW ? at - LICENCE_WINDOW : 0;
    u32 end = at + LICENCE_WINDOW < size ? at + LICENCE_WINDOW : size;
    for (u32 i = start; i < end; i++)
        if (lower(text[i]) == 'l' && (match_words(i, "license") || match_words(i, "licence"))) return 1;
    return 0;
}

static void match_phrase(u32 at) {
    u8 first = lower(text[at]);
    for (u32 p = 0; p < PHRASE_COUNT; p++) {
        const struct phrase *phrase = &PHRASES[p];
        if ((u8)phrase->words[0] > first) return;
        if ((u8)phrase->words[0] < first) continue;
        u32 end = match_words(at, phrase->words);
        if (!end) continue;
        const char *rule = phrase->rule;
        if (rule == RIGHTS) {
            if (!rights_at && !names_a_licence(end)) rights_at = at + 1, rights_line = line;
            return;
        }
        int family = is_family(rule); /* a version may follow without a gap: GPLv3 */
        if (!ends_word(end) && !(family && lower(text[end]) == 'v')) continue;
        if (family) rule = with_version(rule, end);
        if (rule == BSD && first == 'r') {
            if (is_known(BSD_2) || is_known(BSD_3)) return;
            rule = bsd_clauses(end);
        }
        report(rule, phrase->severity, at, line);
        return;
    }
}

/* Reports one identifier of an SPDX expression. Returns whether it was one. */
static int report_spdx(u32 at, u32 n) {
    if (result.count >= MAX_FINDINGS) return 0;
    for (u32 s = 0; s < SPDX_COUNT; s++) {
        if (!starts_with(text + at, n, SPDX[s].prefix)) continue;
        char *name = names[result.count];
        u32 k = 0;
        for (const char *head = "license/"; *head; head++) name[k++] = *head;
        for (u32 i = 0; i < n && k < sizeof names[0] - 1; i++) name[k++] = (char)text[at + i];
        name[k] = 0;
        report(name, SPDX[s].severity, at, line);
        return 1;
    }
    return 0;
}

/* The expression behind `SPDX-License-Identifier:`, to the end of its line. Returns where it ends. */
static u32 match_spdx(u32 at) {
    static const char MARK[] = "SPDX-License-Identifier:";
    if (!starts_with(text + at, size - at, MARK)) return 0;
    u32 i = at + sizeof MARK - 1, limit = i + 200;
    int exception = 0;
    while (i < size && i < limit && (text[i] == ' ' || text[i] == '(' || text[i] == ')' || text[i] == '\t' ||
                                     is_alnum(text[i]))) {
        u32 start = i;
        while (i < size && (is_alnum(text[i]) || text[i] == '.' || text[i] == '-' || text[i] == '+')) i++;
        u32 n = i - start;
        if (!n) {
            i++;
        } else if (starts_with(text + start, n, "WITH") && n == 4) {
            exception = 1; /* the next word names an exception, not a licence */
        } else if (n <= ID_CAP && !exception) {
            report_spdx(start, n);
        } else {
            exception = 0;
        }
    }
    return i;
}

static void scan(void) {
    u32 i = 0;
    while (i < size && result.count < MAX_FINDINGS) {
        u8 c = text[i];
        if (!is_alnum(c)) {
            line += c == '\n';
            i++;
            continue;
        }
        u32 end = c == 'S' ? match_spdx(i) : 0;
        if (end) {
            i = end;
            continue;
        }
        match_phrase(i);
        while (i < size && is_alnum(text[i])) i++;
    }
}

__attribute__((export_name("check_text"))) void *check_text(const u8 *path, u32 path_len, const u8 *content,
                                                            u32 content_len) {
    (void)path, (void)path_len;
    text = content;
    size = content_len;
    line = 1;
    rights_at = 0;
    result.items = findings;
    result.count = 0;
    scan();
    if (rights_at && !result.count) report(RIGHTS, MEDIUM, rights_at - 1, rights_line);
    return &result;
}
