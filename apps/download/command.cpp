#include "apps/download/command.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "apps/download/download.hpp"
#include "apps/download/transfer_bar.hpp"
#include "apps/stop_signal.hpp"

namespace spiketape::apps {
namespace {

struct DownloadArguments {
  std::string name;
  std::string to;
  std::string from;
  bool accept_unknown_checksum = false;
  bool quiet = false;
};

void run_download(const DownloadArguments& arguments) {
  if (arguments.name.empty()) {
    fmt::print("{}", remote_sets_in_words());
    return;
  }
  const RemoteSet& set = find_remote_set(arguments.name);
  if (arguments.to.empty()) {
    throw CLI::ValidationError(
        fmt::format("download: --to is missing; give the folder for {}, e.g. --to data/{}",
                    set.name,
                    set.name));
  }
  DownloadOptions options{.to = arguments.to,
                          .from = arguments.from,
                          .accept_unknown_checksum = arguments.accept_unknown_checksum};
  TransferBar bar(!arguments.quiet);
  options.hooks.say = [&bar](const std::string& line) {
    bar.clear();
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  options.hooks.progress = [&bar](const std::string& title, std::int64_t done, std::int64_t total) {
    bar.update(title, done, total);
  };
  const StopOnSignal watch;
  options.hooks.stop = [&watch] { return watch.asked() != 0; };
  try {
    download(set, options);
  } catch (const DownloadStopped& stopped) {
    options.hooks.say(stopped.what());
    throw CLI::RuntimeError(128 + watch.asked());
  }
}

}  // namespace

void add_download(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "download", "Fetch a data set, check it and unpack it; without a name: list the sets");
  const auto arguments = std::make_shared<DownloadArguments>();
  command->footer("Sets:\n" + remote_sets_in_words());
  command->add_option("name", arguments->name, "what to fetch: fmnist, shd or nmnist");
  command->add_option("--to", arguments->to, "folder for the files; is made")->type_name("DIR");
  command
      ->add_option("--from",
                   arguments->from,
                   "address of a mirror's folder instead of the usual host: http, https or file")
      ->type_name("URL");
  command->add_flag("--accept-unknown-checksum",
                    arguments->accept_unknown_checksum,
                    "take files whose checksum is not the known one");
  command->add_flag("--quiet", arguments->quiet, "no progress bar");
  command->callback([arguments] { run_download(*arguments); });
}

}  // namespace spiketape::apps
