#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/bench.hpp"
#include "apps/bench_paths.hpp"
#include "apps/path_table_file.hpp"
#include "core/atomic_file.hpp"
#include "core/error.hpp"
#include "core/kernels/simd.hpp"
#include "core/parallel.hpp"

namespace spiketape::apps {
namespace {

struct Command {
  std::string which = "all";
  std::string path = "auto";
  std::string device = "cpu";
  std::string scan;
  std::string json;
  bool no_dense = false;
  bool no_graph = false;
  bool paths = false;
  bool deterministic = false;
  std::string path_table;
  PathGrid grid;
  BenchSettings settings;
};

/// One dimension and its values, "hidden=100,200".
struct Scan {
  std::string dimension;
  std::vector<double> values;
};

Scan parse_scan(const std::string& text) {
  const auto wrong = [&] {
    return Error(
        fmt::format("scan: expected hidden, batch, threads or window and values, e.g. "
                    "hidden=100,200,400; got '{}'",
                    text));
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) throw wrong();
  Scan scan{text.substr(0, equals), {}};
  for (const char* at = text.data() + equals + 1; at < text.data() + text.size(); ++at) {
    double value = 0.0;
    const auto [rest, code] = std::from_chars(at, text.data() + text.size(), value);
    if (code != std::errc{} || value <= 0.0 || (rest != text.data() + text.size() && *rest != ','))
      throw wrong();
    scan.values.push_back(value);
    at = rest;
  }
  if (scan.values.empty()) throw wrong();
  return scan;
}

BenchSettings with(BenchSettings settings, const std::string& dimension, double value) {
  if (dimension == "hidden")
    settings.hidden = static_cast<std::int64_t>(value);
  else if (dimension == "batch")
    settings.batch = static_cast<std::int64_t>(value);
  else if (dimension == "threads")
    settings.threads = static_cast<int>(value);
  else if (dimension == "window")
    settings.window = static_cast<float>(value);
  else
    throw Error(
        fmt::format("scan: expected hidden, batch, threads or window, got '{}'", dimension));
  return settings;
}

nlohmann::ordered_json to_json(const BenchResult& r) {
  nlohmann::ordered_json json = {{"config", r.shape.name},
                                 {"hidden", r.settings.hidden},
                                 {"batch", r.settings.batch},
                                 {"steps_T", r.shape.steps},
                                 {"threads", r.settings.threads},
                                 {"device", device_in_words(r.settings.device)},
                                 {"deterministic", deterministic()},
                                 {"path", to_string(r.settings.path)},
                                 {"window", r.settings.window},
                                 {"forward_ms", r.times.forward},
                                 {"backward_ms", r.times.backward},
                                 {"update_ms", r.times.update},
                                 {"step_ms", r.times.step},
                                 {"step_spread_ms", r.times.spread}};
  if (r.graph_times.step > 0.0) {
    json["graph_step_ms"] = r.graph_times.step;
    json["graph_step_spread_ms"] = r.graph_times.spread;
    json["graph_device_peak_bytes"] = r.graph_device_peak_bytes;
  }
  if (r.settings.with_dense) {
    json["dense_forward_ms"] = r.dense_times.forward;
    json["dense_backward_ms"] = r.dense_times.backward;
    json["dense_step_ms"] = r.dense_times.step;
  }
  json["tape_bytes"] = r.tape_bytes;
  json["dense_tape_bytes"] = r.dense_tape_bytes;
  json["device_peak_bytes"] = r.device_peak_bytes;
  if (r.settings.with_dense) {
    json["dense_device_peak_bytes"] = r.dense_device_peak_bytes;
    json["device_peak_ratio"] =
        static_cast<double>(r.device_peak_bytes) / static_cast<double>(r.dense_device_peak_bytes);
  }
  json["macs"] = r.macs;
  json["dense_macs"] = r.dense_macs;
  json["spikes_percent"] = r.spikes_percent;
  json["active_percent"] = r.active_percent;
  json["peak_rss_mib"] = r.peak_rss_mib;
  return json;
}

/// Below the line of a card; empty for the CPU.
std::string graph_line(const BenchResult& r) {
  if (!r.why_no_graph.empty()) return fmt::format("  no CUDA graph: {}\n", r.why_no_graph);
  if (r.graph_times.step == 0.0) return "";
  return fmt::format(
      "  as a CUDA graph: step {:.2f} +-{:.2f}\n", r.graph_times.step, r.graph_times.spread);
}

std::string to_text(const BenchResult& r) {
  const auto per_layer = [](const std::vector<double>& percents) {
    std::string text;
    for (const double percent : percents) text += fmt::format("{:5.2f}", percent);
    return text;
  };
  std::string line = fmt::format(
      "{:7} H={:<5} B={:<4} {:>2} threads {:8} {:8.2f} {:8.2f} {:7.2f} {:8.2f} +-{:5.2f}",
      r.shape.name,
      r.settings.hidden,
      r.settings.batch,
      r.settings.threads,
      to_string(r.settings.path),
      r.times.forward,
      r.times.backward,
      r.times.update,
      r.times.step,
      r.times.spread);
  line +=
      r.settings.with_dense
          ? fmt::format(" {:9.1f} {:5.0f}x", r.dense_times.step, r.dense_times.step / r.times.step)
          : fmt::format(" {:>9} {:>6}", "-", "-");
  return line +
         fmt::format(
             "  {:6.2f} {:4.1f}%  {:7.1f} {:4.1f}%  {} |{}  {:6.1f}\n",
             static_cast<double>(r.tape_bytes) / 1048576.0,
             100.0 * static_cast<double>(r.tape_bytes) / static_cast<double>(r.dense_tape_bytes),
             r.macs * 1e-6,
             100.0 * r.macs / r.dense_macs,
             per_layer(r.spikes_percent),
             per_layer(r.active_percent),
             r.peak_rss_mib) +
         graph_line(r);
}

/// Where the JSON goes; found out before anything is measured.
class JsonSink {
 public:
  /// @throws DataError when `file` cannot be written.
  explicit JsonSink(const std::string& file) {
    if (!file.empty() && file != "-") file_.emplace(file);
    to_terminal_ = file == "-";
  }

