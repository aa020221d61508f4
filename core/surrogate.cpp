#include "core/surrogate.hpp"

#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

template <typename S>
bool try_make(std::string_view name, float beta, Surrogate& made, std::string& known) {
  known += known.empty() ? std::string(S::name) : fmt::format(", {}", S::name);
  if (name != S::name) return false;
  made = beta != 0.0f ? S{beta} : S{};
  return true;
}

template <typename... S>
Surrogate make_any(std::string_view name, float beta, const std::variant<S...>* /*types*/) {
  Surrogate made;
  std::string known;
  const bool found = (try_make<S>(name, beta, made, known) || ...);
  if (!found) throw Error(fmt::format("surrogate: expected one of {}, got '{}'", known, name));
  return made;
}

}  // namespace

Surrogate make_surrogate(std::string_view name, float beta) {
  if (!(beta >= 0.0f) || std::isinf(beta))
    throw Error(
        fmt::format("surrogate: expected a beta that is above 0 and finite, or 0 for the default "
                    "of '{}'; got {}",
                    name,
                    beta));
  return make_any(name, beta, static_cast<const Surrogate*>(nullptr));
}

}  // namespace spiketape
