#include "core/path_table.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"

using namespace spiketape;

namespace {

constexpr SynapsePath kEvent = SynapsePath::event;
constexpr SynapsePath kSparse = SynapsePath::cusparse;
constexpr SynapsePath kDense = SynapsePath::cublas;

/// 100 and 1,000 neurons at 1 and 10 %.
PathTable grid() {
  return {.rows = {{100, 0.01, kEvent, kEvent},
                   {100, 0.1, kSparse, kEvent},
                   {1000, 0.01, kEvent, kSparse},
                   {1000, 0.1, kDense, kDense}}};
}

/// Which row of the grid is nearest.
std::pair<std::int64_t, double> nearest(std::int64_t width, double density) {
  const PathTable table = grid();
  const PathTable::Row& row = table.nearest(width, density);
  return {row.width, row.density};
}

using Place = std::pair<std::int64_t, double>;

}  // namespace

TEST_CASE("the nearest row is found by ratios of width and of density") {
  CHECK(nearest(100, 0.01) == Place{100, 0.01});
  CHECK(nearest(1000, 0.1) == Place{1000, 0.1});
  // Half way is the geometric mean: 316.2 neurons, a density of 0.0316.
  CHECK(nearest(316, 0.01).first == 100);
  CHECK(nearest(317, 0.01).first == 1000);
  CHECK(nearest(100, 0.0316).second == 0.01);
  CHECK(nearest(100, 0.0317).second == 0.1);
}

TEST_CASE("outside of what was measured the edge holds") {
  CHECK(nearest(1, 1e-9) == Place{100, 0.01});
  CHECK(nearest(65535, 40.0) == Place{1000, 0.1});
  CHECK(nearest(0, 0.0) == Place{100, 0.01});
  CHECK(nearest(5, 1.0) == Place{100, 0.1});
}

TEST_CASE("between rows at one distance the first is taken, and one row is always nearest") {
  const PathTable twice{.rows = {{64, 0.5, kSparse, kEvent}, {64, 0.5, kDense, kDense}}};
  CHECK(twice.nearest(64, 0.5).scatter == kSparse);
  const PathTable one{.rows = {{64, 0.5, kSparse, kDense}}};
  for (const std::int64_t width : {0, 1, 60000})
    for (const double density : {0.0, 1e-30, 1.0, 1e30})
      CHECK(one.nearest(width, density).sample == kDense);
}

TEST_CASE("the built-in table is the reckoned rule: cuBLAS above half of the places") {
  const PathTable table = reckoned_path_table();
  CHECK(table.least_weights == 4096);
  for (const std::int64_t width : {1, 10, 200, 60000}) {
    for (const double density : {0.0, 0.01, 0.25, 0.499, 0.5}) {
      CAPTURE(density);
      CHECK(table.nearest(width, density).scatter == kEvent);
      CHECK(table.nearest(width, density).sample == kEvent);
    }
    for (const double density : {0.501, 0.75, 1.0, 2.0}) {
      CAPTURE(density);
      CHECK(table.nearest(width, density).scatter == kDense);
      CHECK(table.nearest(width, density).sample == kDense);
    }
  }
}

TEST_CASE("a table is taken over whole, and one that makes no sense not at all") {
  const std::vector<PathTable::Row> wrong_rows = {
      {0, 0.1, kEvent, kEvent},
      {10, 0.0, kEvent, kEvent},
      {10, std::numeric_limits<double>::quiet_NaN(), kEvent, kEvent},
      {10, std::numeric_limits<double>::infinity(), kEvent, kEvent},
      {10, 0.1, SynapsePath::automatic, kEvent},
      {10, 0.1, kEvent, SynapsePath::gemm}};
  set_path_table(grid());
  CHECK_THROWS_WITH_AS(set_path_table({}), doctest::Contains("expected rows"), Error);
  for (const PathTable::Row& row : wrong_rows)
    CHECK_THROWS_WITH_AS(set_path_table({.rows = {grid().rows[0], row}}),
                         doctest::Contains("path table: row 1: expected"),
                         Error);
  CHECK(path_table()->rows.size() == 4);
  set_path_table(reckoned_path_table());
  CHECK(path_table()->rows.size() == 2);
}
