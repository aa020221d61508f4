#include "layers/module.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

std::string join(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : fmt::format("{}/{}", prefix, name);
}

struct Line {
  std::string name;
  std::string summary;
  std::int64_t parameters;
};

void collect_lines(const Module& module, const std::string& indent, std::vector<Line>& lines) {
  for (const Module* child : module.children()) {
    lines.push_back({indent + child->name(), child->summary(), child->parameter_count()});
    collect_lines(*child, indent + "  ", lines);
  }
}

}  // namespace

Module::Module(Module& parent, std::string name)
    : parent_(&parent), name_(std::move(name)), path_(join(parent.path_, name_)) {
  parent.require_free_name(name_);
  parent.children_.push_back(this);
}

Module::~Module() {
  if (parent_ != nullptr) std::erase(parent_->children_, this);
  for (Module* child : children_) child->parent_ = nullptr;
}

void Module::require_free_name(std::string_view name) const {
  const std::string owner = path_.empty() ? "module" : fmt::format("module '{}'", path_);
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos)
    throw Error(fmt::format(
        "{}: a name must not be empty, '.', '..' or hold a '/', got '{}'", owner, name));
  const auto same = [&](const auto& named) { return named.name == name; };
  if (std::any_of(parameters_.begin(), parameters_.end(), same) ||
      std::any_of(counters_.begin(), counters_.end(), same) ||
      std::any_of(children_.begin(), children_.end(), [&](const Module* child) {
        return child->name_ == name;
      }))
    throw Error(
        fmt::format("{}: the name '{}' is taken; give each part a name of its own", owner, name));
}

void Module::add_parameter(std::string name, Variable variable) {
  require_free_name(name);
  parameters_.push_back({std::move(name), std::move(variable)});
}

std::shared_ptr<std::uint64_t> Module::add_counter(std::string name) {
  require_free_name(name);
  counters_.push_back({std::move(name), std::make_shared<std::uint64_t>(0)});
  return counters_.back().value;
}

std::string Module::full_name(std::string_view parameter) const { return join(path_, parameter); }

void Module::collect(const std::string& prefix,
                     std::vector<NamedVariable>* parameters,
                     std::vector<NamedCounter>* counters) const {
  if (parameters != nullptr)
    for (const NamedVariable& own : parameters_)
      parameters->push_back({join(prefix, own.name), own.variable});
  if (counters != nullptr)
    for (const NamedCounter& own : counters_)
      counters->push_back({join(prefix, own.name), own.value});
  for (const Module* child : children_)
    child->collect(join(prefix, child->name_), parameters, counters);
}

std::vector<NamedVariable> Module::parameters() const {
  std::vector<NamedVariable> all;
  collect("", &all, nullptr);
  return all;
}

Variable Module::parameter(std::string_view name) const {
  std::string known;
  for (const NamedVariable& candidate : parameters()) {
    if (candidate.name == name) return candidate.variable;
    known += (known.empty() ? "" : ", ") + candidate.name;
  }
  throw Error(fmt::format("module: there is no parameter '{}'; expected one of: {}",
                          name,
                          known.empty() ? "(none)" : known));
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const NamedVariable& parameter : parameters()) count += parameter.variable.value().size();
  return count;
}

std::vector<NamedCounter> Module::counters() const {
  std::vector<NamedCounter> all;
  collect("", nullptr, &all);
  return all;
}

void Module::initialize(std::uint64_t seed) {
  draw_parameters(seed);
  for (Module* child : children_) child->initialize(seed);
}

void Module::to(Device device) {
  require_available(device);
  for (const NamedVariable& parameter : parameters()) {
    Variable variable = parameter.variable;
    variable.grad() = Tensor();  // else the next gradient would reuse memory where it was
    variable.clear_grad();
    variable.value() = variable.value().to(device);
  }
}

Device Module::device() const {
  const std::vector<NamedVariable> all = parameters();
  return all.empty() ? kCpu : all.front().variable.value().device();
}

void Module::set_training(bool training) {
  training_ = training;
  for (Module* child : children_) child->set_training(training);
}

std::string Module::describe() const {
  std::vector<Line> lines;
  collect_lines(*this, "  ", lines);
  std::size_t name_width = 0;
  std::size_t summary_width = 0;
  for (const Line& line : lines) {
    name_width = std::max(name_width, line.name.size());
    summary_width = std::max(summary_width, line.summary.size());
  }
  std::string text = fmt::format("{}: {} parameters\n",
                                 path_.empty() ? summary() : path_ + ": " + summary(),
                                 parameter_count());
  for (const Line& line : lines)
    text += fmt::format("{:<{}}  {:<{}}  {:>9}\n",
                        line.name,
                        name_width,
                        line.summary,
                        summary_width,
                        line.parameters);
  return text;
}

}  // namespace spiketape
