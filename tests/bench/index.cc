/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block index against absl::flat_hash_map, a sorted array, and Rust's BTreeMap behind a lock if
 * there is a Rust compiler: chains of 512 blocks, of which the first L are looked up, all present or
 * the first half; and inserts.
 *
 *     bench_index BLOCKS...
 *
 * A question's hashes are in the cache before the clock starts, the tables are not. Each round asks
 * every contender the same questions, in turn; printed are ns a hash, and the median of the rounds'
 * ratios to each peer (below 1: ours is faster).
 */
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "bench.h"
#include "wombatkv/index.h"

#ifdef HAVE_BTREE
extern "C" {
void *btree_new(void);
void btree_insert(void *map, const uint8_t *key, uint64_t value);
uint32_t btree_prefix(const void *map, const uint8_t *keys, uint32_t count, uint64_t *sink);
void btree_free(void *map);
}
#endif

namespace
{

constexpr uint32_t CHAIN = 512, QUESTIONS = 32, ROUNDS = 11;

struct Key {
    uint8_t bytes[32];
    bool operator==(const Key &other) const
    {
        return std::memcmp(bytes, other.bytes, 32) == 0;
    }
    bool operator<(const Key &other) const
    {
        return std::memcmp(bytes, other.bytes, 32) < 0;
    }
};

struct FirstBytes {
    size_t operator()(const Key &key) const
    {
        size_t v;
        std::memcpy(&v, key.bytes, sizeof v);
        return v;
    }
};

/* Upstream's record without the key. */
struct Value {
    uint8_t bytes[104];
};

uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

Key key_of(uint64_t chain, uint64_t block)
{
    Key key;
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t word = mix((chain * CHAIN + block) * 4 + i);
        std::memcpy(key.bytes + 8 * i, &word, 8);
    }
    return key;
}

using Map = absl::flat_hash_map<Key, Value, FirstBytes>;
using Sorted = std::vector<std::pair<Key, Value>>;

struct Table {
    std::unique_ptr<uint8_t, void (*)(void *)> memory{nullptr, std::free};
    wmbt_index_writer writer;
};

/* Everybody's tables with the same blocks. */
struct Field {
    uint64_t chains;
    Table open, closed;
    Map map;
    Sorted sorted;
    void *btree;
};

void fail(const char *what)
{
    std::fprintf(stderr, "bench_index: %s\n", what);
    std::exit(1);
}

void start(Table &table, uint64_t blocks, bool prefix_closed)
{
    size_t bytes = WMBT_INDEX_BYTES(blocks, 1);
    bytes = (bytes + 63) / 64 * 64;
    table.memory.reset(static_cast<uint8_t *>(std::aligned_alloc(64, bytes)));
    wmbt_index_config config;
    config.capacity = static_cast<uint32_t>(blocks);
    config.contexts = 1;
    config.seed = 0;
    config.prefix_closed = prefix_closed;
    if (table.memory == nullptr || wmbt_index_init(wmbt_buf_of(table.memory.get(), bytes), &config,
                                                   &table.writer) != WMBT_OK) {
        fail("no memory");
    }
}

void insert(Table &table, uint64_t block, const Key &key, const Key &parent)
{
    wmbt_block_meta meta;
    std::memset(&meta, 0, sizeof meta);
    if (block != 0) {
        std::memcpy(meta.parent_hash.bytes, parent.bytes, 32);
    }
    meta.block_seq = static_cast<uint32_t>(block);
    wmbt_block_hash hash;
    std::memcpy(hash.bytes, key.bytes, 32);
    if (wmbt_index_insert(&table.writer, &hash, &meta, block) != WMBT_OK) {
        fail("an insert failed");
    }
}

/* Calls f(block, key, key of the block before) for all blocks: 32 prompts at a time, 16 blocks of
 * each in turn. */
template <typename F> double each_block(uint64_t chains, F f)
{
    double start = bench_now();
    for (uint64_t first = 0; first < chains; first += 32) {
        for (uint64_t run = 0; run < CHAIN; run += 16) {
            for (uint64_t c = first; c < std::min(first + 32, chains); c++) {
                for (uint64_t b = run; b < run + 16; b++) {
                    f(b, key_of(c, b), key_of(c, b - 1));
                }
            }
        }
    }
    return (bench_now() - start) / static_cast<double>(chains * CHAIN);
}

void fill(Field &field)
{
    const uint64_t blocks = field.chains * CHAIN;
    uint64_t sink = 0;
    Value value = {};
    double empty = each_block(field.chains, [&](uint64_t, const Key &k, const Key &parent) {
        sink += k.bytes[0] + parent.bytes[0];
    });
    start(field.open, blocks, false);
    start(field.closed, blocks, true);
    double ours = each_block(field.chains, [&](uint64_t b, const Key &k, const Key &parent) {
        insert(field.open, b, k, parent);
    });
    (void)each_block(field.chains, [&](uint64_t b, const Key &k, const Key &parent) {
        insert(field.closed, b, k, parent);
    });
    double absl = each_block(field.chains, [&](uint64_t, const Key &k, const Key &parent) {
        sink += parent.bytes[0];
        field.map.emplace(k, value);
    });
    field.sorted.reserve(blocks);
    (void)each_block(field.chains, [&](uint64_t, const Key &k, const Key &) {
        field.sorted.emplace_back(k, value);
    });
    std::sort(field.sorted.begin(), field.sorted.end(),
              [](const auto &a, const auto &b) { return a.first < b.first; });
    std::printf("%10llu blocks, insert: %6.1f ns, %.3f of absl",
                static_cast<unsigned long long>(blocks), ours - empty,
                (ours - empty) / (absl - empty));
#ifdef HAVE_BTREE
    field.btree = btree_new();
    double btree = each_block(field.chains, [&](uint64_t b, const Key &k, const Key &parent) {
        sink += parent.bytes[0];
        btree_insert(field.btree, k.bytes, b);
    });
    std::printf(", %.3f of BTreeMap", (ours - empty) / (btree - empty));
#endif
    std::printf(" (%.1f bytes a block%s)\n",
                static_cast<double>(WMBT_INDEX_BYTES(blocks, 1)) / static_cast<double>(blocks),
                sink == 0 ? "" : "");
}

