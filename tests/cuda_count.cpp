/* The counter of tests/cuda_count.h, and a search for races: two threads of a launch or two
   launches, one word, one of them writes, and no barrier between. It takes the place of gcc's
   library for -fsanitize=thread and is itself compiled without that flag: an atomic operation does
   not link. */
#include "cuda_count.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

enum : uint16_t { MANY = 0xFFFF };
enum : uint32_t { MANY_BLOCKS = 0xFFFFFFFF };

/* Who has touched a word: threads in an interval between barriers, blocks in a launch, launches
   between barriers of theirs; 0: none. */
struct cell {
    uint32_t interval, launch, writer_block, reader_block;
    uint16_t writer, reader;
    uint32_t epoch, wrote, read[2]; /* launches: the last one, the first and the last one */
};

/* A piece of global or shared memory. Its cells are words until an access is less than one. */
struct region {
    uintptr_t begin, end;
    bool shared;
    unsigned shift;
    cell *cells;
};

/* A static instruction and its accesses since the last barrier. */
struct site {
    const void *pc;
    unsigned size;
    bool write;
    uint32_t interval;
    std::vector<uint32_t> turns;                  /* executions of each thread */
    std::vector<std::vector<uintptr_t>> requests; /* of each warp: [turn][lane], 0: did not */
};

struct counter {
    std::vector<cuda_count> launches;
    std::map<std::string, size_t> sampled; /* by the beginning of a name */
    size_t sample;                         /* most blocks of the running launch; 0: all */
    cuda_count *kernel;                    /* of the running launch */
    std::vector<uint32_t> loads;           /* of each thread since the last barrier */
    uint64_t rounds;                       /* of the running block */
    std::vector<region> regions;           /* ascending */
    region *last;
    std::unordered_map<const void *, site> sites;
    site *recent[1024]; /* of these, by the last bits of the pc */
    std::vector<site *> touched;
    size_t threads, thread, block;
    uint32_t launch, interval, epoch; /* of these, the last; epoch 0: nobody tells of barriers */
    uint32_t first;                   /* launch behind the last call of cuda_count_races, or 0 */
    std::vector<const char *> names;  /* of all launches, which count from 1 */
    bool running;
    std::set<std::pair<const void *, char>> reported;
    std::string races, given;
};
counter c;

region *find(uintptr_t at) {
    if (c.last && at >= c.last->begin && at < c.last->end) return c.last;
    auto after = std::upper_bound(c.regions.begin(), c.regions.end(), at,
                                  [](uintptr_t x, const region &r) { return x < r.begin; });
    if (after == c.regions.begin() || at >= (after - 1)->end) return nullptr;
    return c.last = &*(after - 1);
}

void insert(void *p, size_t bytes, bool shared) {
    const uintptr_t begin = (uintptr_t)p & ~(uintptr_t)3, end = (uintptr_t)p + bytes;
    const region r = {begin, end, shared, 2,
                      static_cast<cell *>(calloc((end - begin + 3) / 4, sizeof(cell)))};
    auto after = std::upper_bound(c.regions.begin(), c.regions.end(), begin,
                                  [](uintptr_t x, const region &o) { return x < o.begin; });
    if (!r.cells) abort();
    c.regions.insert(after, r);
    c.last = nullptr;
}

void erase(void *p) {
    const uintptr_t begin = (uintptr_t)p & ~(uintptr_t)3;
    for (size_t i = 0; i < c.regions.size(); i++) {
        if (c.regions[i].begin != begin) continue;
        free(c.regions[i].cells);
        c.regions.erase(c.regions.begin() + (ptrdiff_t)i);
        break;
    }
    c.last = nullptr;
}

/* -- races -------------------------------------------------------------------------------- */

/* A cell for every byte instead of every word. */
void split(region &r) {
    const size_t words = (r.end - r.begin + 3) / 4;
    cell *bytes = static_cast<cell *>(malloc(4 * words * sizeof *bytes));
    if (!bytes) abort();
    for (size_t i = 0; i < 4 * words; i++) bytes[i] = r.cells[i / 4];
    free(r.cells);
    r.cells = bytes;
    r.shift = 0;
}

