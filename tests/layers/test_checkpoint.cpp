#include "layers/checkpoint.hpp"

#include <hdf5.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/adam.hpp"
#include "autograd/ops.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "layers/dropout.hpp"
#include "layers/linear.hpp"
#include "layers/recurrent.hpp"
#include "tests/core/full_disk.hpp"
#include "tests/layers/checkpoint_files.hpp"

namespace spiketape {
namespace {

namespace fs = std::filesystem;
using testing::bytes_of;
using testing::message_of;
using testing::remove_seal;
using testing::TemporaryFile;
using testing::write_bytes;

struct Net : Module {
  Linear fc1{*this, "fc1", 6, 5, {.bias = true}};
  Recurrent back{*this, "back", 5};
  Dropout drop{*this, "drop"};
};

/// Moves every parameter by a gradient that depends on its value.
void train_step(Net& net, Optimizer& optimizer) {
  Tape tape;
  Variable loss(Tensor::scalar(0.0f));
  for (const NamedVariable& parameter : net.parameters())
    loss = loss + sum(power(parameter.variable, 2.0f));
  tape.backward(loss);
  optimizer.step();
}

bool same_parameters(const Module& a, const Module& b) {
  const auto left = a.parameters();
  const auto right = b.parameters();
  for (std::size_t p = 0; p < left.size(); ++p) {
    const auto x = left[p].variable.value().values();
    const auto y = right[p].variable.value().values();
    if (!std::equal(x.begin(), x.end(), y.begin(), y.end())) return false;
  }
  return left.size() == right.size();
}

}  // namespace

TEST_CASE("a checkpoint brings back parameters, optimiser, counters and attributes to the bit") {
  const TemporaryFile file;
  Net net;
  Adam adam(net.parameters(), {.learning_rate = 0.01f});
  for (int step = 0; step < 3; ++step) train_step(net, adam);
  *net.counters()[0].value = (1ull << 63) + 5;
  Checkpoint saved = snapshot(net, &adam);
  saved.epoch = 4;
  saved.batch = 17;
  saved.counters["loader/position"] = 99;
  saved.attributes = {{"seed", std::int64_t{-3}},
                      {"best_accuracy", 0.8125},
                      {"recipe", std::string("fmnist")},
                      {"empty", std::string()},
                      {"config", std::string(100000, 'x')}};
  save_checkpoint(file.path(), saved);
  CHECK_FALSE(fs::exists(file.path().string() + ".partial"));

  const Checkpoint loaded = load_checkpoint(file.path());
  CHECK(loaded.epoch == 4);
  CHECK(loaded.batch == 17);
  CHECK(loaded.counters == saved.counters);
  CHECK(loaded.attributes == saved.attributes);
  Net other;
  other.initialize(8);
  Adam other_adam(other.parameters(), {.learning_rate = 0.01f});
  restore(loaded, other, &other_adam);
  CHECK(same_parameters(net, other));
  CHECK(other.drop.calls() == (1ull << 63) + 5);
  CHECK(other_adam.steps_done() == 3);
  train_step(net, adam);
  train_step(other, other_adam);
  CHECK(same_parameters(net, other));
}

TEST_CASE("a snapshot holds copies") {
  Net net;
  const Checkpoint before = snapshot(net);
  const float old = net.fc1.weight().value().values()[0];
  Variable(net.fc1.weight()).value().fill(9.0f);
  restore(before, net);
  CHECK(net.fc1.weight().value().values()[0] == old);
}

TEST_CASE("the same state gives the same file") {
  const TemporaryFile a;
  const TemporaryFile b;
  const Net net;
  save_checkpoint(a.path(), snapshot(net));
  save_checkpoint(b.path(), snapshot(net));
  CHECK(bytes_of(a.path()) == bytes_of(b.path()));
}

TEST_CASE("empty and scalar tensors can be saved") {
  const TemporaryFile file;
  Checkpoint saved;
  saved.parameters = {{"none", Tensor({0, 3})}, {"one", Tensor::scalar(2.5f)}};
  save_checkpoint(file.path(), saved);
  const Checkpoint loaded = load_checkpoint(file.path());
  REQUIRE(loaded.parameters.size() == 2);
  CHECK(loaded.parameters[0].tensor.shape() == Shape{0, 3});
  CHECK(loaded.parameters[1].tensor.item() == 2.5f);
}

TEST_CASE("a checkpoint of another network is refused with the differences, and nothing changes") {
  struct Other : Module {
    Linear fc1{*this, "fc1", 6, 7};
    Linear fc3{*this, "fc3", 7, 2};
  } other;
  Net net;
  const float before = other.fc1.weight().value().values()[0];
  const std::string message = message_of([&] { restore(snapshot(net), other); });
  CHECK(message.starts_with("checkpoint: it is of another network"));
  CHECK(message.find("missing: fc3/weight") != std::string::npos);
  CHECK(message.find("unexpected: back/weight, fc1/bias") != std::string::npos);
  CHECK(message.find("fc1/weight is [6, 5] in the checkpoint and [6, 7] in the network") !=
        std::string::npos);
  CHECK(other.fc1.weight().value().values()[0] == before);
  Checkpoint no_counters = snapshot(net);
  no_counters.counters.clear();
  CHECK(message_of([&] { restore(no_counters, net); }).find("missing counter: drop/calls") !=
        std::string::npos);
}

TEST_CASE("a checkpoint that does not fit is called by the name of its file") {
  const TemporaryFile file;
  Net net;
  save_checkpoint(file.path(), snapshot(net));
  struct Other : Module {
    Linear fc1{*this, "fc1", 6, 7};
  } other;
  const Checkpoint loaded = load_checkpoint(file.path());
  CHECK(message_of([&] {
          restore(loaded, other);
        }).starts_with(file.path().string() + ": it is of another network"));
  Adam adam(net.parameters());
  CHECK(message_of([&] {
          restore(loaded, net, &adam);
        }).starts_with(file.path().string() + ": adam: "));
}

TEST_CASE("an optimiser state that does not fit is refused before any parameter changes") {
  Net net;
  Net trained;
  trained.initialize(5);
  Adam adam(net.parameters());
  Checkpoint saved = snapshot(trained, &adam);
  saved.optimizer.pop_back();
  const float before = net.fc1.weight().value().values()[0];
  CHECK_THROWS_AS(restore(saved, net, &adam), DataError);
  CHECK(net.fc1.weight().value().values()[0] == before);
  CHECK_NOTHROW(restore(saved, net));
}

TEST_CASE("files that are no checkpoints are refused, each with its reason") {
  const TemporaryFile file;
  const auto load = [&] { load_checkpoint(file.path()); };
  CHECK(message_of(load).find("no such file") != std::string::npos);
  fs::create_directory(file.path());
  CHECK(message_of(load).find("not a file") != std::string::npos);
  fs::remove(file.path());
  std::ofstream(file.path()) << "epoch,loss\n";
  CHECK(message_of(load).find("not an HDF5 file") != std::string::npos);
  const hid_t plain = H5Fcreate(file.path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(plain);
  CHECK(message_of(load).find("not a spiketape checkpoint") != std::string::npos);
}

TEST_CASE("a truncated checkpoint without a seal and one of a newer format are refused") {
  const TemporaryFile file;
  const Net net;
  save_checkpoint(file.path(), snapshot(net));
  remove_seal(file.path());
  const hid_t opened = H5Fopen(file.path().c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t version = H5Aopen(opened, "format_version", H5P_DEFAULT);
  const std::int64_t newer = 2;
  H5Awrite(version, H5T_NATIVE_INT64, &newer);
  H5Aclose(version);
  H5Fclose(opened);
  CHECK(message_of([&] { load_checkpoint(file.path()); }).find("use a newer spiketape") !=
        std::string::npos);
  save_checkpoint(file.path(), snapshot(net));
  remove_seal(file.path());
  fs::resize_file(file.path(), fs::file_size(file.path()) / 2);
  CHECK(message_of([&] { load_checkpoint(file.path()); }).find("truncated") != std::string::npos);
}

TEST_CASE("a checkpoint without a seal, but with one flipped bit in a weight, is refused") {
  const TemporaryFile file;
  Net net;
  Variable(net.fc1.weight()).value().fill(1.2345f);
  save_checkpoint(file.path(), snapshot(net));
  remove_seal(file.path());
  std::string bytes = bytes_of(file.path());
  const float value = 1.2345f;
  const std::string pattern(reinterpret_cast<const char*>(&value), sizeof value);
  const std::size_t place = bytes.find(pattern + pattern);
  REQUIRE(place != std::string::npos);
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  write_bytes(file.path(), bytes);
  const std::string message = message_of([&] { load_checkpoint(file.path()); });
  CHECK(message.find("'parameters/fc1/weight' cannot be read; the checkpoint is damaged") !=
        std::string::npos);
}

TEST_CASE("a checkpoint that version 0.1 wrote, format 1, is readable by every later one") {
  const Checkpoint loaded =
      load_checkpoint(fs::path(SPIKETAPE_TESTS_DIR) / "golden" / "files" / "checkpoint_1.h5");
  CHECK(loaded.epoch == 7);
  CHECK(loaded.batch == 3);
  REQUIRE(loaded.parameters.size() == 2);
  CHECK(loaded.parameters[0].name == "fc1/bias");
  CHECK(loaded.parameters[1].name == "fc1/weight");
  CHECK(loaded.parameters[1].tensor.shape() == Shape{2, 3});
  CHECK(loaded.parameters[1].tensor.values()[5] == -5.5f);
  REQUIRE(loaded.optimizer.size() == 1);
  CHECK(loaded.optimizer[0].name == "fc1/weight/m");
  CHECK(loaded.optimizer[0].tensor.values()[0] == 0.125f);
  CHECK(loaded.counters == std::map<std::string, std::uint64_t>{{"drop1/calls", (1ull << 63) + 5}});
  CHECK(loaded.attributes == std::map<std::string, Attribute>{{"seed", std::int64_t{-3}},
                                                              {"best_accuracy", 0.8125},
                                                              {"config", std::string("a = 1\n")}});
}

TEST_CASE("a checkpoint survives a full disk, and can be saved when there is space again") {
  const TemporaryFile file;
  Module net;
  const Linear fc(net, "fc", 50, 40);
  save_checkpoint(file.path(), snapshot(net));
  const float old = fc.weight().value().values()[0];
  net.initialize(1);
  {
    const testing::FullDisk full(4096);
    CHECK_THROWS_AS(save_checkpoint(file.path(), snapshot(net)), DataError);
  }
  CHECK(load_checkpoint(file.path()).parameters[0].tensor.values()[0] == old);
  save_checkpoint(file.path(), snapshot(net));
  CHECK(load_checkpoint(file.path()).parameters[0].tensor.values()[0] ==
        fc.weight().value().values()[0]);
}

TEST_CASE("names that HDF5 would fold together are refused") {
  const TemporaryFile file;
  for (const char* name : {"", "a//b", "/a", "a/", "./a", "a/.."}) {
    CAPTURE(name);
    Checkpoint saved;
    saved.counters[name] = 1;
    CHECK_THROWS_WITH_AS(save_checkpoint(file.path(), saved),
                         doctest::Contains("cannot save under the name"),
                         DataError);
  }
  Checkpoint doubled;
  doubled.parameters = {{"a", Tensor({1})}, {"a", Tensor({1})}};
  CHECK_THROWS_WITH_AS(
      save_checkpoint(file.path(), doubled), doctest::Contains("there twice"), DataError);
  CHECK_FALSE(fs::exists(file.path()));
}

}  // namespace spiketape
