#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Settings as data: each is listed once, with its name, value and help, and that list makes the
/// command line options, writes config.toml, reads it back and words the errors alike.
namespace spiketape::apps {

/// One setting, bound to a variable. The variable's first value is the default.
struct Setting {
  using Value =
      std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::int64_t>*>;

  std::string name;  ///< as in config.toml, e.g. "reset_gradient"; the option is --reset-gradient
  Value value;
  std::string help;
  std::vector<std::string> choices{};  ///< the words that a text may be; empty = any
};

/// The settings of a run in the order in which they are shown. The variables must outlive it.
using Settings = std::vector<Setting>;

/// "reset_gradient" -> "--reset-gradient"
std::string option_name(const Setting& setting);

/// What the setting holds, in words: "an integer", "one of adam, sgd", ...
std::string kind_in_words(const Setting& setting);

/// The value as config.toml writes it: 0.2, "adam", [200, 200], true, inf.
std::string to_toml(const Setting& setting);

/// Sets a value from the command line's text: 0.2, adam, 200,200, true, inf.
/// @throws Error that names the option, the text and what is expected.
void set_from_text(Setting& setting, std::string_view text);

/// The setting of that name, or nullptr.
Setting* find_setting(Settings& settings, std::string_view name);

/// The whole file: `recipe = "..."`, then each setting with its help as a comment.
std::string config_text(const std::string& recipe, const Settings& settings);

/// config.toml as read from disk, before it is known which recipe's settings it must fit.
struct Config {
  struct Entry {
    std::string name;
    std::string text;  ///< the value as set_from_text() reads it
    std::string kind;  ///< what TOML calls it: "string", "integer", ...
    std::int64_t line = 0;
  };

  std::string file;
  std::string recipe;
  std::vector<Entry> entries;
};

/// Reads the text of a config.toml; `file` is its name in messages.
/// @throws DataError when it is not TOML or names no recipe.
Config parse_config(const std::string& text, const std::string& file);
/// The same from disk. @throws DataError when the file cannot be read, too.
Config read_config(const std::string& file);

/// Sets every value that the file names. @throws DataError for an unknown key or a value of the
/// wrong type; names the file, the line, the key and the known keys.
void apply_config(const Config& config, Settings& settings);

/// "a, b, c"
std::string join_names(const std::vector<std::string>& names);

}  // namespace spiketape::apps