std::string line_of(const void *pc) {
    Dl_info library;
    char command[600], line[400] = "";
    if (!dladdr(pc, &library)) return "";
    snprintf(command, sizeof command, "addr2line -e '%s' %#zx", library.dli_fname,
             (size_t)((uintptr_t)pc - 1 - (uintptr_t)library.dli_fbase));
    FILE *pipe = popen(command, "r");
    if (!pipe) return "";
    if (!fgets(line, sizeof line, pipe)) line[0] = 0;
    pclose(pipe);
    line[strcspn(line, "\n(")] = 0;
    return line;
}

/* What the running thread (or its block) does with a word of `others`, by number + 1. */
void report(const site &s, const char *unit, size_t number, const char *done, size_t other) {
    char text[200];
    const bool many = other == MANY || other == MANY_BLOCKS;
    if (!c.reported.insert({s.pc, *unit}).second) return;
    snprintf(text, sizeof text, "%s: %s %zu %s what ", c.kernel->kernel, unit, number,
             s.write ? "writes" : "reads");
    c.races += text;
    if (many)
        snprintf(text, sizeof text, "several %ss have %s", unit, done);
    else
        snprintf(text, sizeof text, "%s %zu has %s", unit, other - 1, done);
    c.races += text;
    c.races += ", without a barrier: " + line_of(s.pc) + "\n";
}

/* The running launch does with the word at `at` what launch `other` must not see, or not yet. */
void report_launch(const site &s, const region &r, uintptr_t at, const char *done, uint32_t other) {
    char text[300];
    if (!c.reported.insert({s.pc, 'l'}).second) return;
    snprintf(text, sizeof text,
             "%s, launch %d, %s byte %zu of a buffer of %zu that %s, launch %d, has %s, ",
             c.names[c.launch - 1], (int)(c.launch - c.first), s.write ? "writes" : "reads",
             (size_t)(at - r.begin), (size_t)(r.end - r.begin), c.names[other - 1],
             (int)(other - c.first), done);
    c.races += text;
    c.races += "without a barrier: " + line_of(s.pc) + "\n";
}

void check_launches(cell &w, const site &s, const region &r, uintptr_t at) {
    if (w.epoch != c.epoch) w.epoch = c.epoch, w.wrote = w.read[0] = w.read[1] = 0;
    if (w.wrote && w.wrote != c.launch) report_launch(s, r, at, "written", w.wrote);
    if (s.write) {
        for (uint32_t reader : w.read)
            if (reader && reader != c.launch) report_launch(s, r, at, "read", reader);
        w.wrote = c.launch;
    } else {
        w.read[w.read[0] != 0] = c.launch;
    }
}

void check(cell &w, const site &s, bool shared) {
    const uint16_t thread = (uint16_t)(c.thread + 1);
    const uint32_t block = (uint32_t)(c.block + 1);
    if (w.interval != c.interval) w.interval = c.interval, w.writer = w.reader = 0;
    if (w.launch != c.launch) w.launch = c.launch, w.writer_block = w.reader_block = 0;
    if (w.writer && w.writer != thread) report(s, "thread", c.thread, "written", w.writer);
    if (s.write && w.reader && w.reader != thread) report(s, "thread", c.thread, "read", w.reader);
    if (!shared && w.writer_block && w.writer_block != block)
        report(s, "block", c.block, "written", w.writer_block);
    if (!shared && s.write && w.reader_block && w.reader_block != block)
        report(s, "block", c.block, "read", w.reader_block);
    if (s.write) {
        w.writer = thread;
        w.writer_block = block;
    } else {
        w.reader = !w.reader || w.reader == thread ? thread : (uint16_t)MANY;
        w.reader_block = !w.reader_block || w.reader_block == block ? block : (uint32_t)MANY_BLOCKS;
    }
}

/* -- requests ------------------------------------------------------------------------------- */

/* Numbers of pieces of memory, each once, with the bytes of it that are asked for. */
struct pieces {
    uintptr_t number[64];
    uint32_t bytes[64];
    size_t n;

    size_t place(uintptr_t x) {
        for (size_t i = n; i > 0; i--)
            if (number[i - 1] == x) return i - 1;
        number[n] = x;
        bytes[n] = 0;
        return n++;
    }
};

void count_global(cuda_traffic &t, const uintptr_t *at, size_t lanes, unsigned size) {
    pieces sectors, lines;
    sectors.n = lines.n = 0;
    for (size_t i = 0; i < lanes; i++)
        for (uintptr_t x = at[i], end = at[i] + size; x < end;) {
            const uintptr_t stop = std::min(end, (x | 31) + 1);
            const uint32_t mask = stop - x == 32 ? ~0u : ((1u << (stop - x)) - 1) << (x & 31);
            sectors.bytes[sectors.place(x / 32)] |= mask;
            lines.place(x / 128);
            x = stop;
        }
    t.requests++;
    t.sectors += sectors.n;
    t.lines += lines.n;
    for (size_t i = 0; i < sectors.n; i++)
        t.bytes += (unsigned)__builtin_popcount(sectors.bytes[i]);
}

