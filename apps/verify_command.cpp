#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/verify.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

struct VerifySettings {
  std::vector<std::string> cases;
  std::string path = "auto";
  std::string device = "cpu";
};

void run_verify(const VerifySettings& settings) {
  const SynapsePath path = parse_synapse_path(settings.path);
  const Device device = parse_device(settings.device);
  require_available(device);
  std::size_t passed = 0;
  for (const std::string& file : settings.cases) {
    try {
      const CaseReport report = verify_case(file, path, device);
      fmt::print("{}", to_text(report));
      if (report.passed()) ++passed;
    } catch (const Error& error) {  // the other cases still count
      const std::string what = error.what();
      fmt::print(
          "{}\n  FAIL: {}\n", file, what.starts_with(file) ? what.substr(file.size() + 2) : what);
    }
  }
  fmt::print("{} of {} cases pass on {} (tolerance {:g}, path {})\n",
             passed,
             settings.cases.size(),
             device_in_words(device),
             kVerifyTolerance,
             settings.path);
  if (passed != settings.cases.size()) throw CLI::RuntimeError(1);
}

}  // namespace

std::string to_text(const CaseReport& report) {
  std::string text = fmt::format("{}\n  {}\n", report.path, report.network);
  for (const VerifiedQuantity& q : report.quantities) {
    const std::string verdict =
        q.is_set ? (q.passed() ? "identical" : "DIFFERENT") : fmt::format("{:.2e}", q.error);
    text += fmt::format("  {:<20} {:>10}  {}{}\n",
                        q.name,
                        verdict,
                        q.note,
                        q.passed() || q.is_set ? "" : "  ABOVE TOLERANCE");
  }
  const VerifiedQuantity& worst = report.worst();
  text += fmt::format("  {}: largest error {:.2e} ({})\n",
                      report.passed() ? "pass" : "FAIL",
                      worst.error,
                      worst.name);
  return text;
}

void add_verify(CLI::App& app) {
  auto settings = std::make_shared<VerifySettings>();
  CLI::App* command = app.add_subcommand(
      "verify",
      "Compare spikes, active sets and every gradient with float64 references (oracle.py)");
  command->add_option("cases", settings->cases, "HDF5 files that oracle.py wrote")
      ->required()
      ->type_name("CASE.h5");
  command->add_option("--path", settings->path, "How synapses compute")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "event", "gemm", "cusparse", "cublas"}));
  command->add_option("--device", settings->device, "cpu, cuda or cuda:N")->capture_default_str();
  command->callback([settings] { run_verify(*settings); });
}

}  // namespace spiketape::apps
