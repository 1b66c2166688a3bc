/* What a compiler reads from its machine, made the same on every machine.
 *
 * Preloaded (LD_PRELOAD) into tools that run a guest once and store its memory: whatever the guest
 * saw then, it keeps. Two layers:
 *
 * - Symbols. getrandom and clock_gettime of the C library are replaced from the start: random
 *   numbers are a fixed sequence, every clock stands still.
 * - hyperhost_seal(), called by the process itself when it is ready. It has the kernel hand back the
 *   system calls that reach files and random numbers without the C library (seccomp, SIGSYS), runs
 *   each, and evens out what it answers: inode and device numbers, link counts, times, sizes of
 *   directories, and the order of directory entries.
 *
 * Left alone are fstat and its kind: the dynamic linker tells libraries apart by them, and what reads
 * files for a guest uses statx. The filter survives exec and the handler does not, so a sealed process
 * must not start programs.
 * No C library is needed: the same file serves glibc and musl.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

#define PUBLIC __attribute__((visibility("default")))

enum {
  FIXED_INODE = 7,
  FIXED_DEVICE = 1,
  FIXED_TIME = 315532800, /* 1980-01-01, the first day that zip files can tell */
  DIRECTORY_SIZE = 4096,
  FIXED_CLOCK = 1,
  DIRECTORIES = 64,          /* listed at the same time */
  LISTING_LIMIT = 32 << 20,  /* bytes of entries of one directory */
};

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "x86_64 and aarch64 only"
#endif

/* --- system calls: all from one instruction, which the filter lets through ----------------- */

extern const char raw_return[]; /* the address behind that instruction */
long raw(long number, long a, long b, long c, long d, long e, long f);

#if defined(__x86_64__)
__asm__(
    ".text\n.hidden raw\n.hidden raw_return\n.globl raw\n.globl raw_return\n.type raw,@function\n"
    "raw:\n"
    "  mov %rdi, %rax\n  mov %rsi, %rdi\n  mov %rdx, %rsi\n  mov %rcx, %rdx\n"
    "  mov %r8, %r10\n  mov %r9, %r8\n  mov 8(%rsp), %r9\n"
    "  syscall\n"
    "raw_return:\n"
    "  ret\n"
    ".hidden restorer\n.globl restorer\n.type restorer,@function\n"
    "restorer:\n"
    "  mov $15, %rax\n  syscall\n");
void restorer(void);
#else
__asm__(
    ".text\n.hidden raw\n.hidden raw_return\n.globl raw\n.globl raw_return\n.type raw,%function\n"
    "raw:\n"
    "  mov x8, x0\n  mov x0, x1\n  mov x1, x2\n  mov x2, x3\n  mov x3, x4\n  mov x4, x5\n  mov x5, x6\n"
    "  svc #0\n"
    "raw_return:\n"
    "  ret\n");
#endif

/* --- the compiler may call these ------------------------------------------------------------ */

__attribute__((visibility("hidden"))) void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  char *out = to;
  const char *in = from;
  while (size--) *out++ = *in++;
  return to;
}

__attribute__((visibility("hidden"))) void *memset(void *to, int value, size_t size) {
  char *out = to;
  while (size--) *out++ = (char)value;
  return to;
}

/* --- layer one: symbols --------------------------------------------------------------------- */

/* Not one constant byte: who draws until a number fits has to find one. */
static void fill(unsigned char *out, size_t size) {
  uint64_t state = 0;
  for (size_t at = 0; at < size; at++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    out[at] = (unsigned char)(state >> 56);
  }
}

PUBLIC long getrandom(void *buffer, size_t size, unsigned flags) {
  (void)flags;
  fill(buffer, size);
  return (long)size;
}

/* One second after the start of the machine: waits until some moment are over, not endless. */
PUBLIC int clock_gettime(clockid_t clock, struct timespec *now) {
  now->tv_sec = clock == CLOCK_REALTIME ? FIXED_TIME : FIXED_CLOCK;
  now->tv_nsec = 0;
  return 0;
}

/* --- layer two: answers of the kernel ------------------------------------------------------- */