/* The distinct words of the bank that has most of them. */
size_t wavefronts(const uintptr_t *at, size_t lanes, unsigned size) {
    uintptr_t words[32][32]; /* of each bank: at most one a lane */
    uint8_t n[32] = {0};
    size_t worst = 0;
    for (size_t i = 0; i < lanes; i++)
        for (uintptr_t word = at[i] / 4; word <= (at[i] + size - 1) / 4; word++) {
            const size_t bank = word % 32;
            size_t k = 0;
            while (k < n[bank] && words[bank][k] != word) k++;
            if (k < n[bank]) continue;
            words[bank][n[bank]++] = word;
            worst = std::max(worst, k + 1);
        }
    return worst;
}

void count_request(const site &s, const uintptr_t *lane) {
    uintptr_t global[32], shared[32];
    size_t globals = 0, waves = 0, any = 0;
    const size_t group = s.size <= 4 ? 32 : s.size <= 8 ? 16 : 8;
    for (size_t first = 0; first < 32; first += group) {
        size_t n = 0;
        for (size_t i = first; i < first + group; i++) {
            if (!lane[i]) continue;
            if (find(lane[i])->shared)
                shared[n++] = lane[i];
            else
                global[globals++] = lane[i];
        }
        if (n) waves += wavefronts(shared, n, s.size);
        any += n;
    }
    if (globals) count_global(s.write ? c.kernel->store : c.kernel->load, global, globals, s.size);
    if (!any) return;
    cuda_banks &banks = s.write ? c.kernel->shared_store : c.kernel->shared_load;
    banks.requests++;
    banks.wavefronts += waves;
}

void count_requests(site &s) {
    for (std::vector<uintptr_t> &warp : s.requests) {
        for (size_t i = 0; i < warp.size(); i += 32) count_request(s, &warp[i]);
        warp.clear();
    }
}

site &site_of(const void *pc, unsigned size, bool write) {
    site *&recent = c.recent[(uintptr_t)pc % 1024];
    if (recent && recent->pc == pc) return *recent;
    recent = &c.sites[pc];
    recent->pc = pc;
    recent->size = size;
    recent->write = write;
    return *recent;
}

void access(const void *p, unsigned size, bool write, const void *pc) {
    const uintptr_t at = (uintptr_t)p;
    region *r = c.running ? find(at) : nullptr;
    if (!r) return; /* of the thread alone, or of the driver */
    site &s = site_of(pc, size, write);
    c.loads[c.thread] += !write && !r->shared;
    if (s.interval != c.interval) {
        s.interval = c.interval;
        s.turns.assign(c.threads, 0);
        s.requests.resize(std::max(s.requests.size(), (c.threads + 31) / 32));
        c.touched.push_back(&s);
    }
    std::vector<uintptr_t> &warp = s.requests[c.thread / 32];
    const size_t turn = s.turns[c.thread]++;
    if (warp.size() <= 32 * turn) warp.resize(32 * (turn + 1));
    warp[32 * turn + c.thread % 32] = at;
    if (r->shift && (size < 4 || at % 4)) split(*r);
    for (uintptr_t i = (at - r->begin) >> r->shift; i <= (at + size - 1 - r->begin) >> r->shift;
         i++) {
        check(r->cells[i], s, r->shared);
        if (c.epoch && !r->shared) check_launches(r->cells[i], s, *r, r->begin + (i << r->shift));
    }
}

void access_words(const void *p, size_t bytes, bool write, const void *pc) {
    const char *at = static_cast<const char *>(p);
    for (; bytes >= 4; bytes -= 4, at += 4) access(at, 4, write, pc);
    for (; bytes > 0; bytes--, at++) access(at, 1, write, pc);
}
} // namespace

/* -- what the driver tells ---------------------------------------------------------------- */

