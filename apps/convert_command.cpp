#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/convert.hpp"
#include "apps/progress.hpp"
#include "apps/stop_signal.hpp"
#include "data/nmnist_convert.hpp"

namespace spiketape::apps {
namespace {

struct ConvertArguments {
  std::string folder;
  std::string out;
  bool quiet = false;
};

/// Leaves a conversion from within.
struct Stopped : std::exception {};

std::string in_words(const NmnistConversion& conversion, const NmnistConverted& converted) {
  std::string text = fmt::format("{}: {} recordings, {} events, {:.1f} MB",
                                 conversion.file.string(),
                                 converted.recordings,
                                 converted.events,
                                 static_cast<double>(converted.bytes) * 1e-6);
  if (converted.outside > 0)
    text += fmt::format("; {} events of pixels outside 34 x 34 left out", converted.outside);
  return text;
}

void run_nmnist(const ConvertArguments& arguments) {
  const StopOnSignal watch;
  for (const NmnistConversion& conversion :
       plan_nmnist_conversion(arguments.folder, arguments.out)) {
    Progress progress(!arguments.quiet);
    bool begun = false;
    try {
      const NmnistConverted converted =
          convert_nmnist(conversion, [&](std::int64_t done, std::int64_t recordings) {
            if (watch.asked() != 0) throw Stopped();
            if (!begun) progress.begin(conversion.file.filename().string(), done, recordings);
            begun = true;
            progress.update(done, "recordings");
          });
      progress.clear();
      fmt::print("{}\n", in_words(conversion, converted));
      std::fflush(stdout);
    } catch (const Stopped&) {
      progress.clear();
      fmt::print("stopped; {} was not written\n", conversion.file.string());
      throw CLI::RuntimeError(128 + watch.asked());
    }
  }
}

}  // namespace

void add_convert(CLI::App& app) {
  CLI::App* command = app.add_subcommand("convert", "Write a data set in another format");
  command->require_subcommand(1);
  CLI::App* nmnist = command->add_subcommand(
      "nmnist", "N-MNIST's folders of .bin files into HDF5 event files in the layout of SHD");
  nmnist->footer(
      "DIR with the folders Train and Test makes two files: train_NAME.h5 and test_NAME.h5 when\n"
      "OUT is NAME.h5, train_nmnist.h5 and test_nmnist.h5 in OUT when that is a folder. DIR that\n"
      "is one half (its folders are 0 to 9) makes the file OUT. `spiketape train nmnist --data`\n"
      "takes the folder in which train_nmnist.h5 and test_nmnist.h5 lie. A file is written as\n"
      "FILE.partial and takes its name when it is whole; one of that name is replaced.");
  const auto arguments = std::make_shared<ConvertArguments>();
  nmnist->add_option("dir", arguments->folder, "N-MNIST, or one half of it")
      ->required()
      ->type_name("DIR");
  nmnist->add_option("out", arguments->out, "the file to write, or a folder for both halves")
      ->required()
      ->type_name("OUT.h5");
  nmnist->add_flag("--quiet", arguments->quiet, "no progress bar");
  nmnist->callback([arguments] { run_nmnist(*arguments); });
}

}  // namespace spiketape::apps
