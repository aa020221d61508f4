#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "apps/bench_paths.hpp"
#include "core/path_table.hpp"

/// Tables of paths as files: `spiketape bench --paths --device cuda --json FILE` writes one,
/// --path-table FILE reads it.
namespace spiketape::apps {

/// How a table names its device: what the maker calls the card, or "cpu".
std::string table_device(Device device);

/// {"kind": "spiketape paths", "device", "deterministic", "batch", "steps", "inputs", "repeats",
/// "rows": [{"width", "density", "forward_ms", "scatter_ms", "sample_ms"}]}; each time is an object
/// of one number for each path.
nlohmann::ordered_json to_json(const MeasuredPaths& measured);

/// Reads the rows of such a file, each with the path that was fastest there, for use on `card` in
/// the mode that deterministic() says.
/// @throws DataError when the file is not there, not such a table, or measured on a card of another
/// name or in the other mode; names the file, the row and what was expected.
PathTable read_path_table(const std::string& file, Device card);

/// Makes it the table of this process; without a file, the built-in one.
void use_path_table(const std::string& file, Device card);

}  // namespace spiketape::apps
