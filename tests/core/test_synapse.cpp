#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/sweep.hpp"
#include "core/synapse.hpp"

using namespace spiketape;

namespace {

const SpikeTensor kSource =
    SpikeTensor::from_events(1, 2, 3, std::vector<Event>{{0, 0, 1}, {0, 1, 2}});

}  // namespace

TEST_CASE("paths are read and written by name") {
  for (const SynapsePath path : kSynapsePaths) CHECK(parse_synapse_path(to_string(path)) == path);
  CHECK(to_string(SynapsePath::automatic) == "auto");
  CHECK(to_string(SynapsePath::cublas) == "cublas");
}

TEST_CASE("a text that names no path is an error that shows it and the names") {
  CHECK_THROWS_WITH_AS(parse_synapse_path("fast"),
                       "path: expected auto, event, gemm, cusparse or cublas, got 'fast'",
                       Error);
}

TEST_CASE("a linear synapse tells the path that was asked for") {
  CHECK(linear_synapse(3, 2)->path() == SynapsePath::automatic);
  CHECK(linear_synapse(3, 2, SynapsePath::cusparse)->path() == SynapsePath::cusparse);
}

TEST_CASE("the paths of a card are errors on the CPU that say what to do") {
  const Tensor weight = Tensor::full({3, 2}, 1.0f);
  for (const SynapsePath path : {SynapsePath::cusparse, SynapsePath::cublas}) {
    const auto synapse = linear_synapse(3, 2, path);
    const std::string message = "linear synapse: path " + std::string(to_string(path)) +
                                " needs --device cuda; use auto, event or gemm";
    CAPTURE(message);
    const CurrentView current{
        "fc", kCpu, 1, 2, 2, {{kSource, weight, *synapse, 1.0f}}, nullptr, {}};
    CHECK_THROWS_WITH_AS(cpu::dense_current(current), message.c_str(), BackendError);
    CHECK_FALSE(synapse->sums_weight_rows(kSource));  // a sweep that sums rows itself asks no verb
    CHECK_THROWS_WITH_AS(
        synapse->scatter(kSource, nullptr, {}, 1.0f, nullptr, 16), message.c_str(), BackendError);
    CHECK_THROWS_WITH_AS(
        synapse->sample(kSource, weight, {}, 1.0f, nullptr), message.c_str(), BackendError);
  }
}
