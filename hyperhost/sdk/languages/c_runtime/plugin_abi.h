/* What the generated glue needs and the author does not. */
#ifndef PLUGIN_ABI_H
#define PLUGIN_ABI_H
#include <stdint.h>

/* Take back everything that was allocated since the last time. */
void plugin_arena_reset(void);

static inline int32_t plugin_bits32(float value) {
  int32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}
static inline int64_t plugin_bits64(double value) {
  int64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}
static inline float plugin_float32(int32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
static inline double plugin_float64(int64_t bits) {
  double value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
#endif
