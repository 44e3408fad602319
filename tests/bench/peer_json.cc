/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest read with simdjson on demand, its members in the order in which writers put them. */
#include "peer_json.h"

#include <cstdlib>
#include <simdjson.h>

using simdjson::ondemand::parser;

void *bench_simdjson_new(void)
{
    return new parser();
}

uint64_t bench_simdjson(void *opaque, const char *text, size_t n, size_t capacity)
{
    auto document = static_cast<parser *>(opaque)->iterate(text, n, capacity);
    auto object = document.get_object();
    if (uint64_t(object["schema_version"]) != 1) {
        std::abort();
    }
    uint64_t sum = uint64_t(object["epoch_ms"]);
    sum += uint64_t(object["checksum32"]);
    for (auto entry : object["entries"].get_array()) {
        auto members = entry.get_object();
        std::string_view id = members["object_id"].get_string();
        sum += id.size() + uint8_t(id.back());
        std::string_view first = members["key_range_start"].get_string();
        sum += 3 * first.size();
        std::string_view last = members["key_range_end"].get_string();
        sum += 5 * last.size();
    }
    return sum;
}