namespace nc_count {
void memory(void *p, size_t bytes) {
    if (p) insert(p, bytes, false);
}
void forget(void *p) { erase(p); }
void launch(const char *kernel, size_t threads) {
    c.launches.emplace_back();
    c.kernel = &c.launches.back();
    snprintf(c.kernel->kernel, sizeof c.kernel->kernel, "%s", kernel);
    c.kernel->launches = 1;
    c.kernel->threads = threads;
    c.threads = threads;
    c.loads.assign(threads, 0);
    c.launch++;
    c.names.push_back(kernel);
    c.sample = 0;
    for (const auto &k : c.sampled)
        if (!strncmp(kernel, k.first.c_str(), k.first.size())) c.sample = k.second;
}
void launch_ends(size_t blocks) {
    const size_t first = offsetof(cuda_count, blocks), n = (sizeof(cuda_count) - first) / 8;
    const uint64_t ran = c.kernel->blocks;
    uint64_t number[sizeof(cuda_count) / 8];
    memcpy(number, (const char *)c.kernel + first, 8 * n);
    for (size_t i = 0; i < n; i++) number[i] = number[i] * blocks / ran;
    memcpy((char *)c.kernel + first, number, 8 * n);
}
void shared(char *fixed, size_t fixed_bytes, char *dynamic, size_t dynamic_bytes) {
    std::vector<void *> old;
    for (const region &r : c.regions)
        if (r.shared) old.push_back((void *)r.begin);
    for (void *p : old) erase(p);
    if (fixed_bytes) insert(fixed, fixed_bytes, true);
    if (dynamic_bytes) insert(dynamic, dynamic_bytes, true);
}
bool wanted(size_t index, size_t blocks) {
    const size_t most = c.sample && c.sample < blocks ? c.sample : blocks;
    return index * most / blocks != (index + 1) * most / blocks;
}
int fresh() { return c.sampled.empty() ? 0xFF : 0; }
void block(size_t index) {
    c.block = index;
    c.kernel->blocks++;
    c.interval++;
    c.rounds = 0;
    c.running = true;
}
void thread(size_t index) { c.thread = index; }
void interval_ends(bool at_barrier) {
    for (site *s : c.touched) count_requests(*s);
    c.touched.clear();
    c.interval++;
    c.kernel->barriers += at_barrier;
    c.running = at_barrier;
    c.rounds += (*std::max_element(c.loads.begin(), c.loads.end()) + 7) / 8;
    std::fill(c.loads.begin(), c.loads.end(), 0);
    if (!at_barrier) c.kernel->rounds = std::max(c.kernel->rounds, c.rounds);
}
void fma() {
    if (c.running) c.kernel->fmas++;
}
void wide() {
    if (c.running) c.kernel->wide++;
}
} // namespace nc_count

/* -- what the compiler calls, and what a test asks ------------------------------------------ */

#define PC __builtin_return_address(0)
#define ACCESSES(n)                                                                                \
    void __tsan_read##n(void *p) { access(p, n, false, PC); }                                      \
    void __tsan_write##n(void *p) { access(p, n, true, PC); }                                      \
    void __tsan_unaligned_read##n(void *p) { access(p, n, false, PC); }                            \
    void __tsan_unaligned_write##n(void *p) { access(p, n, true, PC); }

extern "C" {
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
void __tsan_read_range(void *p, size_t bytes) { access_words(p, bytes, false, PC); }
void __tsan_write_range(void *p, size_t bytes) { access_words(p, bytes, true, PC); }
void __tsan_init(void) {}

size_t cuda_count_take(cuda_count *out, size_t most) {
    std::map<std::string, cuda_count> kernels;
    size_t n = 0;
    for (const cuda_count &l : c.launches) {
        cuda_count &sum = kernels[l.kernel];
        memcpy(sum.kernel, l.kernel, sizeof sum.kernel);
        cuda_count_add(&sum, &l);
    }
    for (auto &k : kernels)
        if (n < most) out[n++] = k.second;
    c.launches.clear();
    return n;
}
size_t cuda_count_launches(cuda_count *out, size_t most) {
    for (size_t i = 0; i < std::min(most, c.launches.size()); i++) out[i] = c.launches[i];
    return c.launches.size();
}
void cuda_count_sample(const char *kernels, size_t blocks) {
    if (blocks)
        c.sampled[kernels] = blocks;
    else
        c.sampled.erase(kernels);
}
void cuda_count_barrier(void) { c.epoch++; }
const char *cuda_count_races(void) {
    c.given.swap(c.races);
    c.races.clear();
    c.reported.clear();
    c.first = c.launch + 1;
    return c.given.c_str();
}
}
