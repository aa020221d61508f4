#include "apps/config.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "apps/recipes/registry.hpp"
#include "core/error.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

struct Values {
  bool bias = false;
  std::int64_t epochs = 3;
  double lr = 2e-4;
  std::string score = "max";
  std::string data = "/a \"quoted\" \\ path\n";
  std::vector<std::int64_t> hidden = {200, 100};

  Settings settings() {
    return {{"bias", &bias, "constant current"},
            {"epochs", &epochs, "passes"},
            {"lr", &lr, "learning rate"},
            {"score", &score, "score", {"max", "sum"}},
            {"data", &data, "folder"},
            {"hidden", &hidden, "neurons"}};
  }
};

/// What apply_config() says about a file of that text, or "" when it takes it.
std::string complaint(const std::string& text) {
  Values values;
  Settings settings = values.settings();
  try {
    apply_config(parse_config("recipe = \"x\"\n" + text, "a.toml"), settings);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a config file gives back every value that it was written from") {
  Values written{.bias = true,
                 .epochs = 7,
                 .lr = std::numeric_limits<double>::infinity(),
                 .score = "sum",
                 .hidden = {}};
  const Config config = parse_config(config_text("demo", written.settings()), "a.toml");
  CHECK(config.recipe == "demo");
  Values read;
  Settings settings = read.settings();
  read.data = "";
  apply_config(config, settings);
  CHECK(read.bias);
  CHECK(read.epochs == 7);
  CHECK(std::isinf(read.lr));
  CHECK(read.score == "sum");
  CHECK(read.data == written.data);
  CHECK(read.hidden.empty());
}

TEST_CASE("every recipe's settings survive a config file to the last digit") {
  for (const RecipeEntry& entry : recipes()) {
    const std::unique_ptr<Recipe> recipe = entry.make();
    recipe->train.lr = 0.1 + 0.2;
    recipe->resolve();
    const std::string text = config_text(std::string(entry.name), recipe->settings());
    const std::unique_ptr<Recipe> again = make_recipe(entry.name);
    Settings settings = again->settings();
    apply_config(parse_config(text, "a.toml"), settings);
    CHECK(config_text(std::string(entry.name), settings) == text);
    CHECK(again->train.lr == recipe->train.lr);
    CHECK(again->network.beta == 100.0);
  }
}

TEST_CASE("an unknown key is an error that names file, line, key and the known keys") {
  const std::string message = complaint("epochs = 2\nwindwo = 0.2\n");
  CHECK(contains(message, "a.toml, line 3"));
  CHECK(contains(message, "'windwo'"));
  CHECK(contains(message, "recipe, bias, epochs, lr, score, data, hidden"));
}

TEST_CASE("a value of the wrong type is an error that says what is expected") {
  CHECK(contains(complaint("epochs = 2.5"), "epochs must be an integer"));
  CHECK(contains(complaint("epochs = \"2\""), "epochs must be an integer"));
  CHECK(contains(complaint("lr = \"fast\""), "lr must be a number"));
  CHECK(contains(complaint("lr = nan"), "lr must be a number"));
  CHECK(contains(complaint("bias = 1"), "bias must be true or false"));
  CHECK(contains(complaint("score = \"median\""), "score must be one of max, sum"));
  CHECK(contains(complaint("hidden = 200"), "hidden must be a list of integers"));
  CHECK(contains(complaint("hidden = [1.5]"), "hidden must be a list of integers"));
  CHECK(contains(complaint("hidden = [\"a\"]"), "hidden must be a list of integers"));
  CHECK(contains(complaint("[lr]\na = 1"), "lr must be a number"));
  CHECK(contains(complaint("data = 3"), "data must be a text"));
  CHECK(complaint("lr = 1").empty());
  CHECK(complaint("hidden = [5]").empty());
}

TEST_CASE("a file that is no TOML or names no recipe is an error") {
  CHECK_THROWS_WITH_AS(parse_config("recipe = ", "a.toml"),
                       doctest::Contains("a.toml, line 1: not valid TOML"),
                       DataError);
  CHECK_THROWS_WITH_AS(
      parse_config("epochs = 3", "a.toml"), doctest::Contains("recipe = \"randman\""), DataError);
  CHECK_THROWS_WITH_AS(
      read_config("/nowhere/a.toml"), doctest::Contains("/nowhere/a.toml"), DataError);
}

TEST_CASE("text on which toml++ trips is an error like any other") {
  for (const char* text : {"a = 1979-05-27T:700:230Z",  // broke an assert
                           "\u03a0 = 1",                // an undefined test for white space
                           "\u03a0",
                           "a = 1 \u3001"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(
        parse_config(text, "a.toml"), doctest::Contains("not valid TOML"), DataError);
  }
}

TEST_CASE("a deep file is read or refused without taking the stack, a large one is refused") {
  const auto deep_key = [](int parts) {
    std::string key = "a";
    for (int part = 1; part < parts; ++part) key += ".a";
    return key + " = 1";
  };
  CHECK_THROWS_WITH_AS(
      parse_config(deep_key(4001), "a.toml"), doctest::Contains("found none"), DataError);
  CHECK_THROWS_WITH_AS(
      parse_config(deep_key(4002), "a.toml"), doctest::Contains("4001 dots"), DataError);
  CHECK_THROWS_WITH_AS(parse_config("a = " + std::string(60000, '['), "a.toml"),
                       doctest::Contains("not valid TOML"),
                       DataError);
  CHECK_THROWS_WITH_AS(parse_config("recipe = \"shd\" #" + std::string(70000, '.'), "a.toml"),
                       doctest::Contains("larger than 65536 bytes"),
                       DataError);
}

TEST_CASE("settings are read from the command line's text") {
  Values values;
  Settings settings = values.settings();
  set_from_text(*find_setting(settings, "hidden"), "10, 20,30");
  CHECK(values.hidden == std::vector<std::int64_t>{10, 20, 30});
  set_from_text(*find_setting(settings, "hidden"), "7");
  CHECK(values.hidden == std::vector<std::int64_t>{7});
  set_from_text(*find_setting(settings, "lr"), "inf");
  CHECK(std::isinf(values.lr));
  set_from_text(*find_setting(settings, "bias"), "true");
  CHECK(values.bias);
  for (const char* bad : {"1,", "1,,2", "a", "1.5", "1 2"}) {
    CHECK_THROWS_WITH_AS(set_from_text(*find_setting(settings, "hidden"), bad),
                         doctest::Contains("--hidden: expected a list of integers, got"),
                         Error);
  }
  CHECK_THROWS_AS(set_from_text(*find_setting(settings, "epochs"), "1e3"), Error);
  CHECK_THROWS_AS(set_from_text(*find_setting(settings, "epochs"), "99999999999999999999"), Error);
  CHECK_THROWS_AS(set_from_text(*find_setting(settings, "lr"), "0.1x"), Error);
  CHECK_THROWS_AS(set_from_text(*find_setting(settings, "bias"), "yes"), Error);
  CHECK(find_setting(settings, "rate") == nullptr);
}

TEST_CASE("an unknown recipe is an error that lists the known ones") {
  CHECK_THROWS_WITH_AS(make_recipe("mnist"), doctest::Contains("randman, fmnist"), Error);
}
