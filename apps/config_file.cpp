#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "apps/config.hpp"
#include "apps/toml.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

/// Ours have 4 KB.
constexpr std::size_t kLargestConfig = std::size_t{64} << 10;

/// toml++ calls itself for each part of a dotted key, so thousands of them take the stack.
constexpr std::ptrdiff_t kMostDots = 4000;

/// A TOML value as the command line would write it, and what TOML calls it.
Config::Entry entry_of(const std::string& name, const toml::node& node) {
  Config::Entry entry{name, "", "", static_cast<std::int64_t>(node.source().begin.line)};
  const auto take = [&](const char* kind, std::string text) {
    entry.kind = kind;
    entry.text = std::move(text);
  };
  if (const auto* text = node.as_string()) {
    take("string", text->get());
  } else if (const auto* integer = node.as_integer()) {
    take("integer", fmt::format("{}", integer->get()));
  } else if (const auto* number = node.as_floating_point()) {
    take("number", fmt::format("{}", number->get()));
  } else if (const auto* truth = node.as_boolean()) {
    take("boolean", truth->get() ? "true" : "false");
  } else if (const auto* array = node.as_array()) {
    std::vector<std::string> parts;
    for (const toml::node& part : *array) parts.push_back(entry_of(name, part).text);
    take("list", fmt::format("{}", fmt::join(parts, ",")));
  } else {
    take(node.is_table() ? "table" : "date or time", "a value that no setting has");
  }
  return entry;
}

}  // namespace

Config parse_config(const std::string& text, const std::string& file) {
  if (text.size() > kLargestConfig) {
    throw DataError(
        fmt::format("{}: larger than {} bytes, so it is no config.toml", file, kLargestConfig));
  }
  if (const auto dots = std::count(text.begin(), text.end(), '.'); dots > kMostDots) {
    throw DataError(
        fmt::format("{}: {} dots, more than {}, so it is no config.toml", file, dots, kMostDots));
  }
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw DataError(fmt::format(
        "{}, line {}: not valid TOML: {}", file, error.source().begin.line, error.description()));
  } catch (const TomlAssertion&) {
    throw DataError(fmt::format("{}: not valid TOML; is a date or time malformed?", file));
  }
  Config config;
  config.file = file;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (name == "recipe" && node.is_string()) {
      config.recipe = node.as_string()->get();
    } else {
      config.entries.push_back(entry_of(name, node));
    }
  }
  if (config.recipe.empty()) {
    throw DataError(
        fmt::format("{}: expected a line such as recipe = \"randman\", found none", file));
  }
  return config;
}

Config read_config(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || !std::filesystem::is_regular_file(file)) {
    throw DataError(fmt::format("{}: cannot be read; expected a config.toml", file));
  }
  std::string text(kLargestConfig + 1, '\0');  // one more, to see that a file is too large
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return parse_config(text, file);
}

}  // namespace spiketape::apps
