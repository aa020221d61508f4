#include "layers/module.hpp"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "layers/bias.hpp"
#include "layers/linear.hpp"
#include "layers/recurrent.hpp"

namespace spiketape {
namespace {

struct Block : Module {
  Block(Module& parent, std::string name) : Module(parent, std::move(name)) {}
  Linear fc1{*this, "fc1", 3, 4, {.bias = true}};
  Recurrent back{*this, "back", 4};
};

struct Net : Module {
  Block block{*this, "block"};
  Linear out{*this, "out", 4, 2};
};

std::vector<std::string> names_of(const Module& module) {
  std::vector<std::string> names;
  for (const NamedVariable& parameter : module.parameters()) names.push_back(parameter.name);
  return names;
}

bool equal(const Variable& a, const Variable& b) {
  return std::equal(a.value().values().begin(),
                    a.value().values().end(),
                    b.value().values().begin(),
                    b.value().values().end());
}

class Counting : public Module {
 public:
  using Module::Module;
  void add(const std::string& name) { add_parameter(name, Variable(Tensor({1}), true)); }
  std::shared_ptr<std::uint64_t> count(const std::string& name) { return add_counter(name); }
};

}  // namespace

TEST_CASE("a module names its parameters by their path, in order of declaration") {
  const Net net;
  CHECK(names_of(net) ==
        std::vector<std::string>{
            "block/fc1/weight", "block/fc1/bias", "block/back/weight", "out/weight"});
  CHECK(names_of(net.block) == std::vector<std::string>{"fc1/weight", "fc1/bias", "back/weight"});
  CHECK(net.parameter_count() == 3 * 4 + 4 + 4 * 4 + 4 * 2);
  CHECK(net.block.fc1.path() == "block/fc1");
  CHECK(net.block.fc1.name() == "fc1");
}

TEST_CASE("parameters are handles: writing to one changes the module") {
  Net net;
  net.parameter("out/weight").value().fill(7.0f);
  CHECK(net.out.weight().value().values()[3] == 7.0f);
  CHECK(net.parameter("out/weight").same_as(net.out.weight()));
}

TEST_CASE("asking for an unknown parameter lists the known ones") {
  const Net net;
  CHECK_THROWS_WITH_AS(
      net.parameter("fc9/weight"),
      doctest::Contains("no parameter 'fc9/weight'; expected one of: block/fc1/weight"),
      Error);
}

TEST_CASE("a name that is taken, empty or holds a slash is refused and leaves nothing behind") {
  Net net;
  const auto before = names_of(net);
  CHECK_THROWS_WITH_AS(Linear(net, "out", 2, 2), doctest::Contains("'out' is taken"), Error);
  CHECK_THROWS_AS(Linear(net, "", 2, 2), Error);
  CHECK_THROWS_AS(Linear(net, "a/b", 2, 2), Error);
  CHECK_THROWS_AS(Linear(net, "wide", 2, 1 << 20), ShapeError);
  CHECK(names_of(net) == before);
  Counting root;
  root.add("a");
  CHECK_THROWS_AS(root.add("a"), Error);
  CHECK_THROWS_AS(root.count("a"), Error);
  CHECK_THROWS_AS(Linear(root, "a", 1, 1), Error);
}

TEST_CASE("parent and child may be destroyed in either order") {
  Module root;
  {
    const Linear gone(root, "gone", 2, 2);
    CHECK(root.parameters().size() == 1);
  }
  CHECK(root.parameters().empty());
  auto parent = std::make_unique<Module>();
  const Linear orphan(*parent, "orphan", 2, 2);
  parent.reset();
  CHECK(orphan.parameters().size() == 1);
  CHECK(orphan.path() == "orphan");
}

TEST_CASE("initialize draws by seed and name, whatever the order of construction") {
  Net net;
  Module other;
  const Linear first(other, "first", 5, 5);
  const Linear out(other, "out", 4, 2);
  CHECK(equal(net.out.weight(), out.weight()));
  net.initialize(1);
  CHECK_FALSE(equal(net.out.weight(), out.weight()));
  other.initialize(1);
  CHECK(equal(net.out.weight(), out.weight()));
  net.block.fc1.bias().grad();
  net.parameter("block/fc1/bias").value().fill(3.0f);
  net.initialize(2);
  CHECK(net.block.fc1.bias().value().values()[0] == 0.0f);
}

TEST_CASE("counters are named like parameters and shared with their owner") {
  Module root;
  Counting part(root, "part");
  const auto count = part.count("calls");
  *count = 41;
  REQUIRE(root.counters().size() == 1);
  CHECK(root.counters()[0].name == "part/calls");
  ++*root.counters()[0].value;
  CHECK(*count == 42);
}

TEST_CASE("training mode reaches every module below") {
  Net net;
  CHECK(net.block.back.training());
  net.set_training(false);
  CHECK_FALSE(net.block.back.training());
  CHECK_FALSE(net.training());
  net.set_training(true);
  CHECK(net.out.training());
}

TEST_CASE("describe shows every layer with its sizes and number of parameters") {
  const Net net;
  const std::string text = net.describe();
  CHECK(text.find("Module: 40 parameters") != std::string::npos);
  CHECK(text.find("fc1") != std::string::npos);
  CHECK(text.find("Linear 3 -> 4, bias") != std::string::npos);
  CHECK(text.find("Recurrent 4") != std::string::npos);
}

}  // namespace spiketape
