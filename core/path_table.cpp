#include "core/path_table.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

/// Less than one entry in any batch: a logarithm needs a number above 0.
constexpr double kLeastDensity = 1e-12;

bool is_of_a_card(SynapsePath path) {
  return path == SynapsePath::event || path == SynapsePath::cusparse || path == SynapsePath::cublas;
}

struct Current {
  std::mutex mutex;
  std::shared_ptr<const PathTable> table = std::make_shared<const PathTable>(reckoned_path_table());
};

Current& current() {
  static Current current;
  return current;
}

}  // namespace

const PathTable::Row& PathTable::nearest(std::int64_t width, double density) const {
  const auto squared_log = [](double ratio) { return std::log(ratio) * std::log(ratio); };
  const double asked_width = static_cast<double>(std::max<std::int64_t>(width, 1));
  const double asked_density = std::max(density, kLeastDensity);
  const auto distance = [&](const Row& row) {
    return squared_log(asked_width / static_cast<double>(row.width)) +
           squared_log(asked_density / row.density);
  };
  return *std::min_element(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    return distance(a) < distance(b);
  });
}

// Half way from 0.25 to 1 is 0.5, by ratio; the width does not matter.
PathTable reckoned_path_table() {
  return {.rows = {{1, 0.25, SynapsePath::event, SynapsePath::event},
                   {1, 1.0, SynapsePath::cublas, SynapsePath::cublas}},
          .least_weights = 4096};
}

void set_path_table(PathTable table) {
  if (table.rows.empty()) throw Error("path table: expected rows, got none");
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const PathTable::Row& row = table.rows[i];
    if (row.width < 1 || !(row.density > 0.0) || !std::isfinite(row.density) ||
        !is_of_a_card(row.scatter) || !is_of_a_card(row.sample))
      throw Error(
          fmt::format("path table: row {}: expected a width of 1 or more, a density above 0 and "
                      "the paths event, cusparse or cublas; got {}, {}, {} and {}",
                      i,
                      row.width,
                      row.density,
                      to_string(row.scatter),
                      to_string(row.sample)));
  }
  auto shared = std::make_shared<const PathTable>(std::move(table));
  const std::lock_guard lock(current().mutex);
  current().table.swap(shared);
}

std::shared_ptr<const PathTable> path_table() {
  const std::lock_guard lock(current().mutex);
  return current().table;
}

}  // namespace spiketape
