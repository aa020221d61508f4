#include "apps/config.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::apps {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// "200,200" -> {200, 200}; "" -> {}
std::optional<std::vector<std::int64_t>> parse_list(std::string_view text) {
  std::vector<std::int64_t> values;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto value = parse_number<std::int64_t>(trimmed(text.substr(0, comma)));
    if (!value || comma + 1 == text.size()) return std::nullopt;
    values.push_back(*value);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return values;
}

std::string toml_number(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string toml_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

/// False when `text` is not a value of this setting.
bool assign(Setting& setting, std::string_view text) {
  const auto store = [](auto* target, auto parsed) {
    if (parsed) *target = *parsed;
    return parsed.has_value();
  };
  return std::visit(
      Overloaded{
          [&](bool* target) {
            if (text != "true" && text != "false") return false;
            *target = text == "true";
            return true;
          },
          [&](std::int64_t* target) { return store(target, parse_number<std::int64_t>(text)); },
          [&](double* target) {
            const auto number = parse_number<double>(text);
            return number && !std::isnan(*number) && store(target, number);
          },
          [&](std::string* target) {
            const auto& choices = setting.choices;
            if (!choices.empty() &&
                std::find(choices.begin(), choices.end(), text) == choices.end())
              return false;
            *target = text;
            return true;
          },
          [&](std::vector<std::int64_t>* target) { return store(target, parse_list(text)); },
      },
      setting.value);
}

/// Whether TOML's kind of value is the setting's: "3" is no integer, but 3 is a number.
bool fits(const Setting& setting, std::string_view kind) {
  static constexpr std::string_view kKinds[] = {"boolean", "integer", "number", "string", "list"};
  const bool is_number = std::holds_alternative<double*>(setting.value);
  return kind == kKinds[setting.value.index()] || (is_number && kind == "integer");
}

}  // namespace

std::string option_name(const Setting& setting) {
  std::string name = "--" + setting.name;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string kind_in_words(const Setting& setting) {
  if (!setting.choices.empty()) return "one of " + join_names(setting.choices);
  static constexpr const char* kWords[] = {
      "true or false", "an integer", "a number", "a text", "a list of integers"};
  return kWords[setting.value.index()];
}

std::string to_toml(const Setting& setting) {
  return std::visit(Overloaded{
                        [](const bool* value) { return std::string(*value ? "true" : "false"); },
                        [](const std::int64_t* value) { return fmt::format("{}", *value); },
                        [](const double* value) { return toml_number(*value); },
                        [](const std::string* value) { return toml_string(*value); },
                        [](const std::vector<std::int64_t>* value) {
                          return fmt::format("[{}]", fmt::join(*value, ", "));
                        },
                    },
                    setting.value);
}

void set_from_text(Setting& setting, std::string_view text) {
  if (assign(setting, text)) return;
  throw Error(
      fmt::format("{}: expected {}, got '{}'", option_name(setting), kind_in_words(setting), text));
}

Setting* find_setting(Settings& settings, std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& setting) {
    return setting.name == name;
  });
  return found == settings.end() ? nullptr : &*found;
}

std::string config_text(const std::string& recipe, const Settings& settings) {
  std::string text = fmt::format(
      "# Every setting of a spiketape run. Repeat it with: spiketape train --config FILE\n"
      "recipe = {}\n",
      toml_string(recipe));
  for (const Setting& setting : settings) {
    text += fmt::format("\n# {}", setting.help);
    if (!setting.choices.empty()) text += fmt::format(" ({})", join_names(setting.choices));
    text += fmt::format("\n{} = {}\n", setting.name, to_toml(setting));
  }
  return text;
}

void apply_config(const Config& config, Settings& settings) {
  for (const Config::Entry& entry : config.entries) {
    const std::string where = fmt::format("{}, line {}", config.file, entry.line);
    Setting* setting = find_setting(settings, entry.name);
    if (setting == nullptr) {
      std::vector<std::string> known{"recipe"};
      for (const Setting& one : settings) known.push_back(one.name);
      throw DataError(fmt::format("{}: recipe {} has no setting '{}'; the known keys are {}",
                                  where,
                                  config.recipe,
                                  entry.name,
                                  join_names(known)));
    }
    if (!fits(*setting, entry.kind) || !assign(*setting, entry.text)) {
      throw DataError(fmt::format("{}: {} must be {}, but the file has {} ({})",
                                  where,
                                  entry.name,
                                  kind_in_words(*setting),
                                  entry.text.empty() ? "nothing" : entry.text,
                                  entry.kind));
    }
  }
}

std::string join_names(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace spiketape::apps
