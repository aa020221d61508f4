#include "apps/path_table_file.hpp"

#include <cmath>
#include <cstdint>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/cuda_backend.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kKind = "spiketape paths";
constexpr const char* kRemedy =
    "measure one here: spiketape bench --paths --device cuda --json FILE";

[[noreturn]] void wrong(const std::string& file, const std::string& what) {
  throw DataError(fmt::format("{}: {}", file, what));
}

Json read_json(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) wrong(file, "cannot be opened; expected a table of paths");
  try {
    return Json::parse(stream);
  } catch (const Json::exception& error) {
    wrong(file, fmt::format("is no table of paths: {}", error.what()));
  }
}

/// The member `key` of `object`, which `where` names.
const Json& member(const std::string& file,
                   const std::string& where,
                   const Json& object,
                   const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end())
    wrong(file, fmt::format("{}: expected '{}'", where, key));
  return *found;
}

double number(const std::string& file, const std::string& where, const Json& value) {
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    wrong(file, fmt::format("{}: expected a number, got {}", where, value.dump()));
  return value.get<double>();
}

/// The path whose time is least; on a tie the first.
SynapsePath fastest(const std::string& file, const std::string& where, const Json& times) {
  if (!times.is_object() || times.empty())
    wrong(file,
          fmt::format("{}: expected the milliseconds of each path, got {}", where, times.dump()));
  SynapsePath best = SynapsePath::event;
  double least = HUGE_VAL;
  for (const auto& [name, value] : times.items()) {
    if (name != "event" && name != "cusparse" && name != "cublas")
      wrong(file, fmt::format("{}: expected event, cusparse or cublas, got '{}'", where, name));
    const std::string place = fmt::format("{}, {}", where, name);
    const double ms = number(file, place, value);
    if (ms < 0.0) wrong(file, fmt::format("{}: expected 0 or more, got {}", place, ms));
    if (ms >= least) continue;
    least = ms;
    best = parse_synapse_path(name);
  }
  return best;
}

PathTable::Row read_row(const std::string& file, const std::string& where, const Json& row) {
  const double width = number(file, where + ", width", member(file, where, row, "width"));
  if (width < 1.0 || width > static_cast<double>(kMaxNeurons) || width != std::floor(width))
    wrong(
        file,
        fmt::format(
            "{}, width: expected a whole number from 1 to {}, got {}", where, kMaxNeurons, width));
  const double density = number(file, where + ", density", member(file, where, row, "density"));
  if (density <= 0.0)
    wrong(file, fmt::format("{}, density: expected more than 0, got {}", where, density));
  const auto best = [&](const char* key) {
    return fastest(file, where + ", " + key, member(file, where, row, key));
  };
  return {static_cast<std::int64_t>(width), density, best("scatter_ms"), best("sample_ms")};
}

void require_measured_here(const std::string& file, const Json& json, Device card) {
  const Json& device = member(file, "table", json, "device");
  if (device != table_device(card))
    wrong(file,
          fmt::format("was measured on {}, but {} is {}; {}",
                      device.dump(),
                      to_string(card),
                      table_device(card),
                      kRemedy));
  const Json& mode = member(file, "table", json, "deterministic");
  if (mode != deterministic())
    wrong(file,
          fmt::format("was measured {} --deterministic, but is used {}; the event paths differ, {}",
                      deterministic() ? "without" : "with",
                      deterministic() ? "with it" : "without it",
                      kRemedy));
}

}  // namespace

std::string table_device(Device device) {
  if constexpr (kCudaBuilt)
    if (device != kCpu) return cuda::card_name(device);
  return to_string(device);
}

nlohmann::ordered_json to_json(const MeasuredPaths& measured) {
  const PathGrid& grid = measured.grid;
  Json rows = Json::array();
  for (const PathMeasurement& row : measured.rows) {
    Json forward = Json::object();
    Json scatter = Json::object();
    Json sample = Json::object();
    for (const PathTimes& times : row.times) {
      const std::string path(to_string(times.path));
      forward[path] = times.forward;
      scatter[path] = times.scatter;
      sample[path] = times.sample;
    }
    rows.push_back({{"width", row.width},
                    {"density", row.density},
                    {"forward_ms", forward},
                    {"scatter_ms", scatter},
                    {"sample_ms", sample}});
  }
  return {{"kind", kKind},
          {"device", measured.device},
          {"deterministic", measured.deterministic},
          {"batch", grid.batch},
          {"steps", grid.steps},
          {"inputs", grid.inputs},
          {"repeats", grid.repeats},
          {"rows", rows}};
}

PathTable read_path_table(const std::string& file, Device card) {
  const Json json = read_json(file);
  if (!json.is_object() || json.value("kind", Json()) != kKind)
    wrong(file, fmt::format("is no table of paths: expected kind '{}'; {}", kKind, kRemedy));
  require_measured_here(file, json, card);
  const Json& rows = member(file, "table", json, "rows");
  if (!rows.is_array() || rows.empty()) wrong(file, "rows: expected a list of at least one");
  PathTable table;
  for (const Json& row : rows)
    table.rows.push_back(read_row(file, fmt::format("row {}", table.rows.size()), row));
  return table;
}

void use_path_table(const std::string& file, Device card) {
  set_path_table(file.empty() ? reckoned_path_table() : read_path_table(file, card));
}

}  // namespace spiketape::apps