/* Questions of one round. */
struct Asked {
    uint32_t length;
    std::vector<wmbt_block_hash> hashes; /* QUESTIONS x length */
};

Asked ask(const Field &field, uint32_t length, bool half, uint64_t seed)
{
    Asked asked{length, std::vector<wmbt_block_hash>(QUESTIONS * length)};
    for (uint32_t q = 0; q < QUESTIONS; q++) {
        uint64_t chain = mix(seed * QUESTIONS + q) % field.chains;
        for (uint32_t i = 0; i < length; i++) {
            bool present = !half || i < length / 2;
            Key key = key_of(present ? chain : chain + (UINT64_C(1) << 40), i);
            std::memcpy(asked.hashes[q * length + i].bytes, key.bytes, 32);
        }
    }
    return asked;
}

uint64_t sink;

template <typename F> double time_questions(const Asked &asked, uint32_t want, F f)
{
    for (const auto &hash : asked.hashes) {
        sink += hash.bytes[0];
    }
    double start = bench_now();
    bool right = true;
    for (uint32_t q = 0; q < QUESTIONS; q++) {
        right = f(&asked.hashes[q * asked.length]) == want && right;
    }
    double took = bench_now() - start;
    if (!right) {
        fail("a wrong answer");
    }
    return took / QUESTIONS;
}

uint32_t map_prefix(const Map &map, const wmbt_block_hash *hashes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        auto at = map.find(*reinterpret_cast<const Key *>(hashes + i));
        if (at == map.end()) {
            return i;
        }
        sink += at->second.bytes[0];
    }
    return count;
}

uint32_t sorted_prefix(const Sorted &sorted, const wmbt_block_hash *hashes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const Key &key = *reinterpret_cast<const Key *>(hashes + i);
        auto at = std::lower_bound(sorted.begin(), sorted.end(), key,
                                   [](const auto &a, const Key &b) { return a.first < b; });
        if (at == sorted.end() || !(at->first == key)) {
            return i;
        }
        sink += at->second.bytes[0];
    }
    return count;
}

double median(std::vector<double> v)
{
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

void run_case(const Field &field, uint32_t length, bool half)
{
    enum { EXACT, LIKELY, BISECT, ABSL, SORTED, BTREE, CONTENDERS };
    std::vector<double> times[CONTENDERS];
    const uint32_t want = half ? length / 2 : length;
    const wmbt_index *open = &field.open.writer.index, *closed = &field.closed.writer.index;
    static uint64_t seed;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t turn = 0; turn < CONTENDERS; turn++) {
            const Asked asked =
                ask(field, length, half, seed++); /* of its own: the lines are cold */
            const uint32_t which = (turn + round) % CONTENDERS;
            double t = time_questions(asked, want, [&](const wmbt_block_hash *h) {
                switch (which) {
                case EXACT: return wmbt_index_longest_prefix(open, h, length);
                case LIKELY: return wmbt_index_likely_prefix(open, h, length);
                case BISECT: return wmbt_index_chain_prefix(closed, h, length);
                case ABSL: return map_prefix(field.map, h, length);
                case SORTED: return sorted_prefix(field.sorted, h, length);
                default:
#ifdef HAVE_BTREE
                    return btree_prefix(field.btree, h->bytes, length, &sink);
#else
                    return want;
#endif
                }
            });
            times[which].push_back(t);
        }
    }
    static const char *const names[] = {"exact", "likely", "bisect"};
    for (uint32_t i = EXACT; i <= BISECT; i++) {
        std::vector<double> ratio[3];
        for (uint32_t round = 0; round < ROUNDS; round++) {
            for (uint32_t peer = 0; peer < 3; peer++) {
                ratio[peer].push_back(times[i][round] / times[ABSL + peer][round]);
            }
        }
        std::printf(
            "%10llu blocks, L=%3u %-4s %-6s: %8.2f ns a hash, %.4f of absl, %.4f of a sorted array",
            static_cast<unsigned long long>(field.chains * CHAIN), length, half ? "half" : "all",
            names[i], median(times[i]) / length, median(ratio[0]), median(ratio[1]));
#ifdef HAVE_BTREE
        std::printf(", %.4f of BTreeMap", median(ratio[2]));
#endif
        std::printf("\n");
    }
}

void run_field(uint64_t blocks)
{
    Field field{};
    field.chains = std::max<uint64_t>(1, blocks / CHAIN);
    fill(field);
    for (uint32_t length : {8u, 64u, 512u}) {
        run_case(field, length, false);
        run_case(field, length, true);
    }
#ifdef HAVE_BTREE
    btree_free(field.btree);
#endif
}

} /* namespace */

int main(int count, char **argument)
{
    for (int i = 1; i < count; i++) {
        run_field(std::strtoull(argument[i], nullptr, 10));
    }
    if (count == 1) {
        run_field(10000);
        run_field(1000000);
    }
    std::printf("%s", sink == 1 ? " " : "");
    return 0;
}
