#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/named.hpp"
#include "autograd/variable.hpp"

namespace spiketape {

/// A number that is part of a module's state without being trained, e.g. how often a dropout was
/// called. Saved with the parameters, so that a resumed run continues bit for bit. A handle: copies
/// are the same counter.
struct NamedCounter {
  std::string name;
  std::shared_ptr<std::uint64_t> value;
};

/// Something with named parameters, and with modules inside. A network is a struct of modules:
///
///     struct Net : Module {
///       Linear fc1{*this, "fc1", 784, 200};
///       ...
///     };
///
/// A module can be neither copied nor moved, because parent and children know each other's address.
/// Either may be destroyed first: a child that outlives its parent becomes a root.
class Module {
 public:
  /// A root: it has no name and no parent.
  Module() = default;
  /// A part of `parent`. @throws Error when the name is empty, holds a '/', or is taken in
  /// `parent`.
  Module(Module& parent, std::string name);
  virtual ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Every parameter here and below (own ones first, then the children's in order of declaration),
  /// named relative to this module: "block/fc1/weight". The variables are handles, so writing to
  /// their values changes the module.
  std::vector<NamedVariable> parameters() const;
  /// The parameter of that name. @throws Error that lists the known names.
  Variable parameter(std::string_view name) const;
  /// Number of trained values here and below.
  std::int64_t parameter_count() const;
  /// Every counter here and below, named like the parameters.
  std::vector<NamedCounter> counters() const;

  /// Own name, "" for a root.
  const std::string& name() const { return name_; }
  /// Name from the root down: "block/fc1"; "" for a root. Fixed at construction.
  const std::string& path() const { return path_; }
  std::span<Module* const> children() const { return children_; }

  /// Draws all parameters here and below anew. Each value depends on (seed, name of the parameter,
  /// position) only, so neither the order nor other layers matter. Construction draws with seed 0.
  void initialize(std::uint64_t seed);

  /// Moves all parameters here and below to `device`, in place: handles stay valid, gradients are
  /// dropped. An optimiser keeps what it remembers where the parameters were, so move before one is
  /// made. @throws BackendError when the device is not there.
  void to(Device device);
  /// Where the parameters are; the CPU when there are none.
  Device device() const;

  /// Whether this module and all below train (dropout drops) or are evaluated. At first they train.
  void set_training(bool training);
  bool training() const { return training_; }

  /// One line: what this module is, e.g. "Linear 784 -> 200".
  virtual std::string summary() const { return "Module"; }
  /// The network as a table for people: every module with its summary and number of parameters.
  std::string describe() const;

 protected:
  /// Adds a trained parameter. @throws Error when the name is empty, holds a '/', or is taken here.
  void add_parameter(std::string name, Variable variable);
  /// Adds a counter that starts at 0; same errors.
  std::shared_ptr<std::uint64_t> add_counter(std::string name);
  /// Name of an own parameter from the root down: the random stream that it is drawn from.
  std::string full_name(std::string_view parameter) const;

 private:
  /// Draws the module's own parameters; overridden by layers that have some.
  virtual void draw_parameters(std::uint64_t /*seed*/) {}
  void require_free_name(std::string_view name) const;
  void collect(const std::string& prefix,
               std::vector<NamedVariable>* parameters,
               std::vector<NamedCounter>* counters) const;

  Module* parent_ = nullptr;
  std::string name_;
  std::string path_;
  std::vector<Module*> children_;
  std::vector<NamedVariable> parameters_;
  std::vector<NamedCounter> counters_;
  bool training_ = true;
};

}  // namespace spiketape
