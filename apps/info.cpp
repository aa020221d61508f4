#include "apps/info.hpp"

#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <H5public.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config.hpp"
#include "apps/toml.hpp"
#include "core/device.hpp"
#include "core/kernels/simd.hpp"
#include "core/parallel.hpp"

namespace spiketape::apps {
namespace {

/// The processor's name as Linux tells it, or "" where it does not.
std::string processor() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

}  // namespace

std::string machine_in_words() {
  std::vector<std::string> parts;
  if (const std::string name = processor(); !name.empty()) parts.push_back(name);
  parts.push_back(fmt::format("{} thread{}", thread_count(), thread_count() == 1 ? "" : "s"));
  parts.emplace_back(vector_target());
  return join_names(parts);
}

std::string describe_installation() {
  std::vector<std::string> devices;
  for (const Device device : available_devices()) devices.push_back(to_string(device));
  const auto version = [](int major, int minor, int patch) {
    return fmt::format("{}.{}.{}", major, minor, patch);
  };
  std::string text = fmt::format("spiketape  {}\n", SPIKETAPE_VERSION);
#if defined(__clang__)
  text += fmt::format("compiler   {}\n", __VERSION__);
#else
  text += fmt::format("compiler   GCC {}\n", __VERSION__);
#endif
  text += fmt::format(
      "libraries  HDF5 {}, fmt {}, CLI11 {}, toml++ {}, JSON {}\n",
      version(H5_VERS_MAJOR, H5_VERS_MINOR, H5_VERS_RELEASE),
      version(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100),
      CLI11_VERSION,
      version(TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH),
      version(
          NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH));
  text += fmt::format("devices    {}\n", join_names(devices));
  if (const std::string name = processor(); !name.empty()) {
    text += fmt::format("processor  {}\n", name);
  }
  text += fmt::format("vectors    {}\n", vector_target());
  text += fmt::format(
      "threads    {} of {} logical cores\n", thread_count(), std::thread::hardware_concurrency());
  return text;
}

void add_info(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("info", "Versions, devices, threads; or what a file holds");
  const auto path = std::make_shared<std::string>();
  command->add_option(
      "path",
      *path,
      "run folder or a file of it, event file, N-MNIST recording (.bin), IDX file or "
      "verify case");
  command->callback(
      [path] { fmt::print("{}", path->empty() ? describe_installation() : describe_path(*path)); });
}

}  // namespace spiketape::apps
