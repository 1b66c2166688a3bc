/* Ranks hits by where they match: a name that is the query counts more than a text that mentions it. */
#include "plugin.h"

static const double WHOLE_NAME = 1.0, IN_NAME = 0.25; /* added to the score of a hit */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool same_letters(plugin_string a, plugin_string b) {
  if (a.len != b.len) return false;
  for (size_t i = 0; i < a.len; i++)
    if (lower(a.ptr[i]) != lower(b.ptr[i])) return false;
  return true;
}

/* How much more a hit counts, and why; nothing when it matches nowhere in its name. */
static double boost_of(const plugin_search_hit *hit, plugin_string query, plugin_string *reason) {
  double boost = 0.0;
  for (size_t i = 0; i < hit->highlights.len; i++) {
    const plugin_highlight *found = &hit->highlights.ptr[i];
    if (!plugin_string_is(found->field_name, "name")) continue;
    if (same_letters(found->text, query)) {
      *reason = plugin_string_lit("its name is what was searched for");
      return WHOLE_NAME;
    }
    *reason = plugin_string_lit("its name contains what was searched for");
    boost = IN_NAME;
  }
  return boost;
}

/* Adjust the order of hits. */
void search_rerank(const plugin_search_request *request,
                   plugin_list_search_hit hits,
                   plugin_list_rank_adjustment *result) {
  for (size_t i = 0; i < hits.len; i++) {
    plugin_string reason = plugin_string_lit("");
    double boost = boost_of(&hits.ptr[i], request->query, &reason);
    if (boost == 0.0) continue;
    plugin_rank_adjustment *adjustment = plugin_list_rank_adjustment_push(result);
    adjustment->artifact_id = hits.ptr[i].artifact_id;
    adjustment->boost = boost;
    adjustment->reason = reason;
  }
}