static void even_statx(struct statx *found) {
  const struct statx_timestamp then = {.tv_sec = FIXED_TIME};
  found->stx_atime = found->stx_btime = found->stx_ctime = found->stx_mtime = then;
  found->stx_ino = FIXED_INODE;
  found->stx_dev_major = found->stx_dev_minor = FIXED_DEVICE;
  found->stx_nlink = 1;
  found->stx_blksize = DIRECTORY_SIZE;
  found->stx_blocks = 0;
  if ((found->stx_mode & S_IFMT) == S_IFDIR) found->stx_size = DIRECTORY_SIZE;
}

struct entry { /* linux_dirent64 */
  uint64_t inode;
  int64_t next;
  uint16_t size;
  uint8_t kind;
  char name[];
} __attribute__((packed));

/* A directory that is being listed: all its entries in order of their names, from `at` not yet told. */
struct listing {
  int used;
  int descriptor;
  char *memory; /* the entries, then the table of them */
  size_t mapped;
  struct entry **table;
  size_t count;
  size_t at;
};

static struct listing listings[DIRECTORIES];
static int busy;

static void lock(void) {
  while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE)) raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static void unlock(void) { __atomic_store_n(&busy, 0, __ATOMIC_RELEASE); }

static int after(const struct entry *one, const struct entry *other) {
  const unsigned char *a = (const unsigned char *)one->name, *b = (const unsigned char *)other->name;
  while (*a && *a == *b) a++, b++;
  return *a > *b;
}

/* Heap sort: no recursion, no memory. */
static void sift(struct entry **table, size_t root, size_t end) {
  for (;;) {
    size_t child = 2 * root + 1;
    if (child >= end) return;
    if (child + 1 < end && after(table[child + 1], table[child])) child++;
    if (!after(table[child], table[root])) return;
    struct entry *swap = table[root];
    table[root] = table[child];
    table[child] = swap;
    root = child;
  }
}

static void sort(struct entry **table, size_t count) {
  for (size_t root = count / 2; root-- > 0;) sift(table, root, count);
  for (size_t end = count; end-- > 1;) {
    struct entry *swap = table[0];
    table[0] = table[end];
    table[end] = swap;
    sift(table, 0, end);
  }
}

static void forget(struct listing *listing) {
  raw(SYS_munmap, (long)listing->memory, (long)listing->mapped, 0, 0, 0, 0);
  listing->used = 0;
}

/* Read a whole directory; 0, or a negative error number. */
static long list(struct listing *listing, int descriptor) {
  size_t mapped = LISTING_LIMIT + LISTING_LIMIT / 3; /* an entry has 24 bytes at least, its address 8 */
  long memory = raw(SYS_mmap, 0, (long)mapped, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory < 0 && memory > -4096) return memory;
  *listing = (struct listing){.used = 1, .descriptor = descriptor, .memory = (char *)memory, .mapped = mapped};
  listing->table = (struct entry **)(memory + LISTING_LIMIT);
  size_t filled = 0;
  for (;;) {
    size_t left = LISTING_LIMIT - filled;
    long got = raw(SYS_getdents64, descriptor, memory + (long)filled, left < 65536 ? (long)left : 65536, 0, 0, 0);
    if (got < 0) {
      forget(listing);
      return got;
    }
    if (!got) break;
    for (long at = 0; at < got; at += ((struct entry *)(memory + (long)filled + at))->size)
      listing->table[listing->count++] = (struct entry *)(memory + (long)filled + at);
    filled += (size_t)got;
  }
  sort(listing->table, listing->count);
  return 0;
}

static struct listing *find(int descriptor, int want_free) {
  for (int at = 0; at < DIRECTORIES; at++)
    if (listings[at].used && listings[at].descriptor == descriptor) return &listings[at];
  for (int at = 0; want_free && at < DIRECTORIES; at++)
    if (!listings[at].used) return &listings[at];
  return NULL;
}