  void write(const nlohmann::ordered_json& all) {
    if (to_terminal_) fmt::print("{}\n", all.dump(2));
    if (!file_) return;
    std::ofstream out(file_->partial());
    out << all.dump(2) << '\n';
    if (!out.flush()) file_->fail("write the figures", "is the disk full?");
    out.close();
    file_->commit();
  }

 private:
  bool to_terminal_ = false;
  std::optional<AtomicFile> file_;
};

void run_bench_paths(const Command& command) {
  PathGrid grid = command.grid;
  grid.batch = command.settings.batch;
  grid.repeats = command.settings.repeats;
  const Device device = command.settings.device;
  JsonSink json(command.json);
  const bool table = command.json != "-";
  if (table) fmt::print("{}", path_heading(device, grid));
  json.write(to_json(bench_paths(device, grid, [&](const PathMeasurement& row) {
    if (table) fmt::print("{}", path_line(row));
    std::fflush(stdout);
  })));
}

void run_bench(Command command) {
  command.settings.path = parse_synapse_path(command.path);
  command.settings.device = parse_device(command.device);
  command.settings.with_dense = !command.no_dense;
  command.settings.with_graph = !command.no_graph;
  require_available(command.settings.device);
  set_deterministic(command.deterministic);
  const auto require = [](const char* name,
                          std::int64_t value,
                          std::int64_t least,
                          std::int64_t most) {
    if (value < least || value > most)
      throw Error(fmt::format("bench: --{}: expected {} to {}, got {}", name, least, most, value));
  };
  require("batch", command.settings.batch, 1, 1 << 20);
  require("repeats", command.settings.repeats, 1, 1 << 20);
  require("threads", command.settings.threads, 0, 4096);
  if (command.paths) {
    if (command.settings.threads > 0) set_thread_count(command.settings.threads);
    run_bench_paths(command);
    return;
  }
  if (!command.path_table.empty() && command.settings.device == kCpu)
    throw Error("bench: --path-table: is for a card; add --device cuda, or drop it");
  use_path_table(command.path_table, command.settings.device);
  std::vector<BenchSettings> all = {command.settings};
  if (!command.scan.empty()) {
    const Scan scan = parse_scan(command.scan);
    all.clear();
    for (const double value : scan.values)
      all.push_back(with(command.settings, scan.dimension, value));
  }
  JsonSink json(command.json);
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  const bool table = command.json != "-";
  if (table)
    fmt::print(
        "device {}, vector instructions {}; times in ms, median of {} steps (+- quartile "
        "spread)\n{}\n",
        device_in_words(command.settings.device),
        vector_target(),
        command.settings.repeats,
        "shape                                path      forward backward  update     step      "
        "    dense  ratio   "
        "tape MiB      MMAC  spikes %  | active %     RSS MiB");
  for (const BenchShape& shape : bench_shapes()) {
    if (command.which != "all" && command.which != shape.name) continue;
    for (const BenchSettings& settings : all) {
      const BenchResult result = bench(shape, settings);
      results.push_back(to_json(result));
      if (table) fmt::print("{}", to_text(result));
      std::fflush(stdout);
    }
  }
  json.write(results);
}

}  // namespace

void add_bench(CLI::App& app) {
  auto command = std::make_shared<Command>();
  CLI::App* sub =
      app.add_subcommand("bench", "Time a training step of the paper's network on random input");
  sub->footer(
      "apps/bench_peer.py times dense PyTorch on the same device; apps/gpu_report.sh tests and\n"
      "measures all that a card can do.");
  sub->add_option("shape", command->which, "fmnist, nmnist, shd or all")
      ->check(CLI::IsMember({"fmnist", "nmnist", "shd", "all"}))
      ->capture_default_str();
  sub->add_option("--hidden", command->settings.hidden, "neurons in each of the two hidden layers")
      ->capture_default_str();
  sub->add_option("--batch", command->settings.batch, "samples in a batch")->capture_default_str();
  sub->add_option("--threads", command->settings.threads, "threads; 0 = every core")
      ->capture_default_str();
  sub->add_option("--device", command->device, "cpu, cuda or cuda:N")->capture_default_str();
  sub->add_option("--path", command->path, "auto, event or gemm; on a card also cusparse or cublas")
      ->capture_default_str();
  sub->add_option("--window",
                  command->settings.window,
                  "half width of the active window; inf = dense backprop")
      ->capture_default_str();
  sub->add_option("--repeats",
                  command->settings.repeats,
                  "steps that are measured, after half a second of warm-up")
      ->capture_default_str();
  sub->add_option(
      "--scan", command->scan, "one dimension and its values, e.g. hidden=100,200,400,1000");
  sub->add_flag(
      "--no-dense",
      command->no_dense,
      "leave out the dense baseline (window = infinity, path = gemm, on a card by cuBLAS)");
  sub->add_flag(
      "--no-graph", command->no_graph, "leave out the steps that a card replays as a CUDA graph");
  sub->add_flag("--paths",
                command->paths,
                "instead: one layer by each path of the device, over widths and densities; with "
                "--json, the table for --path-table");
  sub->add_option("--widths", command->grid.widths, "neurons, for --paths")
      ->delimiter(',')
      ->capture_default_str();
  sub->add_option("--densities", command->grid.percents, "spikes per place in %, for --paths")
      ->delimiter(',')
      ->capture_default_str();
  sub->add_option("--path-table",
                  command->path_table,
                  "what path auto follows on this card: a file of --paths --json [reckoned]");
  sub->add_flag("--deterministic",
                command->deterministic,
                "the same bits from run to run on a card, too; the CPU always gives them");
  sub->add_option(
      "--json", command->json, "write a JSON list to this file, or - for standard output");
  sub->callback([command] { run_bench(*command); });
}

}  // namespace spiketape::apps