/* As getdents64, in order of the names. Starting over is understood, going back halfway is not. */
static long tell(int descriptor, char *out, size_t room) {
  long position = raw(SYS_lseek, descriptor, 0, 1 /* SEEK_CUR */, 0, 0, 0);
  struct listing *listing = find(descriptor, position == 0);
  if (position == 0) {
    if (!listing) return -ENOMEM;
    if (listing->used) forget(listing); /* closed before its end, or started over */
    long failed = list(listing, descriptor);
    if (failed) return failed;
  } else if (!listing) {
    return raw(SYS_getdents64, descriptor, (long)out, (long)room, 0, 0, 0);
  }
  size_t written = 0;
  while (listing->at < listing->count) {
    const struct entry *entry = listing->table[listing->at];
    if (written + entry->size > room) return written ? (long)written : -EINVAL;
    struct entry *copy = memcpy(out + written, entry, entry->size);
    copy->inode = FIXED_INODE;
    copy->next = (int64_t)++listing->at;
    /* Behind the name there is padding, and the kernel does not clear it. */
    size_t end = offsetof(struct entry, name);
    while (((char *)copy)[end]) end++;
    memset((char *)copy + end, 0, entry->size - end);
    written += entry->size;
  }
  if (!written) forget(listing);
  return (long)written;
}

static long answer(long number, const long *a) {
  long result;
  switch (number) {
    case SYS_getrandom:
      fill((unsigned char *)a[0], (size_t)a[1]);
      return a[1];
    case SYS_rt_sigaction: /* of SIGSYS only, see the filter: ours stays */
      if (a[2]) memset((void *)a[2], 0, 24 + 8);
      return 0;
    case SYS_getdents64:
      lock();
      result = tell((int)a[0], (char *)a[1], (size_t)(unsigned)a[2]);
      unlock();
      return result;
    case SYS_statx:
      result = raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
      if (result == 0) even_statx((struct statx *)a[4]);
      return result;
  }
  return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void trapped(int signal, siginfo_t *information, void *context) {
  (void)signal;
  (void)information;
  mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
#if defined(__x86_64__)
  /* r8 to r15, rdi, rsi, rbp, rbx, rdx, rax: the order of the kernel's sigcontext */
  long *r = (long *)machine;
  const long arguments[6] = {r[8], r[9], r[12], r[2], r[0], r[1]};
  r[13] = answer(r[13], arguments);
#else
  long *x = (long *)machine->regs;
  const long arguments[6] = {x[0], x[1], x[2], x[3], x[4], x[5]};
  x[0] = answer(x[8], arguments);
#endif
}

/* --- the filter ----------------------------------------------------------------------------- */

#define LOAD(field) {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, field)}
#define LOAD_HIGH(field) {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, field) + 4}
#define WHEN(value, then, otherwise) {BPF_JMP | BPF_JEQ | BPF_K, then, otherwise, value}
#define RETURN(value) {BPF_RET | BPF_K, 0, 0, value}
#define CATCH(number) WHEN(number, 0, 1), RETURN(SECCOMP_RET_TRAP)

struct kernel_action {
  void (*handler)(int, siginfo_t *, void *);
  unsigned long flags;
  void (*restorer)(void);
  unsigned long mask;
};

/* Seal the calling thread and those it starts. 0, or the number of the error that prevents it. */
PUBLIC int hyperhost_seal(void) {
  const uint64_t ours = (uint64_t)(uintptr_t)raw_return;
  struct sock_filter program[] = {
      LOAD(arch),
      WHEN(ARCHITECTURE, 1, 0),
      RETURN(SECCOMP_RET_ALLOW),
      LOAD(instruction_pointer),
      WHEN((uint32_t)ours, 0, 3),
      LOAD_HIGH(instruction_pointer),
      WHEN((uint32_t)(ours >> 32), 0, 1),
      RETURN(SECCOMP_RET_ALLOW),
      LOAD(nr),
      CATCH(SYS_getrandom),
      CATCH(SYS_getdents64),
      CATCH(SYS_statx),
      WHEN(SYS_rt_sigaction, 0, 3),
      LOAD(args[0]),
      CATCH(SIGSYS),
      RETURN(SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = {sizeof program / sizeof *program, program};
  struct kernel_action action = {.handler = trapped, .flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
#if defined(__x86_64__)
  action.flags |= 0x04000000; /* SA_RESTORER */
  action.restorer = restorer;
#endif
  long failed = raw(SYS_rt_sigaction, SIGSYS, (long)&action, 0, 8, 0, 0);
  if (!failed) failed = raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
  if (!failed) failed = raw(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (long)&filter, 0, 0, 0);
  return (int)-failed;
}
